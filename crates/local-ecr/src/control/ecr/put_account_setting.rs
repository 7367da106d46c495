//! PutAccountSetting

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::constraint;
use crate::control::Operation;
use crate::ecr::identity::Caller;
use crate::ecr::{Ecr, setting};
use crate::fault::Fault;
use crate::storage::SETTINGS;

/// The request, and the answer.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PutAccountSetting {
    name: String,
    value: String,
}

impl Operation for PutAccountSetting {
    const REQUIRED: &'static [&'static str] = &["name", "value"];
    type Response = Self;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Self, Fault> {
        constraint::ACCOUNT_SETTING_NAME.check("name", &self.name)?;
        constraint::one_of("name", &self.name, &setting::ACCOUNT_SETTINGS.map(|(name, _, _)| name))?;
        for (name, values, _) in setting::ACCOUNT_SETTINGS {
            if name == self.name {
                constraint::one_of("value", &self.value, values)?;
            }
        }
        ecr.storage.metadata.change(|change| {
        change.put(&SETTINGS, &setting::account_setting_key(&self.name), &Value::from(self.value.as_str()))?;
Ok::<_, Fault>(())
        })?;
        Ok(self)
    }
}

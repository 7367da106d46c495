//! GetAccountSetting

use serde::{Deserialize, Serialize};

use crate::constraint;
use crate::control::Operation;
use crate::ecr::identity::Caller;
use crate::ecr::{Ecr, setting};
use crate::fault::Fault;

/// The request.
#[derive(Debug, Deserialize)]
pub(crate) struct GetAccountSetting {
    name: String,
}

/// The answer.
#[derive(Debug, Serialize)]
pub(crate) struct Response {
    name: String,
    value: String,
}

impl Operation for GetAccountSetting {
    const REQUIRED: &'static [&'static str] = &["name"];
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        constraint::ACCOUNT_SETTING_NAME.check("name", &self.name)?;
        constraint::one_of("name", &self.name, &setting::ACCOUNT_SETTINGS.map(|(name, _, _)| name))?;
        let value = setting::account_setting(&ecr.storage.metadata.read()?, &self.name)?;
        Ok(Response { value: value.unwrap_or_default(), name: self.name })
    }
}

//! DeregisterPullTimeUpdateExclusion

use serde::{Deserialize, Serialize};

use crate::constraint;
use crate::control::Operation;
use crate::ecr::identity::Caller;
use crate::ecr::{Ecr, setting};
use crate::fault::{Code, Fault};
use crate::storage::{Rows, SETTINGS};

/// The request, and the answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeregisterPullTimeUpdateExclusion {
    principal_arn: String,
}

impl Operation for DeregisterPullTimeUpdateExclusion {
    const REQUIRED: &'static [&'static str] = &["principalArn"];
    type Response = Self;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Self, Fault> {
        constraint::PRINCIPAL_ARN.check("principalArn", &self.principal_arn)?;
        let key = format!("{}{}", setting::PULL_TIME_EXCLUSIONS, self.principal_arn);
        ecr.storage.metadata.change(|change| {
            if !change.has(&SETTINGS, &key)? {
                let text = format!("The exclusion for the principal '{}' does not exist", self.principal_arn);
                return Err(Fault::new(Code::ExclusionNotFound, text));
            }
            change.remove(&SETTINGS, &key)?;
            Ok(())
        })?;
        Ok(self)
    }
}

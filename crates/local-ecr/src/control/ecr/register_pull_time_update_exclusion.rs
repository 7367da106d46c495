//! RegisterPullTimeUpdateExclusion

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::constraint;
use crate::control::Operation;
use crate::ecr::identity::Caller;
use crate::ecr::{Ecr, setting};
use crate::fault::{Code, Fault};
use crate::storage::{Rows, SETTINGS};

/// Most principals on the list.
const MOST: usize = 100;

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RegisterPullTimeUpdateExclusion {
    principal_arn: String,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    principal_arn: String,
    created_at: f64,
}

impl Operation for RegisterPullTimeUpdateExclusion {
    const REQUIRED: &'static [&'static str] = &["principalArn"];
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        constraint::PRINCIPAL_ARN.check("principalArn", &self.principal_arn)?;
        let key = format!("{}{}", setting::PULL_TIME_EXCLUSIONS, self.principal_arn);
        let created_at: Timestamp = ecr.storage.metadata.change(|change| {
            if change.has(&SETTINGS, &key)? {
                let text = format!("The exclusion for the principal '{}' already exists", self.principal_arn);
                return Err(Fault::new(Code::ExclusionAlreadyExists, text));
            }
            if change.all(&SETTINGS, setting::PULL_TIME_EXCLUSIONS)?.len() >= MOST {
                let text = format!("The maximum limit of {MOST} pull time update exclusions has been reached");
                return Err(Fault::new(Code::LimitExceeded, text));
            }
            let now = ecr.clock.now();
            setting::put(change, &key, &now)?;
            Ok(now)
        })?;
        Ok(Response { principal_arn: self.principal_arn, created_at: created_at.seconds() })
    }
}

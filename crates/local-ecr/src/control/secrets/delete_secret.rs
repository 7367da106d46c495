//! DeleteSecret

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::find;
use crate::control::Operation;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::fault::{Code, Fault};
use crate::storage::SECRETS;

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteSecret {
    secret_id: String,
    recovery_window_in_days: Option<u64>,
    #[serde(default)]
    force_delete_without_recovery: bool,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Response {
    #[serde(rename = "ARN")]
    arn: String,
    name: String,
    deletion_date: f64,
}

impl Operation for DeleteSecret {
    const REQUIRED: &'static [&'static str] = &["SecretId"];
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        let invalid = |text: &str| Err(Fault::new(Code::InvalidParameter, text));
        if self.force_delete_without_recovery && self.recovery_window_in_days.is_some() {
            return invalid(
                "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
            );
        }
        let days = self.recovery_window_in_days.unwrap_or(30);
        if !(7..=30).contains(&days) {
            return invalid("The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).");
        }
        let (arn, name, deletion) = ecr.storage.metadata.change(|change| {
            let (name, mut row) = find(ecr, change, &self.secret_id)?;
            let now = ecr.clock.now();
            let arn = ecr.secret_arn(&name, &row);
            let deletion = if self.force_delete_without_recovery {
                change.remove(&SECRETS, &name)?;
                now
            } else {
                let deletion = now.plus(Duration::from_secs(days * 24 * 3600));
                row.deleted_at = Some(deletion);
                change.put(&SECRETS, &name, &row)?;
                deletion
            };
            Ok::<_, Fault>((arn, name, deletion))
        })?;
        Ok(Response { arn, name, deletion_date: deletion.seconds() })
    }
}

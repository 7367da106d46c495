//! UpdateSecret

use serde::{Deserialize, Serialize};

use super::{find_usable, version};
use crate::control::Operation;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::fault::Fault;
use crate::storage::SECRETS;

/// The request.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UpdateSecret {
    secret_id: String,
    client_request_token: Option<String>,
    description: Option<String>,
    kms_key_id: Option<String>,
    secret_binary: Option<String>,
    secret_string: Option<String>,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Response {
    #[serde(rename = "ARN")]
    arn: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_id: Option<String>,
}

impl Operation for UpdateSecret {
    const REQUIRED: &'static [&'static str] = &["SecretId"];
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        let (name, row, version_id) = ecr.storage.metadata.change(|change| {
            let (name, mut row) = find_usable(ecr, change, &self.secret_id)?;
            let now = ecr.clock.now();
            row.description = self.description.clone().or(row.description.take());
            row.kms_key_id = self.kms_key_id.clone().or(row.kms_key_id.take());
            row.changed_at = now;
            let mut version_id = None;
            if let Some(value) = version::value(self.secret_string.clone(), self.secret_binary.clone())? {
                let id = version::id(self.client_request_token.clone())?;
                version::add(&mut row, &id, value, vec!["AWSCURRENT".to_owned()], now)?;
                version_id = Some(id);
            }
            change.put(&SECRETS, &name, &row)?;
            Ok::<_, Fault>((name, row, version_id))
        })?;
        Ok(Response { arn: ecr.secret_arn(&name, &row), name, version_id })
    }
}

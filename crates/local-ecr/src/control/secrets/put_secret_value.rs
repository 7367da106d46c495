//! PutSecretValue

use serde::{Deserialize, Serialize};

use super::{find_usable, version};
use crate::control::Operation;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::fault::{Code, Fault};
use crate::storage::SECRETS;

/// The request.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PutSecretValue {
    secret_id: String,
    client_request_token: Option<String>,
    secret_binary: Option<String>,
    secret_string: Option<String>,
    version_stages: Option<Vec<String>>,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Response {
    #[serde(rename = "ARN")]
    arn: String,
    name: String,
    version_id: String,
    version_stages: Vec<String>,
}

impl Operation for PutSecretValue {
    const REQUIRED: &'static [&'static str] = &["SecretId"];
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        let stages = self.version_stages.unwrap_or_else(|| vec!["AWSCURRENT".to_owned()]);
        let (name, row, version_id) = ecr.storage.metadata.change(|change| {
            let (name, mut row) = find_usable(ecr, change, &self.secret_id)?;
            let value =
                version::value(self.secret_string.clone(), self.secret_binary.clone())?.ok_or_else(|| {
                    let text = "You must provide either SecretString or SecretBinary.";
                    Fault::new(Code::InvalidParameter, text)
                })?;
            let version_id = version::id(self.client_request_token.clone())?;
            version::add(&mut row, &version_id, value, stages.clone(), ecr.clock.now())?;
            change.put(&SECRETS, &name, &row)?;
            Ok::<_, Fault>((name, row, version_id))
        })?;
        Ok(Response { arn: ecr.secret_arn(&name, &row), name, version_id, version_stages: stages })
    }
}

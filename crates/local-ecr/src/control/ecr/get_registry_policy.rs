//! GetRegistryPolicy

use serde::{Deserialize, Serialize};

use crate::control::Operation;
use crate::ecr::identity::Caller;
use crate::ecr::{Ecr, setting};
use crate::fault::{Code, Fault};

/// The request.
#[derive(Debug, Deserialize)]
pub(crate) struct GetRegistryPolicy {}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    registry_id: String,
    policy_text: String,
}

impl Operation for GetRegistryPolicy {
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        let view = ecr.storage.metadata.read()?;
        let text = setting::registry_policy(&view)?.ok_or_else(|| {
            let text = format!("Registry policy does not exist in the registry with id '{}'", ecr.registry_id());
            Fault::new(Code::RegistryPolicyNotFound, text)
        })?;
        Ok(Response { registry_id: ecr.registry_id().to_owned(), policy_text: text })
    }
}

//! DeleteRegistryPolicy

use serde::{Deserialize, Serialize};

use crate::control::Operation;
use crate::ecr::identity::Caller;
use crate::ecr::{Ecr, setting};
use crate::fault::{Code, Fault};
use crate::storage::SETTINGS;

/// The request.
#[derive(Debug, Deserialize)]
pub(crate) struct DeleteRegistryPolicy {}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    registry_id: String,
    policy_text: String,
}

impl Operation for DeleteRegistryPolicy {
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        let text = ecr.storage.metadata.change(|change| {
        let text = setting::registry_policy(change)?.ok_or_else(|| {
            let text = format!("Registry policy does not exist in the registry with id '{}'", ecr.registry_id());
            Fault::new(Code::RegistryPolicyNotFound, text)
        })?;
        change.remove(&SETTINGS, setting::REGISTRY_POLICY)?;
Ok::<_, Fault>(text)
        })?;
        Ok(Response { registry_id: ecr.registry_id().to_owned(), policy_text: text })
    }
}

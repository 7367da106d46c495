//! PutRegistryPolicy

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::constraint;
use crate::control::Operation;
use crate::ecr::identity::Caller;
use crate::ecr::policy_text::{PolicyKind, check_policy};
use crate::ecr::{Ecr, setting};
use crate::fault::Fault;
use crate::storage::SETTINGS;

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PutRegistryPolicy {
    policy_text: String,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    registry_id: String,
    policy_text: String,
}

impl Operation for PutRegistryPolicy {
    const REQUIRED: &'static [&'static str] = &["policyText"];
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        constraint::POLICY_TEXT.check("policyText", &self.policy_text)?;
        check_policy(&self.policy_text, PolicyKind::Registry)?;
        let text = self.policy_text;
        ecr.storage.metadata.change(|change| {
        change.put(&SETTINGS, setting::REGISTRY_POLICY, &Value::from(text.as_str()))?;
Ok::<_, Fault>(())
        })?;
        Ok(Response { registry_id: ecr.registry_id().to_owned(), policy_text: text })
    }
}

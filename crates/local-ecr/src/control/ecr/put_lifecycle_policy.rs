//! PutLifecyclePolicy

use serde::{Deserialize, Serialize};

use crate::constraint;
use crate::control::Operation;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::ecr::lifecycle::LifecyclePolicy;
use crate::fault::Fault;
use crate::storage::REPOSITORIES;

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PutLifecyclePolicy {
    registry_id: Option<String>,
    repository_name: String,
    lifecycle_policy_text: String,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    registry_id: String,
    repository_name: String,
    lifecycle_policy_text: String,
}

impl Operation for PutLifecyclePolicy {
    const REQUIRED: &'static [&'static str] = &["repositoryName", "lifecyclePolicyText"];
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        ecr.storage.metadata.change(|change| {
            let mut row = ecr.repository(change, &self.repository_name, self.registry_id.as_ref())?;
            constraint::LIFECYCLE_POLICY_TEXT.check("lifecyclePolicyText", &self.lifecycle_policy_text)?;
            LifecyclePolicy::read(&self.lifecycle_policy_text)?;
            row.lifecycle_policy = Some(self.lifecycle_policy_text.clone());
            change.put(&REPOSITORIES, &self.repository_name, &row)?;
            Ok::<_, Fault>(())
        })?;
        Ok(Response {
            registry_id: ecr.registry_id().to_owned(),
            repository_name: self.repository_name,
            lifecycle_policy_text: self.lifecycle_policy_text,
        })
    }
}

//! StartLifecyclePolicyPreview

use serde::{Deserialize, Serialize};

use super::get_lifecycle_policy::no_policy;
use crate::constraint;
use crate::control::Operation;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::ecr::lifecycle::LifecyclePolicy;
use crate::fault::Fault;
use crate::storage::{PreviewRow, REPOSITORIES};

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StartLifecyclePolicyPreview {
    registry_id: Option<String>,
    repository_name: String,
    lifecycle_policy_text: Option<String>,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    registry_id: String,
    repository_name: String,
    lifecycle_policy_text: String,
    status: &'static str,
}

impl Operation for StartLifecyclePolicyPreview {
    const REQUIRED: &'static [&'static str] = &["repositoryName"];
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        let policy = ecr.storage.metadata.change(|change| {
            let mut row = ecr.repository(change, &self.repository_name, self.registry_id.as_ref())?;
            let policy = match &self.lifecycle_policy_text {
                Some(text) => {
                    constraint::LIFECYCLE_POLICY_TEXT.check("lifecyclePolicyText", text)?;
                    LifecyclePolicy::read(text)?;
                    text.clone()
                }
                None => row.lifecycle_policy.clone().ok_or_else(|| no_policy(ecr, &self.repository_name))?,
            };
            row.lifecycle_preview = Some(PreviewRow { policy: policy.clone(), started_at: ecr.clock.now() });
            change.put(&REPOSITORIES, &self.repository_name, &row)?;
            Ok::<_, Fault>(policy)
        })?;
        Ok(Response {
            registry_id: ecr.registry_id().to_owned(),
            repository_name: self.repository_name,
            lifecycle_policy_text: policy,
            status: "IN_PROGRESS",
        })
    }
}

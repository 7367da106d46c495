//! DeleteLifecyclePolicy

use serde::{Deserialize, Serialize};

use super::get_lifecycle_policy::no_policy;
use crate::control::Operation;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::fault::Fault;
use crate::storage::REPOSITORIES;

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeleteLifecyclePolicy {
    registry_id: Option<String>,
    repository_name: String,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    registry_id: String,
    repository_name: String,
    lifecycle_policy_text: String,
    /// Policies are kept and never evaluated here, which ECR writes as the year 1970.
    last_evaluated_at: f64,
}

impl Operation for DeleteLifecyclePolicy {
    const REQUIRED: &'static [&'static str] = &["repositoryName"];
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        let text = ecr.storage.metadata.change(|change| {
            let mut row = ecr.repository(change, &self.repository_name, self.registry_id.as_ref())?;
            let text = row.lifecycle_policy.take().ok_or_else(|| no_policy(ecr, &self.repository_name))?;
            change.put(&REPOSITORIES, &self.repository_name, &row)?;
            Ok::<_, Fault>(text)
        })?;
        Ok(Response {
            registry_id: ecr.registry_id().to_owned(),
            repository_name: self.repository_name,
            lifecycle_policy_text: text,
            last_evaluated_at: 0.0,
        })
    }
}

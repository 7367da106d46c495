//! GetLifecyclePolicy

use serde::{Deserialize, Serialize};

use crate::control::Operation;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::fault::{Code, Fault};

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GetLifecyclePolicy {
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

/// Returns ECR's answer where a repository has no lifecycle policy.
pub(super) fn no_policy(ecr: &Ecr, repository: &str) -> Fault {
    let text = format!(
        "Lifecycle policy does not exist for the repository with name '{repository}' in the registry with id '{}'",
        ecr.registry_id()
    );
    Fault::new(Code::LifecyclePolicyNotFound, text)
}

impl Operation for GetLifecyclePolicy {
    const REQUIRED: &'static [&'static str] = &["repositoryName"];
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        let view = ecr.storage.metadata.read()?;
        let row = ecr.repository(&view, &self.repository_name, self.registry_id.as_ref())?;
        let text = row.lifecycle_policy.ok_or_else(|| no_policy(ecr, &self.repository_name))?;
        Ok(Response {
            registry_id: ecr.registry_id().to_owned(),
            repository_name: self.repository_name,
            lifecycle_policy_text: text,
            last_evaluated_at: 0.0,
        })
    }
}

//! DeleteRepositoryPolicy

use serde::{Deserialize, Serialize};

use crate::control::Operation;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::fault::{Code, Fault};
use crate::storage::REPOSITORIES;

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeleteRepositoryPolicy {
    registry_id: Option<String>,
    repository_name: String,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    registry_id: String,
    repository_name: String,
    policy_text: String,
}

impl Operation for DeleteRepositoryPolicy {
    const REQUIRED: &'static [&'static str] = &["repositoryName"];
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        let text = ecr.storage.metadata.change(|change| {
        let mut row = ecr.repository(change, &self.repository_name, self.registry_id.as_ref())?;
        let text = row.policy.take().ok_or_else(|| {
            Fault::new(
                Code::RepositoryPolicyNotFound,
                format!(
                    "Repository policy does not exist for the repository with name '{}' in the registry with id '{}'",
                    self.repository_name,
                    ecr.registry_id()
                ),
            )
        })?;
        change.put(&REPOSITORIES, &self.repository_name, &row)?;
Ok::<_, Fault>(text)
        })?;
        Ok(Response {
            registry_id: ecr.registry_id().to_owned(),
            repository_name: self.repository_name,
            policy_text: text,
        })
    }
}

//! SetRepositoryPolicy

use serde::{Deserialize, Serialize};

use crate::constraint;
use crate::control::Operation;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::ecr::policy_text::{PolicyKind, check_policy};
use crate::fault::Fault;
use crate::storage::REPOSITORIES;

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SetRepositoryPolicy {
    registry_id: Option<String>,
    repository_name: String,
    policy_text: String,
    #[serde(default, rename = "force")]
    _force: bool,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    registry_id: String,
    repository_name: String,
    policy_text: String,
}

impl Operation for SetRepositoryPolicy {
    const REQUIRED: &'static [&'static str] = &["repositoryName", "policyText"];
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        ecr.storage.metadata.change(|change| {
        let mut row = ecr.repository(change, &self.repository_name, self.registry_id.as_ref())?;
        constraint::POLICY_TEXT.check("policyText", &self.policy_text)?;
        check_policy(&self.policy_text, PolicyKind::Repository)?;
        row.policy = Some(self.policy_text.clone());
        change.put(&REPOSITORIES, &self.repository_name, &row)?;
Ok::<_, Fault>(())
        })?;
        Ok(Response {
            registry_id: ecr.registry_id().to_owned(),
            repository_name: self.repository_name,
            policy_text: self.policy_text,
        })
    }
}

//! DeleteRepository

use serde::{Deserialize, Serialize};

use super::wire::Repository;
use crate::control::Operation;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::fault::Fault;

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeleteRepository {
    registry_id: Option<String>,
    repository_name: String,
    #[serde(default)]
    force: bool,
}

/// The answer.
#[derive(Debug, Serialize)]
pub(crate) struct Response {
    repository: Repository,
}

impl Operation for DeleteRepository {
    const REQUIRED: &'static [&'static str] = &["repositoryName"];
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        let row = ecr.storage.metadata.change(|change| {
        let row = ecr.repository(change, &self.repository_name, self.registry_id.as_ref())?;
        ecr.delete_repository(change, &self.repository_name, self.force)?;
Ok::<_, Fault>(row)
        })?;
        ecr.storage.uploads.forget_repository(&self.repository_name);
        ecr.storage.remove_ownerless()?;
        Ok(Response { repository: Repository::new(ecr, &self.repository_name, row) })
    }
}

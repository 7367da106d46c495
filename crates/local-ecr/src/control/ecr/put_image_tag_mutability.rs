//! PutImageTagMutability

use serde::{Deserialize, Serialize};

use super::wire;
use crate::control::Operation;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::fault::Fault;
use crate::storage::{ExclusionFilter, REPOSITORIES, TagMutability};

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PutImageTagMutability {
    registry_id: Option<String>,
    repository_name: String,
    image_tag_mutability: String,
    image_tag_mutability_exclusion_filters: Option<Vec<ExclusionFilter>>,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    registry_id: String,
    repository_name: String,
    image_tag_mutability: TagMutability,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    image_tag_mutability_exclusion_filters: Vec<ExclusionFilter>,
}

impl Operation for PutImageTagMutability {
    const REQUIRED: &'static [&'static str] = &["repositoryName", "imageTagMutability"];
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        let row = ecr.storage.metadata.change(|change| {
        let mut row = ecr.repository(change, &self.repository_name, self.registry_id.as_ref())?;
        row.mutability = wire::mutability(&self.image_tag_mutability)?;
        row.exclusion_filters =
            wire::exclusion_filters(row.mutability, self.image_tag_mutability_exclusion_filters.clone())?;
        change.put(&REPOSITORIES, &self.repository_name, &row)?;
Ok::<_, Fault>(row)
        })?;
        Ok(Response {
            registry_id: ecr.registry_id().to_owned(),
            repository_name: self.repository_name,
            image_tag_mutability: row.mutability,
            image_tag_mutability_exclusion_filters: row.exclusion_filters,
        })
    }
}

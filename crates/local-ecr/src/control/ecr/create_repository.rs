//! CreateRepository

use serde::{Deserialize, Serialize};

use super::wire::{self, Repository, Scanning};
use crate::constraint;
use crate::control::Operation;
use crate::ecr::identity::Caller;
use crate::ecr::{Ecr, tag};
use crate::fault::Fault;
use crate::storage::{Encryption, ExclusionFilter, RepositoryRow, ResourceTag};

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateRepository {
    registry_id: Option<String>,
    repository_name: String,
    tags: Option<Vec<ResourceTag>>,
    image_tag_mutability: Option<String>,
    image_tag_mutability_exclusion_filters: Option<Vec<ExclusionFilter>>,
    image_scanning_configuration: Option<Scanning>,
    encryption_configuration: Option<Encryption>,
}

/// The answer.
#[derive(Debug, Serialize)]
pub(crate) struct Response {
    repository: Repository,
}

impl Operation for CreateRepository {
    const REQUIRED: &'static [&'static str] = &["repositoryName"];
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        constraint::REPOSITORY_NAME.check("repositoryName", &self.repository_name)?;
        ecr.own_registry(self.registry_id.as_ref())?;
        let mutability = wire::mutability(self.image_tag_mutability.as_deref().unwrap_or("MUTABLE"))?;
        let exclusion_filters =
            wire::exclusion_filters(mutability, self.image_tag_mutability_exclusion_filters)?;
        let mut encryption = self.encryption_configuration.unwrap_or_default();
        wire::encryption(&encryption, &constraint::KMS_KEY)?;
        if encryption.encryption_type != "AES256" && encryption.kms_key.is_none() {
            // ECR answers with the ARN of the account's own key for it.
            let key = uuid::Uuid::new_v4();
            let (partition, region) = (ecr.region.partition(), &ecr.region);
            encryption.kms_key =
                Some(format!("arn:{partition}:kms:{region}:{}:key/{key}", ecr.registry_id()));
        }
        let mut tags = Vec::new();
        tag::set(&mut tags, self.tags.unwrap_or_default())?;
        let row = RepositoryRow {
            created_at: ecr.clock.now(),
            mutability,
            exclusion_filters,
            scan_on_push: self.image_scanning_configuration.unwrap_or_default().scan_on_push,
            encryption,
            tags,
            ..RepositoryRow::default()
        };
        ecr.storage.metadata.change(|change| {
        ecr.create_repository(change, &self.repository_name, &row)?;
Ok::<_, Fault>(())
        })?;
        Ok(Response { repository: Repository::new(ecr, &self.repository_name, row) })
    }
}

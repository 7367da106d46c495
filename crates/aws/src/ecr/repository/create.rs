//! `CreateRepository`.

use std::collections::BTreeMap;

use aws_sdk_ecr::types;
use image::RepositoryName;

use super::{Encryption, Repository, TagMutability};
use crate::ecr::Ecr;
use crate::error::AwsError;

/// A repository to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRepository {
    /// Its name.
    pub name: RepositoryName,
    /// Whether tags may move.
    pub tag_mutability: TagMutability,
    /// How it is encrypted; cannot be changed later.
    pub encryption: Encryption,
    /// Whether images are scanned when they are pushed; `None` leaves it to the registry.
    pub scan_on_push: Option<bool>,
    /// Its resource tags.
    pub tags: BTreeMap<String, String>,
}

impl NewRepository {
    /// Returns a repository with ECR's own settings.
    pub fn new(name: RepositoryName) -> Self {
        Self {
            name,
            tag_mutability: TagMutability::default(),
            encryption: Encryption::default(),
            scan_on_push: None,
            tags: BTreeMap::new(),
        }
    }
}

/// Returns resource tags as ECR takes them.
pub(in crate::ecr) fn resource_tags(
    call: &crate::call::Call<'_>,
    tags: &BTreeMap<String, String>,
) -> Result<Vec<types::Tag>, AwsError> {
    let tag = |(key, value)| types::Tag::builder().key(key).value(value).build();
    tags.iter().map(tag).collect::<Result<_, _>>().map_err(|error| call.refused(error.to_string()))
}

impl Ecr {
    /// Makes a repository and returns it.
    ///
    /// Spec: ECR `CreateRepository`.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) when it exists already, and whatever else ECR says.
    pub async fn create_repository(&self, new: &NewRepository) -> Result<Repository, AwsError> {
        let call = self.call("CreateRepository", format!("create repository `{}`", new.name));
        let (mutability, filters) = new.tag_mutability.fields(&call)?;
        let (kind, key) = new.encryption.fields();
        let encryption = types::EncryptionConfiguration::builder()
            .encryption_type(kind)
            .set_kms_key(key)
            .build()
            .map_err(|error| call.refused(error.to_string()))?;
        let tags = resource_tags(&call, &new.tags)?;
        let scan = new
            .scan_on_push
            .map(|scan| types::ImageScanningConfiguration::builder().scan_on_push(scan).build());
        let answer = call
            .run(|attempts| {
                let request = self
                    .client()
                    .create_repository()
                    .set_registry_id(self.registry_id())
                    .repository_name(new.name.as_str())
                    .image_tag_mutability(mutability)
                    .set_image_tag_mutability_exclusion_filters(filters)
                    .encryption_configuration(encryption)
                    .set_image_scanning_configuration(scan)
                    .set_tags((!tags.is_empty()).then_some(tags));
                request.customize().interceptor(attempts).send()
            })
            .await?;
        Repository::read(&call, call.need(answer.repository, "repository")?)
    }
}

//! Repositories.

mod create;
mod describe;

use std::time::SystemTime;

use aws_sdk_ecr::types;
use image::{AccountId, RepositoryName};

pub use create::NewRepository;
pub(super) use create::resource_tags;
pub use describe::Lookup;

use crate::call::{Call, time};
use crate::error::AwsError;

/// A repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// Its name.
    pub name: RepositoryName,
    /// Its ARN.
    pub arn: String,
    /// What an image of it is called, without tag: `123456789012.dkr.ecr.us-east-1.amazonaws.com/name`.
    pub uri: String,
    /// The account.
    pub account: AccountId,
    /// When it was made.
    pub created: Option<SystemTime>,
    /// Whether tags may move.
    pub tag_mutability: TagMutability,
    /// Whether images are scanned when they are pushed.
    pub scan_on_push: bool,
    /// How it is encrypted.
    pub encryption: Encryption,
}

/// Whether tags may move to other images.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TagMutability {
    /// They may.
    #[default]
    Mutable,
    /// They may not.
    Immutable,
    /// They may, save those that match one of these patterns.
    MutableExcept(Vec<String>),
    /// They may not, save those that match one of these patterns.
    ImmutableExcept(Vec<String>),
    /// A setting newer than this crate.
    Other(String),
}

/// How a repository is encrypted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Encryption {
    /// With a key of S3.
    #[default]
    Aes256,
    /// With a key of KMS; without an ARN, AWS's own key for ECR.
    Kms(Option<String>),
    /// In two layers, with a key of KMS.
    KmsDsse(Option<String>),
    /// A kind newer than this crate.
    Other(String),
}

impl TagMutability {
    /// Returns the setting that ECR's two fields are.
    pub(super) fn of(
        setting: Option<types::ImageTagMutability>,
        filters: Option<Vec<types::ImageTagMutabilityExclusionFilter>>,
    ) -> Self {
        let filters = filters.unwrap_or_default().into_iter().map(|filter| filter.filter).collect();
        match setting {
            None | Some(types::ImageTagMutability::Mutable) => Self::Mutable,
            Some(types::ImageTagMutability::Immutable) => Self::Immutable,
            Some(types::ImageTagMutability::MutableWithExclusion) => Self::MutableExcept(filters),
            Some(types::ImageTagMutability::ImmutableWithExclusion) => Self::ImmutableExcept(filters),
            Some(other) => Self::Other(other.as_str().to_owned()),
        }
    }

    /// Returns ECR's two fields.
    pub(super) fn fields(
        &self,
        call: &Call<'_>,
    ) -> Result<(types::ImageTagMutability, Option<Vec<types::ImageTagMutabilityExclusionFilter>>), AwsError>
    {
        let (setting, patterns) = match self {
            Self::Mutable => (types::ImageTagMutability::Mutable, None),
            Self::Immutable => (types::ImageTagMutability::Immutable, None),
            Self::MutableExcept(patterns) => {
                (types::ImageTagMutability::MutableWithExclusion, Some(patterns))
            }
            Self::ImmutableExcept(patterns) => {
                (types::ImageTagMutability::ImmutableWithExclusion, Some(patterns))
            }
            Self::Other(text) => (types::ImageTagMutability::from(text.as_str()), None),
        };
        let filter = |pattern: &String| {
            types::ImageTagMutabilityExclusionFilter::builder()
                .filter_type(types::ImageTagMutabilityExclusionFilterType::Wildcard)
                .filter(pattern)
                .build()
                .map_err(|error| call.refused(error.to_string()))
        };
        let filters = patterns.map(|patterns| patterns.iter().map(filter).collect()).transpose()?;
        Ok((setting, filters))
    }
}

impl Encryption {
    /// Returns the encryption that ECR's two fields are.
    pub(super) fn of(kind: &types::EncryptionType, key: Option<String>) -> Self {
        match kind {
            types::EncryptionType::Aes256 => Self::Aes256,
            types::EncryptionType::Kms => Self::Kms(key),
            types::EncryptionType::KmsDsse => Self::KmsDsse(key),
            other => Self::Other(other.as_str().to_owned()),
        }
    }

    /// Returns ECR's two fields.
    pub(super) fn fields(&self) -> (types::EncryptionType, Option<String>) {
        match self {
            Self::Aes256 => (types::EncryptionType::Aes256, None),
            Self::Kms(key) => (types::EncryptionType::Kms, key.clone()),
            Self::KmsDsse(key) => (types::EncryptionType::KmsDsse, key.clone()),
            Self::Other(kind) => (types::EncryptionType::from(kind.as_str()), None),
        }
    }
}

impl Repository {
    /// Returns the repository that an answer has.
    fn read(call: &Call<'_>, answer: types::Repository) -> Result<Self, AwsError> {
        let encryption = answer.encryption_configuration;
        Ok(Self {
            name: call.read(answer.repository_name.as_deref(), "repositoryName")?,
            arn: call.need(answer.repository_arn, "repositoryArn")?,
            uri: call.need(answer.repository_uri, "repositoryUri")?,
            account: call.read(answer.registry_id.as_deref(), "registryId")?,
            created: time(answer.created_at.as_ref()),
            tag_mutability: TagMutability::of(
                answer.image_tag_mutability,
                answer.image_tag_mutability_exclusion_filters,
            ),
            scan_on_push: answer.image_scanning_configuration.is_some_and(|scan| scan.scan_on_push),
            encryption: encryption
                .map_or(Encryption::Aes256, |both| Encryption::of(&both.encryption_type, both.kms_key)),
        })
    }
}

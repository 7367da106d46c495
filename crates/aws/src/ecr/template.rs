//! Repository creation templates. Always of the caller's own registry.

mod create;
mod delete;
mod describe;
mod update;

use std::collections::BTreeMap;
use std::time::SystemTime;

use aws_sdk_ecr::types;

pub use update::TemplateUpdate;

use super::{Encryption, TagMutability};
use crate::call::{Call, time};
use crate::error::AwsError;

/// What a template is applied for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum AppliedFor {
    /// Repositories that a pull through cache rule makes.
    PullThroughCache,
    /// Repositories that replication makes.
    Replication,
    /// Repositories that a push makes.
    CreateOnPush,
    /// Something newer than this crate.
    Other(String),
}

/// The settings of repositories that ECR makes by itself below a prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// The prefix of the repositories, or `ROOT`, exactly as ECR stores it.
    pub prefix: String,
    /// What it is for, in words.
    pub description: Option<String>,
    /// For which repositories.
    pub applied_for: Vec<AppliedFor>,
    /// Their policy, as text.
    pub repository_policy: Option<String>,
    /// Their lifecycle policy, as text.
    pub lifecycle_policy: Option<String>,
    /// Whether their tags may move.
    pub tag_mutability: TagMutability,
    /// How they are encrypted.
    pub encryption: Encryption,
    /// Their resource tags.
    pub resource_tags: BTreeMap<String, String>,
    /// The ARN of the role that ECR makes them with.
    pub custom_role_arn: Option<String>,
    /// When it was made; set by ECR.
    pub created: Option<SystemTime>,
    /// When it was last changed; set by ECR.
    pub updated: Option<SystemTime>,
}

impl AppliedFor {
    fn of(value: types::RctAppliedFor) -> Self {
        match value {
            types::RctAppliedFor::PullThroughCache => Self::PullThroughCache,
            types::RctAppliedFor::Replication => Self::Replication,
            types::RctAppliedFor::CreateOnPush => Self::CreateOnPush,
            other => Self::Other(other.as_str().to_owned()),
        }
    }

    /// Returns what ECR calls so.
    pub fn named(name: &str) -> Self {
        Self::of(types::RctAppliedFor::from(name))
    }

    /// Returns ECR's name for it: `PULL_THROUGH_CACHE`.
    pub fn name(&self) -> &str {
        match self {
            Self::PullThroughCache => "PULL_THROUGH_CACHE",
            Self::Replication => "REPLICATION",
            Self::CreateOnPush => "CREATE_ON_PUSH",
            Self::Other(name) => name,
        }
    }

    fn field(&self) -> types::RctAppliedFor {
        types::RctAppliedFor::from(self.name())
    }
}

impl Template {
    /// Returns a template with ECR's own settings.
    pub fn new(prefix: impl Into<String>, applied_for: Vec<AppliedFor>) -> Self {
        Self {
            prefix: prefix.into(),
            description: None,
            applied_for,
            repository_policy: None,
            lifecycle_policy: None,
            tag_mutability: TagMutability::default(),
            encryption: Encryption::default(),
            resource_tags: BTreeMap::new(),
            custom_role_arn: None,
            created: None,
            updated: None,
        }
    }

    /// Returns the template that an answer has; empty texts are none.
    fn read(call: &Call<'_>, answer: types::RepositoryCreationTemplate) -> Result<Self, AwsError> {
        let some = |text: Option<String>| text.filter(|text| !text.is_empty());
        let tags = answer.resource_tags.unwrap_or_default();
        let encryption = answer.encryption_configuration;
        Ok(Self {
            prefix: call.need(answer.prefix, "prefix")?,
            description: some(answer.description),
            applied_for: answer.applied_for.unwrap_or_default().into_iter().map(AppliedFor::of).collect(),
            repository_policy: some(answer.repository_policy),
            lifecycle_policy: some(answer.lifecycle_policy),
            tag_mutability: TagMutability::of(
                answer.image_tag_mutability,
                answer.image_tag_mutability_exclusion_filters,
            ),
            encryption: encryption
                .map_or(Encryption::Aes256, |both| Encryption::of(&both.encryption_type, both.kms_key)),
            resource_tags: tags.into_iter().map(|tag| (tag.key, tag.value)).collect(),
            custom_role_arn: some(answer.custom_role_arn),
            created: time(answer.created_at.as_ref()),
            updated: time(answer.updated_at.as_ref()),
        })
    }
}

/// Returns an encryption as templates have it.
fn encryption(
    call: &Call<'_>,
    encryption: &Encryption,
) -> Result<types::EncryptionConfigurationForRepositoryCreationTemplate, AwsError> {
    let (kind, key) = encryption.fields();
    types::EncryptionConfigurationForRepositoryCreationTemplate::builder()
        .encryption_type(kind)
        .set_kms_key(key)
        .build()
        .map_err(|error| call.refused(error.to_string()))
}

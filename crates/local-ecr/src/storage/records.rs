//! The rows: what is remembered of repositories, images, rules and secrets, and under which keys.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::rows::Table;
use crate::clock::Timestamp;

/// Repositories by name.
pub(crate) const REPOSITORIES: Table<RepositoryRow> = Table::new("repositories");
/// Images by repository and digest.
pub(crate) const IMAGES: Table<ImageRow> = Table::new("images");
/// Tags by repository and tag.
pub(crate) const TAGS: Table<TagRow> = Table::new("tags");
/// Which tags an image has: repository, digest, tag.
pub(crate) const IMAGE_TAGS: Table<()> = Table::new("image_tags");
/// Which indexes name an image: repository, digest, digest of the index.
pub(crate) const PARENTS: Table<()> = Table::new("parents");
/// Which images refer to a subject: repository, digest of the subject, digest of the referrer.
pub(crate) const REFERRERS: Table<()> = Table::new("referrers");
/// Which blobs a repository has: repository, digest.
pub(crate) const LAYERS: Table<LayerRow> = Table::new("layers");
/// In which repositories a blob is: digest, repository.
pub(crate) const BLOB_REPOSITORIES: Table<()> = Table::new("blob_repositories");
/// Which images of a repository use a blob: repository, digest of the blob, digest of the image.
pub(crate) const LAYER_USERS: Table<()> = Table::new("layer_users");
/// Pull through cache rules by ECR repository prefix.
pub(crate) const RULES: Table<RuleRow> = Table::new("pull_through_cache_rules");
/// Repository creation templates by prefix.
pub(crate) const TEMPLATES: Table<TemplateRow> = Table::new("repository_creation_templates");
/// What is set for the registry as a whole, by name; the values are AWS JSON.
pub(crate) const SETTINGS: Table<serde_json::Value> = Table::new("settings");
/// Secrets by name.
pub(crate) const SECRETS: Table<SecretRow> = Table::new("secrets");

/// Which objects of a bucket are a blob, by digest.
pub(super) const OBJECTS: Table<ObjectRow> = Table::new("objects");

/// The names of all tables above.
pub(super) const ALL_TABLES: [&str; 14] = [
    "repositories",
    "images",
    "tags",
    "image_tags",
    "parents",
    "referrers",
    "layers",
    "blob_repositories",
    "layer_users",
    "pull_through_cache_rules",
    "repository_creation_templates",
    "settings",
    "secrets",
    "objects",
];

/// Returns the beginning of the keys below some parts.
pub(crate) fn below(parts: &[&str]) -> String {
    let mut key = parts.join("\0");
    key.push('\0');
    key
}

/// Returns the key of some parts.
pub(crate) fn key(parts: &[&str]) -> String {
    parts.join("\0")
}

/// Whether tags of a repository may move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum TagMutability {
    /// Every tag may move.
    #[default]
    Mutable,
    /// No tag may move.
    Immutable,
    /// No tag may move but those that match a filter.
    ImmutableWithExclusion,
    /// Every tag may move but those that match a filter.
    MutableWithExclusion,
}

/// A filter of tags that are excluded from a repository's mutability.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExclusionFilter {
    /// Always `WILDCARD`.
    pub(crate) filter_type: String,
    /// The pattern, in which a star stands for any text.
    pub(crate) filter: String,
}

/// How a repository is said to be encrypted; kept and returned, never done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Encryption {
    /// `AES256`, `KMS` or `KMS_DSSE`.
    pub(crate) encryption_type: String,
    /// The key, where one was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kms_key: Option<String>,
}

impl Default for Encryption {
    fn default() -> Self {
        Self { encryption_type: "AES256".to_owned(), kms_key: None }
    }
}

/// A resource tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ResourceTag {
    /// The key.
    #[serde(rename = "Key")]
    pub(crate) key: String,
    /// The value.
    #[serde(rename = "Value")]
    pub(crate) value: String,
}

/// A repository.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct RepositoryRow {
    /// When it was created.
    pub(crate) created_at: Timestamp,
    /// Whether tags may move.
    pub(crate) mutability: TagMutability,
    /// What the exclusion excludes.
    pub(crate) exclusion_filters: Vec<ExclusionFilter>,
    /// Whether images are scanned when pushed.
    pub(crate) scan_on_push: bool,
    /// How it is encrypted.
    pub(crate) encryption: Encryption,
    /// Its policy.
    pub(crate) policy: Option<String>,
    /// Its lifecycle policy.
    pub(crate) lifecycle_policy: Option<String>,
    /// What was last asked of a lifecycle policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lifecycle_preview: Option<PreviewRow>,
    /// Its resource tags.
    pub(crate) tags: Vec<ResourceTag>,
    /// Whether a pull through cache rule made it.
    pub(crate) pulled_through: bool,
}

/// A preview of what a lifecycle policy would do, which is worked out when it is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PreviewRow {
    /// The policy.
    pub(crate) policy: String,
    /// As of when its rules are applied.
    pub(crate) started_at: Timestamp,
}

/// What a manifest names: a blob or another manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DescriptorRow {
    /// Its digest.
    pub(crate) digest: String,
    /// Its media type.
    pub(crate) media_type: String,
    /// Its size in bytes.
    pub(crate) size: u64,
}

/// An image or an index: everything that is a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct ImageRow {
    /// The manifest's media type.
    pub(crate) media_type: String,
    /// The artifact type, or the media type of the config.
    pub(crate) artifact_type: Option<String>,
    /// Bytes of the manifest.
    pub(crate) manifest_size: u64,
    /// When it was pushed.
    pub(crate) pushed_at: Timestamp,
    /// When it was pulled last.
    pub(crate) pulled_at: Option<Timestamp>,
    /// The config and the layers.
    pub(crate) blobs: Vec<DescriptorRow>,
    /// The manifests of an index.
    pub(crate) children: Vec<DescriptorRow>,
    /// The digest of the manifest it refers to.
    pub(crate) subject: Option<String>,
    /// The manifest's annotations.
    pub(crate) annotations: BTreeMap<String, String>,
    /// Whether the image lies in the archive.
    #[serde(default)]
    pub(crate) archived: bool,
    /// When it was last put there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) archived_at: Option<Timestamp>,
    /// When it was last brought back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) activated_at: Option<Timestamp>,
}

/// What a tag points at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TagRow {
    /// The digest.
    pub(crate) digest: String,
    /// When the upstream registry was last asked for it.
    pub(crate) checked_at: Option<Timestamp>,
}

/// A blob in a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LayerRow {
    /// Its size in bytes.
    pub(crate) size: u64,
    /// When the repository got it.
    pub(crate) added_at: Timestamp,
}

/// The objects of a blob, the first bytes first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ObjectRow {
    /// The objects.
    pub(super) pieces: Vec<PieceRow>,
}

/// One object of a blob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PieceRow {
    /// Its name, which is used once.
    pub(super) name: String,
    /// Its size in bytes.
    pub(super) size: u64,
}

/// A pull through cache rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RuleRow {
    /// The upstream registry's host.
    pub(crate) upstream_registry_url: String,
    /// The upstream registry's kind.
    pub(crate) upstream_registry: String,
    /// The part of the upstream registry it reaches.
    pub(crate) upstream_repository_prefix: String,
    /// The secret with its credential.
    pub(crate) credential_arn: Option<String>,
    /// The role it takes in another account.
    pub(crate) custom_role_arn: Option<String>,
    /// When it was created.
    pub(crate) created_at: Timestamp,
    /// When it was last changed.
    pub(crate) updated_at: Timestamp,
}

/// A repository creation template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TemplateRow {
    /// What it is for, in words.
    pub(crate) description: Option<String>,
    /// How repositories are encrypted.
    pub(crate) encryption: Encryption,
    /// The resource tags they get.
    pub(crate) resource_tags: Vec<ResourceTag>,
    /// Whether their tags may move.
    pub(crate) mutability: TagMutability,
    /// What the exclusion excludes.
    pub(crate) exclusion_filters: Vec<ExclusionFilter>,
    /// The policy they get.
    pub(crate) repository_policy: Option<String>,
    /// The lifecycle policy they get.
    pub(crate) lifecycle_policy: Option<String>,
    /// `PULL_THROUGH_CACHE`, `REPLICATION`, `CREATE_ON_PUSH`.
    pub(crate) applied_for: Vec<String>,
    /// The role that ECR takes to create them.
    pub(crate) custom_role_arn: Option<String>,
    /// When it was created.
    pub(crate) created_at: Timestamp,
    /// When it was last changed.
    pub(crate) updated_at: Timestamp,
}

/// A secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SecretRow {
    /// The six characters behind the name in its ARN.
    pub(crate) suffix: String,
    /// What it is for, in words.
    pub(crate) description: Option<String>,
    /// The key it is encrypted under, where one was named.
    pub(crate) kms_key_id: Option<String>,
    /// Its resource tags.
    pub(crate) tags: Vec<ResourceTag>,
    /// Its versions, the newest last.
    pub(crate) versions: Vec<SecretVersion>,
    /// When it was created.
    pub(crate) created_at: Timestamp,
    /// When it was last changed.
    pub(crate) changed_at: Timestamp,
    /// When it will be gone, if its deletion was asked for.
    pub(crate) deleted_at: Option<Timestamp>,
}

/// One version of a secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SecretVersion {
    /// Its id.
    pub(crate) id: String,
    /// The text, or base64 of the bytes.
    pub(crate) value: SecretValue,
    /// `AWSCURRENT`, `AWSPREVIOUS` and others.
    pub(crate) stages: Vec<String>,
    /// When it was made.
    pub(crate) created_at: Timestamp,
}

/// What a version of a secret holds; never printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum SecretValue {
    /// Text.
    String(String),
    /// Bytes in base64.
    Binary(String),
}

impl std::fmt::Debug for SecretVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecretVersion").field("id", &self.id).field("stages", &self.stages).finish()
    }
}

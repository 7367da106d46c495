//! What several operations answer with, in the spelling of the service model.

use serde::{Deserialize, Serialize};

use crate::constraint;
use crate::ecr::Ecr;
use crate::fault::Fault;
use crate::storage::{
    Encryption, ExclusionFilter, RepositoryRow, ResourceTag, RuleRow, TagMutability, TemplateRow,
};

/// `ImageScanningConfiguration`
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Scanning {
    /// Whether images are scanned when pushed.
    #[serde(default)]
    pub(crate) scan_on_push: bool,
}

/// `Repository`
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Repository {
    repository_arn: String,
    registry_id: String,
    repository_name: String,
    repository_uri: String,
    created_at: f64,
    image_tag_mutability: TagMutability,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    image_tag_mutability_exclusion_filters: Vec<ExclusionFilter>,
    image_scanning_configuration: Scanning,
    encryption_configuration: Encryption,
}

impl Repository {
    /// Returns a repository as it is answered.
    pub(crate) fn new(ecr: &Ecr, name: &str, row: RepositoryRow) -> Self {
        Self {
            repository_arn: ecr.repository_arn(name),
            registry_id: ecr.registry_id().to_owned(),
            repository_name: name.to_owned(),
            repository_uri: ecr.repository_uri(name),
            created_at: row.created_at.seconds(),
            image_tag_mutability: row.mutability,
            image_tag_mutability_exclusion_filters: row.exclusion_filters,
            image_scanning_configuration: Scanning { scan_on_push: row.scan_on_push },
            encryption_configuration: row.encryption,
        }
    }
}

/// Which members of a rule an operation answers with: the model leaves out a few here and there.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rule {
    ecr_repository_prefix: String,
    registry_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream_registry_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    upstream_registry: Option<String>,
    upstream_repository_prefix: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    credential_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_role_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<f64>,
}

impl Rule {
    /// Returns a rule with every member.
    pub(crate) fn new(ecr: &Ecr, prefix: &str, row: RuleRow) -> Self {
        Self {
            ecr_repository_prefix: prefix.to_owned(),
            registry_id: ecr.registry_id().to_owned(),
            upstream_registry_url: Some(row.upstream_registry_url),
            upstream_registry: Some(row.upstream_registry),
            upstream_repository_prefix: row.upstream_repository_prefix,
            credential_arn: row.credential_arn,
            custom_role_arn: row.custom_role_arn,
            created_at: Some(row.created_at.seconds()),
            updated_at: Some(row.updated_at.seconds()),
        }
    }

    /// Leaves out what a creation does not answer.
    pub(crate) fn created(self) -> Self {
        Self { updated_at: None, ..self }
    }

    /// Leaves out what a deletion does not answer.
    pub(crate) fn deleted(self) -> Self {
        Self { updated_at: None, upstream_registry: None, ..self }
    }

    /// Leaves out what an update does not answer.
    pub(crate) fn updated(self) -> Self {
        Self { created_at: None, upstream_registry: None, upstream_registry_url: None, ..self }
    }
}

/// `RepositoryCreationTemplate`
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Template {
    prefix: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    encryption_configuration: Encryption,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resource_tags: Vec<ResourceTag>,
    image_tag_mutability: TagMutability,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    image_tag_mutability_exclusion_filters: Vec<ExclusionFilter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repository_policy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lifecycle_policy: Option<String>,
    applied_for: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_role_arn: Option<String>,
    created_at: f64,
    updated_at: f64,
}

impl Template {
    /// Returns a template as it is answered.
    pub(crate) fn new(prefix: &str, row: TemplateRow) -> Self {
        Self {
            prefix: prefix.to_owned(),
            description: row.description,
            encryption_configuration: row.encryption,
            resource_tags: row.resource_tags,
            image_tag_mutability: row.mutability,
            image_tag_mutability_exclusion_filters: row.exclusion_filters,
            repository_policy: row.repository_policy,
            lifecycle_policy: row.lifecycle_policy,
            applied_for: row.applied_for,
            custom_role_arn: row.custom_role_arn,
            created_at: row.created_at.seconds(),
            updated_at: row.updated_at.seconds(),
        }
    }
}

/// What answers name a template operation's registry by.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OneTemplate {
    registry_id: String,
    repository_creation_template: Template,
}

impl OneTemplate {
    /// Returns the answer about one template.
    pub(crate) fn new(ecr: &Ecr, prefix: &str, row: TemplateRow) -> Self {
        Self {
            registry_id: ecr.registry_id().to_owned(),
            repository_creation_template: Template::new(prefix, row),
        }
    }
}

/// Returns the tag mutability that a text names.
pub(crate) fn mutability(text: &str) -> Result<TagMutability, Fault> {
    match text {
        "MUTABLE" => Ok(TagMutability::Mutable),
        "IMMUTABLE" => Ok(TagMutability::Immutable),
        "IMMUTABLE_WITH_EXCLUSION" => Ok(TagMutability::ImmutableWithExclusion),
        "MUTABLE_WITH_EXCLUSION" => Ok(TagMutability::MutableWithExclusion),
        other => Err(constraint::one_of(
            "imageTagMutability",
            other,
            &["IMMUTABLE", "MUTABLE", "MUTABLE_WITH_EXCLUSION", "IMMUTABLE_WITH_EXCLUSION"],
        )
        .err()
        .unwrap_or_else(|| Fault::parameter("imageTagMutability", "unknown value"))),
    }
}

/// Checks exclusion filters against the mutability they belong to, and returns them.
pub(crate) fn exclusion_filters(
    mutability: TagMutability,
    filters: Option<Vec<ExclusionFilter>>,
) -> Result<Vec<ExclusionFilter>, Fault> {
    const NAME: &str = "imageTagMutabilityExclusionFilters";
    let excludes =
        matches!(mutability, TagMutability::ImmutableWithExclusion | TagMutability::MutableWithExclusion);
    if excludes != filters.is_some() {
        let value = serde_json::to_value(mutability).unwrap_or_default();
        let value = value.as_str().unwrap_or_default();
        let rule = format!(
            "ImageTagMutabilityExclusionFilters can't be null when imageTagMutability is set as {value}"
        );
        return Err(Fault::parameter(NAME, rule));
    }
    let filters = filters.unwrap_or_default();
    if excludes {
        constraint::count(NAME, filters.len(), 1, 5)?;
    }
    for filter in &filters {
        constraint::one_of(&format!("{NAME}.filterType"), &filter.filter_type, &["WILDCARD"])?;
        constraint::EXCLUSION_FILTER.check(&format!("{NAME}.filter"), &filter.filter)?;
    }
    Ok(filters)
}

/// Checks how something is to be encrypted.
pub(crate) fn encryption(given: &Encryption, key: &constraint::Text) -> Result<(), Fault> {
    let kinds = ["AES256", "KMS", "KMS_DSSE"];
    constraint::one_of("encryptionConfiguration.encryptionType", &given.encryption_type, &kinds)?;
    key.check_given("encryptionConfiguration.kmsKey", given.kms_key.as_ref())?;
    if given.encryption_type == "AES256" && given.kms_key.as_ref().is_some_and(|key| !key.is_empty()) {
        let rule = "KMS key cannot be given when the encryption type is AES256";
        return Err(Fault::parameter("encryptionConfiguration", rule));
    }
    Ok(())
}

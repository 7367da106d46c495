//! The settings that creating and updating a template share.

use serde::Deserialize;

use super::wire;
use crate::constraint;
use crate::ecr::lifecycle::LifecyclePolicy;
use crate::ecr::policy_text::{PolicyKind, check_policy};
use crate::ecr::tag;
use crate::fault::Fault;
use crate::storage::{Encryption, ExclusionFilter, ResourceTag, TemplateRow};

/// The members of a template that may be given.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TemplateSettings {
    description: Option<String>,
    encryption_configuration: Option<Encryption>,
    resource_tags: Option<Vec<ResourceTag>>,
    image_tag_mutability: Option<String>,
    image_tag_mutability_exclusion_filters: Option<Vec<ExclusionFilter>>,
    repository_policy: Option<String>,
    lifecycle_policy: Option<String>,
    applied_for: Option<Vec<String>>,
    custom_role_arn: Option<String>,
}

impl TemplateSettings {
    /// Checks what is given and writes it over a template.
    ///
    /// # Errors
    /// `InvalidParameterException` and the faults of resource tags.
    pub(crate) fn apply(self, row: &mut TemplateRow) -> Result<(), Fault> {
        constraint::TEMPLATE_DESCRIPTION.check_given("description", self.description.as_ref())?;
        constraint::CUSTOM_ROLE_ARN.check_given("customRoleArn", self.custom_role_arn.as_ref())?;
        row.description = self.description.or(row.description.take());
        row.custom_role_arn = self.custom_role_arn.or(row.custom_role_arn.take());
        if let Some(encryption) = self.encryption_configuration {
            wire::encryption(&encryption, &constraint::TEMPLATE_KMS_KEY)?;
            row.encryption = encryption;
        }
        if let Some(tags) = self.resource_tags {
            row.resource_tags.clear();
            tag::set(&mut row.resource_tags, tags)?;
        }
        if let Some(text) = self.image_tag_mutability {
            row.mutability = wire::mutability(&text)?;
            let filters = self.image_tag_mutability_exclusion_filters;
            row.exclusion_filters = wire::exclusion_filters(row.mutability, filters)?;
        } else if let Some(filters) = self.image_tag_mutability_exclusion_filters {
            row.exclusion_filters = wire::exclusion_filters(row.mutability, Some(filters))?;
        }
        if let Some(policy) = self.repository_policy {
            constraint::POLICY_TEXT.check("repositoryPolicy", &policy)?;
            if !policy.is_empty() {
                check_policy(&policy, PolicyKind::Repository)?;
            }
            row.repository_policy = Some(policy);
        }
        if let Some(policy) = self.lifecycle_policy {
            constraint::TEMPLATE_LIFECYCLE_POLICY_TEXT.check("lifecyclePolicy", &policy)?;
            if !policy.is_empty() {
                LifecyclePolicy::read(&policy)?;
            }
            row.lifecycle_policy = Some(policy);
        }
        if let Some(applied_for) = self.applied_for {
            for purpose in &applied_for {
                let known = ["REPLICATION", "PULL_THROUGH_CACHE", "CREATE_ON_PUSH"];
                constraint::one_of("appliedFor", purpose, &known)?;
            }
            constraint::count("appliedFor", applied_for.len(), 1, 3)?;
            row.applied_for = applied_for;
        }
        Ok(())
    }
}

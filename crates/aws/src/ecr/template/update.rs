//! `UpdateRepositoryCreationTemplate`.

use std::collections::BTreeMap;

use super::{AppliedFor, Template, encryption};
use crate::ecr::repository::resource_tags;
use crate::ecr::{Ecr, Encryption, TagMutability};
use crate::error::AwsError;

/// What of a template is to be changed; `None` leaves a setting as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TemplateUpdate {
    /// What it is for, in words.
    pub description: Option<String>,
    /// For which repositories: all of them, not only new ones.
    pub applied_for: Option<Vec<AppliedFor>>,
    /// Their policy, as text.
    pub repository_policy: Option<String>,
    /// Their lifecycle policy, as text.
    pub lifecycle_policy: Option<String>,
    /// Whether their tags may move.
    pub tag_mutability: Option<TagMutability>,
    /// How they are encrypted.
    pub encryption: Option<Encryption>,
    /// Their resource tags: all of them, not only new ones.
    pub resource_tags: Option<BTreeMap<String, String>>,
    /// The ARN of the role that ECR makes them with.
    pub custom_role_arn: Option<String>,
}

impl Ecr {
    /// Changes settings of a repository creation template and returns it as it is then; `prefix` is the one that
    /// ECR stores.
    ///
    /// Spec: ECR `UpdateRepositoryCreationTemplate`.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) without such a template, and whatever else ECR says.
    pub async fn update_template(&self, prefix: &str, update: &TemplateUpdate) -> Result<Template, AwsError> {
        let tried = format!("update the repository creation template `{prefix}`");
        let call = self.call("UpdateRepositoryCreationTemplate", tried);
        self.own_registry_only(&call)?;
        let (mutability, filters) = match &update.tag_mutability {
            Some(mutability) => {
                let (mutability, filters) = mutability.fields(&call)?;
                (Some(mutability), filters)
            }
            None => (None, None),
        };
        let encryption = update.encryption.as_ref().map(|new| encryption(&call, new)).transpose()?;
        let tags = update.resource_tags.as_ref().map(|tags| resource_tags(&call, tags)).transpose()?;
        let applied_for = update.applied_for.as_ref().map(|all| all.iter().map(AppliedFor::field).collect());
        let answer = call
            .run(|attempts| {
                let request = self
                    .client()
                    .update_repository_creation_template()
                    .prefix(prefix)
                    .set_description(update.description.clone())
                    .set_applied_for(applied_for)
                    .set_repository_policy(update.repository_policy.clone())
                    .set_lifecycle_policy(update.lifecycle_policy.clone())
                    .set_image_tag_mutability(mutability)
                    .set_image_tag_mutability_exclusion_filters(filters)
                    .set_encryption_configuration(encryption)
                    .set_resource_tags(tags)
                    .set_custom_role_arn(update.custom_role_arn.clone());
                request.customize().interceptor(attempts).send()
            })
            .await?;
        Template::read(&call, call.need(answer.repository_creation_template, "repositoryCreationTemplate")?)
    }
}

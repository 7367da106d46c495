//! `CreateRepositoryCreationTemplate`.

use super::{AppliedFor, Template, encryption};
use crate::ecr::Ecr;
use crate::ecr::repository::resource_tags;
use crate::error::AwsError;

impl Ecr {
    /// Makes a repository creation template and returns it; `created` and `updated` of the one given are of no
    /// account.
    ///
    /// Spec: ECR `CreateRepositoryCreationTemplate`.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) when the prefix has a template, and whatever else ECR
    /// says.
    pub async fn create_template(&self, new: &Template) -> Result<Template, AwsError> {
        let tried = format!("create the repository creation template `{}`", new.prefix);
        let call = self.call("CreateRepositoryCreationTemplate", tried);
        self.own_registry_only(&call)?;
        let (mutability, filters) = new.tag_mutability.fields(&call)?;
        let encryption = encryption(&call, &new.encryption)?;
        let tags = resource_tags(&call, &new.resource_tags)?;
        let answer = call
            .run(|attempts| {
                let request = self
                    .client()
                    .create_repository_creation_template()
                    .prefix(&new.prefix)
                    .set_description(new.description.clone())
                    .set_applied_for(Some(new.applied_for.iter().map(AppliedFor::field).collect()))
                    .set_repository_policy(new.repository_policy.clone())
                    .set_lifecycle_policy(new.lifecycle_policy.clone())
                    .image_tag_mutability(mutability)
                    .set_image_tag_mutability_exclusion_filters(filters)
                    .encryption_configuration(encryption)
                    .set_resource_tags((!tags.is_empty()).then_some(tags))
                    .set_custom_role_arn(new.custom_role_arn.clone());
                request.customize().interceptor(attempts).send()
            })
            .await?;
        Template::read(&call, call.need(answer.repository_creation_template, "repositoryCreationTemplate")?)
    }
}

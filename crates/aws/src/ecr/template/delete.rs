//! `DeleteRepositoryCreationTemplate`.

use crate::ecr::Ecr;
use crate::error::AwsError;

impl Ecr {
    /// Removes a repository creation template, and changes no repository; `prefix` is the one that ECR stores.
    /// Returns whether there was such a template.
    ///
    /// Spec: ECR `DeleteRepositoryCreationTemplate`.
    ///
    /// # Errors
    /// [`AwsError`] when ECR refuses.
    pub async fn delete_template(&self, prefix: &str) -> Result<bool, AwsError> {
        let tried = format!("delete the repository creation template `{prefix}`");
        let call = self.call("DeleteRepositoryCreationTemplate", tried);
        self.own_registry_only(&call)?;
        let answer = call
            .run(|attempts| {
                let request = self.client().delete_repository_creation_template().prefix(prefix);
                request.customize().interceptor(attempts).send()
            })
            .await
            .map_err(AwsError::from);
        match answer {
            Ok(_) => Ok(true),
            Err(error) if error.is("TemplateNotFoundException") => Ok(false),
            Err(error) => Err(error),
        }
    }
}

//! `DeleteRepositoryPolicy`.

use image::RepositoryName;

use crate::ecr::Ecr;
use crate::error::AwsError;

impl Ecr {
    /// Removes a repository's policy; returns whether there was one.
    ///
    /// Spec: ECR `DeleteRepositoryPolicy`.
    ///
    /// # Errors
    /// [`AwsError`] when the repository does not exist, or ECR refuses.
    pub async fn delete_repository_policy(&self, repository: &RepositoryName) -> Result<bool, AwsError> {
        let call =
            self.call("DeleteRepositoryPolicy", format!("remove the policy of repository `{repository}`"));
        let answer = call
            .run(|attempts| {
                let request = self
                    .client()
                    .delete_repository_policy()
                    .set_registry_id(self.registry_id())
                    .repository_name(repository.as_str());
                request.customize().interceptor(attempts).send()
            })
            .await
            .map_err(AwsError::from);
        match answer {
            Ok(_) => Ok(true),
            Err(error) if error.is("RepositoryPolicyNotFoundException") => Ok(false),
            Err(error) => Err(error),
        }
    }
}

//! `SetRepositoryPolicy`.

use image::RepositoryName;

use crate::ecr::Ecr;
use crate::error::AwsError;

impl Ecr {
    /// Puts a policy in place of a repository's policy, whatever that was.
    ///
    /// A policy that would lock out the caller is refused by ECR.
    ///
    /// Spec: ECR `SetRepositoryPolicy`, without `force`.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) when ECR does not take the text, and whatever else ECR
    /// says.
    pub async fn set_repository_policy(
        &self,
        repository: &RepositoryName,
        text: &str,
    ) -> Result<(), AwsError> {
        let call = self.call("SetRepositoryPolicy", format!("set the policy of repository `{repository}`"));
        call.run(|attempts| {
            let request = self
                .client()
                .set_repository_policy()
                .set_registry_id(self.registry_id())
                .repository_name(repository.as_str())
                .policy_text(text);
            request.customize().interceptor(attempts).send()
        })
        .await?;
        Ok(())
    }
}

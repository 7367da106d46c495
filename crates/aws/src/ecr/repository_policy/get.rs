//! `GetRepositoryPolicy`.

use image::RepositoryName;

use crate::ecr::Ecr;
use crate::error::AwsError;

impl Ecr {
    /// Returns a repository's policy as it is stored; `None` when it has none.
    ///
    /// Spec: ECR `GetRepositoryPolicy`.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when the repository does not exist, and whatever else
    /// ECR says.
    pub async fn repository_policy(&self, repository: &RepositoryName) -> Result<Option<String>, AwsError> {
        let call = self.call("GetRepositoryPolicy", format!("read the policy of repository `{repository}`"));
        let answer = call
            .run(|attempts| {
                let request = self
                    .client()
                    .get_repository_policy()
                    .set_registry_id(self.registry_id())
                    .repository_name(repository.as_str());
                request.customize().interceptor(attempts).send()
            })
            .await
            .map_err(AwsError::from);
        match answer {
            Ok(answer) => Ok(answer.policy_text),
            Err(error) if error.is("RepositoryPolicyNotFoundException") => Ok(None),
            Err(error) => Err(error),
        }
    }
}

//! `GetRegistryPolicy`.

use crate::ecr::Ecr;
use crate::error::AwsError;

impl Ecr {
    /// Returns the registry's policy as it is stored; `None` when it has none.
    ///
    /// Spec: ECR `GetRegistryPolicy`.
    ///
    /// # Errors
    /// [`AwsError`] when ECR refuses.
    pub async fn registry_policy(&self) -> Result<Option<String>, AwsError> {
        let call = self.call("GetRegistryPolicy", "read the registry policy");
        self.own_registry_only(&call)?;
        let answer = call
            .run(|attempts| self.client().get_registry_policy().customize().interceptor(attempts).send())
            .await
            .map_err(AwsError::from);
        match answer {
            Ok(answer) => Ok(answer.policy_text),
            Err(error) if error.is("RegistryPolicyNotFoundException") => Ok(None),
            Err(error) => Err(error),
        }
    }
}

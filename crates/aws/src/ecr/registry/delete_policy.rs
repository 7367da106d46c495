//! `DeleteRegistryPolicy`.

use crate::ecr::Ecr;
use crate::error::AwsError;

impl Ecr {
    /// Removes the registry's policy; returns whether there was one.
    ///
    /// Spec: ECR `DeleteRegistryPolicy`.
    ///
    /// # Errors
    /// [`AwsError`] when ECR refuses.
    pub async fn delete_registry_policy(&self) -> Result<bool, AwsError> {
        let call = self.call("DeleteRegistryPolicy", "remove the registry policy");
        self.own_registry_only(&call)?;
        let answer = call
            .run(|attempts| self.client().delete_registry_policy().customize().interceptor(attempts).send())
            .await
            .map_err(AwsError::from);
        match answer {
            Ok(_) => Ok(true),
            Err(error) if error.is("RegistryPolicyNotFoundException") => Ok(false),
            Err(error) => Err(error),
        }
    }
}

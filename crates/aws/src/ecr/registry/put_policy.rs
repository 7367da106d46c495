//! `PutRegistryPolicy`.

use crate::ecr::Ecr;
use crate::error::AwsError;

impl Ecr {
    /// Puts a policy in place of the registry's policy, whatever that was.
    ///
    /// Spec: ECR `PutRegistryPolicy`.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) when ECR does not take the text, and whatever else ECR
    /// says.
    pub async fn put_registry_policy(&self, text: &str) -> Result<(), AwsError> {
        let call = self.call("PutRegistryPolicy", "set the registry policy");
        self.own_registry_only(&call)?;
        call.run(|attempts| {
            self.client().put_registry_policy().policy_text(text).customize().interceptor(attempts).send()
        })
        .await?;
        Ok(())
    }
}

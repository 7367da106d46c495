//! `UpdatePullThroughCacheRule`.

use crate::ecr::Ecr;
use crate::error::AwsError;

/// What of a pull through cache rule may be changed: nothing but how it signs in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleUpdate {
    /// The ARN of the secret that it is to sign in upstream with; `None` leaves it.
    pub credential_arn: Option<String>,
    /// The ARN of the role that it is to read another ECR registry with; `None` leaves it.
    pub custom_role_arn: Option<String>,
}

impl Ecr {
    /// Changes how a pull through cache rule signs in; `prefix` is the one that ECR stores.
    ///
    /// Spec: ECR `UpdatePullThroughCacheRule`.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) when nothing is to be changed, which ECR refuses;
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) without such a rule, and whatever else ECR says.
    pub async fn update_rule(&self, prefix: &str, update: &RuleUpdate) -> Result<(), AwsError> {
        let tried = format!("update the pull through cache rule `{prefix}`");
        let call = self.call("UpdatePullThroughCacheRule", tried);
        if *update == RuleUpdate::default() {
            return Err(call.refused("neither a credential nor a role is given"));
        }
        call.run(|attempts| {
            let request = self
                .client()
                .update_pull_through_cache_rule()
                .set_registry_id(self.registry_id())
                .ecr_repository_prefix(prefix)
                .set_credential_arn(update.credential_arn.clone())
                .set_custom_role_arn(update.custom_role_arn.clone());
            request.customize().interceptor(attempts).send()
        })
        .await?;
        Ok(())
    }
}

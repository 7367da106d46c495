//! `DeletePullThroughCacheRule`.

use crate::ecr::Ecr;
use crate::error::AwsError;

impl Ecr {
    /// Removes a pull through cache rule, and none of its repositories; `prefix` is the one that ECR stores.
    /// Returns whether there was such a rule.
    ///
    /// Spec: ECR `DeletePullThroughCacheRule`.
    ///
    /// # Errors
    /// [`AwsError`] when ECR refuses.
    pub async fn delete_rule(&self, prefix: &str) -> Result<bool, AwsError> {
        let tried = format!("delete the pull through cache rule `{prefix}`");
        let call = self.call("DeletePullThroughCacheRule", tried);
        let answer = call
            .run(|attempts| {
                let request = self
                    .client()
                    .delete_pull_through_cache_rule()
                    .set_registry_id(self.registry_id())
                    .ecr_repository_prefix(prefix);
                request.customize().interceptor(attempts).send()
            })
            .await
            .map_err(AwsError::from);
        match answer {
            Ok(_) => Ok(true),
            Err(error) if error.is("PullThroughCacheRuleNotFoundException") => Ok(false),
            Err(error) => Err(error),
        }
    }
}

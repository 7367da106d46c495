//! `ValidatePullThroughCacheRule`.

use crate::ecr::Ecr;
use crate::error::AwsError;

/// Whether ECR can sign in upstream with a rule's secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleVerdict {
    /// It can, or needs no secret.
    Valid,
    /// It cannot; in ECR's words, which may be empty.
    Invalid(String),
}

impl Ecr {
    /// Lets ECR try a rule's secret upstream and returns the outcome; `prefix` is the one that ECR stores.
    ///
    /// Spec: ECR `ValidatePullThroughCacheRule`.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) without such a rule, and whatever else ECR says.
    pub async fn validate_rule(&self, prefix: &str) -> Result<RuleVerdict, AwsError> {
        let tried = format!("validate the pull through cache rule `{prefix}`");
        let call = self.call("ValidatePullThroughCacheRule", tried);
        let answer = call
            .run(|attempts| {
                let request = self
                    .client()
                    .validate_pull_through_cache_rule()
                    .set_registry_id(self.registry_id())
                    .ecr_repository_prefix(prefix);
                request.customize().interceptor(attempts).send()
            })
            .await?;
        Ok(match answer.is_valid {
            true => RuleVerdict::Valid,
            false => RuleVerdict::Invalid(answer.failure.unwrap_or_default()),
        })
    }
}

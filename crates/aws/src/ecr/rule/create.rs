//! `CreatePullThroughCacheRule`.

use aws_sdk_ecr::types;
use image::{EcrRepositoryPrefix, UpstreamRepositoryPrefix};

use super::Rule;
use crate::ecr::Ecr;
use crate::error::AwsError;

/// A pull through cache rule to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRule {
    /// The prefix of the ECR repositories it fills.
    pub ecr_repository_prefix: EcrRepositoryPrefix,
    /// The upstream registry as ECR writes it: `registry-1.docker.io`.
    pub upstream_registry_url: String,
    /// ECR's name for the kind of upstream registry: `docker-hub`.
    pub upstream_registry: Option<String>,
    /// The part of the upstream registry it reaches; `None` and `ROOT` for all.
    pub upstream_repository_prefix: Option<UpstreamRepositoryPrefix>,
    /// The ARN of the secret that it signs in upstream with.
    pub credential_arn: Option<String>,
    /// The ARN of the role that it reads another ECR registry with.
    pub custom_role_arn: Option<String>,
}

impl Ecr {
    /// Makes a pull through cache rule and returns it.
    ///
    /// Spec: ECR `CreatePullThroughCacheRule`.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) when the prefix has a rule,
    /// [`ErrorKind::Limit`](crate::ErrorKind::Limit) when the registry has 50, and whatever else ECR says.
    pub async fn create_rule(&self, new: &NewRule) -> Result<Rule, AwsError> {
        let tried = format!(
            "create the pull through cache rule `{}` for `{}`",
            new.ecr_repository_prefix, new.upstream_registry_url
        );
        let call = self.call("CreatePullThroughCacheRule", tried);
        // ROOT is what ECR takes when nothing is said; older Regions do not know the field.
        let upstream_prefix = new.upstream_repository_prefix.as_ref().filter(|prefix| !prefix.is_root());
        let answer = call
            .run(|attempts| {
                let request = self
                    .client()
                    .create_pull_through_cache_rule()
                    .set_registry_id(self.registry_id())
                    .ecr_repository_prefix(new.ecr_repository_prefix.as_str())
                    .upstream_registry_url(&new.upstream_registry_url)
                    .set_upstream_registry(
                        new.upstream_registry.as_deref().map(types::UpstreamRegistry::from),
                    )
                    .set_upstream_repository_prefix(upstream_prefix.map(|prefix| prefix.to_string()))
                    .set_credential_arn(new.credential_arn.clone())
                    .set_custom_role_arn(new.custom_role_arn.clone());
                request.customize().interceptor(attempts).send()
            })
            .await?;
        let rule = types::PullThroughCacheRule::builder()
            .set_ecr_repository_prefix(answer.ecr_repository_prefix)
            .set_upstream_registry_url(answer.upstream_registry_url)
            .set_created_at(answer.created_at)
            .set_registry_id(answer.registry_id)
            .set_upstream_registry(answer.upstream_registry)
            .set_credential_arn(answer.credential_arn)
            .set_custom_role_arn(answer.custom_role_arn)
            .set_upstream_repository_prefix(answer.upstream_repository_prefix)
            .build();
        Rule::read(&call, rule)
    }
}

//! Pull through cache rules.

mod create;
mod delete;
mod describe;
mod update;
mod validate;

use std::time::SystemTime;

use aws_sdk_ecr::types;
use image::{AccountId, PullThroughCacheRule, UpstreamRepositoryPrefix};

pub use create::NewRule;
pub use update::RuleUpdate;
pub use validate::RuleVerdict;

use crate::call::{Call, time};
use crate::error::AwsError;

/// A pull through cache rule of the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// How it maps names.
    pub names: PullThroughCacheRule,
    /// The prefix exactly as ECR stores it: the rule's key in every request.
    pub stored_prefix: String,
    /// The upstream registry exactly as ECR stores it: `registry-1.docker.io`.
    pub upstream_registry_url: String,
    /// ECR's name for the kind of upstream registry: `docker-hub`. Old rules have none.
    pub upstream_registry: Option<String>,
    /// The ARN of the secret that it signs in upstream with.
    pub credential_arn: Option<String>,
    /// The ARN of the role that it reads another ECR registry with.
    pub custom_role_arn: Option<String>,
    /// The account.
    pub account: Option<AccountId>,
    /// When it was made.
    pub created: Option<SystemTime>,
    /// When it was last changed.
    pub updated: Option<SystemTime>,
}

impl Rule {
    /// Returns the rule that an answer has; an absent upstream prefix is `ROOT`.
    fn read(call: &Call<'_>, answer: types::PullThroughCacheRule) -> Result<Self, AwsError> {
        let stored_prefix = call.need(answer.ecr_repository_prefix, "ecrRepositoryPrefix")?;
        let upstream_registry_url = call.need(answer.upstream_registry_url, "upstreamRegistryUrl")?;
        let upstream_prefix = match answer.upstream_repository_prefix.as_deref() {
            None | Some("") => UpstreamRepositoryPrefix::root(),
            prefix => call.read(prefix, "upstreamRepositoryPrefix")?,
        };
        let names = PullThroughCacheRule {
            ecr_repository_prefix: call.read(Some(&stored_prefix), "ecrRepositoryPrefix")?,
            upstream: call.read(Some(&upstream_registry_url), "upstreamRegistryUrl")?,
            upstream_repository_prefix: upstream_prefix,
        };
        let registry = answer.registry_id.as_deref();
        Ok(Self {
            names,
            stored_prefix,
            upstream_registry_url,
            upstream_registry: answer.upstream_registry.map(|kind| kind.as_str().to_owned()),
            credential_arn: answer.credential_arn,
            custom_role_arn: answer.custom_role_arn,
            account: registry.map(|id| call.read(Some(id), "registryId")).transpose()?,
            created: time(answer.created_at.as_ref()),
            updated: time(answer.updated_at.as_ref()),
        })
    }
}

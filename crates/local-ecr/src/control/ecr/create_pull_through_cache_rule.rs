//! CreatePullThroughCacheRule

use serde::Deserialize;

use super::wire::Rule;
use crate::control::Operation;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::ecr::rule::{NewRule, rule_key};
use crate::fault::Fault;
use crate::storage::RULES;

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreatePullThroughCacheRule {
    ecr_repository_prefix: String,
    upstream_registry_url: String,
    registry_id: Option<String>,
    upstream_registry: Option<String>,
    credential_arn: Option<String>,
    custom_role_arn: Option<String>,
    upstream_repository_prefix: Option<String>,
}

impl Operation for CreatePullThroughCacheRule {
    const REQUIRED: &'static [&'static str] = &["ecrRepositoryPrefix", "upstreamRegistryUrl"];
    type Response = Rule;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Rule, Fault> {
        ecr.own_registry(self.registry_id.as_ref())?;
        let prefix = rule_key(&self.ecr_repository_prefix);
        let row = ecr.storage.metadata.change(|change| {
        let rule = NewRule {
            ecr_repository_prefix: &self.ecr_repository_prefix,
            upstream_registry_url: &self.upstream_registry_url,
            upstream_registry: self.upstream_registry.as_ref(),
            upstream_repository_prefix: self.upstream_repository_prefix.as_ref(),
            credential_arn: self.credential_arn.as_ref(),
            custom_role_arn: self.custom_role_arn.as_ref(),
        };
        let row = ecr.new_rule(change, &rule)?;
        change.put(&RULES, prefix, &row)?;
Ok::<_, Fault>(row)
        })?;
        Ok(Rule::new(ecr, prefix, row).created())
    }
}

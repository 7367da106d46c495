//! DeletePullThroughCacheRule

use serde::Deserialize;

use super::wire::Rule;
use crate::control::Operation;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::ecr::rule::rule_key;
use crate::fault::Fault;
use crate::storage::RULES;

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeletePullThroughCacheRule {
    ecr_repository_prefix: String,
    registry_id: Option<String>,
}

impl Operation for DeletePullThroughCacheRule {
    const REQUIRED: &'static [&'static str] = &["ecrRepositoryPrefix"];
    type Response = Rule;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Rule, Fault> {
        ecr.own_registry(self.registry_id.as_ref())?;
        let prefix = rule_key(&self.ecr_repository_prefix);
        let row = ecr.storage.metadata.change(|change| {
        let row = ecr.rule(change, &self.ecr_repository_prefix)?;
        change.remove(&RULES, prefix)?;
Ok::<_, Fault>(row)
        })?;
        Ok(Rule::new(ecr, prefix, row).deleted())
    }
}

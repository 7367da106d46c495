//! DescribePullThroughCacheRules

use serde::{Deserialize, Serialize};

use super::wire::Rule;
use crate::constraint;
use crate::control::Operation;
use crate::control::page::page;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::ecr::rule::rule_key;
use crate::fault::Fault;
use crate::storage::RULES;

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DescribePullThroughCacheRules {
    registry_id: Option<String>,
    ecr_repository_prefixes: Option<Vec<String>>,
    next_token: Option<String>,
    max_results: Option<i64>,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    pull_through_cache_rules: Vec<Rule>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

impl Operation for DescribePullThroughCacheRules {
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        ecr.own_registry(self.registry_id.as_ref())?;
        let limit = constraint::max_results(self.max_results, 100, 1000)?;
        let view = ecr.storage.metadata.read()?;
        if let Some(prefixes) = self.ecr_repository_prefixes {
            constraint::count("ecrRepositoryPrefixes", prefixes.len(), 1, 100)?;
            let found = prefixes
                .iter()
                .map(|prefix| Ok(Rule::new(ecr, rule_key(prefix), ecr.rule(&view, prefix)?)));
            let rules = found.collect::<Result<_, Fault>>()?;
            return Ok(Response { pull_through_cache_rules: rules, next_token: None });
        }
        let page = page(&view, &RULES, "", self.next_token.as_ref(), limit, |prefix, row| {
            Some(Rule::new(ecr, prefix, row))
        })?;
        Ok(Response { pull_through_cache_rules: page.items, next_token: page.next_token })
    }
}

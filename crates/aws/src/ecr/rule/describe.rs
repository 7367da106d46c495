//! `DescribePullThroughCacheRules`.

use super::Rule;
use crate::ecr::{Ecr, LARGEST_PAGE};
use crate::error::AwsError;
use crate::paging::Pages;

impl Ecr {
    /// Returns every pull through cache rule of the registry.
    ///
    /// Spec: ECR `DescribePullThroughCacheRules`, all pages.
    ///
    /// # Errors
    /// [`AwsError`] when ECR refuses.
    pub async fn rules(&self) -> Result<Vec<Rule>, AwsError> {
        let call = self.call("DescribePullThroughCacheRules", "list the pull through cache rules");
        let mut all = Vec::new();
        let mut pages = Pages::default();
        while let Some(token) = pages.turn(&call)? {
            let answer = call
                .run(|attempts| {
                    let request = self
                        .client()
                        .describe_pull_through_cache_rules()
                        .set_registry_id(self.registry_id())
                        .max_results(LARGEST_PAGE)
                        .set_next_token(token);
                    request.customize().interceptor(attempts).send()
                })
                .await?;
            pages.read(answer.next_token);
            for rule in answer.pull_through_cache_rules.unwrap_or_default() {
                all.push(Rule::read(&call, rule)?);
            }
        }
        Ok(all)
    }

    /// Returns the rule with an ECR repository prefix; `None` when there is none.
    ///
    /// Spec: ECR `DescribePullThroughCacheRules`.
    ///
    /// # Errors
    /// [`AwsError`] when ECR refuses.
    pub async fn rule(&self, prefix: &str) -> Result<Option<Rule>, AwsError> {
        let tried = format!("describe the pull through cache rule `{prefix}`");
        let call = self.call("DescribePullThroughCacheRules", tried);
        let answer = call
            .run(|attempts| {
                let request = self
                    .client()
                    .describe_pull_through_cache_rules()
                    .set_registry_id(self.registry_id())
                    .ecr_repository_prefixes(prefix);
                request.customize().interceptor(attempts).send()
            })
            .await
            .map_err(AwsError::from);
        match answer {
            Ok(answer) => {
                let rules = answer.pull_through_cache_rules.unwrap_or_default();
                rules.into_iter().next().map(|rule| Rule::read(&call, rule)).transpose()
            }
            Err(error) if error.is("PullThroughCacheRuleNotFoundException") => Ok(None),
            Err(error) => Err(error),
        }
    }
}

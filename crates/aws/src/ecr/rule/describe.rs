//! `DescribePullThroughCacheRules`.

use super::Rule;
use crate::ecr::{Ecr, LARGEST_PAGE};
use crate::error::AwsError;
use crate::paging::{self, Page};

impl Ecr {
    /// Returns every pull through cache rule of the registry.
    ///
    /// Spec: ECR `DescribePullThroughCacheRules`, all pages.
    ///
    /// # Errors
    /// [`AwsError`] when ECR refuses.
    pub async fn rules(&self) -> Result<Vec<Rule>, AwsError> {
        let call = self.call("DescribePullThroughCacheRules", "list the pull through cache rules");
        paging::all(&call, async |token| {
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
            let rules = answer.pull_through_cache_rules.unwrap_or_default();
            let items = rules.into_iter().map(|rule| Rule::read(&call, rule)).collect::<Result<_, _>>()?;
            Ok(Page { items, next: answer.next_token })
        })
        .await
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

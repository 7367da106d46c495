//! The tool ListECRPullThroughCacheRules.

use operations::Access;
use operations::cache::{self, CacheList};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Hints, Tool, count, lines};
use crate::answer::{Answer, Stop};
use crate::call::Call;

/// The tool.
pub(super) struct ListECRPullThroughCacheRules;

/// What the tool is called with.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    /// AWS Region, else the server's.
    #[schemars(regex(pattern = r"^[a-z]+(-[a-z0-9]+)+$"))]
    region: Option<String>,
    /// AWS profile, else the server's.
    #[schemars(regex(pattern = r"\S"))]
    profile: Option<String>,
}

impl Tool for ListECRPullThroughCacheRules {
    const NAME: &str = "ListECRPullThroughCacheRules";
    const TITLE: &str = "List pull through cache rules";
    const DESCRIPTION: &str = "List the pull through cache rules with their credentials and whether HealthOmics can pull through them. \
        Returns what exists; for what is wrong use ValidateECRConfiguration.";
    const HINTS: Hints = Hints::READS;
    type Parameters = Parameters;
    type Output = CacheList;

    async fn call(call: &Call, parameters: Parameters) -> Result<Answer<Self::Output>, Stop> {
        let account = call.account(parameters.profile.as_deref(), parameters.region.as_deref()).await?;
        let list = call.reading("listing rules", cache::list(&account)).await?;
        let mut text =
            format!("{} in {} {}.", count(list.rules.len(), "rule", "rules"), list.account, list.region);
        for rule in &list.rules {
            let access = match &rule.healthomics.all {
                Access::Accessible => "HealthOmics can pull through it".to_owned(),
                other => format!("HealthOmics: {}, {}", other.label(), other.reason().unwrap_or_default()),
            };
            text += &format!("\n- {} from {}: {access}", rule.prefix, rule.upstream);
        }
        text += &lines(&list.findings, 10);
        Ok(Answer::new(list, text))
    }
}

//! UpdatePullThroughCacheRule

use serde::Deserialize;

use super::wire::Rule;
use crate::constraint;
use crate::control::Operation;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::ecr::rule::rule_key;
use crate::fault::{Code, Fault};
use crate::storage::RULES;

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdatePullThroughCacheRule {
    ecr_repository_prefix: String,
    registry_id: Option<String>,
    credential_arn: Option<String>,
    custom_role_arn: Option<String>,
}

impl Operation for UpdatePullThroughCacheRule {
    const REQUIRED: &'static [&'static str] = &["ecrRepositoryPrefix"];
    type Response = Rule;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Rule, Fault> {
        ecr.own_registry(self.registry_id.as_ref())?;
        let prefix = rule_key(&self.ecr_repository_prefix);
        let row = ecr.storage.metadata.change(|change| {
        let mut row = ecr.rule(change, &self.ecr_repository_prefix)?;
        if self.credential_arn.is_none() && self.custom_role_arn.is_none() {
            let text = "Invalid request parameters: either credentialArn or customRoleArn must be given";
            return Err(Fault::new(Code::InvalidParameter, text));
        }
        constraint::CREDENTIAL_ARN.check_given("credentialArn", self.credential_arn.as_ref())?;
        constraint::CUSTOM_ROLE_ARN.check_given("customRoleArn", self.custom_role_arn.as_ref())?;
        if let Some(arn) = &self.credential_arn {
            ecr.upstream_credential(change, arn)?;
            row.credential_arn = Some(arn.clone());
        }
        row.custom_role_arn = self.custom_role_arn.clone().or(row.custom_role_arn);
        row.updated_at = ecr.clock.now();
        change.put(&RULES, prefix, &row)?;
Ok::<_, Fault>(row)
        })?;
        Ok(Rule::new(ecr, prefix, row).updated())
    }
}

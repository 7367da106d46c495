//! What a saved plan does on the account side, as code; asks nobody.

use aws::ecr::Template;
use serde_json::Value;

use super::{Export, Exported, RuleResource};
use crate::cache::shown;
use crate::error::{OperationError, Result};
use crate::prepare::{REGISTRY_POLICY, SavedPlan};
use crate::upstream::read_upstream;

/// Returns what carrying a saved plan out would make of rules, templates and the registry's policy. What it leaves as it
/// is, is not exported.
///
/// # Errors
/// When the plan changes nothing of them, and when it holds what no plan does.
pub fn of_plan(plan: &SavedPlan) -> Result<Export> {
    let tried = || OperationError::new("cannot export the plan");
    let unread = |error: image::ImageError| tried().refused(error);
    let (account, region) = (plan.account.parse().map_err(unread)?, plan.region.parse().map_err(unread)?);
    let odd = |step: &Value| {
        tried().refused(format!(
            "it has a {} that cannot be read: {step}",
            step["kind"].as_str().unwrap_or("step")
        ))
    };
    let mut rules = Vec::new();
    for step in steps(plan, "rule") {
        rules.push(exported(step, rule(&step["after"]).ok_or_else(|| odd(step))?));
    }
    let mut templates: Vec<Exported<Template>> = Vec::new();
    for step in steps(plan, "template") {
        let template = exported(step, shown::read_template(&step["after"]).ok_or_else(|| odd(step))?);
        // Two rules below one prefix may want the same of its template.
        if !templates.iter().any(|other| other.what.prefix == template.what.prefix) {
            templates.push(template);
        }
    }
    let registry_policy = plan
        .state
        .get(REGISTRY_POLICY)
        .map(|policy| Exported { what: policy["after"].clone(), exists: !policy["before"].is_null() });
    let export = Export {
        account,
        region,
        rules,
        templates,
        registry_policy,
        grants: Vec::new(),
        role: None,
        findings: Vec::new(),
    };
    match export.is_empty() {
        true => Err(tried()
            .refused("it changes no rule, no template and no registry policy")
            .hint("export what the account has: leave out --plan")),
        false => Ok(export),
    }
}

/// Returns the steps of a kind that change something, in the order of their subjects.
fn steps<'p>(plan: &'p SavedPlan, kind: &'static str) -> impl Iterator<Item = &'p Value> {
    plan.state.values().filter(move |value| value["kind"] == kind && value["after"].is_object())
}

fn exported<T>(step: &Value, what: T) -> Exported<T> {
    Exported { what, exists: step["action"] != "create" }
}

fn rule(shown: &Value) -> Option<RuleResource> {
    let text = |name: &str| shown[name].as_str().map(str::to_owned);
    let upstream_url = text("upstreamRegistryUrl")?;
    Some(RuleResource {
        prefix: text("ecrRepositoryPrefix")?,
        upstream_kind: read_upstream(&upstream_url).ok().map(|found| found.upstream().api_value.to_owned()),
        upstream_url,
        upstream_prefix: text("upstreamRepositoryPrefix").unwrap_or_else(|| "ROOT".to_owned()),
        credential_arn: text("credentialArn"),
        role_arn: text("customRoleArn"),
    })
}

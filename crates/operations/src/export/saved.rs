//! The rules that a saved plan makes, as code; asks nobody.

use serde_json::Value;

use super::planned::assemble;
use super::{Export, RegistryBefore};
use crate::cache::{CacheOptions, CacheRequest};
use crate::error::{OperationError, Result};
use crate::finding::{Code, Finding, Severity};
use crate::prepare::SavedPlan;

/// What a template has that is exported as it would be made: all else comes from a template that governs now.
const PLAIN: [&str; 3] = ["prefix", "appliedFor", "repositoryPolicy"];

/// Returns what a saved plan makes so that rules serve HealthOmics. Rules that are there already are not its work.
///
/// # Errors
/// When the plan makes no rule, and when it holds names that are none.
pub fn of_plan(plan: &SavedPlan) -> Result<Export> {
    let tried = || OperationError::new("cannot export the plan");
    let unread = |error: image::ImageError| tried().refused(error);
    let (account, region) = (plan.account.parse().map_err(unread)?, plan.region.parse().map_err(unread)?);
    let mut requests = Vec::new();
    for (subject, rule) in &plan.state {
        let prefix = subject.strip_prefix("rule `").and_then(|rest| rest.strip_suffix('`'));
        let (Some(prefix), Some(true)) = (prefix, rule["isNew"].as_bool()) else { continue };
        let options = CacheOptions {
            prefix: Some(prefix.parse().map_err(unread)?),
            upstream_prefix: rule["upstreamPrefix"].as_str().map(str::parse).transpose().map_err(unread)?,
            credential: rule["credentialArn"].as_str().map(str::to_owned),
            ..CacheOptions::default()
        };
        requests.push(CacheRequest::new(rule["upstream"].as_str().unwrap_or_default(), options)?);
    }
    if requests.is_empty() {
        return Err(tried()
            .refused("it makes no pull through cache rule")
            .hint("export what the account has: leave out --plan"));
    }
    let mut policies = steps(plan, "registry-policy").peekable();
    let before = match policies.peek() {
        // The grants are there already, by statements that the plan does not show.
        None => RegistryBefore::Untouched,
        Some(step) => match &step["before"] {
            Value::Null => RegistryBefore::Absent,
            document => RegistryBefore::Is(document.to_string()),
        },
    };
    let mut export = assemble(&account, &region, &requests, before)?;
    for step in steps(plan, "template") {
        let settings = step["after"].as_object().into_iter().flatten().map(|(name, _)| name.as_str());
        let more: Vec<&str> = settings.filter(|name| !PLAIN.contains(name)).collect();
        if step["action"] == "update" || !more.is_empty() {
            let object = step["object"].as_str().unwrap_or_default();
            let message = format!(
                "the plan's template `{object}` has settings of a template that is there, and they are not exported"
            );
            let finding = Finding::new(Severity::Warning, Code::InheritedSettings, object, message);
            export.findings.push(finding.hint("carry the plan out, and export what the account has then"));
        }
    }
    Ok(export)
}

fn steps<'p>(plan: &'p SavedPlan, kind: &'static str) -> impl Iterator<Item = &'p Value> {
    plan.state.values().filter(move |value| value["kind"] == kind)
}

//! HealthOmics' grant in the registry's policy: to make repositories below a prefix and fill them.

use policy::{Change, Kind};

use super::request::CacheRequest;
use super::step::{Action, Outcome, Step, StepKind};
use crate::account::{Account, Looked, RegistryPolicy, RegistryState};
use crate::error::{OperationError, Result};
use crate::finding::{Code, Finding, Severity};
use crate::healthomics::{self, Access, IMPORT_SID, Judge};

/// What becomes of the registry's policy.
#[derive(Debug, Clone)]
pub(super) struct PolicyPlan {
    pub(super) step: Step,
    /// The text to write.
    pub(super) text: Option<String>,
    pub(super) findings: Vec<Finding>,
}

/// Returns an account whose runs nobody means.
pub(super) fn stranger(account: &str) -> &'static str {
    if account == "000000000000" { "999999999999" } else { "000000000000" }
}

/// Returns what has to become of the registry's policy so that HealthOmics can pull through a prefix.
///
/// A grant that is there under any Sid is enough. One that somebody bound to conditions is reported, not widened.
pub(super) fn decide(account: &Account, request: &CacheRequest, policy: &RegistryPolicy) -> PolicyPlan {
    let object = account.id().as_str();
    let prefix = request.prefix();
    let below = healthomics::below(account, prefix);
    let judge = judge(account, request, policy);
    let nothing = |reason: String, findings: Vec<Finding>| PolicyPlan {
        step: Step::nothing(StepKind::RegistryPolicy, object, reason),
        text: None,
        findings,
    };
    let warning =
        |code: Code, message: String| Finding::new(Severity::Warning, code, prefix.as_str(), message);
    let bound_to = request.bound_to(account);
    let granted = judge.import(&below).is_yes();
    if granted && bound_to.is_none() {
        return nothing(format!("HealthOmics may make repositories below `{prefix}` already"), Vec::new());
    }
    let for_anybody = || judge.of_runs_in(stranger(request.runs_in(account))).import(&below).is_yes();
    if granted && !for_anybody() {
        return nothing(format!("HealthOmics may make repositories below `{prefix}` already"), Vec::new());
    }
    let keys = judge.import_keys(&below);
    if !granted && !keys.is_empty() {
        let message = format!(
            "HealthOmics' grant for `{prefix}` in the registry policy hangs on `{}` and was left so",
            keys.join("`, `")
        );
        let finding = warning(Code::ClosedPrefix, message).hint("see that the conditions hold for your runs");
        return nothing("a grant with conditions of somebody's own is there".to_owned(), vec![finding]);
    }
    let kind = Kind::Registry(policy.scope);
    let merged =
        healthomics::with_import_access(kind, policy.text.as_deref(), std::slice::from_ref(&below), bound_to);
    let merged = match merged {
        Ok(merged) => merged,
        Err(error) => {
            return PolicyPlan {
                step: Step::refused(StepKind::RegistryPolicy, object, error),
                text: None,
                findings: Vec::new(),
            };
        }
    };
    let mut findings = Vec::new();
    let repaired = matches!(merged.change, Change::Repaired { .. });
    if granted && !repaired {
        let message = format!("a grant for `{prefix}` in the registry policy is for runs of any account");
        let finding = warning(Code::NoSourceAccount, message)
            .hint("add the condition aws:SourceAccount to the statement that grants it");
        return nothing("a grant that is not ours is there".to_owned(), vec![finding]);
    }
    if repaired && bound_to.is_some() && binds_more(policy, &merged.change) {
        let message = format!("the condition holds for every prefix of the statement `{IMPORT_SID}`");
        findings.push(warning(Code::NoSourceAccount, message));
    }
    let after = RegistryPolicy { text: Some(merged.text.clone()), scope: policy.scope };
    let after = self::judge(account, request, &after);
    if let Access::NotAccessible { reason } = after.import(&below) {
        let finding = Finding::new(Severity::Error, Code::ClosedPrefix, prefix.as_str(), reason);
        let remedy = after.import_remedy(&below);
        let otherwise =
            || "except `omics.amazonaws.com` from the statement that forbids it, or remove that".to_owned();
        findings.push(finding.hint(remedy.unwrap_or_else(otherwise)));
    }
    if merged.change == Change::Unchanged {
        return nothing(format!("the statement `{IMPORT_SID}` grants it"), findings);
    }
    let action = Action::of_policy(policy.text.as_deref(), &merged.text);
    PolicyPlan {
        step: Step::new(StepKind::RegistryPolicy, object, action),
        text: Some(merged.text),
        findings,
    }
}

/// Returns whether a condition is added to a statement that is for more than one entry.
fn binds_more(policy: &RegistryPolicy, change: &Change) -> bool {
    let Change::Repaired { before, after, .. } = change else { return false };
    policy.text.is_some()
        && before.get("Condition") != after.get("Condition")
        && after.get("Resource").and_then(serde_json::Value::as_array).is_some_and(|list| list.len() > 1)
}

fn judge(account: &Account, request: &CacheRequest, policy: &RegistryPolicy) -> Judge {
    Judge::new(request.runs_in(account), &Looked::Seen(policy.clone()))
}

/// Reads the policy anew, merges, writes and reads back.
///
/// # Errors
/// What ECR refuses, and a policy that somebody else changed in the meantime.
pub(super) async fn apply(account: &Account, request: &CacheRequest) -> Result<Outcome> {
    let policy = RegistryState::read(account).await.policy.into_result()?;
    let plan = decide(account, request, &policy);
    let text = match (plan.step.action, plan.text) {
        (Action::Refused { error }, _) => return Err(error),
        (_, Some(text)) => text,
        (_, None) => return Ok(Outcome::NotNeeded),
    };
    account.ecr().put_registry_policy(&text).await?;
    let read = RegistryState::read(account).await.policy.into_result()?;
    match decide(account, request, &read).text {
        None => Ok(Outcome::Done),
        Some(_) => {
            Err(OperationError::new("cannot find our statement in the registry policy that was written")
                .refused("somebody else wrote the policy at the same time")
                .hint("run it again"))
        }
    }
}

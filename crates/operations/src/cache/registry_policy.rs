//! HealthOmics' grant in the registry's policy: to make repositories below a prefix and fill them.
//!
//! The one place where it is planned and written, for whoever opens a prefix.

use image::EcrRepositoryPrefix;
use policy::{Change, Kind};

use super::opening::{Opening, Written};
use crate::account::{Looked, RegistryPolicy};
use crate::error::{OperationError, Result};
use crate::finding::{Code, Finding, Severity};
use crate::healthomics::{self, Access, IMPORT_SID, Judge};

/// What becomes of the registry's policy.
#[derive(Debug, Clone)]
pub(crate) struct ImportPlan {
    /// The text to write, or why none is.
    pub(crate) text: std::result::Result<String, String>,
    /// What HealthOmics may do below the prefix then.
    pub(crate) access: Access,
    /// Observations.
    pub(crate) findings: Vec<Finding>,
}

/// Returns what has to become of the registry's policy so that HealthOmics can pull through a prefix.
///
/// A grant that is there under any Sid is enough. One that somebody bound to conditions is reported, not widened.
///
/// # Errors
/// When our statement cannot be merged.
pub(crate) fn decide(
    opening: Opening<'_>,
    prefix: &EcrRepositoryPrefix,
    policy: &RegistryPolicy,
) -> Result<ImportPlan> {
    let below = healthomics::below(opening.account(), prefix);
    let judge = judge(opening, policy);
    let now = judge.import(&below);
    let granted = now.is_yes();
    let nothing = |reason: String, findings: Vec<Finding>| ImportPlan {
        text: Err(reason),
        access: now.clone(),
        findings,
    };
    let warning =
        |code: Code, message: String| Finding::new(Severity::Warning, code, prefix.as_str(), message);
    let for_anybody = || opening.stranger(&judge).import(&below).is_yes();
    if granted && (opening.bound_to().is_none() || !for_anybody()) {
        let reason = format!("HealthOmics may make repositories below `{prefix}` already");
        return Ok(nothing(reason, Vec::new()));
    }
    let keys = judge.import_keys(&below);
    if !granted && !keys.is_empty() {
        let message = format!(
            "HealthOmics' grant for `{prefix}` in the registry policy hangs on `{}` and was left so",
            keys.join("`, `")
        );
        let finding =
            warning(Code::ImportDepends, message).hint("see that the conditions hold for your runs");
        return Ok(nothing("a grant with conditions of somebody's own is there".to_owned(), vec![finding]));
    }
    let kind = Kind::Registry(policy.scope);
    let single = std::slice::from_ref(&below);
    let merged = healthomics::with_import_access(kind, policy.text.as_deref(), single, opening.bound_to())?;
    let mut findings = Vec::new();
    let repaired = matches!(merged.change, Change::Repaired { .. });
    if granted && !repaired {
        let message = format!("a grant for `{prefix}` in the registry policy is for runs of any account");
        let finding = warning(Code::NoSourceAccount, message)
            .hint("add the condition aws:SourceAccount to the statement that grants it");
        return Ok(nothing("a grant that is not ours is there".to_owned(), vec![finding]));
    }
    if repaired && opening.bound_to().is_some() && binds_more(policy, &merged.change) {
        let message = format!("the condition holds for every prefix of the statement `{IMPORT_SID}`");
        findings.push(warning(Code::NoSourceAccount, message));
    }
    let after = RegistryPolicy { text: Some(merged.text.clone()), scope: policy.scope };
    let after = self::judge(opening, &after);
    let access = after.import(&below);
    if let Access::NotAccessible { reason } = &access {
        let finding = Finding::new(Severity::Error, Code::ImportDenied, prefix.as_str(), reason);
        let remedy = after.import_remedy(&below);
        let otherwise =
            || "except `omics.amazonaws.com` from the statement that forbids it, or remove that".to_owned();
        findings.push(finding.hint(remedy.unwrap_or_else(otherwise)));
    }
    let text = match merged.change {
        Change::Unchanged => Err(format!("the statement `{IMPORT_SID}` grants it")),
        _ => Ok(merged.text),
    };
    Ok(ImportPlan { text, access, findings })
}

/// Returns whether a condition is added to a statement that is for more than one entry.
fn binds_more(policy: &RegistryPolicy, change: &Change) -> bool {
    let Change::Repaired { before, after, .. } = change else { return false };
    policy.text.is_some()
        && before.get("Condition") != after.get("Condition")
        && after.get("Resource").and_then(serde_json::Value::as_array).is_some_and(|list| list.len() > 1)
}

fn judge(opening: Opening<'_>, policy: &RegistryPolicy) -> Judge {
    Judge::new(opening.runs_in(), &Looked::Seen(policy.clone()))
}

/// Reads the policy anew, merges the grants for prefixes, writes it once and reads it back.
///
/// # Errors
/// What ECR refuses, what cannot be merged, and a policy that somebody else changed in the meantime.
pub(crate) async fn apply(opening: Opening<'_>, prefixes: &[EcrRepositoryPrefix]) -> Result<Written> {
    let account = opening.account();
    let mut policy = RegistryPolicy::read(&account.ecr()).await?;
    let mut changed = false;
    for prefix in prefixes {
        if let Ok(text) = decide(opening, prefix, &policy)?.text {
            policy.text = Some(text);
            changed = true;
        }
    }
    let Some(text) = policy.text.filter(|_| changed) else { return Ok(Written::NotNeeded) };
    account.ecr().put_registry_policy(&text).await?;
    let read = RegistryPolicy::read(&account.ecr()).await?;
    for prefix in prefixes {
        if decide(opening, prefix, &read)?.text.is_ok() {
            return Err(OperationError::new(
                "cannot find our statement in the registry policy that was written",
            )
            .refused("somebody else wrote the policy at the same time")
            .hint("run it again"));
        }
    }
    Ok(Written::Done)
}

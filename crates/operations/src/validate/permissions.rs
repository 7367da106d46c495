//! What could not be looked at, and what the caller lacks for it.

use std::collections::{BTreeMap, BTreeSet};

use aws::ecr::RuleVerdict;

use super::observe::View;
use crate::account::Looked;
use crate::error::OperationError;
use crate::finding::{Code, Finding, Severity};

/// Tells of everything that could not be looked at.
pub(super) fn check(view: &View<'_>, findings: &mut Vec<Finding>) {
    let mut missing: BTreeSet<&str> = BTreeSet::new();
    let observed = view.observed;
    let parts = [
        ("pull through cache rules", "which rules there are", observed.state.rules.unseen()),
        ("registry policy", "what the registry policy says", observed.state.policy.unseen()),
        ("repository creation templates", "which templates there are", observed.state.templates.unseen()),
        ("repositories", "which repositories there are", observed.repositories.unseen()),
    ];
    for (subject, what, error) in parts {
        if let Some(error) = error {
            findings.push(could_not_look(subject, what, error));
            missing.extend(error.missing_action.as_deref());
        }
    }
    for (prefix, error) in
        observed.validations.iter().filter_map(|(prefix, looked)| Some((prefix, looked.unseen()?)))
    {
        findings.push(could_not_look(prefix, "whether the rule's credential works", error));
        missing.extend(error.missing_action.as_deref());
    }
    for (arn, reading) in &observed.secrets {
        // What ECR itself signs in with needs no further look.
        if works(view, arn) {
            continue;
        }
        let content = reading.content.as_ref().and_then(Looked::unseen);
        let error = reading.description.unseen().or(content);
        if let Some(error) = error {
            findings.push(could_not_look(arn, "what is in the secret", error));
            missing.extend(error.missing_action.as_deref());
        }
    }
    missing.extend(policies(view, findings));
    if !missing.is_empty() {
        findings.push(permission(view, &missing));
    }
}

fn could_not_look(subject: &str, what: &str, error: &OperationError) -> Finding {
    let words = error.refused.as_deref().unwrap_or(&error.tried);
    let finding =
        Finding::new(Severity::Error, Code::CouldNotLook, subject, format!("could not see {what}: {words}"));
    match &error.hint {
        Some(hint) => finding.hint(hint),
        None => finding,
    }
}

/// Returns whether a rule with this secret signs in upstream.
fn works(view: &View<'_>, arn: &str) -> bool {
    view.rules.iter().filter(|rule| rule.credential_arn.as_deref() == Some(arn)).any(|rule| {
        matches!(view.observed.validations.get(&rule.stored_prefix), Some(Looked::Seen(RuleVerdict::Valid)))
    })
}

/// Tells of repositories whose policies could not be read, those with the same reason together; returns the actions
/// that the caller lacks.
fn policies<'a>(view: &View<'a>, findings: &mut Vec<Finding>) -> BTreeSet<&'a str> {
    let mut missing = BTreeSet::new();
    let mut by_reason: BTreeMap<&str, Vec<(&str, &OperationError)>> = BTreeMap::new();
    for state in view.observed.repositories.seen().into_iter().flatten() {
        let Some(error) = state.policy.unseen() else { continue };
        missing.extend(error.missing_action.as_deref());
        // Words name the repository and the request; the action says what is the same.
        let reason = error.missing_action.as_deref().or(error.hint.as_deref()).unwrap_or("");
        by_reason.entry(reason).or_default().push((state.repository.name.as_str(), error));
    }
    for repositories in by_reason.into_values() {
        let Some((first, error)) = repositories.first() else { continue };
        let (subject, what) = match repositories.len() {
            1 => ((*first).to_owned(), "what the repository's policy says".to_owned()),
            many => (
                format!("{many} repositories"),
                format!("what their policies say, that of `{first}` for one"),
            ),
        };
        findings.push(could_not_look(&subject, &what, error));
    }
    missing
}

fn permission(view: &View<'_>, missing: &BTreeSet<&str>) -> Finding {
    let actions: Vec<&str> = missing.iter().copied().collect();
    let statement = serde_json::json!({ "Effect": "Allow", "Action": actions, "Resource": "*" });
    Finding::new(
        Severity::Error,
        Code::PermissionMissing,
        view.account.caller().to_string(),
        format!("the caller may not do {}, which this answer needs", super::reasons::listed(&actions)),
    )
    .hint(format!("add this statement to a policy of the caller, and validate again: {statement}"))
}

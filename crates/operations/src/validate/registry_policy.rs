//! The registry policy: whether HealthOmics may make repositories below each prefix and fill them.

use std::collections::BTreeMap;

use aws::ecr::Rule;
use policy::{Denial, Document, Kind, RegistryScope};

use super::observe::View;
use super::policy_text;
use super::reasons::{self, Obstacles};
use super::remedy;
use crate::finding::{Code, Finding, Fix, Severity};
use crate::healthomics::{Access, IMPORT_ACTIONS};

/// What findings call it.
pub(super) const SUBJECT: &str = "registry policy";

/// What a registry policy of the older scope may speak of.
const OLD_ACTIONS: [&str; 3] = ["ecr:replicateimage", "ecr:batchimportupstreamimage", "ecr:createrepository"];

/// A name that no rule has, to find grants that reach past them all.
const NO_PREFIX: &str = "no-rule-has-this-prefix/*";

/// Looks at the registry policy.
pub(super) fn check(view: &View<'_>, findings: &mut Vec<Finding>) {
    let Some(policy) = view.observed.state.policy.seen() else { return };
    let Some(text) = policy.text.as_deref() else {
        if let Some(first) = view.taken().next() {
            let prefixes: Vec<String> =
                view.taken().map(|rule| format!("`{}`", rule.names.ecr_repository_prefix)).collect();
            let finding = Finding::new(
                Severity::Error,
                Code::NoRegistryPolicy,
                SUBJECT,
                format!(
                    "the registry has none, so HealthOmics may pull nothing through {}: it needs {}",
                    prefixes.join(", "),
                    reasons::listed(&IMPORT_ACTIONS)
                ),
            );
            let one = prefixes.len() == 1;
            findings.push(finding.fix(if one { remedy::open_prefix(first) } else { remedy::open_all() }));
        }
        return;
    };
    let Some(document) = policy_text::read(Kind::Registry(policy.scope), text, SUBJECT, findings) else {
        return;
    };
    if policy.scope == RegistryScope::V1 {
        scope(&document, findings);
    }
    grants(view, findings);
    beyond(view, findings);
}

/// Looks at what each prefix is granted.
fn grants(view: &View<'_>, findings: &mut Vec<Finding>) {
    let mut denials: Vec<(Denial, Vec<&'static str>, Vec<String>)> = Vec::new();
    let mut strangers = Vec::new();
    for rule in view.taken() {
        let prefix = &rule.names.ecr_repository_prefix;
        let below = view.below(prefix);
        let decisions = view.judge.import_decisions(&below);
        policy_text::broad(&decisions, SUBJECT, findings);
        let access = view.judge.import(&below);
        if access.is_yes() {
            if view.stranger.import(&below).is_yes() {
                strangers.push(format!("`{prefix}`"));
            }
            continue;
        }
        let obstacles = Obstacles::of(decisions);
        for (denial, actions) in &obstacles.denials {
            match denials.iter_mut().find(|(known, ..)| known.statement == denial.statement) {
                Some((.., prefixes)) => prefixes.push(format!("`{prefix}`")),
                None => denials.push((denial.clone(), actions.clone(), vec![format!("`{prefix}`")])),
            }
        }
        findings.extend(not_granted(rule, &access, &obstacles));
    }
    for (denial, actions, prefixes) in denials {
        let message = format!(
            "{}: HealthOmics may pull nothing through {}",
            reasons::denied(&denial, &actions),
            prefixes.join(", ")
        );
        let finding = Finding::new(Severity::Error, Code::ImportDenied, SUBJECT, message);
        findings.push(finding.hint(reasons::remedy(&denial)));
    }
    if !strangers.is_empty() {
        findings.push(
            Finding::new(
                Severity::Note,
                Code::NoSourceAccount,
                SUBJECT,
                format!("the grant for {} holds for runs of every account: it has no condition on `aws:SourceAccount`", strangers.join(", ")),
            )
            .hint(format!(
                r#"add the condition "StringEquals": {{"aws:SourceAccount": "{}"}} to the statement, unless other accounts run workflows with these images"#,
                view.account.id()
            )),
        );
    }
}

/// Returns the finding for a prefix that is not granted, where that is not a Deny's doing alone.
fn not_granted(rule: &Rule, access: &Access, obstacles: &Obstacles) -> Option<Finding> {
    let prefix = rule.names.ecr_repository_prefix.as_str();
    if !obstacles.ungranted.is_empty() {
        let finding = Finding::new(
            Severity::Error,
            Code::ImportNotGranted,
            prefix,
            format!("the registry policy lets HealthOmics pull nothing through it: {}", obstacles.lacking()),
        );
        return Some(finding.fix(remedy::open_prefix(rule)));
    }
    if matches!(access, Access::Depends { .. }) {
        let finding = Finding::new(
            Severity::Warning,
            Code::ImportDepends,
            prefix,
            format!(
                "whether HealthOmics may pull through it is known only when a run asks: {}",
                obstacles.hangs()
            ),
        );
        return Some(
            finding.hint(
                "see that the condition holds for your workflows, or grant the whole prefix without it",
            ),
        );
    }
    None
}

/// Tells of a grant that reaches past the prefixes of all rules.
fn beyond(view: &View<'_>, findings: &mut Vec<Finding>) {
    if view.all_rules.iter().any(|rule| rule.names.ecr_repository_prefix.is_root()) {
        return;
    }
    let beyond = view.account.repository_arn(NO_PREFIX);
    if !view.judge.import(&beyond).is_yes() {
        return;
    }
    let obstacles = view.judge.import_decisions(&beyond);
    let by: Vec<String> =
        obstacles.iter().filter_map(|(_, decision)| decision.decided_by()).map(reasons::statement).collect();
    let by = by.first().map_or("a statement", String::as_str);
    findings.push(
        Finding::new(
            Severity::Note,
            Code::BroadGrant,
            SUBJECT,
            format!(
                "{by} lets HealthOmics make repositories of any name, not only below the prefixes of rules"
            ),
        )
        .hint("name the repositories below each prefix in the statement's Resource: `repository/PREFIX/*`"),
    );
}

/// Looks for actions that a policy of the older scope cannot speak of.
fn scope(document: &Document, findings: &mut Vec<Finding>) {
    let mut idle: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for index in 0..document.statements().len() {
        let Some(action) = document.statement_elements(index).and_then(|elements| elements.get("Action"))
        else {
            continue;
        };
        let actions = match action {
            serde_json::Value::Array(list) => list.iter().filter_map(|entry| entry.as_str()).collect(),
            single => single.as_str().into_iter().collect::<Vec<_>>(),
        };
        let is_idle = |action: &&&str| {
            !action.contains('*') && !OLD_ACTIONS.contains(&action.to_ascii_lowercase().as_str())
        };
        let without: Vec<String> =
            actions.iter().filter(is_idle).map(|action| (*action).to_owned()).collect();
        if !without.is_empty() {
            idle.insert(index, without);
        }
    }
    for (index, actions) in idle {
        findings.push(
            Finding::new(
                Severity::Warning,
                Code::PolicyScope,
                SUBJECT,
                format!(
                    "statement {} speaks of {}, and the registry's policy scope is V1: it decides about {} alone",
                    index + 1,
                    actions.join(", "),
                    "ecr:CreateRepository, ecr:BatchImportUpstreamImage and ecr:ReplicateImage"
                ),
            )
            .fix(Fix::command(
                "aws ecr put-account-setting --name REGISTRY_POLICY_SCOPE --value V2",
            )),
        );
    }
}

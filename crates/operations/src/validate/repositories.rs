//! The repositories that are there below each prefix: a template never changes them.

use std::collections::BTreeMap;

use image::EcrRepositoryPrefix;
use policy::{Denial, Kind};

use super::observe::{View, is_taken};
use super::reasons::{self, Obstacles};
use super::registry_policy::SUBJECT;
use super::report::RepositoryCount;
use super::{policy_text, remedy, templates};
use crate::account::{Looked, RepositoryState};
use crate::finding::{Code, Finding, Fix, Severity};
use crate::healthomics::{Access, REQUIRED_ACTIONS};

/// A Deny of the registry policy, the actions it forbids, and the repositories it closes.
type RegistryDenial<'a> = (Denial, Vec<&'static str>, Vec<&'a str>);

/// Looks at the repositories; returns how many there are below each prefix.
pub(super) fn check(
    view: &View<'_>,
    findings: &mut Vec<Finding>,
) -> BTreeMap<EcrRepositoryPrefix, RepositoryCount> {
    let mut counts: BTreeMap<EcrRepositoryPrefix, RepositoryCount> = BTreeMap::new();
    let mut denials: Vec<RegistryDenial<'_>> = Vec::new();
    for state in view.observed.repositories.seen().into_iter().flatten() {
        let Some(rule) = view.names.governing(&state.repository.name) else { continue };
        // An inner rule that is not asked about, or that HealthOmics does not take, has its repositories to itself.
        if !view.rules.iter().any(|asked| asked.names == *rule && is_taken(asked)) {
            continue;
        }
        let access = judge(view, state, findings, &mut denials);
        let count = counts.entry(rule.ecr_repository_prefix.clone()).or_default();
        count.total += 1;
        *match access {
            Access::Accessible => &mut count.open,
            Access::NotAccessible { .. } => &mut count.closed,
            Access::Depends { .. } => &mut count.depends,
            Access::Unknown { .. } => &mut count.unknown,
        } += 1;
    }
    for (denial, actions, repositories) in denials {
        let first = repositories.first().copied().unwrap_or_default();
        let message = format!(
            "{}: it closes {} to HealthOmics, whatever their own policies grant",
            reasons::denied(&denial, &actions),
            match repositories.len() {
                1 => format!("the repository `{first}`"),
                many => format!("{many} repositories, `{first}` for one,"),
            }
        );
        let finding = Finding::new(Severity::Error, Code::ImportDenied, SUBJECT, message);
        findings.push(finding.hint(reasons::remedy(&denial)));
    }
    counts
}

/// Judges one repository.
fn judge<'a>(
    view: &View<'a>,
    state: &'a RepositoryState,
    findings: &mut Vec<Finding>,
    denials: &mut Vec<RegistryDenial<'a>>,
) -> Access {
    let (name, arn) = (state.repository.name.as_str(), state.repository.arn.as_str());
    if let Some(words) = templates::immutable(&state.repository.tag_mutability) {
        findings.push(
            Finding::new(
                Severity::Warning,
                Code::ImmutableTags,
                name,
                format!("it has {words}: ECR cannot refresh a tag that moved upstream"),
            )
            .fix(Fix::command(format!(
                "aws ecr put-image-tag-mutability --repository-name {name} --image-tag-mutability MUTABLE"
            ))),
        );
    }
    let policy = match &state.policy {
        Looked::Seen(policy) => policy.as_deref(),
        Looked::Unseen(error) => return Access::Unknown { reason: error.tried.clone() },
    };
    let document = match policy {
        Some(text) => match policy_text::read(Kind::Repository, text, name, findings) {
            Some(document) => Some(document),
            None => return Access::Unknown { reason: "its policy cannot be read".to_owned() },
        },
        None => None,
    };
    let read = view.judge.read(policy, arn);
    let mut decisions = view.judge.read_decisions(document.as_ref(), arn);
    policy_text::broad(&decisions, name, findings);
    if read.access.is_yes() && !read.complete {
        let lacking: Vec<&str> = decisions
            .iter()
            .filter(|(_, decision)| !decision.is_allowed())
            .map(|(action, _)| *action)
            .collect();
        findings.push(
            Finding::new(
                Severity::Warning,
                Code::AccessIncomplete,
                name,
                format!(
                    "its policy does not grant {}, which HealthOmics' guide lists and pulls do without",
                    reasons::listed(&lacking)
                ),
            )
            .fix(remedy::grant(name)),
        );
    }
    decisions.truncate(REQUIRED_ACTIONS);
    match &read.access {
        Access::Accessible | Access::Unknown { .. } => {}
        Access::NotAccessible { .. } => {
            closed(state, &Obstacles::of(decisions), document.is_some(), findings, denials)
        }
        Access::Depends { .. } => findings.push(
            Finding::new(
                Severity::Warning,
                Code::Access,
                name,
                format!(
                    "whether HealthOmics may read it is known only when a run asks: {}",
                    Obstacles::of(decisions).hangs()
                ),
            )
            .hint("see that the condition holds for your workflows"),
        ),
    }
    read.access
}

fn closed<'a>(
    state: &'a RepositoryState,
    obstacles: &Obstacles,
    has_policy: bool,
    findings: &mut Vec<Finding>,
    denials: &mut Vec<RegistryDenial<'a>>,
) {
    let name = state.repository.name.as_str();
    for (denial, actions) in &obstacles.denials {
        if denial.statement.document == SUBJECT {
            match denials.iter_mut().find(|(known, ..)| known.statement == denial.statement) {
                Some((.., repositories)) => repositories.push(name),
                None => denials.push((denial.clone(), actions.clone(), vec![name])),
            }
            continue;
        }
        let message = format!("HealthOmics may not read it: {}", reasons::denied(denial, actions));
        let finding = Finding::new(Severity::Error, Code::Access, name, message);
        findings.push(finding.hint(reasons::remedy(denial)));
    }
    if !obstacles.ungranted.is_empty() {
        let reason = match has_policy {
            true => obstacles.lacking(),
            false => "it has no policy, and a template never changes a repository that exists".to_owned(),
        };
        let message = format!("HealthOmics may not read it: {reason}");
        let finding = Finding::new(Severity::Error, Code::Access, name, message);
        findings.push(finding.fix(remedy::grant(name)));
    }
}

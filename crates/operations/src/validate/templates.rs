//! The repository creation templates: which one makes the repositories below each prefix, and what it gives.

use std::collections::BTreeSet;

use aws::ecr::{AppliedFor, Encryption, Rule, TagMutability, Template};
use policy::{Decision, Kind};

use super::observe::View;
use super::reasons::{self, Obstacles};
use super::registry_policy::SUBJECT;
use super::{policy_text, remedy};
use crate::account::Looked;
use crate::finding::{Code, Finding, Fix, Severity};
use crate::healthomics::{Access, governing_template, templates_inside};

/// Looks at the templates of each prefix.
pub(super) fn check(view: &View<'_>, findings: &mut Vec<Finding>) {
    let Looked::Seen(templates) = &view.observed.state.templates else { return };
    let mut judged: BTreeSet<&str> = BTreeSet::new();
    for rule in view.taken() {
        let prefix = &rule.names.ecr_repository_prefix;
        let governing = governing_template(templates, prefix);
        not_applied(templates, rule, governing, findings);
        match governing {
            None => missing(view, rule, templates, findings),
            Some(template) => {
                // A template that stands above several prefixes is judged for the first of them.
                if judged.insert(&template.prefix) {
                    judge(view, rule, template, &view.below(prefix), findings);
                }
            }
        }
        for inner in templates_inside(templates, prefix) {
            if judged.insert(&inner.prefix) {
                let below = view.account.repository_arn(&format!("{}/*", inner.prefix.trim_end_matches('/')));
                judge(view, rule, inner, &below, findings);
            }
            if let Some(governing) = governing {
                findings.extend(differs(inner, governing));
            }
        }
    }
}

/// Returns what findings call a template.
pub(super) fn subject(template: &Template) -> String {
    format!("template {}", template.prefix)
}

fn missing(view: &View<'_>, rule: &Rule, templates: &[Template], findings: &mut Vec<Finding>) {
    let prefix = &rule.names.ecr_repository_prefix;
    if templates.iter().any(|template| same(template, rule)) {
        return;
    }
    // Under the newer scope the registry's policy alone may open what has no policy of its own.
    let severity = match view.judge.read(None, &view.below(prefix)).access {
        Access::Accessible => Severity::Warning,
        _ => Severity::Error,
    };
    findings.push(
        Finding::new(
            severity,
            Code::TemplateMissing,
            prefix.as_str(),
            "no repository creation template makes the repositories below it, so ECR makes them without a policy and \
             HealthOmics may not read them",
        )
        .fix(remedy::open_prefix(rule)),
    );
}

fn same(template: &Template, rule: &Rule) -> bool {
    template.prefix.trim_end_matches('/') == rule.names.ecr_repository_prefix.as_str()
}

/// Tells of a template with the prefix of a rule that ECR does not apply for pull through.
fn not_applied(
    templates: &[Template],
    rule: &Rule,
    governing: Option<&Template>,
    findings: &mut Vec<Finding>,
) {
    let is_idle = |template: &&Template| {
        same(template, rule) && !template.applied_for.contains(&AppliedFor::PullThroughCache)
    };
    let Some(template) = templates.iter().find(is_idle) else { return };
    let applied: Vec<&str> = template.applied_for.iter().map(AppliedFor::name).collect();
    let (severity, instead) = match governing {
        Some(other) => {
            (Severity::Warning, format!("the template `{}` makes the repositories instead", other.prefix))
        }
        None => (Severity::Error, "ECR makes the repositories without a policy".to_owned()),
    };
    findings.push(
        Finding::new(
            severity,
            Code::TemplateNotApplied,
            subject(template),
            format!(
                "it is applied for {} and not for PULL_THROUGH_CACHE: {instead}",
                reasons::listed(&applied)
            ),
        )
        .fix(remedy::open_prefix(rule)),
    );
}

/// Judges a template that makes the repositories that `below` stands for.
fn judge(view: &View<'_>, rule: &Rule, template: &Template, below: &str, findings: &mut Vec<Finding>) {
    let subject = &subject(template);
    settings(template, subject, findings);
    let document = match template.repository_policy.as_deref() {
        Some(text) => match policy_text::read(Kind::Repository, text, subject, findings) {
            Some(document) => Some(document),
            None => return,
        },
        None => None,
    };
    let read = view.judge.read(template.repository_policy.as_deref(), below);
    let mut decisions = view.judge.read_decisions(document.as_ref(), below);
    policy_text::broad(&decisions, subject, findings);
    if read.access.is_yes() {
        accessible(view, template, below, &decisions, read.complete, findings);
        return;
    }
    // What only the guide lists does not close a repository.
    decisions.truncate(crate::healthomics::REQUIRED_ACTIONS);
    let obstacles = Obstacles::of(decisions);
    for (denial, actions) in &obstacles.denials {
        let words = reasons::denied(denial, actions);
        // What the registry's policy forbids is told once, not for every template.
        let finding = match denial.statement.document == SUBJECT {
            true => Finding::new(
                Severity::Error,
                Code::ImportDenied,
                SUBJECT,
                format!("{words}: it closes what templates make to HealthOmics"),
            ),
            false => Finding::new(
                Severity::Error,
                Code::TemplateDenied,
                subject.as_str(),
                format!("HealthOmics may not read what it makes: {words}"),
            ),
        };
        findings.push(finding.hint(reasons::remedy(denial)));
    }
    if !obstacles.ungranted.is_empty() {
        let reason = match document {
            Some(_) => obstacles.lacking(),
            None => "it gives them no policy".to_owned(),
        };
        let words = format!("HealthOmics may not read the repositories that it makes: {reason}");
        let finding = Finding::new(Severity::Error, Code::TemplateNotGranted, subject.as_str(), words);
        findings.push(finding.fix(remedy::open_prefix(rule)));
    } else if matches!(read.access, Access::Depends { .. }) {
        let words = format!(
            "whether HealthOmics may read what it makes is known only when a run asks: {}",
            obstacles.hangs()
        );
        let finding = Finding::new(Severity::Warning, Code::TemplateDepends, subject.as_str(), words);
        findings.push(finding.hint("see that the condition holds for your workflows"));
    }
}

fn accessible(
    view: &View<'_>,
    template: &Template,
    below: &str,
    decisions: &[(&'static str, Decision)],
    complete: bool,
    findings: &mut Vec<Finding>,
) {
    if !complete {
        let lacking: Vec<&str> = decisions
            .iter()
            .filter(|(_, decision)| !decision.is_allowed())
            .map(|(action, _)| *action)
            .collect();
        findings.push(
            Finding::new(
                Severity::Warning,
                Code::TemplateIncomplete,
                subject(template),
                format!(
                    "it does not grant {}, which HealthOmics' guide lists and pulls do without",
                    reasons::listed(&lacking)
                ),
            )
            .fix(remedy::open_all()),
        );
    }
    if view.stranger.read(template.repository_policy.as_deref(), below).access.is_yes() {
        findings.push(
            Finding::new(
                Severity::Note,
                Code::NoSourceAccount,
                subject(template),
                "its read grant holds for runs of every account: it has no condition on `aws:SourceAccount`",
            )
            .hint(format!(
                r#"add the condition "StringEquals": {{"aws:SourceAccount": "{}"}}, unless other accounts run workflows with these images"#,
                view.account.id()
            )),
        );
    }
}

/// Looks at settings that stop ECR from making repositories, or from refreshing them.
fn settings(template: &Template, subject: &str, findings: &mut Vec<Finding>) {
    if template.custom_role_arn.is_none() {
        let set = match (!template.resource_tags.is_empty(), &template.encryption) {
            (true, Encryption::Aes256) => Some("resource tags"),
            (false, Encryption::Aes256) => None,
            (true, _) => Some("resource tags and a KMS key"),
            (false, _) => Some("a KMS key"),
        };
        if let Some(set) = set {
            let words = format!("it sets {set} and names no role, so ECR cannot make repositories with it");
            findings.push(Finding::new(Severity::Error, Code::TemplateWithoutRole, subject, words).fix(
                Fix::command(format!(
                    "aws ecr update-repository-creation-template --prefix {} --custom-role-arn ROLE",
                    template.prefix
                )),
            ));
        }
    }
    if let Some(words) = immutable(&template.tag_mutability) {
        let words = format!(
            "the repositories that it makes have {words}: ECR cannot refresh a tag that moved upstream"
        );
        findings.push(Finding::new(Severity::Warning, Code::TemplateImmutable, subject, words).fix(
            Fix::command(format!(
                "aws ecr update-repository-creation-template --prefix {} --image-tag-mutability MUTABLE",
                template.prefix
            )),
        ));
    }
}

/// Returns how tags are held fast, in words; none where all of them may move.
pub(super) fn immutable(mutability: &TagMutability) -> Option<String> {
    match mutability {
        TagMutability::Immutable => Some("immutable tags".to_owned()),
        TagMutability::ImmutableExcept(patterns) => {
            Some(format!("immutable tags, save those like `{}`", patterns.join("`, `")))
        }
        TagMutability::MutableExcept(patterns) if !patterns.is_empty() => {
            Some(format!("immutable tags like `{}`", patterns.join("`, `")))
        }
        _ => None,
    }
}

/// Returns how a more specific template makes other repositories than the one for the whole prefix.
fn differs(inner: &Template, governing: &Template) -> Option<Finding> {
    let mut settings = Vec::new();
    let parsed = |text: &Option<String>| {
        text.as_deref()
            .map(|text| serde_json::from_str::<serde_json::Value>(text).unwrap_or_else(|_| text.into()))
    };
    let mut compare = |name: &'static str, same: bool| {
        if !same {
            settings.push(name);
        }
    };
    compare("repository policy", parsed(&inner.repository_policy) == parsed(&governing.repository_policy));
    compare("lifecycle policy", parsed(&inner.lifecycle_policy) == parsed(&governing.lifecycle_policy));
    compare("tag mutability", inner.tag_mutability == governing.tag_mutability);
    compare("encryption", inner.encryption == governing.encryption);
    compare("resource tags", inner.resource_tags == governing.resource_tags);
    compare("role", inner.custom_role_arn == governing.custom_role_arn);
    (!settings.is_empty()).then(|| {
        Finding::new(
            Severity::Note,
            Code::TemplateDiffers,
            subject(inner),
            format!(
                "it makes the repositories below `{}` with another {} than the template `{}`",
                inner.prefix,
                reasons::listed(&settings),
                governing.prefix
            ),
        )
        .hint("see that the difference is meant")
    })
}

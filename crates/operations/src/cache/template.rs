//! The templates by which ECR makes the repositories below a prefix: opened to HealthOmics, and otherwise left.
//!
//! The one place where that is planned and written, for whoever opens a prefix.

use aws::ecr::{AppliedFor, Template, TemplateUpdate};
use image::EcrRepositoryPrefix;
use policy::Change;

use super::opening::{Opening, Written};
use crate::error::{OperationError, Result};
use crate::finding::{Code, Finding, Fix, Severity};
use crate::healthomics::{self, Access, Judge};

/// What a template of ours is for, in words; by it and by all else it is known for ours.
pub(crate) const DESCRIPTION: &str = "Repositories that AWS HealthOmics pulls through (omics-ecr)";

/// What becomes of a template.
#[derive(Debug, Clone)]
pub(crate) struct TemplatePlan {
    /// Its prefix as ECR stores it.
    pub(crate) prefix: String,
    /// What is done.
    pub(crate) work: Work,
    /// Observations.
    pub(crate) findings: Vec<Finding>,
}

/// What is done about a template.
#[derive(Debug, Clone)]
pub(crate) enum Work {
    /// Nothing, for this reason.
    Nothing(String),
    /// It is made.
    Create {
        /// All of it.
        template: Box<Template>,
        /// The template that it is like.
        like: Option<String>,
    },
    /// Some of it is changed.
    Update {
        /// As it is.
        before: Box<Template>,
        /// As it will be.
        after: Box<Template>,
        /// What of it is written.
        update: Box<TemplateUpdate>,
    },
    /// It cannot be done.
    Refused(OperationError),
}

/// Who asks, and for whose runs.
struct Wanted<'a> {
    opening: Opening<'a>,
    /// Asks what the template's own policy gives: whether HealthOmics takes a grant of the registry's policy in its
    /// place is not documented.
    judge: Judge,
    rule: &'a EcrRepositoryPrefix,
}

/// Returns what has to become of the templates so that HealthOmics can read what a rule makes.
///
/// A template above that opens its repositories is enough, where the prefix has none of its own. That one is
/// extended; where there is none, one is made with the settings of the template that governed so far, so that none of
/// them is lost. Templates below the prefix are opened too.
pub(crate) fn decide(
    opening: Opening<'_>,
    rule: &EcrRepositoryPrefix,
    templates: &[Template],
) -> Vec<TemplatePlan> {
    let judge = Judge::of_repositories(opening.runs_in());
    let wanted = Wanted { opening, judge, rule };
    let governing = healthomics::governing_template(templates, rule);
    let own = templates.iter().find(|template| template.prefix.trim_end_matches('/') == rule.as_str());
    let first = own.or(governing).filter(|first| wanted.gives(first));
    let mut plans = vec![match (first, own) {
        (Some(first), _) if first.applied_for.contains(&AppliedFor::PullThroughCache) => {
            let reason = format!("what `{}` makes is open to HealthOmics", first.prefix);
            nothing(&first.prefix, reason, role_finding(first))
        }
        (_, Some(own)) => wanted.extend(own),
        (_, None) => wanted.create(governing),
    }];
    let inside = healthomics::templates_inside(templates, rule).filter(|inner| !wanted.gives(inner));
    plans.extend(inside.map(|inner| wanted.extend(inner)));
    plans
}

/// Returns what to know of a template by which ECR can make no repositories.
fn role_finding(template: &Template) -> Vec<Finding> {
    if !healthomics::lacks_role(template) {
        return Vec::new();
    }
    let prefix = &template.prefix;
    let message = format!(
        "the template `{prefix}` sets tags or a KMS key and names no role, so ECR cannot make repositories with it"
    );
    vec![Finding::new(Severity::Error, Code::TemplateWithoutRole, prefix.as_str(), message).fix(
        Fix::command(format!(
            "aws ecr update-repository-creation-template --prefix {prefix} --custom-role-arn ROLE"
        )),
    )]
}

impl Wanted<'_> {
    fn below(&self, template: &Template) -> String {
        match template.prefix.as_str() {
            "ROOT" => healthomics::below(self.opening.account(), self.rule),
            prefix => self.opening.account().repository_arn(&format!("{}/*", prefix.trim_end_matches('/'))),
        }
    }

    /// Returns whether HealthOmics may read all that a template makes, and nobody's runs besides where that was asked.
    fn gives(&self, template: &Template) -> bool {
        let text = template.repository_policy.as_deref();
        let below = self.below(template);
        let given = self.judge.read(text, &below).complete;
        let for_anybody = || self.opening.stranger(&self.judge).read(text, &below).access.is_yes();
        given && (self.opening.bound_to().is_none() || !for_anybody())
    }

    /// Returns the merge of our statement into a template's policy.
    fn merge(&self, prefix: &str, text: Option<&str>) -> Result<policy::Merged> {
        let subject = format!("the template `{prefix}`");
        healthomics::with_read_access(&subject, text, self.opening.bound_to())
    }

    fn extend(&self, template: &Template) -> TemplatePlan {
        let prefix = &template.prefix;
        let text = template.repository_policy.as_deref();
        let below = self.below(template);
        let mut findings = role_finding(template);
        let read = self.judge.read(text, &below);
        let mut update = TemplateUpdate::default();
        if let Access::Depends { reason } = &read.access {
            let message = format!(
                "the access that template `{prefix}` gives is bound to conditions and was left so: {reason}"
            );
            let finding = Finding::new(Severity::Warning, Code::TemplateDepends, prefix.as_str(), message);
            findings.push(finding.hint("see that the conditions hold for your runs"));
        } else {
            let merged = match self.merge(prefix, text) {
                Ok(merged) => merged,
                Err(error) => {
                    return TemplatePlan { prefix: prefix.clone(), work: Work::Refused(error), findings };
                }
            };
            let after = self.judge.read(Some(&merged.text), &below).access;
            if let Access::NotAccessible { reason } = after {
                let finding = Finding::new(Severity::Error, Code::TemplateDenied, prefix.as_str(), reason);
                findings.push(
                    finding.hint(
                        "change the statement that forbids it, or except `omics.amazonaws.com` from it",
                    ),
                );
            }
            if read.complete && matches!(merged.change, Change::Added { .. }) {
                let message = format!("the access that template `{prefix}` gives is for runs of any account");
                let finding =
                    Finding::new(Severity::Warning, Code::NoSourceAccount, prefix.as_str(), message);
                findings.push(
                    finding.hint("add the condition aws:SourceAccount to the statement that grants it"),
                );
            } else if merged.change != Change::Unchanged {
                update.repository_policy = Some(merged.text);
            }
        }
        if !template.applied_for.contains(&AppliedFor::PullThroughCache) {
            let mut applied_for = template.applied_for.clone();
            applied_for.push(AppliedFor::PullThroughCache);
            update.applied_for = Some(applied_for);
        }
        if update == TemplateUpdate::default() {
            return nothing(prefix, "nothing is missing in it that could be added".to_owned(), findings);
        }
        let mut after = template.clone();
        if let Some(text) = &update.repository_policy {
            after.repository_policy = Some(text.clone());
        }
        if let Some(applied_for) = &update.applied_for {
            after.applied_for = applied_for.clone();
        }
        let (before, after, update) = (Box::new(template.clone()), Box::new(after), Box::new(update));
        TemplatePlan { prefix: prefix.clone(), work: Work::Update { before, after, update }, findings }
    }

    fn create(&self, governing: Option<&Template>) -> TemplatePlan {
        let prefix = self.rule.as_str();
        let mut new = match governing {
            Some(governing) => {
                Template { prefix: prefix.to_owned(), created: None, updated: None, ..governing.clone() }
            }
            None => Template::new(prefix, Vec::new()),
        };
        new.applied_for = vec![AppliedFor::PullThroughCache];
        new.description = Some(DESCRIPTION.to_owned());
        let mut findings = role_finding(&new);
        if let Some(governing) = governing {
            let message =
                format!("the new template has the settings of `{}`, which governed so far", governing.prefix);
            findings.push(Finding::new(Severity::Note, Code::InheritedSettings, prefix, message));
        }
        let like = governing.map(|governing| governing.prefix.clone());
        let work = match self.merge(prefix, new.repository_policy.as_deref()) {
            Err(error) => Work::Refused(error),
            Ok(merged) => {
                new.repository_policy = Some(merged.text);
                Work::Create { template: Box::new(new), like }
            }
        };
        TemplatePlan { prefix: prefix.to_owned(), work, findings }
    }
}

fn nothing(prefix: &str, reason: String, findings: Vec<Finding>) -> TemplatePlan {
    TemplatePlan { prefix: prefix.to_owned(), work: Work::Nothing(reason), findings }
}

/// Reads the templates anew, merges, writes and reads back the one of this prefix that a rule's plan is about.
///
/// # Errors
/// What ECR refuses, what cannot be merged, and a template that somebody else changed in the meantime.
pub(crate) async fn apply(opening: Opening<'_>, rule: &EcrRepositoryPrefix, prefix: &str) -> Result<Written> {
    let ecr = opening.account().ecr();
    let decide_anew = async || -> Result<Option<Work>> {
        let plans = decide(opening, rule, &ecr.templates().await?);
        Ok(plans.into_iter().find(|plan| plan.prefix == prefix).map(|plan| plan.work))
    };
    match decide_anew().await? {
        None | Some(Work::Nothing(_)) => return Ok(Written::NotNeeded),
        Some(Work::Refused(error)) => return Err(error),
        Some(Work::Create { template, .. }) => {
            ecr.create_template(&template).await?;
        }
        Some(Work::Update { update, .. }) => {
            ecr.update_template(prefix, &update).await?;
        }
    }
    match decide_anew().await? {
        None | Some(Work::Nothing(_)) => Ok(Written::Done),
        Some(_) => {
            Err(OperationError::new(format!("cannot find what was written in the template `{prefix}`"))
                .refused("somebody else changed it at the same time")
                .hint("run it again"))
        }
    }
}

//! The templates by which ECR makes the repositories below a prefix: opened to HealthOmics, and otherwise left.

use aws::ecr::{AppliedFor, Template, TemplateUpdate};
use policy::Change;
use serde_json::{Value, json};

use super::registry_policy::stranger;
use super::request::CacheRequest;
use super::step::{Action, Outcome, Step, StepKind, document};
use crate::account::Account;
use crate::error::{OperationError, Result};
use crate::finding::{Code, Finding, Severity};
use crate::healthomics::{self, Access, Judge};

/// What a template of ours is for, in words; by it and by all else it is known for ours.
pub(super) const DESCRIPTION: &str = "Repositories that AWS HealthOmics pulls through (omics-ecr)";

/// What becomes of a template.
#[derive(Debug, Clone)]
pub(super) struct TemplatePlan {
    pub(super) step: Step,
    work: Option<Work>,
    pub(super) findings: Vec<Finding>,
}

#[derive(Debug, Clone)]
enum Work {
    Create(Box<Template>),
    Update(Box<TemplateUpdate>),
}

/// Who asks, and for whose runs.
struct Wanted<'a> {
    account: &'a Account,
    /// Asks what the template's own policy gives: whether HealthOmics takes a grant of the registry's policy in its
    /// place is not documented.
    judge: Judge,
    request: &'a CacheRequest,
}

/// Returns what has to become of the templates so that HealthOmics can read what a rule makes.
///
/// A template above that opens its repositories is enough. Otherwise the prefix's own template is extended; where it
/// has none, one is made with the settings of the template that governed so far, so that none of them is lost.
/// Templates below the prefix are opened too.
pub(super) fn decide(account: &Account, request: &CacheRequest, templates: &[Template]) -> Vec<TemplatePlan> {
    let judge = Judge::of_repositories(request.runs_in(account));
    let wanted = Wanted { account, judge, request };
    let prefix = request.prefix();
    let governing = healthomics::governing_template(templates, prefix);
    let own = templates.iter().find(|template| template.prefix.trim_end_matches('/') == prefix.as_str());
    let mut plans = vec![match (governing, own) {
        (Some(governing), _) if wanted.gives(governing) => {
            let reason = format!("what `{}` makes is open to HealthOmics", governing.prefix);
            nothing(&governing.prefix, reason, wanted.role_finding(governing))
        }
        (_, Some(own)) => wanted.extend(own, true),
        (governing, None) => wanted.create(governing),
    }];
    if !prefix.is_root() {
        let below = templates.iter().filter(|template| {
            let inner = template.prefix.trim_end_matches('/');
            template.applied_for.contains(&AppliedFor::PullThroughCache)
                && healthomics::strictly_below(inner, prefix.as_str())
        });
        plans.extend(
            below.filter(|template| !wanted.gives(template)).map(|inner| wanted.extend(inner, false)),
        );
    }
    plans
}

impl Wanted<'_> {
    fn below(&self, template: &Template) -> String {
        match template.prefix.as_str() {
            "ROOT" => healthomics::below(self.account, self.request.prefix()),
            prefix => self.account.repository_arn(&format!("{}/*", prefix.trim_end_matches('/'))),
        }
    }

    /// Returns whether HealthOmics may read all that a template makes, and nobody's runs besides where that was asked.
    fn gives(&self, template: &Template) -> bool {
        let text = template.repository_policy.as_deref();
        let below = self.below(template);
        let given = self.judge.read(text, &below).complete;
        given && (self.request.bound_to(self.account).is_none() || !self.for_anybody(text, &below))
    }

    fn for_anybody(&self, text: Option<&str>, below: &str) -> bool {
        let stranger = stranger(self.request.runs_in(self.account));
        self.judge.of_runs_in(stranger).read(text, below).access.is_yes()
    }

    fn role_finding(&self, template: &Template) -> Vec<Finding> {
        if !healthomics::lacks_role(template) {
            return Vec::new();
        }
        let prefix = &template.prefix;
        let message = format!(
            "the template `{prefix}` sets tags or a KMS key and names no role, so ECR cannot make repositories with it"
        );
        let hint = format!(
            "name one: `aws ecr update-repository-creation-template --prefix {prefix} --custom-role-arn ARN`"
        );
        vec![Finding::new(Severity::Error, Code::ClosedPrefix, prefix.as_str(), message).hint(hint)]
    }

    /// Returns the merge of our statement into a template's policy.
    fn merge(&self, prefix: &str, text: Option<&str>) -> Result<policy::Merged> {
        let subject = format!("the template `{prefix}`");
        healthomics::with_read_access(&subject, text, self.request.bound_to(self.account))
    }

    fn extend(&self, template: &Template, apply: bool) -> TemplatePlan {
        let prefix = &template.prefix;
        let text = template.repository_policy.as_deref();
        let below = self.below(template);
        let mut findings = self.role_finding(template);
        let read = self.judge.read(text, &below);
        let mut update = TemplateUpdate::default();
        if let Access::Depends { reason } = &read.access {
            let message = format!(
                "the access that template `{prefix}` gives is bound to conditions and was left so: {reason}"
            );
            let finding = Finding::new(Severity::Warning, Code::ClosedPrefix, prefix.as_str(), message);
            findings.push(finding.hint("see that the conditions hold for your runs"));
        } else {
            let merged = match self.merge(prefix, text) {
                Ok(merged) => merged,
                Err(error) => {
                    return TemplatePlan {
                        step: Step::refused(StepKind::Template, prefix, error),
                        work: None,
                        findings,
                    };
                }
            };
            let after = self.judge.read(Some(&merged.text), &below).access;
            if let Access::NotAccessible { reason } = after {
                let finding = Finding::new(Severity::Error, Code::ClosedPrefix, prefix.as_str(), reason);
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
        if apply && !template.applied_for.contains(&AppliedFor::PullThroughCache) {
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
        let action = Action::Update { before: shown(template), after: shown(&after) };
        let step = Step::new(StepKind::Template, prefix, action);
        TemplatePlan { step, work: Some(Work::Update(Box::new(update))), findings }
    }

    fn create(&self, governing: Option<&Template>) -> TemplatePlan {
        let prefix = self.request.prefix().as_str();
        let mut new = match governing {
            Some(governing) => {
                Template { prefix: prefix.to_owned(), created: None, updated: None, ..governing.clone() }
            }
            None => Template::new(prefix, Vec::new()),
        };
        new.applied_for = vec![AppliedFor::PullThroughCache];
        new.description = Some(DESCRIPTION.to_owned());
        let mut findings = self.role_finding(&new);
        if let Some(governing) = governing {
            let message =
                format!("the new template has the settings of `{}`, which governed so far", governing.prefix);
            findings.push(Finding::new(Severity::Note, Code::InheritedSettings, prefix, message));
        }
        match self.merge(prefix, new.repository_policy.as_deref()) {
            Err(error) => {
                TemplatePlan { step: Step::refused(StepKind::Template, prefix, error), work: None, findings }
            }
            Ok(merged) => {
                new.repository_policy = Some(merged.text);
                let step = Step::new(StepKind::Template, prefix, Action::Create { after: shown(&new) });
                TemplatePlan { step, work: Some(Work::Create(Box::new(new))), findings }
            }
        }
    }
}

fn nothing(prefix: &str, reason: String, findings: Vec<Finding>) -> TemplatePlan {
    TemplatePlan { step: Step::nothing(StepKind::Template, prefix, reason), work: None, findings }
}

/// Returns what of a template matters for a plan.
pub(super) fn shown(template: &Template) -> Value {
    let mut shown = json!({
        "prefix": template.prefix,
        "appliedFor": template.applied_for.iter().map(AppliedFor::name).collect::<Vec<_>>(),
    });
    if let Some(text) = &template.repository_policy {
        shown["repositoryPolicy"] = document(text);
    }
    if let Some(text) = &template.lifecycle_policy {
        shown["lifecyclePolicy"] = document(text);
    }
    if !template.resource_tags.is_empty() {
        shown["resourceTags"] = json!(template.resource_tags);
    }
    if let Some(role) = &template.custom_role_arn {
        shown["customRoleArn"] = json!(role);
    }
    shown
}

/// Reads the templates anew, merges, writes and reads back the one that a step is about.
///
/// # Errors
/// What ECR refuses, and a template that somebody else changed in the meantime.
pub(super) async fn apply(account: &Account, request: &CacheRequest, prefix: &str) -> Result<Outcome> {
    let ecr = account.ecr();
    let Some(plan) = decide_anew(account, request, prefix).await? else { return Ok(Outcome::NotNeeded) };
    match (plan.step.action, plan.work) {
        (Action::Refused { error }, _) => return Err(error),
        (_, None) => return Ok(Outcome::NotNeeded),
        (_, Some(Work::Create(new))) => {
            ecr.create_template(&new).await?;
        }
        (_, Some(Work::Update(update))) => {
            ecr.update_template(prefix, &update).await?;
        }
    }
    match decide_anew(account, request, prefix).await? {
        Some(TemplatePlan { work: Some(_), .. }) => {
            Err(OperationError::new(format!("cannot find what was written in the template `{prefix}`"))
                .refused("somebody else changed it at the same time")
                .hint("run it again"))
        }
        _ => Ok(Outcome::Done),
    }
}

async fn decide_anew(
    account: &Account,
    request: &CacheRequest,
    prefix: &str,
) -> Result<Option<TemplatePlan>> {
    let templates = account.ecr().templates().await?;
    let plans = decide(account, request, &templates);
    Ok(plans.into_iter().find(|plan| plan.step.object == prefix))
}

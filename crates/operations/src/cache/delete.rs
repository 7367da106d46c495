//! Removing a cache: the rule, and on request what is entirely ours beside it. What others wrote stays, and so do
//! the repositories.

mod ours;

use aws::ecr::{Rule, Template};
use image::EcrRepositoryPrefix;
use schemars::JsonSchema;
use serde::Serialize;

use super::existing;
use super::rule;
use super::runs;
use super::shown;
use super::step::{Action, Outcome, Step, StepKind, StepReport, document};
use crate::account::{Account, Looked, RegistryPolicy, RegistryState};
use crate::error::{OperationError, Result};
use crate::finding::{Code, Finding, Severity};
use crate::healthomics;

/// A cache to be removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemovalRequest {
    /// The ECR repository prefix.
    pub prefix: EcrRepositoryPrefix,
    /// Whether our template goes too.
    pub with_template: bool,
    /// Whether our entry in the registry's policy goes too.
    pub with_grant: bool,
}

/// What removing a cache will do.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CacheRemoval {
    /// The version of this shape: `1`.
    pub schema_version: u32,
    /// The account of the registry.
    pub account: String,
    /// The Region.
    pub region: String,
    /// The ECR repository prefix.
    pub prefix: String,
    /// The steps, in their order.
    pub steps: Vec<Step>,
    /// How many repositories are below the prefix and stay; none where they could not be counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "usize")]
    pub repositories: Option<usize>,
    /// Observations.
    pub findings: Vec<Finding>,
    /// What was asked for.
    #[serde(skip)]
    request: RemovalRequest,
}

/// What came of removing a cache.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CacheRemovalReport {
    /// The version of this shape: `1`.
    pub schema_version: u32,
    /// The account of the registry.
    pub account: String,
    /// The Region.
    pub region: String,
    /// The ECR repository prefix.
    pub prefix: String,
    /// What came of each step.
    pub steps: Vec<StepReport>,
    /// How many repositories are below the prefix and stay; none where they could not be counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "usize")]
    pub repositories: Option<usize>,
    /// Observations.
    pub findings: Vec<Finding>,
}

impl CacheRemoval {
    /// Returns whether carrying it out would change anything.
    pub fn has_changes(&self) -> bool {
        self.steps.iter().any(|step| step.action.is_change())
    }
}

impl CacheRemovalReport {
    /// Returns whether everything that was asked for is gone.
    pub fn is_done(&self) -> bool {
        self.steps.iter().all(|step| step.outcome.is_good())
    }
}

/// Plans a removal; reads only.
///
/// # Errors
/// When the rules cannot be read.
pub async fn plan_removal(account: &Account, request: RemovalRequest) -> Result<CacheRemoval> {
    let state = RegistryState::read(account).await;
    let rules = state.rules.clone().into_result()?;
    let prefix = request.prefix.as_str();
    let mut findings = Vec::new();
    let mut steps = vec![match rule::find(&rules, &request.prefix) {
        Some(rule) => Step::new(StepKind::Rule, prefix, Action::Delete { before: rule::shown(rule) }),
        None => Step::nothing(StepKind::Rule, prefix, "there is no such rule"),
    }];
    if request.with_template {
        steps.push(match &state.templates {
            Looked::Seen(templates) => template_step(account, &state, &request.prefix, &rules, templates),
            Looked::Unseen(error) => Step::refused(StepKind::Template, prefix, error.clone()),
        });
    }
    if request.with_grant {
        steps.push(match &state.policy {
            Looked::Seen(policy) => grant_step(account, &state, &request.prefix, &rules, policy).0,
            Looked::Unseen(error) => {
                Step::refused(StepKind::RegistryPolicy, account.id().as_str(), error.clone())
            }
        });
    }
    let repositories = match account.session().ecr().repositories().await {
        Ok(all) => {
            let names = state.names().unwrap_or_default();
            Some(all.iter().filter(|one| existing::governs(&request.prefix, &names, &one.name)).count())
        }
        Err(error) => {
            let message = format!("the repositories that stay could not be counted: {}", error.answer());
            findings.push(Finding::new(Severity::Warning, Code::CouldNotLook, prefix, message));
            None
        }
    };
    if let Some(count) = repositories.filter(|count| *count > 0) {
        let message = format!(
            "{count} {} below it and {} as {}: nothing updates their images any more",
            if count == 1 { "repository is" } else { "repositories are" },
            if count == 1 { "stays" } else { "stay" },
            if count == 1 { "it is" } else { "they are" },
        );
        findings.push(Finding::new(Severity::Warning, Code::RepositoriesStay, prefix, message));
    }
    Ok(CacheRemoval {
        schema_version: 1,
        account: account.id().to_string(),
        region: account.region().to_string(),
        prefix: prefix.to_owned(),
        steps,
        repositories,
        findings,
        request,
    })
}

/// Carries a removal out: reads each thing anew, and takes away what is still ours. The rule goes first.
pub async fn apply_removal(account: &Account, plan: CacheRemoval) -> CacheRemovalReport {
    let mut steps = Vec::with_capacity(plan.steps.len());
    let mut stopped = false;
    for step in &plan.steps {
        if stopped || !step.action.is_change() {
            steps.push(step.untried());
            continue;
        }
        let outcome = match step.kind {
            StepKind::Rule => delete_rule(account, &plan.request.prefix).await,
            StepKind::Template => delete_template(account, &plan.request.prefix).await,
            _ => delete_grant(account, &plan.request.prefix).await,
        };
        stopped |= outcome.is_err();
        steps.push(step.tried(outcome));
    }
    CacheRemovalReport {
        schema_version: 1,
        account: plan.account,
        region: plan.region,
        prefix: plan.prefix,
        steps,
        repositories: plan.repositories,
        findings: plan.findings,
    }
}

async fn delete_rule(account: &Account, prefix: &EcrRepositoryPrefix) -> Result<Outcome> {
    let ecr = account.ecr();
    let rules = ecr.rules().await?;
    let Some(rule) = rule::find(&rules, prefix) else { return Ok(Outcome::NotNeeded) };
    ecr.delete_rule(&rule.stored_prefix).await?;
    match ecr.rule(&rule.stored_prefix).await? {
        None => Ok(Outcome::Done),
        Some(_) => Err(OperationError::new(format!("cannot see that the rule `{prefix}` is gone"))
            .refused("somebody made it anew at the same time")),
    }
}

/// Returns the rules that were judged open and are not any more, beside the one that is removed.
fn closed_by(
    account: &Account,
    prefix: &EcrRepositoryPrefix,
    rules: &[Rule],
    before: &RegistryState,
    after: &RegistryState,
) -> Option<String> {
    let others = rules.iter().map(|rule| &rule.names.ecr_repository_prefix).filter(|other| *other != prefix);
    let open = |state: &RegistryState, other: &EcrRepositoryPrefix| {
        runs::of_any_account(account, state, other).all.is_open()
    };
    others.filter(|other| open(before, other) && !open(after, other)).map(ToString::to_string).next()
}

fn template_step(
    account: &Account,
    state: &RegistryState,
    prefix: &EcrRepositoryPrefix,
    rules: &[Rule],
    templates: &[Template],
) -> Step {
    let kind = StepKind::Template;
    let own = templates.iter().find(|template| template.prefix.trim_end_matches('/') == prefix.as_str());
    let Some(own) = own else { return Step::nothing(kind, prefix.as_str(), "there is no such template") };
    if let Some(why) = ours::foreign(own) {
        return Step::nothing(kind, &own.prefix, format!("it stays, because {why}"));
    }
    let rest = templates.iter().filter(|template| template.prefix != own.prefix).cloned().collect();
    let after = RegistryState { templates: Looked::Seen(rest), ..state.clone() };
    if let Some(other) = closed_by(account, prefix, rules, state, &after) {
        return Step::nothing(kind, &own.prefix, format!("it stays, because the rule `{other}` needs it"));
    }
    Step::new(kind, &own.prefix, Action::Delete { before: shown::template(own) })
}

async fn delete_template(account: &Account, prefix: &EcrRepositoryPrefix) -> Result<Outcome> {
    let state = RegistryState::read(account).await;
    let rules = state.rules.clone().into_result()?;
    let templates = state.templates.clone().into_result()?;
    let step = template_step(account, &state, prefix, &rules, &templates);
    if !step.action.is_change() {
        return Ok(Outcome::NotNeeded);
    }
    account.ecr().delete_template(&step.object).await?;
    Ok(Outcome::Done)
}

/// What the registry's policy becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Rest {
    /// This text.
    Text(String),
    /// Nothing: it had our statement alone.
    Nothing,
}

fn grant_step(
    account: &Account,
    state: &RegistryState,
    prefix: &EcrRepositoryPrefix,
    rules: &[Rule],
    policy: &RegistryPolicy,
) -> (Step, Option<Rest>) {
    let (kind, object) = (StepKind::RegistryPolicy, account.id().as_str());
    let stays = |why: String| (Step::nothing(kind, object, why), None);
    let Some(text) = policy.text.as_deref() else { return stays("there is no registry policy".to_owned()) };
    let below = healthomics::below(account, prefix);
    let rest = match ours::without_entry(text, &below) {
        Ok(Some(rest)) => rest,
        Ok(None) => return stays(format!("our statement has no entry for `{prefix}`")),
        Err(why) => return stays(format!("it stays, because {why}")),
    };
    let left = match &rest {
        Rest::Text(text) => Some(text.clone()),
        Rest::Nothing => None,
    };
    let after = RegistryPolicy { text: left.clone(), scope: policy.scope };
    let after = RegistryState { policy: Looked::Seen(after), ..state.clone() };
    if let Some(other) = closed_by(account, prefix, rules, state, &after) {
        return stays(format!("it stays, because the rule `{other}` needs it"));
    }
    let action = match &left {
        Some(left) => Action::Update { before: document(text), after: document(left) },
        None => Action::Delete { before: document(text) },
    };
    (Step::new(kind, object, action), Some(rest))
}

async fn delete_grant(account: &Account, prefix: &EcrRepositoryPrefix) -> Result<Outcome> {
    let state = RegistryState::read(account).await;
    let rules = state.rules.clone().into_result()?;
    let policy = state.policy.clone().into_result()?;
    let ecr = account.ecr();
    match grant_step(account, &state, prefix, &rules, &policy).1 {
        None => return Ok(Outcome::NotNeeded),
        Some(Rest::Text(text)) => ecr.put_registry_policy(&text).await?,
        Some(Rest::Nothing) => {
            ecr.delete_registry_policy().await?;
        }
    }
    let read = RegistryState::read(account).await.policy.into_result()?;
    let below = healthomics::below(account, prefix);
    match read.text.as_deref().map(|text| ours::without_entry(text, &below)) {
        Some(Ok(Some(_))) => {
            Err(OperationError::new("cannot see that our entry in the registry policy is gone")
                .refused("somebody else wrote the policy at the same time")
                .hint("run it again"))
        }
        _ => Ok(Outcome::Done),
    }
}

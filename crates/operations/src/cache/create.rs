//! Making a cache: the plan of its steps, and their application in an order that leaves no repository closed.
//!
//! The rule comes last: as soon as it is there somebody may pull through it, and what is made then is opened by the
//! template or not at all.

use schemars::JsonSchema;
use serde::Serialize;

use super::existing::{self, ExistingRepository};
use super::request::CacheRequest;
use super::step::{Action, Outcome, Step, StepKind, StepReport};
use super::{registry_policy, rule, template};
use crate::account::{Account, Looked, RegistryState};
use crate::credential;
use crate::error::{OperationError, Result};
use crate::finding::{Code, Finding, Fix, Severity};
use crate::healthomics::{Access, Judge, PrefixAccess};

/// What making a cache will do.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CachePlan {
    /// The version of this shape: `1`.
    pub schema_version: u32,
    /// The account of the registry.
    pub account: String,
    /// The Region.
    pub region: String,
    /// The ECR repository prefix.
    pub prefix: String,
    /// The upstream registry, by the host that ECR wants.
    pub upstream: String,
    /// The part of the upstream registry that is reached, `ROOT` for all of it.
    pub upstream_prefix: String,
    /// The steps, in their order.
    pub steps: Vec<Step>,
    /// Repositories below the prefix that HealthOmics may not read, or not for certain, as it is now.
    pub closed_repositories: Vec<ExistingRepository>,
    /// What HealthOmics may do below the prefix now.
    pub healthomics: PrefixAccess,
    /// Observations.
    pub findings: Vec<Finding>,
    /// What was asked for.
    #[serde(skip)]
    request: CacheRequest,
    /// The secret's full ARN.
    #[serde(skip)]
    credential_arn: Option<String>,
}

/// What came of making a cache.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CacheReport {
    /// The version of this shape: `1`.
    pub schema_version: u32,
    /// The account of the registry.
    pub account: String,
    /// The Region.
    pub region: String,
    /// The ECR repository prefix.
    pub prefix: String,
    /// The upstream registry, by the host that ECR wants.
    pub upstream: String,
    /// The part of the upstream registry that is reached, `ROOT` for all of it.
    pub upstream_prefix: String,
    /// What came of each step.
    pub steps: Vec<StepReport>,
    /// Repositories below the prefix that are closed still.
    pub closed_repositories: Vec<ExistingRepository>,
    /// What HealthOmics may do below the prefix, by what was read back.
    pub healthomics: PrefixAccess,
    /// Whether HealthOmics takes images through a rule for this upstream registry.
    pub healthomics_takes_upstream: bool,
    /// Observations.
    pub findings: Vec<Finding>,
}

impl CachePlan {
    /// Returns whether carrying it out would change anything.
    pub fn has_changes(&self) -> bool {
        !self.is_refused() && self.steps.iter().any(|step| step.action.is_change())
    }

    /// Returns whether a step cannot be done, so that none is.
    pub fn is_refused(&self) -> bool {
        let refused = |step: &Step| matches!(step.action, Action::Refused { .. });
        self.steps.iter().any(|step| step.kind != StepKind::Repository && refused(step))
    }
}

impl CacheReport {
    /// Returns whether everything is as it was asked for and HealthOmics can pull through the prefix.
    ///
    /// Access that hangs on conditions of somebody's own counts, and so does a registry that HealthOmics takes
    /// nothing from.
    pub fn is_done(&self) -> bool {
        let open = matches!(self.healthomics.all, Access::Accessible | Access::Depends { .. });
        self.steps.iter().all(|step| step.outcome.is_good()) && (open || !self.healthomics_takes_upstream)
    }
}

/// Plans a cache; reads only.
///
/// # Errors
/// When nothing of the registry could be looked at.
pub async fn plan(account: &Account, request: CacheRequest) -> Result<CachePlan> {
    let state = RegistryState::read(account).await;
    if let (Looked::Unseen(error), Looked::Unseen(_), Looked::Unseen(_)) =
        (&state.rules, &state.templates, &state.policy)
    {
        return Err(error.clone());
    }
    let mut findings = request.findings.clone();
    let mut steps = Vec::new();
    let prefix = request.prefix().as_str();
    let opening = request.opening(account);
    match &state.templates {
        Looked::Seen(templates) => {
            for mut plan in template::decide(opening, request.prefix(), templates) {
                findings.append(&mut plan.findings);
                steps.push(Step::of_template(plan));
            }
        }
        Looked::Unseen(error) => steps.push(Step::refused(StepKind::Template, prefix, error.clone())),
    }
    match &state.policy {
        Looked::Seen(policy) => {
            let mut plan = registry_policy::decide(opening, request.prefix(), policy);
            if let Ok(plan) = &mut plan {
                findings.append(&mut plan.findings);
            }
            steps.push(Step::of_registry_policy(account.id().as_str(), policy.text.as_deref(), plan));
        }
        Looked::Unseen(error) => {
            steps.push(Step::refused(StepKind::RegistryPolicy, account.id().as_str(), error.clone()));
        }
    }
    let (credential_arn, refusal) = secret(account, &request, &mut findings).await;
    let rule = match (&state.rules, refusal) {
        (Looked::Unseen(error), _) => Step::refused(StepKind::Rule, prefix, error.clone()),
        (_, Some(error)) => Step::refused(StepKind::Rule, prefix, error),
        (Looked::Seen(rules), None) => {
            findings.extend(rule::neighbours(&request, rules));
            rule::decide(&request, rules, credential_arn.as_deref())
        }
    };
    steps.push(rule);
    if request.credential.is_some() {
        steps.push(Step::new(StepKind::Validation, prefix, Action::Try));
    }
    let mut closed_repositories = Vec::new();
    match existing::find(account, &request, &state).await {
        Ok(closed) => {
            for (repository, step) in closed {
                if request.options.grant_existing {
                    steps.push(step);
                }
                closed_repositories.push(repository);
            }
        }
        Err(error) => {
            let words = error.refused.as_deref().unwrap_or(&error.tried);
            let message = format!("the repositories that are there could not be looked at: {words}");
            findings.push(Finding::new(Severity::Warning, Code::CouldNotLook, prefix, message));
        }
    }
    let judge = Judge::new(opening.runs_in(), &state.policy);
    Ok(CachePlan {
        schema_version: 1,
        account: account.id().to_string(),
        region: account.region().to_string(),
        prefix: prefix.to_owned(),
        upstream: request.upstream.url().to_owned(),
        upstream_prefix: request.names.upstream_repository_prefix.to_string(),
        steps,
        closed_repositories,
        healthomics: PrefixAccess::by(&judge, account, &state, request.prefix()),
        findings,
        credential_arn,
        request,
    })
}

/// Looks at the secret; returns its full ARN, and why ECR cannot use it.
async fn secret(
    account: &Account,
    request: &CacheRequest,
    findings: &mut Vec<Finding>,
) -> (Option<String>, Option<OperationError>) {
    let Some(name) = &request.credential else { return (None, None) };
    let examined = credential::examine(account, name).await;
    let refusal = examined.unusable().map(|finding| {
        let hint = finding.hint.clone().unwrap_or_else(|| credential::creation_hint(&request.upstream));
        OperationError::new(format!("cannot use the secret `{}`", name.id()))
            .refused(&finding.message)
            .hint(hint)
    });
    if refusal.is_none() {
        findings.extend(examined.findings);
    }
    (examined.arn, refusal)
}

/// Carries a plan out: each thing is read anew, written and read back. Stops at the first step that fails; the
/// policies of repositories are each for themselves.
///
/// A plan with a step that cannot be done is not begun.
pub async fn apply(account: &Account, plan: CachePlan) -> CacheReport {
    let mut stopped = plan.is_refused();
    let CachePlan { request, mut findings, .. } = plan;
    let arn = plan.credential_arn.as_deref();
    let opening = request.opening(account);
    let mut steps: Vec<StepReport> = Vec::with_capacity(plan.steps.len());
    let is_repository = |step: &&Step| step.kind == StepKind::Repository;
    for step in plan.steps.iter().filter(|step| !is_repository(step)) {
        if stopped || !is_pending(step) {
            steps.push(step.untried());
            continue;
        }
        let outcome = match step.kind {
            StepKind::Template => {
                template::apply(opening, request.prefix(), &step.object).await.map(Outcome::from)
            }
            StepKind::RegistryPolicy => {
                let prefix = std::slice::from_ref(request.prefix());
                registry_policy::apply(opening, prefix).await.map(Outcome::from)
            }
            StepKind::Validation => rule::validate(account, &step.object).await,
            StepKind::Rule | StepKind::Repository => rule::apply(account, &request, arn).await,
        };
        stopped |= outcome.is_err() && step.kind != StepKind::Validation;
        if outcome == Ok(Outcome::CouldNotLook) {
            findings.push(unverified(&step.object));
        }
        steps.push(step.tried(outcome));
    }
    let state = RegistryState::read(account).await;
    let judge = Judge::new(opening.runs_in(), &state.policy);
    let grant = async |step: &Step| match stopped || !is_pending(step) {
        true => step.untried(),
        false => step.tried(existing::grant(opening, &judge, &step.object).await),
    };
    steps.extend(account.session().each(plan.steps.iter().filter(is_repository), grant).await);
    let healthomics = PrefixAccess::by(&judge, account, &state, request.prefix());
    let closed_repositories = match existing::find(account, &request, &state).await {
        Ok(closed) => closed.into_iter().map(|(repository, _)| repository).collect(),
        Err(_) => plan.closed_repositories,
    };
    if !closed_repositories.is_empty() && !request.options.grant_existing {
        let message = format!(
            "{} below the prefix {} not open to HealthOmics, and no template changes what is there",
            closed_repositories.len(),
            if closed_repositories.len() == 1 { "repository is" } else { "repositories are" },
        );
        let finding = Finding::new(Severity::Warning, Code::Access, plan.prefix.as_str(), message);
        let fix = Fix::command(format!("omics-ecr grant --prefix {}", plan.prefix));
        findings.push(finding.hint("run it again with --grant-existing").fix(fix));
    }
    CacheReport {
        schema_version: 1,
        account: plan.account,
        region: plan.region,
        prefix: plan.prefix,
        upstream: plan.upstream,
        upstream_prefix: plan.upstream_prefix,
        steps,
        closed_repositories,
        healthomics,
        healthomics_takes_upstream: request.upstream.upstream().healthomics,
        findings,
    }
}

/// Returns what is to be said where the caller may not let ECR try a secret.
fn unverified(prefix: &str) -> Finding {
    let message = "the caller may not let ECR sign in upstream, so whether the secret works is not known";
    Finding::new(Severity::Warning, Code::LoginUnknown, prefix, message)
        .hint("allow `ecr:ValidatePullThroughCacheRule`, or see that a first pull goes through")
}

/// Returns whether a step is to be tried.
fn is_pending(step: &Step) -> bool {
    step.action.is_change() || step.action == Action::Try
}

impl StepReport {
    /// Returns whether it failed or was not tried.
    pub fn is_open(&self) -> bool {
        matches!(self.outcome, Outcome::Failed | Outcome::NotDone)
    }
}

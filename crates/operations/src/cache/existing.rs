//! The repositories that are below a prefix already: no template opens them any more.

use image::{EcrRepositoryPrefix, PullThroughCacheRules, RepositoryName};
use schemars::JsonSchema;
use serde::Serialize;

use super::opening::Opening;
use super::request::CacheRequest;
use super::step::{Action, Outcome, Step, StepKind};
use crate::account::{Account, RegistryState, RepositoryState};
use crate::error::{OperationError, Result};
use crate::grant::{self, PolicyStep};
use crate::healthomics::{Access, Judge};

/// A repository that is there and that HealthOmics may not read, or not for certain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ExistingRepository {
    /// Its name.
    pub name: String,
    /// HealthOmics' access.
    #[serde(flatten)]
    pub access: Access,
}

/// Returns whether the rule of a prefix is the one that governs a repository, by these rules and that one.
pub(super) fn governs(
    prefix: &EcrRepositoryPrefix,
    rules: &PullThroughCacheRules,
    name: &RepositoryName,
) -> bool {
    if prefix.strip(name.as_str()).is_none() {
        return false;
    }
    rules.governing(name).is_none_or(|rule| {
        let other = &rule.ecr_repository_prefix;
        other == prefix
            || other.is_root()
            || other.as_str().len() < prefix.as_str().len() && !prefix.is_root()
    })
}

/// Returns the repositories of a prefix that are closed to HealthOmics, each with what would be written to open it.
///
/// # Errors
/// When the repositories cannot be listed.
pub(super) async fn find(
    account: &Account,
    request: &CacheRequest,
    state: &RegistryState,
) -> Result<Vec<(ExistingRepository, Step)>> {
    let judge = Judge::new(request.opening(account).runs_in(), &state.policy);
    let rules = state.names().unwrap_or_default();
    let found = account.repositories(|name| governs(request.prefix(), &rules, name)).await?;
    let mut closed = Vec::new();
    for repository in found {
        let name = repository.repository.name.to_string();
        let access = access(account, &judge, &repository);
        if access.is_yes() {
            continue;
        }
        let step = step(account, request, &judge, &name, &repository, &access);
        closed.push((ExistingRepository { name, access }, step));
    }
    Ok(closed)
}

fn access(account: &Account, judge: &Judge, repository: &RepositoryState) -> Access {
    match repository.policy.seen() {
        Some(text) => {
            let arn = account.repository_arn(repository.repository.name.as_str());
            judge.read(text.as_deref(), &arn).access
        }
        None => {
            let words = repository.policy.unseen().map(ToString::to_string).unwrap_or_default();
            Access::Unknown { reason: words }
        }
    }
}

fn step(
    account: &Account,
    request: &CacheRequest,
    judge: &Judge,
    name: &str,
    repository: &RepositoryState,
    access: &Access,
) -> Step {
    let text = match (repository.policy.seen(), repository.policy.unseen()) {
        (Some(text), _) => text.as_deref(),
        (None, error) => {
            let error = error.cloned().unwrap_or_else(|| OperationError::new("cannot read its policy"));
            return Step::refused(StepKind::Repository, name, error);
        }
    };
    if matches!(access, Access::Depends { .. }) {
        let reason = "its access is bound to conditions of somebody's own and is left so";
        return Step::nothing(StepKind::Repository, name, reason);
    }
    let opening = request.opening(account);
    let arn = account.repository_arn(name);
    match grant::policy::with(judge, &repository.repository.name, &arn, text, opening.bound_to()).step {
        PolicyStep::Write { after: Some(after), .. } => {
            Step::new(StepKind::Repository, name, Action::of_policy(text, &after))
        }
        PolicyStep::Refused { error } => Step::refused(StepKind::Repository, name, error),
        _ => Step::nothing(StepKind::Repository, name, "its policy has our statement"),
    }
}

/// Opens a repository, as its policy is by now; one whose access hangs on conditions is left so.
///
/// # Errors
/// What ECR refuses, and what forbids the access all the same.
pub(super) async fn grant(opening: Opening<'_>, judge: &Judge, name: &str) -> Result<Outcome> {
    let refused = |error: image::ImageError| {
        OperationError::new(format!("cannot use the repository `{name}`")).refused(error)
    };
    let repository: RepositoryName = name.parse().map_err(refused)?;
    let account = opening.account();
    let arn = account.repository_arn(repository.as_str());
    let (written, _) = grant::open(&account.ecr(), judge, &repository, &arn, opening.bound_to()).await?;
    Ok(written.into())
}

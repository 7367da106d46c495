//! Gives HealthOmics read access to repositories that exist, and takes it back.
//!
//! Owns which repositories are meant and what becomes of each policy, as a plan and its application. Changes one
//! statement of ours in each policy and nothing else; whether the access is there then is read back and judged.

mod apply;
pub(crate) mod policy;
mod report;

use image::{AccountId, EcrRepositoryPrefix, RepositoryName};
use schemars::JsonSchema;
use serde::Serialize;

pub use self::policy::PolicyStep;
pub use apply::apply;
pub(crate) use apply::open;
pub use report::{GrantOutcome, GrantReport, GrantedRepository};

use self::policy::Decided;
use crate::account::{Account, Looked, RegistryState, RepositoryState};
use crate::error::{OperationError, Result};
use crate::finding::{Code, Finding, Severity};
use crate::healthomics::{Access, Judge};

/// Which repositories are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// These.
    Named(Vec<RepositoryName>),
    /// Those below one of these prefixes; `ROOT` stands for all.
    Below(Vec<EcrRepositoryPrefix>),
    /// All of the registry.
    All,
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct GrantRequest {
    /// The repositories.
    pub repositories: Selection,
    /// Binds the grant to runs of this account.
    pub source_account: Option<AccountId>,
    /// Takes our statement out instead of putting it in.
    pub revoke: bool,
}

impl GrantRequest {
    /// Returns the account whose runs it is for.
    fn runs_in<'a>(&'a self, account: &'a Account) -> &'a str {
        self.bound_to().unwrap_or(account.id().as_str())
    }

    /// Returns the account that the grant is bound to.
    fn bound_to(&self) -> Option<&str> {
        self.source_account.as_ref().map(AccountId::as_str)
    }
}

/// What will become of a repository's policy.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct PlannedGrant {
    /// The repository.
    pub repository: String,
    /// HealthOmics' access now.
    pub access: Access,
    /// What is done.
    #[serde(flatten)]
    pub step: PolicyStep,
}

/// What a grant will do.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct GrantPlan {
    /// The version of this shape: `1`.
    pub schema_version: u32,
    /// The account.
    pub account: String,
    /// The Region.
    pub region: String,
    /// Whether access is taken back.
    pub revoke: bool,
    /// The repositories, by name.
    pub repositories: Vec<PlannedGrant>,
    /// Observations.
    pub findings: Vec<Finding>,
    /// What was asked for.
    #[serde(skip)]
    request: GrantRequest,
}

impl GrantPlan {
    /// Returns how many policies are written.
    pub fn changes(&self) -> usize {
        self.repositories.iter().filter(|planned| matches!(planned.step, PolicyStep::Write { .. })).count()
    }

    /// Returns whether some repository will not be as it was asked for.
    pub fn has_refusals(&self) -> bool {
        self.repositories.iter().any(|planned| matches!(planned.step, PolicyStep::Refused { .. }))
    }
}

/// Returns what has to be done; writes nothing.
///
/// Source: ECR `DescribeRepositories`, `GetRepositoryPolicy`, `GetRegistryPolicy`; one request a repository, and a few
/// for all.
///
/// # Errors
/// When the repositories cannot be listed.
pub async fn plan(account: &Account, request: &GrantRequest) -> Result<GrantPlan> {
    let (found, state) = tokio::join!(select(account, &request.repositories), RegistryState::read(account));
    let (found, missing) = found?;
    let judge = Judge::new(request.runs_in(account), &state.policy);
    let mut findings = Vec::new();
    let mut repositories = Vec::with_capacity(found.len() + missing.len());
    for name in missing {
        repositories.push(absent(&name, request.revoke));
    }
    for repository in &found {
        let planner = Planner { judge: &judge, request, account };
        repositories.push(planner.plan(repository, &mut findings));
    }
    repositories.sort_by(|a, b| a.repository.cmp(&b.repository));
    Ok(GrantPlan {
        schema_version: 1,
        account: account.id().to_string(),
        region: account.region().to_string(),
        revoke: request.revoke,
        repositories,
        findings,
        request: request.clone(),
    })
}

/// Returns the repositories that are meant, and the names of those that do not exist.
async fn select(
    account: &Account,
    selection: &Selection,
) -> Result<(Vec<RepositoryState>, Vec<RepositoryName>)> {
    match selection {
        Selection::Named(names) => account.repositories_named(names).await,
        Selection::Below(prefixes) => {
            let below =
                |name: &RepositoryName| prefixes.iter().any(|prefix| prefix.strip(name.as_str()).is_some());
            Ok((account.repositories(below).await?, Vec::new()))
        }
        Selection::All => Ok((account.repositories(|_| true).await?, Vec::new())),
    }
}

fn absent(name: &RepositoryName, revoke: bool) -> PlannedGrant {
    let reason = "the repository does not exist".to_owned();
    let tried = if revoke { "take HealthOmics' access from" } else { "give HealthOmics access to" };
    let error = OperationError::new(format!("cannot {tried} `{name}`"))
        .refused(&reason)
        .hint("clone an image into it, or pull one through a rule, and run this again");
    PlannedGrant {
        repository: name.to_string(),
        access: Access::NotAccessible { reason },
        step: PolicyStep::Refused { error },
    }
}

/// What decides about each repository.
struct Planner<'a> {
    judge: &'a Judge,
    request: &'a GrantRequest,
    account: &'a Account,
}

impl Planner<'_> {
    fn plan(&self, state: &RepositoryState, findings: &mut Vec<Finding>) -> PlannedGrant {
        let name = &state.repository.name;
        let arn = self.account.repository_arn(name.as_str());
        let planned = |access, step| PlannedGrant { repository: name.to_string(), access, step };
        let text = match &state.policy {
            Looked::Seen(text) => text,
            Looked::Unseen(error) => {
                let reason = error.refused.clone().unwrap_or_else(|| error.tried.clone());
                return planned(Access::Unknown { reason }, PolicyStep::Refused { error: error.clone() });
            }
        };
        let access = self.judge.read(text.as_deref(), &arn).access;
        let decided = match self.request.revoke {
            true => policy::without(self.judge, name, &arn, text.as_deref()),
            false => policy::with(self.judge, name, &arn, text.as_deref(), self.request.bound_to()),
        };
        let Decided { step, remark, .. } = decided;
        findings.extend(remark.map(|(message, hint)| {
            Finding::new(Severity::Warning, Code::Access, name.as_str(), message).hint(hint)
        }));
        planned(access, step)
    }
}

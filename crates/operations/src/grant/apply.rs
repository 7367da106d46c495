//! Carries a grant out: each policy is read anew, merged, written, read back and judged.

use image::RepositoryName;

use super::policy::{self, PolicyStep};
use super::report::{GrantOutcome, GrantReport, GrantedRepository};
use super::{GrantPlan, GrantRequest, PlannedGrant};
use crate::account::{Account, RegistryState};
use crate::error::{OperationError, Result};
use crate::healthomics::{Access, Judge};

/// Carries a plan out and returns what was done; a repository that fails does not stop the others.
///
/// Each policy is read anew, so that what others wrote since the plan stays.
///
/// Source: ECR `GetRepositoryPolicy`, `SetRepositoryPolicy`, `DeleteRepositoryPolicy`.
pub async fn apply(account: &Account, plan: GrantPlan) -> GrantReport {
    let judge = match plan.changes() {
        0 => None,
        _ => Some(Judge::new(account.id().as_str(), &RegistryState::read(account).await.policy)),
    };
    let request = &plan.request;
    let act = async |planned: PlannedGrant| match (&planned.step, &judge) {
        (PolicyStep::Write { .. }, Some(judge)) => write(account, judge, request, planned).await,
        (PolicyStep::Refused { error }, _) => {
            let outcome = GrantOutcome::Failed { error: error.clone() };
            GrantedRepository { repository: planned.repository, outcome, access: planned.access }
        }
        _ => GrantedRepository {
            repository: planned.repository,
            outcome: GrantOutcome::Unchanged,
            access: planned.access,
        },
    };
    let repositories = account.session().each(plan.repositories.clone(), act).await;
    GrantReport {
        schema_version: 1,
        account: plan.account,
        region: plan.region,
        revoke: plan.revoke,
        repositories,
        findings: plan.findings,
    }
}

async fn write(
    account: &Account,
    judge: &Judge,
    request: &GrantRequest,
    planned: PlannedGrant,
) -> GrantedRepository {
    let PlannedGrant { repository, access, .. } = planned;
    let name: RepositoryName = match repository.parse() {
        Ok(name) => name,
        Err(error) => {
            let error = OperationError::new(format!("cannot use the name `{repository}`")).refused(error);
            return GrantedRepository { repository, outcome: GrantOutcome::Failed { error }, access };
        }
    };
    match write_one(account, judge, request, &name).await {
        Ok((outcome, access)) => GrantedRepository { repository, outcome, access },
        Err(error) => GrantedRepository { repository, outcome: GrantOutcome::Failed { error }, access },
    }
}

async fn write_one(
    account: &Account,
    judge: &Judge,
    request: &GrantRequest,
    name: &RepositoryName,
) -> Result<(GrantOutcome, Access)> {
    let ecr = account.ecr();
    let arn = account.repository_arn(name.as_str());
    let text = ecr.repository_policy(name).await?;
    let decided = match request.revoke {
        true => policy::without(judge, name, &arn, text.as_deref()),
        false => policy::with(judge, name, &arn, text.as_deref(), request.source_account.as_ref()),
    };
    match decided.step {
        PolicyStep::Unchanged => Ok((GrantOutcome::Unchanged, judge.read(text.as_deref(), &arn).access)),
        PolicyStep::Refused { error } => Err(error),
        PolicyStep::Write { after, .. } => {
            match &after {
                Some(after) => ecr.set_repository_policy(name, after).await?,
                None => {
                    ecr.delete_repository_policy(name).await?;
                }
            }
            let read = ecr.repository_policy(name).await?;
            let access = judge.read(read.as_deref(), &arn).access;
            Ok((outcome(name, request.revoke, after.is_some(), &access), access))
        }
    }
}

/// Returns whether what was read back is what was asked for.
fn outcome(name: &RepositoryName, revoke: bool, written: bool, access: &Access) -> GrantOutcome {
    match access {
        Access::NotAccessible { reason } | Access::Unknown { reason } if !revoke => {
            let error = OperationError::new(format!("cannot prove HealthOmics' access to `{name}`"))
                .refused(format!("the policy was written, and read back it says otherwise: {reason}"))
                .hint("run it again: someone else may have written the policy at the same time");
            GrantOutcome::Failed { error }
        }
        Access::Accessible if revoke && !written => {
            let error = OperationError::new(format!("cannot prove that HealthOmics lost access to `{name}`"))
                .refused("the policy was taken away, and another grant was read back")
                .hint("run it again: someone else may have written the policy at the same time");
            GrantOutcome::Failed { error }
        }
        _ => GrantOutcome::Written,
    }
}

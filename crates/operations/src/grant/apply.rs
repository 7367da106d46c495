//! Carries a grant out: each policy is read anew, merged, written, read back and judged.

use aws::ecr::Ecr;
use image::RepositoryName;

use super::policy::{self, PolicyStep};
use super::report::{GrantOutcome, GrantReport, GrantedRepository};
use super::{GrantPlan, GrantRequest, PlannedGrant};
use crate::account::{Account, Looked, RegistryPolicy};
use crate::cache::Written;
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
        _ => {
            let policy = Looked::from_result(RegistryPolicy::read(&account.ecr()).await);
            Some(Judge::new(plan.request.runs_in(account), &policy))
        }
    };
    let request = &plan.request;
    let act = async |planned: PlannedGrant| match (&planned.step, &judge) {
        (PolicyStep::Write { .. }, Some(judge)) => act_on(account, judge, request, planned).await,
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

async fn act_on(
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
    let (written, access) = match request.revoke {
        true => close(account, judge, name).await?,
        false => {
            let arn = account.repository_arn(name.as_str());
            open(&account.ecr(), judge, name, &arn, request.bound_to()).await?
        }
    };
    let outcome = match written {
        Written::Done => GrantOutcome::Written,
        Written::NotNeeded => GrantOutcome::Unchanged,
    };
    Ok((outcome, access))
}

/// Lets HealthOmics read a repository: its policy is read anew, merged, written, read back and judged.
///
/// The one place where that is done, for whoever opens repositories.
///
/// Source: ECR `GetRepositoryPolicy`, `SetRepositoryPolicy`.
///
/// # Errors
/// What ECR refuses, what cannot be merged or is forbidden all the same, and access that is not there afterwards.
pub(crate) async fn open(
    ecr: &Ecr,
    judge: &Judge,
    name: &RepositoryName,
    arn: &str,
    bound_to: Option<&str>,
) -> Result<(Written, Access)> {
    let text = ecr.repository_policy(name).await?;
    let step = policy::with(judge, name, arn, text.as_deref(), bound_to).step;
    let (written, access) = write(ecr, judge, name, arn, text, step).await?;
    match (written, &access) {
        (Written::Done, Access::NotAccessible { reason }) => Err(unproven(name)
            .refused(format!("the policy was written, and read back it says otherwise: {reason}"))
            .hint("run it again: someone else may have written the policy at the same time")),
        (Written::Done, Access::Unknown { reason }) => Err(unproven(name)
            .refused(format!("the policy was written, and more hangs on than it: {reason}"))
            .hint("see that the caller may do ecr:GetRegistryPolicy and ecr:GetAccountSetting, and run it again")),
        _ => Ok((written, access)),
    }
}

fn unproven(name: &RepositoryName) -> OperationError {
    OperationError::new(format!("cannot prove HealthOmics' access to `{name}`"))
}

async fn close(account: &Account, judge: &Judge, name: &RepositoryName) -> Result<(Written, Access)> {
    let (ecr, arn) = (account.ecr(), account.repository_arn(name.as_str()));
    let text = ecr.repository_policy(name).await?;
    let step = policy::without(judge, name, &arn, text.as_deref()).step;
    let all_of_it = matches!(step, PolicyStep::Write { after: None, .. });
    match write(&ecr, judge, name, &arn, text, step).await? {
        (Written::Done, Access::Accessible) if all_of_it => {
            Err(OperationError::new(format!("cannot prove that HealthOmics lost access to `{name}`"))
                .refused("the policy was taken away, and another grant was read back")
                .hint("run it again: someone else may have written the policy at the same time"))
        }
        outcome => Ok(outcome),
    }
}

async fn write(
    ecr: &Ecr,
    judge: &Judge,
    name: &RepositoryName,
    arn: &str,
    text: Option<String>,
    step: PolicyStep,
) -> Result<(Written, Access)> {
    match step {
        PolicyStep::Unchanged => {
            return Ok((Written::NotNeeded, judge.read(text.as_deref(), arn).access));
        }
        PolicyStep::Refused { error } => return Err(error),
        PolicyStep::Write { after: Some(after), .. } => ecr.set_repository_policy(name, &after).await?,
        PolicyStep::Write { after: None, .. } => {
            ecr.delete_repository_policy(name).await?;
        }
    }
    let read = ecr.repository_policy(name).await?;
    Ok((Written::Done, judge.read(read.as_deref(), arn).access))
}

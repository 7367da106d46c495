//! Carries a plan of repairs out: each part is read anew, merged, written, read back and compared.

use image::{EcrRepositoryPrefix, ImageError, RepositoryName};
use schemars::JsonSchema;
use serde::Serialize;

use super::fix::{Change, FixPlan};
use crate::account::{Account, Looked, RegistryPolicy};
use crate::cache::{Opening, Written, registry_policy, template};
use crate::error::{OperationError, Result};
use crate::grant;
use crate::healthomics::Judge;

/// What came of a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// It was made, and read back.
    Done,
    /// Somebody made it in the meantime.
    Unchanged,
    /// It was not made, or is not known to be.
    Failed {
        /// Why not.
        error: OperationError,
    },
}

/// A change and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Applied {
    /// The change.
    #[serde(flatten)]
    pub change: Change,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// Makes the changes of a plan. One that fails does not stop the others; making them again changes nothing.
///
/// Each part is read anew before anything is merged into it, so that what others wrote since the plan was made stays.
pub async fn apply(account: &Account, plan: &FixPlan) -> Vec<Applied> {
    let opening = Opening::new(account, plan.bound_to.as_deref());
    let is_repository = |change: &&Change| matches!(change, Change::RepositoryPolicy { .. });
    let mut applied = Vec::new();
    // There is one registry policy, and templates are few: these go one by one.
    for change in plan.changes.iter().filter(|change| !is_repository(change)) {
        applied.push(concluded(change, of_registry(opening, change).await));
    }
    let repositories: Vec<&Change> = plan.changes.iter().filter(is_repository).collect();
    if repositories.is_empty() {
        return applied;
    }
    let policy = Looked::from_result(RegistryPolicy::read(&account.ecr()).await);
    let judge = &Judge::new(opening.runs_in(), &policy);
    let open = async |change| concluded(change, of_repository(opening, judge, change).await);
    applied.extend(account.session().each(repositories, open).await);
    applied
}

fn concluded(change: &Change, outcome: Result<Written>) -> Applied {
    let outcome = match outcome {
        Ok(Written::Done) => Outcome::Done,
        Ok(Written::NotNeeded) => Outcome::Unchanged,
        Err(error) => Outcome::Failed { error },
    };
    Applied { change: change.clone(), outcome }
}

async fn of_registry(opening: Opening<'_>, change: &Change) -> Result<Written> {
    match change {
        Change::RegistryPolicy { prefixes, .. } => {
            let unusable =
                |error: ImageError| OperationError::new("cannot use the prefix of a rule").refused(error);
            let prefixes: Vec<EcrRepositoryPrefix> = prefixes
                .iter()
                .map(|prefix| prefix.parse())
                .collect::<std::result::Result<_, _>>()
                .map_err(unusable)?;
            registry_policy::apply(opening, &prefixes).await
        }
        Change::CreateTemplate { prefix, rule, .. } | Change::UpdateTemplate { prefix, rule, .. } => {
            template::apply(opening, rule, prefix).await
        }
        Change::RepositoryPolicy { .. } => Ok(Written::NotNeeded),
    }
}

async fn of_repository(opening: Opening<'_>, judge: &Judge, change: &Change) -> Result<Written> {
    let Change::RepositoryPolicy { repository, .. } = change else { return Ok(Written::NotNeeded) };
    let name: RepositoryName = repository.parse().map_err(|error: ImageError| {
        OperationError::new(format!("cannot use the repository `{repository}`")).refused(error)
    })?;
    let account = opening.account();
    let arn = account.repository_arn(name.as_str());
    let (written, _) = grant::open(&account.ecr(), judge, &name, &arn, opening.bound_to()).await?;
    Ok(written)
}

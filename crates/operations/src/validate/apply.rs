//! Carries a plan of repairs out: each part is read anew, merged, written, read back and compared.

use aws::ecr::{AppliedFor, Ecr, Template, TemplateUpdate};
use image::RepositoryName;
use policy::{Kind, RegistryScope};
use schemars::JsonSchema;
use serde::Serialize;

use super::fix::{Change, FixPlan};
use crate::account::Account;
use crate::error::{OperationError, Result};
use crate::healthomics::{with_import_access, with_read_access};

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
/// Policies are read anew before anything is merged into them, so that what others wrote since the plan was made
/// stays.
pub async fn apply(account: &Account, plan: &FixPlan) -> Vec<Applied> {
    let ecr = account.ecr();
    let kind = plan.kind.unwrap_or(Kind::Registry(RegistryScope::V2));
    let is_repository = |change: &&Change| matches!(change, Change::RepositoryPolicy { .. });
    let mut applied = Vec::new();
    // There is one registry policy, and templates are few: these go one by one.
    for change in plan.changes.iter().filter(|change| !is_repository(change)) {
        applied.push(one(&ecr, kind, change).await);
    }
    let repositories: Vec<&Change> = plan.changes.iter().filter(is_repository).collect();
    let ecr = &ecr;
    applied.extend(account.session().each(repositories, async |change| one(ecr, kind, change).await).await);
    applied
}

async fn one(ecr: &Ecr, kind: Kind, change: &Change) -> Applied {
    let outcome = match change {
        Change::RegistryPolicy { resources, .. } => registry_policy(ecr, kind, resources).await,
        Change::CreateTemplate { template, .. } => create(ecr, template).await,
        Change::UpdateTemplate { prefix, .. } => update(ecr, prefix).await,
        Change::RepositoryPolicy { repository, .. } => repository_policy(ecr, repository).await,
    };
    let outcome = outcome.unwrap_or_else(|error| Outcome::Failed { error });
    Applied { change: change.clone(), outcome }
}

async fn registry_policy(ecr: &Ecr, kind: Kind, resources: &[String]) -> Result<Outcome> {
    let before = ecr.registry_policy().await?;
    let merged = with_import_access(kind, before.as_deref(), resources, None)?;
    if before.as_deref() == Some(&merged.text) {
        return Ok(Outcome::Unchanged);
    }
    ecr.put_registry_policy(&merged.text).await?;
    compare("the registry policy", &merged.text, ecr.registry_policy().await?.as_deref())
}

async fn repository_policy(ecr: &Ecr, repository: &str) -> Result<Outcome> {
    let subject = format!("the repository `{repository}`");
    let name: RepositoryName = repository
        .parse()
        .map_err(|error| OperationError::new(format!("cannot grant {subject}")).refused(error))?;
    let before = ecr.repository_policy(&name).await?;
    let merged = with_read_access(&subject, before.as_deref(), None)?;
    if before.as_deref() == Some(&merged.text) {
        return Ok(Outcome::Unchanged);
    }
    ecr.set_repository_policy(&name, &merged.text).await?;
    compare(&format!("the policy of {subject}"), &merged.text, ecr.repository_policy(&name).await?.as_deref())
}

async fn create(ecr: &Ecr, template: &Template) -> Result<Outcome> {
    // Somebody may have made it since; then it is extended, and keeps its own settings.
    if ecr.template(&template.prefix).await?.is_some() {
        return update(ecr, &template.prefix).await;
    }
    let made = ecr.create_template(template).await?;
    compare_template(&template.prefix, template.repository_policy.as_deref(), &made)
}

async fn update(ecr: &Ecr, prefix: &str) -> Result<Outcome> {
    let subject = format!("the template `{prefix}`");
    let Some(before) = ecr.template(prefix).await? else {
        return Err(OperationError::new(format!("cannot extend {subject}"))
            .refused("it is not there any more")
            .hint("validate again"));
    };
    let merged = with_read_access(&subject, before.repository_policy.as_deref(), None)?;
    let mut applied = before.applied_for.clone();
    if !applied.contains(&AppliedFor::PullThroughCache) {
        applied.push(AppliedFor::PullThroughCache);
    }
    let change = TemplateUpdate {
        applied_for: (applied != before.applied_for).then_some(applied),
        repository_policy: (before.repository_policy.as_deref() != Some(&merged.text))
            .then(|| merged.text.clone()),
        ..TemplateUpdate::default()
    };
    if change == TemplateUpdate::default() {
        return Ok(Outcome::Unchanged);
    }
    ecr.update_template(prefix, &change).await?;
    match ecr.template(prefix).await? {
        Some(now) => compare_template(prefix, Some(&merged.text), &now),
        None => Err(differs(&subject)),
    }
}

fn compare_template(prefix: &str, policy: Option<&str>, found: &Template) -> Result<Outcome> {
    let subject = format!("the template `{prefix}`");
    if !found.applied_for.contains(&AppliedFor::PullThroughCache) {
        return Err(differs(&subject));
    }
    compare(&subject, policy.unwrap_or_default(), found.repository_policy.as_deref())
}

/// Compares a policy that was written with the one that was read back: ECR may write it in its own way.
fn compare(subject: &str, wanted: &str, found: Option<&str>) -> Result<Outcome> {
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    match found {
        Some(found) if found == wanted || (value(found).is_some() && value(found) == value(wanted)) => {
            Ok(Outcome::Done)
        }
        _ => Err(differs(subject)),
    }
}

fn differs(subject: &str) -> OperationError {
    OperationError::new(format!("cannot confirm the change of {subject}"))
        .refused(
            "what was read back is not what was written: somebody else may have written at the same time",
        )
        .hint("validate again")
}

//! The repositories of a clone: made where they are missing, and opened to HealthOmics without losing what
//! others wrote into their policies.

use std::collections::BTreeMap;

use aws::ErrorKind;
use aws::ecr::{Encryption, NewRepository, Repository, TagMutability};
use image::RepositoryName;

use super::plan::{NewRepositoryPlan, PolicyPlan, RepositoryPlan};
use super::request::{CloneOptions, RepositorySettings};
use crate::account::repository_arn;
use crate::error::Result;
use crate::finding::{Code, Finding, Severity};
use crate::grant::policy::{self, PolicyStep};
use crate::healthomics::{self, Access, Judge, ReadAccess};
use crate::private_registry::PrivateRegistry;

/// What AWS's own key of KMS for ECR is called.
const AWS_KEY: &str = "aws/ecr";

/// What images want of a repository.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wanted {
    /// Some are pushed to it, so it has to be made where it is missing.
    pub(super) pushed: bool,
}

/// Returns what is to be done about each repository.
///
/// # Errors
/// When ECR does not tell which repositories there are.
pub(super) async fn plan(
    registry: &PrivateRegistry,
    wanted: &BTreeMap<RepositoryName, Wanted>,
    options: &CloneOptions,
    findings: &mut Vec<Finding>,
) -> Result<Vec<RepositoryPlan>> {
    let names: Vec<RepositoryName> = wanted.keys().cloned().collect();
    let found = registry.ecr().repositories_named(&names).await?.found;
    let known: BTreeMap<&RepositoryName, &Repository> =
        found.iter().map(|repository| (&repository.name, repository)).collect();
    let look = async |name: RepositoryName| match known.contains_key(&name) {
        true if options.grant => Some(plan_policy(registry, &name).await),
        _ => None,
    };
    let policies = registry.ecr().session().each(names.clone(), look).await;
    let mut plans = Vec::with_capacity(names.len());
    for ((name, policy), wanted) in names.into_iter().zip(policies).zip(wanted.values()) {
        let there = known.get(&name);
        if let Some(there) = there {
            findings.extend(other_settings(there, &options.repository));
        }
        let create = (there.is_none() && wanted.pushed).then(|| NewRepositoryPlan {
            kms_key: options.repository.kms_key.clone(),
            immutable: options.repository.immutable,
            tags: options.repository.tags.clone(),
        });
        let policy = match policy {
            Some((policy, finding)) => {
                findings.extend(finding);
                policy
            }
            None if !options.grant || there.is_some() => PolicyPlan::Unchanged,
            None if wanted.pushed => match healthomics::with_read_access(&policy::subject(&name), None, None)
            {
                Ok(merged) => PolicyPlan::Grant { before: None, after: merged.text },
                Err(error) => PolicyPlan::Refused { error },
            },
            None => PolicyPlan::AfterPrime,
        };
        plans.push(RepositoryPlan { name: name.to_string(), create, policy });
    }
    Ok(plans)
}

async fn plan_policy(registry: &PrivateRegistry, name: &RepositoryName) -> (PolicyPlan, Option<Finding>) {
    match registry.ecr().repository_policy(name).await {
        Ok(text) => decide(registry, name, text),
        Err(error) => (PolicyPlan::Refused { error: error.into() }, None),
    }
}

/// Returns what has to become of a policy so that HealthOmics may read.
fn decide(
    registry: &PrivateRegistry,
    name: &RepositoryName,
    text: Option<String>,
) -> (PolicyPlan, Option<Finding>) {
    let arn = repository_arn(registry.region(), registry.account(), name.as_str());
    let decided = policy::with(&judge(registry), name, &arn, text.as_deref(), None);
    let finding = decided.remark.map(|(message, hint)| {
        Finding::new(Severity::Warning, Code::Access, name.as_str(), message).hint(hint)
    });
    let plan = match decided.step {
        PolicyStep::Write { before, after: Some(after) } => PolicyPlan::Grant { before, after },
        PolicyStep::Refused { error } => PolicyPlan::Refused { error },
        PolicyStep::Unchanged | PolicyStep::Write { after: None, .. } => PolicyPlan::Unchanged,
    };
    (plan, finding)
}

/// Returns what judges repositories; the registry's policy is not asked for, as clones write to repositories alone.
fn judge(registry: &PrivateRegistry) -> Judge {
    Judge::of_repositories(registry.account().as_str())
}

fn read_access(registry: &PrivateRegistry, name: &RepositoryName, text: Option<&str>) -> ReadAccess {
    let arn = repository_arn(registry.region(), registry.account(), name.as_str());
    judge(registry).read(text, &arn)
}

/// Returns what an existing repository has otherwise than it was asked for.
fn other_settings(there: &Repository, wanted: &RepositorySettings) -> Option<Finding> {
    let mut other = Vec::new();
    if wanted.immutable && !matches!(there.tag_mutability, TagMutability::Immutable) {
        other.push("its tags may move");
    }
    if wanted.kms_key.is_some() && !matches!(there.encryption, Encryption::Kms(_) | Encryption::KmsDsse(_)) {
        other.push("it is not encrypted with a key of KMS");
    }
    if other.is_empty() {
        return None;
    }
    let message = format!("the repository was there before, and {}", other.join(" and "));
    Some(Finding::new(Severity::Warning, Code::Settings, there.name.as_str(), message))
}

/// Makes a repository; returns whether it was made by this call.
///
/// # Errors
/// What ECR refuses; a repository that is there already is none.
pub(super) async fn create(
    registry: &PrivateRegistry,
    name: &RepositoryName,
    plan: &NewRepositoryPlan,
) -> Result<bool> {
    let encryption = match plan.kms_key.as_deref() {
        None => Encryption::Aes256,
        Some(AWS_KEY) => Encryption::Kms(None),
        Some(key) => Encryption::Kms(Some(key.to_owned())),
    };
    let tag_mutability = if plan.immutable { TagMutability::Immutable } else { TagMutability::Mutable };
    let new = NewRepository {
        tag_mutability,
        encryption,
        tags: plan.tags.clone(),
        ..NewRepository::new(name.clone())
    };
    match registry.ecr().create_repository(&new).await {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::Conflict => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Gives HealthOmics read access and returns whether the policy was changed, and the access that was read back.
///
/// The policy is read anew before it is merged, so that what others wrote since the plan stays.
///
/// # Errors
/// What ECR refuses, and a policy in which the access cannot be given.
pub(super) async fn grant(registry: &PrivateRegistry, name: &RepositoryName) -> Result<(bool, Access)> {
    let text = registry.ecr().repository_policy(name).await?;
    let before = read_access(registry, name, text.as_deref()).access;
    match decide(registry, name, text).0 {
        PolicyPlan::Grant { after, .. } => {
            registry.ecr().set_repository_policy(name, &after).await?;
            let read = registry.ecr().repository_policy(name).await?;
            Ok((true, read_access(registry, name, read.as_deref()).access))
        }
        PolicyPlan::Refused { error } => Err(error),
        PolicyPlan::Unchanged | PolicyPlan::AfterPrime => Ok((false, before)),
    }
}

/// Returns HealthOmics' access to a repository as its policy is now.
pub(super) async fn access(registry: &PrivateRegistry, name: &RepositoryName) -> Access {
    match registry.ecr().repository_policy(name).await {
        Ok(text) => read_access(registry, name, text.as_deref()).access,
        Err(error) => Access::Unknown { reason: error.to_string() },
    }
}

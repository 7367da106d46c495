//! The repositories of a clone: made where they are missing, and opened to HealthOmics without losing what
//! others wrote into their policies.

use std::collections::BTreeMap;

use aws::ErrorKind;
use aws::ecr::{Encryption, NewRepository, Repository, TagMutability};
use image::RepositoryName;

use super::plan::{NewRepositoryPlan, PolicyPlan, RepositoryPlan};
use super::request::{CloneOptions, RepositorySettings};
use crate::account::{Looked, RegistryPolicy, repository_arn};
use crate::cache::Written;
use crate::error::Result;
use crate::finding::{Code, Finding, Severity};
use crate::grant;
use crate::grant::policy::{self, PolicyStep};
use crate::healthomics::{self, Access, Judge};
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
    let opener = &Opener::new(registry, options).await;
    let look = async |name: RepositoryName| match known.contains_key(&name) {
        true if options.grant => Some(opener.plan(&name).await),
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
            None if wanted.pushed => opener.plan_new(&name),
            None => PolicyPlan::AfterPrime,
        };
        plans.push(RepositoryPlan { name: name.to_string(), create, policy });
    }
    Ok(plans)
}

/// Opens repositories to HealthOmics, by the registry's policy as it was when this was made.
pub(super) struct Opener<'a> {
    registry: &'a PrivateRegistry,
    judge: Judge,
    /// The account that grants are bound to.
    bound_to: Option<&'a str>,
}

impl<'a> Opener<'a> {
    /// Reads the registry's policy: two requests. One that may not be read leaves access unknown.
    pub(super) async fn new(registry: &'a PrivateRegistry, options: &'a CloneOptions) -> Self {
        let bound_to = options.source_account.as_ref().map(|bound| bound.id(registry.account()));
        let policy = Looked::from_result(RegistryPolicy::read(registry.ecr()).await);
        let judge = Judge::new(bound_to.unwrap_or(registry.account().as_str()), &policy);
        Self { registry, judge, bound_to }
    }

    /// Returns what has to become of a repository's policy, and what is to be said of it.
    async fn plan(&self, name: &RepositoryName) -> (PolicyPlan, Option<Finding>) {
        let text = match self.registry.ecr().repository_policy(name).await {
            Ok(text) => text,
            Err(error) => return (PolicyPlan::Refused { error: error.into() }, None),
        };
        let decided = policy::with(&self.judge, name, &self.arn(name), text.as_deref(), self.bound_to);
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

    /// Returns the policy of a repository that is to be made.
    fn plan_new(&self, name: &RepositoryName) -> PolicyPlan {
        match healthomics::with_read_access(&policy::subject(name), None, self.bound_to) {
            Ok(merged) => PolicyPlan::Grant { before: None, after: merged.text },
            Err(error) => PolicyPlan::Refused { error },
        }
    }

    /// Gives HealthOmics read access and returns whether the policy was changed, and the access that was read back.
    ///
    /// # Errors
    /// What ECR refuses, a policy in which the access cannot be given, and access that is not there afterwards.
    pub(super) async fn open(&self, name: &RepositoryName) -> Result<(bool, Access)> {
        let ecr = self.registry.ecr();
        let (written, access) = grant::open(ecr, &self.judge, name, &self.arn(name), self.bound_to).await?;
        Ok((written == Written::Done, access))
    }

    /// Returns HealthOmics' access to a repository as its policy is now.
    pub(super) async fn access(&self, name: &RepositoryName) -> Access {
        match self.registry.ecr().repository_policy(name).await {
            Ok(text) => self.judge.read(text.as_deref(), &self.arn(name)).access,
            Err(error) => Access::Unknown { reason: error.to_string() },
        }
    }

    fn arn(&self, name: &RepositoryName) -> String {
        repository_arn(self.registry.region(), self.registry.account(), name.as_str())
    }
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

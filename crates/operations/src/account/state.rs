//! The state of a registry: rules, templates, and the registry's policy.

use aws::ecr::{AccountSetting, Ecr, Rule, Template};
use image::PullThroughCacheRules;
use policy::RegistryScope;

use super::Account;
use crate::error::OperationError;

/// Something that was looked for: what was seen, or why it could not be looked at.
///
/// That something is not there is a thing seen: `Seen(None)`, or an empty list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Looked<T> {
    /// What is there.
    Seen(T),
    /// It could not be looked at, and nothing follows about what is there.
    Unseen(OperationError),
}

impl<T> Looked<T> {
    /// Returns what was seen, if it could be looked at.
    pub fn seen(&self) -> Option<&T> {
        match self {
            Self::Seen(seen) => Some(seen),
            Self::Unseen(_) => None,
        }
    }

    /// Returns why it could not be looked at.
    pub fn unseen(&self) -> Option<&OperationError> {
        match self {
            Self::Seen(_) => None,
            Self::Unseen(error) => Some(error),
        }
    }

    /// Returns what was seen, or why it could not be looked at.
    pub(crate) fn from_result(outcome: crate::error::Result<T>) -> Self {
        match outcome {
            Ok(seen) => Self::Seen(seen),
            Err(error) => Self::Unseen(error),
        }
    }

    /// Returns what was seen.
    ///
    /// # Errors
    /// Why it could not be looked at.
    pub fn into_result(self) -> crate::error::Result<T> {
        match self {
            Self::Seen(seen) => Ok(seen),
            Self::Unseen(error) => Err(error),
        }
    }
}

impl<T> From<std::result::Result<T, aws::AwsError>> for Looked<T> {
    fn from(outcome: std::result::Result<T, aws::AwsError>) -> Self {
        match outcome {
            Ok(seen) => Self::Seen(seen),
            Err(error) => Self::Unseen(error.into()),
        }
    }
}

/// The policy of a registry, and for which actions it speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryPolicy {
    /// The policy as it is stored; none where the registry has none.
    pub text: Option<String>,
    /// For which actions it speaks; a Region whose ECR does not know the setting has the older scope.
    pub scope: RegistryScope,
}

impl RegistryPolicy {
    /// Reads the policy and its scope: two requests at once.
    ///
    /// Source: ECR `GetRegistryPolicy`, `GetAccountSetting`.
    ///
    /// # Errors
    /// When ECR does not tell the policy, or its scope where there is one.
    pub(crate) async fn read(ecr: &Ecr) -> crate::error::Result<Self> {
        match tokio::join!(ecr.registry_policy(), scope(ecr)) {
            (Ok(text), Ok(scope)) => Ok(Self { text, scope }),
            // Without a policy its scope does not matter.
            (Ok(None), Err(_)) => Ok(Self { text: None, scope: RegistryScope::V2 }),
            (Err(error), _) | (_, Err(error)) => Err(error.into()),
        }
    }
}

/// The state of a registry, as far as HealthOmics hangs on it, each part read once.
#[derive(Debug, Clone)]
pub struct RegistryState {
    /// The pull through cache rules.
    pub rules: Looked<Vec<Rule>>,
    /// The repository creation templates.
    pub templates: Looked<Vec<Template>>,
    /// The registry's policy.
    pub policy: Looked<RegistryPolicy>,
}

impl RegistryState {
    /// Reads the state: four requests at once, more where a list has several pages.
    ///
    /// Source: ECR `DescribePullThroughCacheRules`, `DescribeRepositoryCreationTemplates`, `GetRegistryPolicy`,
    /// `GetAccountSetting`.
    pub async fn read(account: &Account) -> Self {
        let ecr = account.ecr();
        let (rules, templates, policy) =
            tokio::join!(ecr.rules(), ecr.templates(), RegistryPolicy::read(&ecr));
        Self { rules: rules.into(), templates: templates.into(), policy: Looked::from_result(policy) }
    }

    /// Returns how the rules map names; none when they could not be read.
    pub fn names(&self) -> Option<PullThroughCacheRules> {
        let rules = self.rules.seen()?;
        Some(PullThroughCacheRules::new(rules.iter().map(|rule| rule.names.clone())))
    }
}

/// Returns for which actions the registry's policy speaks.
async fn scope(ecr: &Ecr) -> std::result::Result<RegistryScope, aws::AwsError> {
    match ecr.account_setting(AccountSetting::RegistryPolicyScope).await {
        Ok(value) if value == "V2" => Ok(RegistryScope::V2),
        Ok(_) => Ok(RegistryScope::V1),
        Err(error) if error.kind() == aws::ErrorKind::Invalid => Ok(RegistryScope::V1),
        Err(error) => Err(error),
    }
}

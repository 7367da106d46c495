//! An account's registry in one Region, as operations on its control plane see it.
//!
//! Owns what is read of it before anything is judged: each part once, with "could not look" as an outcome of its
//! own. Judges nothing: what a state means for HealthOmics is `healthomics`' knowledge.

mod repositories;
mod state;

use aws::ecr::Ecr;
use aws::secrets_manager::SecretsManager;
use aws::{Arn, Session};
use image::{AccountId, Region};

use crate::error::Result;

pub use repositories::RepositoryState;
pub use state::{Looked, RegistryPolicy, RegistryState};

/// An account's registry in one Region, with its secrets. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Account {
    session: Session,
    id: AccountId,
    caller: Arn,
}

impl Account {
    /// Opens the caller's own account; asks who the caller is.
    ///
    /// Source: STS `GetCallerIdentity`.
    ///
    /// # Errors
    /// When AWS does not know the caller.
    pub async fn open(session: &Session) -> Result<Self> {
        let identity = session.identity().await?;
        Ok(Self { session: session.clone(), id: identity.account.clone(), caller: identity.arn.clone() })
    }

    /// Returns the account.
    pub fn id(&self) -> &AccountId {
        &self.id
    }

    /// Returns the ARN of whoever asks.
    pub fn caller(&self) -> &Arn {
        &self.caller
    }

    /// Returns the Region.
    pub fn region(&self) -> &Region {
        self.session.region()
    }

    /// Returns the ARN of a repository, there or not; of every one that matches where the name has a `*`.
    pub fn repository_arn(&self, name: &str) -> String {
        repository_arn(self.region(), &self.id, name)
    }

    /// Returns the session.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Returns the control plane of the registry.
    pub(crate) fn ecr(&self) -> Ecr {
        self.session.ecr()
    }

    /// Returns the secrets of the account in this Region.
    pub fn secrets(&self) -> SecretsManager {
        self.session.secrets_manager()
    }
}

/// Returns the ARN of a repository, there or not.
pub(crate) fn repository_arn(region: &Region, account: &AccountId, name: &str) -> String {
    format!("arn:{}:ecr:{region}:{account}:repository/{name}", region.partition())
}

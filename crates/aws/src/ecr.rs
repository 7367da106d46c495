//! A private Amazon ECR registry: one file for each of its operations.
//!
//! Everything is asked of one registry: the caller's own, or that of another account in the same Region.

mod authorization;
mod image;
mod layer;
mod registry;
mod repository;
mod repository_policy;
mod rule;
mod template;

use ::image::AccountId;

pub use authorization::AuthorizationToken;
pub use image::{
    DeletedImages, FailureCode, ImageDetail, ImageFailure, ImageId, ImageLookup, ImageStatus, Manifest,
    Manifests, NewManifest, PutOutcome, TagFilter,
};
pub use layer::{Layer, LayerAvailability, LayerState, LayerUpload, PartOutcome, StartedUpload, WriteError};
pub use registry::{AccountSetting, RegistryDescription, ReplicationDestination, ReplicationRule};
pub use repository::{Encryption, Lookup, NewRepository, Repository, TagMutability};
pub use rule::{NewRule, Rule, RuleUpdate, RuleVerdict};
pub use template::{AppliedFor, Template, TemplateUpdate};

use crate::call::{Call, Service};
use crate::error::AwsError;
use crate::session::Session;

/// A private registry in the session's Region. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Ecr {
    session: Session,
    registry: Option<AccountId>,
}

/// The most objects that one request may name.
const MOST_NAMES: usize = 100;

/// The most objects that one page may have.
const LARGEST_PAGE: i32 = 1000;

impl Ecr {
    pub(crate) fn new(session: Session, registry: Option<AccountId>) -> Self {
        Self { session, registry }
    }

    /// Returns the session.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Returns the account whose registry it is, where it is not the caller's own.
    pub fn account(&self) -> Option<&AccountId> {
        self.registry.as_ref()
    }

    fn client(&self) -> &aws_sdk_ecr::Client {
        self.session.ecr_client()
    }

    fn registry_id(&self) -> Option<String> {
        self.registry.as_ref().map(AccountId::to_string)
    }

    /// Refuses what ECR has no way to ask of another account's registry.
    fn own_registry_only(&self, call: &Call<'_>) -> Result<(), AwsError> {
        match &self.registry {
            Some(account) => Err(call.refused(format!("ECR answers this to account {account} alone"))),
            None => Ok(()),
        }
    }

    /// Returns a call; `tried` says in words what is tried, as it stands behind "cannot".
    fn call(&self, operation: &'static str, tried: impl Into<String>) -> Call<'_> {
        let mut tried = tried.into();
        if let Some(account) = &self.registry {
            tried += &format!(" of account {account}");
        }
        Call { session: &self.session, service: Service::Ecr, operation, tried }
    }
}

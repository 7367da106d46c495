//! The registry of one account in one Region: ECR's rules over the storage, the same for both planes.
//!
//! Owns what a repository, an image, a layer, a rule and a template are and when a change of them is refused.
//! Knows nothing of HTTP; everything here blocks and runs beside the async code.

mod authorization;
pub(crate) mod identity;
pub(crate) mod image;
pub(crate) mod layer;
pub(crate) mod lifecycle;
pub(crate) mod policy_text;
mod pull;
pub(crate) mod repository;
pub(crate) mod rule;
pub(crate) mod secret;
pub(crate) mod setting;
pub(crate) mod tag;
pub(crate) mod template;
pub(crate) mod token;
pub(crate) mod wildcard;

use ::image::{AccountId, Region};

use crate::clock::Clock;
use crate::ecr::identity::{Caller, SERVICE_ROLE};
use crate::ecr::token::Tokens;
use crate::metrics::Metrics;
use crate::storage::Storage;

/// The state of a server, shared by everything that answers requests.
#[derive(Debug)]
pub(crate) struct Ecr {
    /// The account.
    pub(crate) account: AccountId,
    /// The Region.
    pub(crate) region: Region,
    /// Where clients reach the server: `http://127.0.0.1:4566`.
    pub(crate) endpoint: String,
    /// What it keeps.
    pub(crate) storage: Storage,
    /// The time.
    pub(crate) clock: Clock,
    /// The authorization tokens it gives out.
    pub(crate) tokens: Tokens,
    /// Its figures.
    pub(crate) metrics: Metrics,
}

impl Ecr {
    /// Returns the id of the registry, which is the account's.
    pub(crate) fn registry_id(&self) -> &str {
        self.account.as_str()
    }

    /// Returns the ARN of a repository.
    pub(crate) fn repository_arn(&self, name: &str) -> String {
        let partition = self.region.partition();
        format!("arn:{partition}:ecr:{}:{}:repository/{name}", self.region, self.account)
    }

    /// Returns the URI of a repository, as clients of registries take it: `127.0.0.1:4566/name`.
    pub(crate) fn repository_uri(&self, name: &str) -> String {
        let host = self.endpoint.split_once("://").map_or(self.endpoint.as_str(), |(_, host)| host);
        format!("{host}/{name}")
    }

    /// Returns the role that a caller acts by; the account's own user has none.
    pub(crate) fn role_arn(&self, caller: &Caller) -> Option<String> {
        let (partition, account) = (self.region.partition(), &self.account);
        match caller {
            Caller::Account => None,
            Caller::Service(_) => Some(format!("arn:{partition}:iam::{account}:role/{SERVICE_ROLE}")),
        }
    }
}

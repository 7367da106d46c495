//! What a grant did.

use schemars::JsonSchema;
use serde::Serialize;

use crate::error::OperationError;
use crate::finding::Finding;
use crate::healthomics::Access;

/// What became of a repository's policy.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum GrantOutcome {
    /// It was as it was asked for.
    Unchanged,
    /// It was written and read back.
    Written,
    /// It is not as it was asked for.
    Failed {
        /// Why not.
        error: OperationError,
    },
}

/// A repository after a grant.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct GrantedRepository {
    /// The repository.
    pub repository: String,
    /// What became of its policy.
    #[serde(flatten)]
    pub outcome: GrantOutcome,
    /// HealthOmics' access now, by the policy as it was read back.
    pub access: Access,
}

/// What a grant did.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct GrantReport {
    /// The version of this shape: `1`.
    pub schema_version: u32,
    /// The account.
    pub account: String,
    /// The Region.
    pub region: String,
    /// Whether access was taken back.
    pub revoke: bool,
    /// The repositories, by name.
    pub repositories: Vec<GrantedRepository>,
    /// Observations.
    pub findings: Vec<Finding>,
}

impl GrantReport {
    /// Returns whether every repository is as it was asked for.
    pub fn is_done(&self) -> bool {
        self.repositories.iter().all(|repository| !matches!(repository.outcome, GrantOutcome::Failed { .. }))
    }
}

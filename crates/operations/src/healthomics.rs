//! What HealthOmics asks of an image and of the repository it is in.

mod availability;
mod judge;
mod prefix;
mod size;
mod statement;

use schemars::JsonSchema;
use serde::Serialize;

pub(crate) use availability::{Availability, REGIONS};
pub(crate) use judge::Judge;
pub use prefix::{PrefixAccess, TemplateAccess};
pub(crate) use prefix::{below, governing_template, lacks_role, strictly_below, templates_inside};
pub(crate) use size::too_large;
pub(crate) use statement::{IMPORT_SID, with_import_access, with_read_access};

/// The principal that pulls images for runs.
pub(crate) const SERVICE: &str = "omics.amazonaws.com";

/// The Sid by which our statement in a repository's policy is found again.
pub(crate) const READ_SID: &str = "HealthOmicsReadAccess";

/// What the service needs of a repository.
pub(crate) const READ_ACTIONS: [&str; 3] =
    ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"];

/// How many of these actions a pull cannot do without; the last one is asked for by the guide alone.
pub(crate) const REQUIRED_ACTIONS: usize = 2;

/// What the service needs of a registry to make repositories by itself and fill them through a rule.
pub(crate) const IMPORT_ACTIONS: [&str; 2] = ["ecr:CreateRepository", "ecr:BatchImportUpstreamImage"];

/// The largest image that runs on instances without GPU, in bytes.
pub(crate) const LARGEST_ON_CPU: u64 = 45 << 30;

/// The largest image that runs at all, in bytes.
pub(crate) const LARGEST_ON_GPU: u64 = 95 << 30;

/// Whether HealthOmics may read the images of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Access {
    /// It may: the policy was read back and says so.
    Accessible,
    /// It may not.
    NotAccessible {
        /// Why not.
        reason: String,
    },
    /// It hangs on something that is known only when a run asks.
    Depends {
        /// On what.
        reason: String,
    },
    /// The policy could not be read.
    Unknown {
        /// Why not.
        reason: String,
    },
}

impl Access {
    /// Returns the verdict in a few words, as tables show it.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Accessible => "yes",
            Self::NotAccessible { .. } => "no",
            Self::Depends { .. } => "depends",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// Returns whether it is a plain yes.
    pub fn is_yes(&self) -> bool {
        *self == Self::Accessible
    }

    /// Returns whether it is a yes, or hangs on what only a run tells.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self, Self::Accessible | Self::Depends { .. })
    }

    /// Returns the worse of two verdicts, where both are needed: no before unknown before depends before yes.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let rank = |access: &Self| match access {
            Self::NotAccessible { .. } => 0,
            Self::Unknown { .. } => 1,
            Self::Depends { .. } => 2,
            Self::Accessible => 3,
        };
        if rank(&other) < rank(&self) { other } else { self }
    }

    /// Returns why it is not a plain yes.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Accessible => None,
            Self::NotAccessible { reason } | Self::Depends { reason } | Self::Unknown { reason } => {
                Some(reason)
            }
        }
    }
}

//! What came of a clone, as data.

use registry::copy::RefusedMounts;
use schemars::JsonSchema;
use serde::Serialize;

use super::plan::CloneRoute;
use crate::error::OperationError;
use crate::finding::Finding;
use crate::healthomics::Access;

/// What came of one image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CloneOutcome {
    /// It was copied and found in ECR.
    Copied,
    /// ECR fetched it through its rule and has all of it.
    Primed,
    /// It was there already.
    UpToDate,
    /// The tag stands for another image, and was left alone.
    Conflict,
    /// It is not there, or not known to be.
    Failed,
    /// It was called off before it was there.
    Cancelled,
}

impl CloneOutcome {
    /// Returns the outcome in a few words.
    pub fn label(self) -> &'static str {
        match self {
            Self::Copied => "copied",
            Self::Primed => "primed",
            Self::UpToDate => "up to date",
            Self::Conflict => "conflict",
            Self::Failed => "failed",
            Self::Cancelled => "called off",
        }
    }

    /// Returns whether the image is in ECR.
    pub fn is_there(self) -> bool {
        matches!(self, Self::Copied | Self::Primed | Self::UpToDate)
    }
}

/// The report on one image.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ClonedImage {
    /// The image as it was asked for.
    pub source: String,
    /// Its name in the private registry; empty where it cannot have one.
    pub destination: String,
    /// How it came there.
    pub route: CloneRoute,
    /// What came of it.
    pub outcome: CloneOutcome,
    /// The digest that the source's name stands for, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub source_digest: Option<String>,
    /// The digest that ECR has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub digest: Option<String>,
    /// Whether that is another one, because one platform was taken out of an index.
    pub digest_changed: bool,
    /// The platforms that it has.
    pub platforms: Vec<String>,
    /// Its size in bytes as ECR tells it, compressed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u64")]
    pub size_bytes: Option<u64>,
    /// Whether HealthOmics may read it, by the policy that was read back.
    pub healthomics_access: Access,
    /// Bytes that were sent.
    pub sent_bytes: u64,
    /// Bytes that ECR took from another repository.
    pub mounted_bytes: u64,
    /// Bytes that were there.
    pub skipped_bytes: u64,
    /// Signatures, attestations and other referrers that went along.
    pub referrers: usize,
    /// Requests that were made again.
    pub retries: u32,
    /// The time it took, in seconds.
    pub seconds: f64,
    /// What failed, of the image itself or of HealthOmics' access to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "OperationError")]
    pub error: Option<OperationError>,
}

/// The report on one repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RepositoryReport {
    /// Its name.
    pub name: String,
    /// Whether it was made.
    pub created: bool,
    /// Whether HealthOmics' statement was merged into its policy.
    pub granted: bool,
    /// Whether it was made and has no image.
    pub left_empty: bool,
    /// What failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "OperationError")]
    pub error: Option<OperationError>,
}

/// What came of a clone.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CloneReport {
    /// The version of this shape: `1`.
    pub schema_version: u32,
    /// The host of the private registry.
    pub registry: String,
    /// The images, in the order of the plan.
    pub images: Vec<ClonedImage>,
    /// The repositories that were made or whose policies were looked at.
    pub repositories: Vec<RepositoryReport>,
    /// Whether the account's setting for mounting layers was switched on.
    pub mounting_enabled: bool,
    /// Bytes that were sent.
    pub sent_bytes: u64,
    /// Bytes that ECR took from another repository.
    pub mounted_bytes: u64,
    /// Bytes that were sent because ECR did not mount them.
    pub unmounted_bytes: u64,
    /// Whether it was called off.
    pub cancelled: bool,
    /// Observations.
    pub findings: Vec<Finding>,
}

impl CloneReport {
    /// Returns whether every image is in ECR, and nothing failed that was asked for.
    pub fn is_done(&self) -> bool {
        !self.cancelled && self.images.iter().all(|image| image.outcome.is_there() && image.error.is_none())
    }

    /// Returns the bytes that refused mounts cost.
    pub(super) fn unmounted(refused: &[RefusedMounts]) -> u64 {
        refused.iter().map(|refused| refused.bytes).sum()
    }
}

//! What came of preparing a workflow, as data.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::plan::NamedImage;
use crate::cache::CacheReport;
use crate::clone::RepositoryReport;
use crate::error::OperationError;
use crate::finding::Finding;
use crate::healthomics::Access;
use crate::map::{ContainerRegistryMap, RegistryMap};

/// What came of one image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PrepareOutcome {
    /// It was there already.
    UpToDate,
    /// ECR fetched it through its rule.
    PulledThrough,
    /// It was copied.
    Copied,
    /// HealthOmics copies it when a run starts.
    LeftToHealthomics,
    /// A run cannot use it, or it is not known that one can.
    Failed,
    /// It was called off before it was there.
    Cancelled,
}

impl PrepareOutcome {
    /// Returns the outcome in a few words.
    pub fn label(self) -> &'static str {
        match self {
            Self::UpToDate => "up to date",
            Self::PulledThrough => "pulled through",
            Self::Copied => "copied",
            Self::LeftToHealthomics => "left to HealthOmics",
            Self::Failed => "failed",
            Self::Cancelled => "called off",
        }
    }

    /// Returns whether the image is in ECR and a run can use it.
    pub fn is_ready(self) -> bool {
        matches!(self, Self::UpToDate | Self::PulledThrough | Self::Copied)
    }
}

/// The report on one image.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct PreparedImage {
    /// The image.
    #[serde(flatten)]
    pub named: NamedImage,
    /// What came of it.
    pub outcome: PrepareOutcome,
    /// Its size in bytes as ECR tells it, compressed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u64")]
    pub size_bytes: Option<u64>,
    /// Whether HealthOmics may read it, by the policies that were read back.
    pub healthomics_access: Access,
    /// Bytes that were sent.
    pub sent_bytes: u64,
    /// Bytes that ECR took from another repository.
    pub mounted_bytes: u64,
    /// The time it took, in seconds.
    pub seconds: f64,
    /// Why it is not ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "OperationError")]
    pub error: Option<OperationError>,
}

/// What came of preparing a workflow, as `--output json` prints it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct PrepareReport {
    /// The version of this shape: `1`.
    pub schema_version: u32,
    /// The workflow, as it was given.
    pub workflow: String,
    /// The account of the registry.
    pub account: String,
    /// Its Region.
    pub region: String,
    /// The host of the private registry.
    pub registry: String,
    /// The images, in the order of their names.
    pub images: Vec<PreparedImage>,
    /// What was done so that rules serve HealthOmics; empty where nothing had to be.
    pub caches: Vec<CacheReport>,
    /// The repositories that were made or whose policies were looked at.
    pub repositories: Vec<RepositoryReport>,
    /// The flat image map.
    pub image_map: Map<String, Value>,
    /// The map that HealthOmics takes.
    pub container_registry_map: ContainerRegistryMap,
    /// Bytes that were sent.
    pub sent_bytes: u64,
    /// Bytes that ECR took from another repository.
    pub mounted_bytes: u64,
    /// The time it took, in seconds.
    pub seconds: f64,
    /// How many container attributes have no known value; their images were not looked at.
    pub unresolved: usize,
    /// Whether it was called off.
    pub cancelled: bool,
    /// Observations.
    pub findings: Vec<Finding>,
    /// Both maps, ready to be written.
    #[serde(skip)]
    pub(super) map: RegistryMap,
}

impl PrepareReport {
    /// Returns whether every image is ready, or HealthOmics will copy it.
    pub fn is_done(&self) -> bool {
        !self.cancelled && self.failed() == 0 && self.caches.iter().all(CacheReport::is_done)
    }

    /// Returns how many images are not ready.
    pub fn failed(&self) -> usize {
        let failed = |image: &&PreparedImage| {
            !image.outcome.is_ready() && image.outcome != PrepareOutcome::LeftToHealthomics
        };
        self.images.iter().filter(failed).count()
    }

    /// Returns both maps, as [`map::write`](crate::map::write) takes them.
    pub fn map(&self) -> &RegistryMap {
        &self.map
    }
}

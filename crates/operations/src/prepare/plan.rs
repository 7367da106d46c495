//! The plan: each image with its route, and everything in the account that changes, as data.

use image::{AccountId, PullThroughCacheRules};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::request::PrepareRequest;
use crate::cache::CachePlan;
use crate::clone::ClonePlan;
use crate::error::OperationError;
use crate::finding::Finding;
use crate::map::MapOptions;
use crate::scan::Place;

/// How an image comes into the private registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum PrepareRoute {
    /// Its name is of a private registry that HealthOmics reads.
    AlreadyPrivate,
    /// Through a pull through cache rule that is there.
    ExistingRule {
        /// The rule's ECR repository prefix.
        prefix: String,
        /// The upstream registry, by the host that ECR wants.
        upstream: String,
    },
    /// Through a pull through cache rule that is made for it.
    NewRule {
        /// The rule's ECR repository prefix.
        prefix: String,
        /// The upstream registry, by the host that ECR wants.
        upstream: String,
    },
    /// HealthOmics copies it by itself when a run starts.
    HealthomicsCopies {
        /// The host that the registry mapping names.
        upstream: String,
        /// The secret that HealthOmics signs in with.
        credential_arn: String,
    },
    /// It is copied by us.
    Clone {
        /// Why no other route serves it.
        reason: String,
    },
    /// It cannot come into ECR as it is.
    Cannot {
        /// Why not.
        reason: String,
    },
}

impl PrepareRoute {
    /// Returns the route in a few words, as tables show it.
    pub fn label(&self) -> &'static str {
        match self {
            Self::AlreadyPrivate => "already private",
            Self::ExistingRule { .. } => "rule",
            Self::NewRule { .. } => "new rule",
            Self::HealthomicsCopies { .. } => "HealthOmics copies",
            Self::Clone { .. } => "clone",
            Self::Cannot { .. } => "cannot",
        }
    }

    /// Returns the rule's ECR repository prefix, where it is one.
    pub fn rule(&self) -> Option<&str> {
        match self {
            Self::ExistingRule { prefix, .. } | Self::NewRule { prefix, .. } => Some(prefix),
            _ => None,
        }
    }

    /// Returns why the image takes this route, where that is not plain.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Clone { reason } | Self::Cannot { reason } => Some(reason),
            _ => None,
        }
    }
}

/// What is to be done about an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PlannedAction {
    /// Nothing: it is there.
    Nothing,
    /// ECR is made to fetch it through its rule.
    PullThrough,
    /// It is copied.
    Copy,
    /// Nothing by us: HealthOmics copies it.
    LeaveToHealthomics,
    /// The same as an image above it: it is written in two ways.
    SameAsAnother,
    /// Nothing can be done.
    Refused,
    /// Planning was called off before it was known.
    Cancelled,
}

impl PlannedAction {
    /// Returns the action in a few words, as tables show it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Nothing => "there",
            Self::PullThrough => "pull through",
            Self::Copy => "copy",
            Self::LeaveToHealthomics => "left to HealthOmics",
            Self::SameAsAnother => "see above",
            Self::Refused => "cannot",
            Self::Cancelled => "called off",
        }
    }
}

/// An image that a workflow names: its route, and what is known of it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct NamedImage {
    /// The name that the engine asks for.
    #[serde(rename = "image")]
    pub name: String,
    /// How it comes into the private registry.
    pub route: PrepareRoute,
    /// Its name in the private registry; absent where HealthOmics makes the copy, and where it can have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub destination: Option<String>,
    /// The digest that its name stands for where it comes from, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub source_digest: Option<String>,
    /// The digest that it has in ECR, or will have, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub digest: Option<String>,
    /// Its platforms, where they are known.
    pub platforms: Vec<String>,
    /// The places where it is written.
    pub places: Vec<Place>,
    /// The tasks, processes and tools that use it.
    pub used_by: Vec<String>,
}

/// One image of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct PlannedImage {
    /// The image.
    #[serde(flatten)]
    pub named: NamedImage,
    /// What is to be done.
    pub action: PlannedAction,
    /// The size of what is copied, in bytes, compressed.
    pub size_bytes: u64,
    /// Why it will not be ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "OperationError")]
    pub problem: Option<OperationError>,
    /// Its place in the plan of clones, where it has one.
    #[serde(skip)]
    pub(super) clone: Option<usize>,
}

/// A rule that images of the plan go through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PlannedRule {
    /// Its ECR repository prefix.
    pub prefix: String,
    /// The host of the upstream registry, as ECR wants it.
    pub upstream: String,
    /// The part of the upstream registry that it reaches, `ROOT` for all of it.
    pub upstream_prefix: String,
    /// The ARN of the secret that ECR signs in upstream with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub credential_arn: Option<String>,
    /// Whether the plan makes it.
    pub is_new: bool,
    /// How many images go through it.
    pub images: usize,
}

/// The registry's policy with the grants of all rules of the plan.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RegistryPolicyPlan {
    /// The policy as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// The policy as it will be.
    pub after: Value,
}

/// What making a workflow's images ready will do.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PreparePlan {
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
    pub images: Vec<PlannedImage>,
    /// The rules that they go through.
    pub rules: Vec<PlannedRule>,
    /// What each of these rules needs of the account: template, registry policy, the rule itself.
    pub caches: Vec<CachePlan>,
    /// The registry's policy, where it changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "RegistryPolicyPlan")]
    pub registry_policy: Option<RegistryPolicyPlan>,
    /// What is copied and pulled through, and the repositories; none where no image needs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ClonePlan")]
    pub clones: Option<ClonePlan>,
    /// Bytes that have to be sent at most.
    pub bytes: u64,
    /// How many container attributes have no known value; their images are not in the plan.
    pub unresolved: usize,
    /// Observations.
    pub findings: Vec<Finding>,
    /// What was asked for.
    #[serde(skip)]
    pub(super) request: PrepareRequest,
    /// The rules by which names are mapped.
    #[serde(skip)]
    pub(super) names: PullThroughCacheRules,
    /// How the maps are made.
    #[serde(skip)]
    pub(super) mapping: MapOptions,
    /// The account whose runs are to use the images; the registry's own where none is named.
    #[serde(skip)]
    pub(super) runs_in: Option<AccountId>,
}

impl PreparePlan {
    /// Returns what it was made for.
    pub fn request(&self) -> &PrepareRequest {
        &self.request
    }

    /// Returns whether carrying it out would change anything.
    pub fn has_changes(&self) -> bool {
        self.caches.iter().any(CachePlan::has_changes)
            || self.clones.as_ref().is_some_and(ClonePlan::has_changes)
    }

    /// Returns how many images will not be ready.
    pub fn refused(&self) -> usize {
        self.images.iter().filter(|image| image.problem.is_some()).count()
    }

    /// Returns whether planning was called off.
    pub fn is_cancelled(&self) -> bool {
        self.images.iter().any(|image| image.action == PlannedAction::Cancelled)
    }
}

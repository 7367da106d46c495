//! What has drifted, and what a refresh will change, as data.

use image::{EcrRepositoryPrefix, RepositoryName};
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::OperationError;
use crate::finding::Finding;

/// Which caches are compared; all where nothing is named.
#[derive(Debug, Clone, Default)]
pub struct DriftRequest {
    /// The ECR repository prefixes of rules.
    pub prefixes: Vec<EcrRepositoryPrefix>,
    /// Repositories.
    pub repositories: Vec<RepositoryName>,
}

/// How a cached tag stands to upstream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum DriftState {
    /// Upstream has the same image under it.
    Current,
    /// Upstream has another image under it.
    Moved {
        /// The digest of that image.
        upstream_digest: String,
        /// Platforms of the cached image; empty where nothing tells them.
        platforms: Vec<String>,
        /// Platforms of the image upstream; empty where reading them would count as a pull.
        upstream_platforms: Vec<String>,
    },
    /// Upstream has no such tag any more.
    Gone,
    /// Upstream could not be asked.
    Unknown {
        /// Why not.
        error: OperationError,
    },
}

impl DriftState {
    /// Returns the state in a word, as tables show it.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Moved { .. } => "moved",
            Self::Gone => "gone upstream",
            Self::Unknown { .. } => "unknown",
        }
    }
}

/// What a refresh will do about a tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "refresh", rename_all = "kebab-case")]
pub enum Renewal {
    /// Nothing: there is nothing to bring, or nothing to bring it from.
    Nothing,
    /// The tag is deleted and brought anew through its rule; the old image stays, by its digest.
    Replace,
    /// Nothing, though upstream has another image.
    Blocked {
        /// Why not.
        reason: String,
    },
}

/// One cached tag, compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CachedTag {
    /// The repository.
    pub repository: String,
    /// The tag.
    pub tag: String,
    /// The ECR repository prefix of the rule that fills the repository.
    pub rule: String,
    /// The image upstream.
    pub upstream: String,
    /// The digest that ECR has under the tag.
    pub digest: String,
    /// When it was pushed, or last taken from upstream; RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub pushed_at: Option<String>,
    /// How long ago that was, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u64")]
    pub age_seconds: Option<u64>,
    /// How it stands to upstream.
    #[serde(flatten)]
    pub state: DriftState,
    /// What a refresh will do.
    #[serde(flatten)]
    pub renewal: Renewal,
}

/// All cached tags that were asked for.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct DriftPlan {
    /// The version of this shape: `1`.
    pub schema_version: u32,
    /// The host of the private registry.
    pub registry: String,
    /// The tags, by repository and tag.
    pub tags: Vec<CachedTag>,
    /// Observations.
    pub findings: Vec<Finding>,
}

impl DriftPlan {
    /// Returns the tags that a refresh will replace.
    pub fn replacements(&self) -> impl Iterator<Item = &CachedTag> {
        self.tags.iter().filter(|tag| tag.renewal == Renewal::Replace)
    }

    /// Returns whether every tag is as upstream has it; `None` where that could not be told and nothing says no.
    pub fn verdict(&self) -> Option<bool> {
        let differs = |tag: &CachedTag| matches!(tag.state, DriftState::Moved { .. } | DriftState::Gone);
        if self.tags.iter().any(differs) {
            return Some(false);
        }
        self.tags.iter().all(|tag| tag.state == DriftState::Current).then_some(true)
    }
}

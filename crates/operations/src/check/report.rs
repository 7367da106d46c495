//! What a check answers.

use schemars::JsonSchema;
use serde::Serialize;

use crate::error::OperationError;
use crate::finding::Finding;
use crate::healthomics::{Access, PrefixAccess};

/// Whether a run can use an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Availability {
    /// It is in ECR and HealthOmics can use it.
    Usable,
    /// It is not in ECR yet; the first pull brings it through a rule, and HealthOmics may make that pull.
    PulledThrough,
    /// It is not in ECR, and no pull will bring it there.
    NotThere,
    /// It is in ECR, or a rule would bring it there, and HealthOmics cannot use it.
    Unusable,
    /// It could not be told.
    Unknown,
}

impl Availability {
    /// Returns the answer in a few words, as tables show it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Usable => "usable",
            Self::PulledThrough => "pulled through",
            Self::NotThere => "not there",
            Self::Unusable => "unusable",
            Self::Unknown => "unknown",
        }
    }

    /// Returns whether a run can use the image.
    pub fn is_yes(self) -> bool {
        matches!(self, Self::Usable | Self::PulledThrough)
    }
}

/// Why an answer is not a plain yes, for programs to tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The text is no name of an image.
    Malformed,
    /// The name is of a registry or Region that HealthOmics cannot read.
    WrongPlace,
    /// Nothing of that name is in ECR, and no rule covers it.
    NotInEcr,
    /// The registry that it comes from has no such image or tag.
    ImageNotFound,
    /// The registry that it comes from does not let us see it: it is private, or not there.
    UpstreamAccessDenied,
    /// The registry that it comes from allows no more pulls now.
    RateLimited,
    /// The registry that it comes from does not answer.
    UpstreamUnreachable,
    /// It is named by a digest, and a rule brings images by tag.
    DigestThroughRule,
    /// HealthOmics is not allowed to read it, or to have it brought.
    AccessDenied,
    /// It is no container image.
    NotAnImage,
    /// It does not run on linux/amd64.
    WrongArchitecture,
    /// It is larger than HealthOmics takes.
    TooLarge,
    /// It is archived, or still coming back from the archive.
    Archived,
    /// Some of its manifests or layers are not in ECR.
    Incomplete,
    /// ECR could not be looked at.
    EcrUnknown,
}

/// One thing that was asked, and what was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Evidence {
    /// Who was asked for what.
    pub asked: String,
    /// What the answer was.
    pub answered: String,
}

impl Evidence {
    /// Returns a question with its answer.
    pub(crate) fn new(asked: impl Into<String>, answered: impl Into<String>) -> Self {
        Self { asked: asked.into(), answered: answered.into() }
    }
}

/// What a text was taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReadAs {
    /// The full name of an image in a private registry.
    EcrUri,
    /// A repository of the private registry.
    Repository,
    /// An image of another registry.
    Public,
    /// Nothing: it is no name.
    Nothing,
}

/// How a text was understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Reading {
    /// What it was taken for.
    pub kind: ReadAs,
    /// Why, where it could have been something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub why: Option<String>,
    /// The image of the other registry that is meant, where one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub upstream: Option<String>,
}

/// What ECR has of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StoredImage {
    /// Its digest.
    pub digest: String,
    /// The media type of its manifest, where ECR tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub media_type: Option<String>,
    /// Its size in bytes, compressed; of an index, what linux/amd64 takes, or the largest of its images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u64")]
    pub size_bytes: Option<u64>,
    /// When it was pushed, or last taken from upstream; RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub pushed_at: Option<String>,
    /// When it was last pulled, to within a day; RFC 3339. A pull through a rule compares the tag with upstream when the
    /// last comparison is older than 24 hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub last_pulled_at: Option<String>,
    /// All tags that point to it.
    pub tags: Vec<String>,
    /// Whether it is archived.
    pub archived: bool,
    /// Its platforms; empty where nothing tells them.
    pub platforms: Vec<String>,
    /// Its ENTRYPOINT; none where it has none or its config was not read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entrypoint: Vec<String>,
    /// Its USER; none where it has none or its config was not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub user: Option<String>,
}

/// What the registry answered that an image comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum UpstreamAnswer {
    /// It has the image.
    There {
        /// Its digest, where the registry tells it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "String")]
        digest: Option<String>,
        /// The media type of its manifest, where the registry tells it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "String")]
        media_type: Option<String>,
        /// Its platforms; empty where reading them would count as a pull, or nothing tells them.
        platforms: Vec<String>,
    },
    /// It has no such image.
    NotFound {
        /// Whether it has a repository of that name; none where it does not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "bool")]
        repository_exists: Option<bool>,
        /// Tags that it has and that come near.
        nearest_tags: Vec<String>,
    },
    /// It does not let us see it.
    Denied {
        /// Its words.
        words: String,
    },
    /// It allows no more requests, or no more pulls, now.
    RateLimited {
        /// Its words.
        words: String,
    },
    /// It does not answer, or not as a registry does.
    Unreachable {
        /// What happened.
        words: String,
    },
}

/// A look at the registry that an image comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UpstreamLook {
    /// The image there.
    pub image: String,
    /// What was answered.
    #[serde(flatten)]
    pub answer: UpstreamAnswer,
    /// Whether we said who we are.
    pub with_login: bool,
    /// Pulls that the registry allows us now, where it tells that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u64")]
    pub pulls_left: Option<u64>,
}

/// One image, checked.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CheckedImage {
    /// The image as it was given.
    pub image: String,
    /// How that was understood.
    pub reading: Reading,
    /// Its name in the private registry, where it has one or will have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub uri: Option<String>,
    /// Whether a run can use it.
    pub availability: Availability,
    /// Why that is not a plain yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Cause")]
    pub cause: Option<Cause>,
    /// The same in words, with one action that helps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "OperationError")]
    pub problem: Option<OperationError>,
    /// The ECR repository prefix of the rule that governs its repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub rule: Option<String>,
    /// What ECR has of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "StoredImage")]
    pub stored: Option<StoredImage>,
    /// What the registry has of it that it comes from; asked only where ECR has it not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "UpstreamLook")]
    pub upstream: Option<UpstreamLook>,
    /// Whether HealthOmics may read it, or will be able to once a rule has brought it.
    pub healthomics_access: Access,
    /// The parts of that verdict, for an image that a rule will bring.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "PrefixAccess")]
    pub prefix_access: Option<PrefixAccess>,
    /// What came of having it imported, where that was asked for: none when it worked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "OperationError")]
    pub prime_error: Option<OperationError>,
    /// What is to be known beside the answer.
    pub findings: Vec<Finding>,
    /// What was asked and answered, in the order in which it was asked.
    pub evidence: Vec<Evidence>,
}

/// The answer of a check.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CheckReport {
    /// The version of this shape: `1`.
    pub schema_version: u32,
    /// The host of the private registry.
    pub registry: String,
    /// The images, in the order in which they were given.
    pub images: Vec<CheckedImage>,
    /// Images that were imported before, where that was asked for.
    pub imported: usize,
    /// What concerns all of them.
    pub findings: Vec<Finding>,
}

impl CheckReport {
    /// Returns whether every image is usable or will be; `None` where that could not be told and nothing says no.
    pub fn verdict(&self) -> Option<bool> {
        let answers = || self.images.iter().map(|image| image.availability);
        if answers().all(Availability::is_yes) {
            return Some(true);
        }
        answers().any(|answer| !answer.is_yes() && answer != Availability::Unknown).then_some(false)
    }
}

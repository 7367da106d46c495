//! The plan of a clone: what each image needs and what will be changed, as data.

use registry::copy::CopyPlan;
use schemars::JsonSchema;
use serde::Serialize;

use super::account_setting::Mounting;
use super::request::CloneOptions;
use super::survey::Source;
use crate::error::OperationError;
use crate::finding::Finding;
use crate::prime::Prime;

/// How an image comes into the private registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum CloneRoute {
    /// Its bytes are copied.
    Copy {
        /// Why a pull through cache rule that covers it is not used.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "String")]
        reason: Option<String>,
    },
    /// A pull through cache rule makes ECR fetch it, with all its platforms.
    Prime {
        /// The rule's ECR repository prefix.
        rule: String,
    },
    /// It is in this registry.
    InPlace,
    /// There is none.
    None,
}

impl CloneRoute {
    /// Returns the route in a word, as tables show it.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Copy { .. } => "copy",
            Self::Prime { .. } => "rule",
            Self::InPlace => "in place",
            Self::None => "none",
        }
    }
}

/// What is to be done about an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Step {
    /// Nothing: it is there.
    UpToDate,
    /// It is copied.
    Copy {
        /// The digest that its tag stands for now and will not any more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "String")]
        replaces: Option<String>,
    },
    /// It is there, and what refers to it is added.
    AddReferrers {
        /// Signatures, attestations and other referrers that it lacks.
        missing: usize,
    },
    /// It is pulled through its rule.
    Prime,
    /// Nothing: the tag stands for another image.
    Conflict {
        /// The digest that it stands for.
        existing: String,
    },
    /// Nothing can be done.
    Refused {
        /// Why not.
        error: OperationError,
    },
    /// The same as another image of the plan.
    SameAs {
        /// Its place, the first image being 0.
        image: usize,
    },
    /// Planning was called off before it was known.
    Cancelled,
}

/// One image of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PlannedClone {
    /// The image as it was asked for.
    pub source: String,
    /// Its name in the private registry; empty where it cannot have one.
    pub destination: String,
    /// How it comes there.
    pub route: CloneRoute,
    /// What is to be done.
    pub step: Step,
    /// The digest that the source's name stands for, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub source_digest: Option<String>,
    /// The digest that it will have; another one where one platform is taken out of an index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub digest: Option<String>,
    /// The platforms that it will have, where they are known.
    pub platforms: Vec<String>,
    /// The size of what is copied in bytes, compressed; shared layers count for each image.
    pub size_bytes: u64,
}

/// A repository to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NewRepositoryPlan {
    /// The KMS key it is encrypted with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub kms_key: Option<String>,
    /// Whether its tags never move.
    pub immutable: bool,
    /// Its resource tags.
    pub tags: std::collections::BTreeMap<String, String>,
}

/// What becomes of a repository's policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum PolicyPlan {
    /// It stays as it is.
    Unchanged,
    /// HealthOmics' statement is merged into it; all else stays.
    Grant {
        /// The policy as it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "String")]
        before: Option<String>,
        /// The policy as it will be.
        after: String,
    },
    /// What its rule's creation template gives it is looked at once it is there, and HealthOmics' statement is
    /// merged into that where it has to be.
    AfterPrime,
    /// It cannot be changed so that HealthOmics may read.
    Refused {
        /// Why not.
        error: OperationError,
    },
}

/// A repository of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RepositoryPlan {
    /// Its name.
    pub name: String,
    /// How it is made, where it is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "NewRepositoryPlan")]
    pub create: Option<NewRepositoryPlan>,
    /// What becomes of its policy.
    pub policy: PolicyPlan,
}

/// A source registry's allowance of pulls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PullAllowance {
    /// The registry.
    pub registry: String,
    /// Images of the plan that had to be read from it.
    pub wanted: u64,
    /// How many of them fitted when it was asked.
    pub fit: u64,
    /// Pulls allowed in a window.
    pub limit: u64,
}

/// What a clone will do.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ClonePlan {
    /// The version of this shape: `1`.
    pub schema_version: u32,
    /// The host of the private registry.
    pub registry: String,
    /// The images, in the order they were asked for.
    pub images: Vec<PlannedClone>,
    /// The repositories that are made or whose policies are looked at.
    pub repositories: Vec<RepositoryPlan>,
    /// Whether layers are mounted between repositories, and what that saves.
    pub mounting: Mounting,
    /// Bytes that have to be sent at most; what turns out to be there is not sent.
    pub bytes: u64,
    /// Allowances of pulls that source registries told.
    pub pull_allowances: Vec<PullAllowance>,
    /// Observations.
    pub findings: Vec<Finding>,
    /// What is needed to carry it out.
    #[serde(skip)]
    pub(super) work: Work,
}

/// What a plan keeps for its application.
#[derive(Debug, Clone, Default)]
pub(super) struct Work {
    /// How images are cloned.
    pub(super) options: CloneOptions,
    /// Copies, with the place of each image of theirs in the plan.
    pub(super) jobs: Vec<Job>,
    /// Images that rules fetch, with their places.
    pub(super) primes: Vec<(usize, Prime)>,
    /// The images as they were read; `None` for those that cannot be cloned.
    pub(super) sources: Vec<Option<Source>>,
}

/// Copies that are made with one choice of platforms.
#[derive(Debug, Clone)]
pub(super) struct Job {
    /// What is copied.
    pub(super) plan: CopyPlan,
    /// How.
    pub(super) options: registry::copy::CopyOptions,
    /// The place of each of its images in the plan.
    pub(super) places: Vec<usize>,
}

impl ClonePlan {
    /// Returns whether there is nothing to do: every image is there and HealthOmics may read it.
    pub fn is_done(&self) -> bool {
        !self.has_changes() && self.refused() == 0
    }

    /// Returns whether carrying it out would change anything.
    pub fn has_changes(&self) -> bool {
        let image = |image: &PlannedClone| {
            matches!(image.step, Step::Copy { .. } | Step::AddReferrers { .. } | Step::Prime)
        };
        let repository = |repository: &RepositoryPlan| {
            repository.create.is_some() || matches!(repository.policy, PolicyPlan::Grant { .. })
        };
        self.images.iter().any(image)
            || self.repositories.iter().any(repository)
            || self.mounting.is_switched_on()
    }

    /// Returns how many images will not be there.
    pub fn refused(&self) -> usize {
        let refused = |image: &&PlannedClone| match &image.step {
            Step::Conflict { .. } | Step::Refused { .. } | Step::Cancelled => true,
            Step::SameAs { image } => self.images.get(*image).is_some_and(|first| {
                matches!(first.step, Step::Conflict { .. } | Step::Refused { .. } | Step::Cancelled)
            }),
            _ => false,
        };
        self.images.iter().filter(refused).count()
    }

    /// Takes an image out of the plan, with the reason; what it shares with others stays.
    pub fn refuse(&mut self, place: usize, error: OperationError) {
        let Some(image) = self.images.get_mut(place) else { return };
        image.step = Step::Refused { error };
        self.work.primes.retain(|(index, _)| *index != place);
        for job in &mut self.work.jobs {
            let planned = job.places.iter().zip(&mut job.plan.images).find(|(index, _)| **index == place);
            if let Some((_, image)) = planned {
                image.decision = registry::copy::Decision::Cancelled;
            }
        }
    }

    /// Returns whether planning was called off.
    pub fn is_cancelled(&self) -> bool {
        self.images.iter().any(|image| image.step == Step::Cancelled)
    }
}

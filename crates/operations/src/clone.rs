//! Clone: images from any registry into a private ECR, as a plan and its application.
//!
//! Owns what a clone consists of beside the bytes: where each image goes and by which route, which repositories
//! are made, HealthOmics' read access to them, and the proof in ECR afterwards. How bytes move is the business of
//! [`registry::copy`].
//!
//! [`plan`] only reads. [`apply`] carries out that plan; a second run of both finds nothing to do.

mod account_setting;
mod apply;
mod conclude;
mod event;
mod plan;
mod planning;
mod report;
mod repository;
mod request;
mod shard;
mod survey;
mod verify;

pub use self::account_setting::{Mounting, MountingState};
pub use self::apply::apply;
pub use self::event::{CloneEvent, CloneSink, Silent, Stage};
pub use self::plan::{
    ClonePlan, CloneRoute, NewRepositoryPlan, PlannedClone, PolicyPlan, PullAllowance, RepositoryPlan, Step,
};
pub use self::planning::plan;
pub use self::report::{CloneOutcome, CloneReport, ClonedImage, RepositoryReport};
pub use self::request::{CloneItem, CloneOptions, CloneRequest, RepositorySettings, read_list};
pub use self::shard::Shard;

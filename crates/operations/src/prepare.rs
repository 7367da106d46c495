//! Prepare: every image of a workflow made ready in a private ECR, by whichever route it can take.
//!
//! Owns the choice of the route, the order of the work (what a cache consists of, then the images, then the proof) and
//! what is told of it. How a cache is made is the business of [`cache`](crate::cache), how images come into ECR of
//! [`clone`](crate::clone), and whether a run can use them of [`check`](crate::check).
//!
//! [`plan`] only reads. [`apply`] carries out that plan; a second run of both finds nothing to do.

mod apply;
mod conclude;
mod html;
mod lock;
mod picture;
mod plan;
mod planned;
mod planning;
mod private;
mod report;
mod request;
mod routing;
mod saved;

pub use self::apply::apply;
pub use self::html::html;
pub use self::lock::{Lock, LockChange};
pub use self::plan::{
    NamedImage, PlannedAction, PlannedImage, PlannedRule, PreparePlan, PrepareRoute, RegistryPolicyPlan,
};
pub use self::planning::plan;
pub use self::report::{PrepareOutcome, PrepareReport, PreparedImage};
pub use self::request::{Prefer, PrepareOptions, PrepareRequest, WorkflowImage};
pub(crate) use self::saved::REGISTRY_POLICY;
pub use self::saved::{Difference, SavedPlan};

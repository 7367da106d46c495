//! Pull through caches for HealthOmics: made, removed and listed.
//!
//! Owns that a cache is three things and not one: the rule, the registry's grant to HealthOmics, and the template
//! that opens the repositories which the rule makes. Decides nothing about policies by itself: that is
//! `healthomics`' knowledge.
//!
//! Planning only reads. Applying reads each thing anew, merges, writes, reads back and compares; a second run finds
//! nothing to do.

mod create;
mod delete;
mod existing;
mod list;
mod opening;
pub(crate) mod registry_policy;
mod request;
mod rule;
mod runs;
pub(crate) mod shown;
mod step;
pub(crate) mod template;

pub use self::create::{CachePlan, CacheReport, apply, plan};
pub use self::delete::{CacheRemoval, CacheRemovalReport, RemovalRequest, apply_removal, plan_removal};
pub use self::existing::ExistingRepository;
pub use self::list::{CacheList, ListedRule, list};
pub(crate) use self::opening::{Opening, Written, stranger};
pub use self::request::{CacheOptions, CacheRequest, SourceAccount};
pub use self::step::{Action, Outcome, Step, StepKind, StepReport};
pub(crate) use self::template::DESCRIPTION as TEMPLATE_DESCRIPTION;

//! Copies images from registry to registry: many as one job, each distinct blob once.
//!
//! Owns what a copy consists of: which manifests and blobs, in which order, and who brings what several images
//! share. A job is first a plan ([`plan`]), which only reads, and then is carried out ([`run`]); doing it
//! again sends only what is missing.
//!
//! Into several repositories of one registry a shared blob goes once, with the first image that needs it (its
//! leader), manifest included, because some registries mount only what a manifest names; the others then mount
//! it. Children come before parents and the tag comes last, so whatever is interrupted is never seen half.

mod event;
mod graph;
mod holders;
mod image;
mod job;
mod leader;
mod plan;
mod referrers;
mod report;
mod run;
mod survey;
mod transfer;

pub use event::{Event, EventSink, Happening, Item, ItemKind, Silent};
pub use graph::Graph;
pub use job::{CopyJob, CopyOptions, ImageCopy, Overwrite, PARTS_FROM};
pub use plan::{CopyPlan, Decision, PlannedImage, PullBudget, plan};
pub use referrers::MissingReferrer;
pub use report::{CopyReport, ImageReport, Outcome, RefusedMounts};
pub use run::run;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::client::Client;

/// Plans a job and carries the plan out.
///
/// Cancelling the token ends it soon: what is under way is dropped, no tag is written any more, and a later
/// run sends only what is still missing.
pub async fn copy(
    client: &Client,
    job: &CopyJob,
    sink: Arc<dyn EventSink>,
    cancel: &CancellationToken,
) -> CopyReport {
    let plan = plan(client, job, sink.as_ref(), cancel).await;
    run(client, plan, &job.options, sink, cancel).await
}

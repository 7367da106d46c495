//! What the copy engine plans, as steps of a clone.

use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use registry::copy::{CopyJob, CopyOptions, Decision, ImageCopy, Overwrite, PlannedImage};
use registry::{Platform, PlatformChoice, Side};
use tokio_util::sync::CancellationToken;

use super::Planner;
use crate::clone::event::{Count, Teller};
use crate::clone::plan::{Job, Step};
use crate::error::OperationError;
use crate::platform;

/// Configs that are read at once.
const AT_ONCE: usize = 16;

impl Planner<'_> {
    /// Plans the copies of one choice of platforms.
    pub(super) async fn plan_copies(
        &mut self,
        (platforms, places): (PlatformChoice, Vec<usize>),
        cancel: &CancellationToken,
    ) {
        let copy = |index: &usize| {
            let source = self.work.sources.get(*index)?.as_ref()?;
            Some(ImageCopy { source: source.image.clone(), destination: source.destination.clone() })
        };
        let options = CopyOptions {
            platforms,
            overwrite: if self.options.overwrite { Overwrite::Allow } else { Overwrite::Refuse },
            referrers: self.options.referrers,
            transfers: self.options.transfers,
            layer_parts: self.registry.layer_parts(),
            parts_from: self.options.parts_from,
            ..CopyOptions::default()
        };
        let job = CopyJob { images: places.iter().filter_map(copy).collect(), options };
        let teller =
            Teller { sink: self.sink.clone(), count: Arc::<Count>::default(), places: places.clone() };
        let mut plan = registry::copy::plan(self.registry.client(), &job, &teller, cancel).await;
        let platforms = stream::iter(&plan.images).map(|image| self.platforms(image)).buffered(AT_ONCE);
        let platforms: Vec<_> = platforms.collect().await;
        for ((index, image), platforms) in places.iter().zip(&mut plan.images).zip(platforms) {
            let Some(planned) = self.images.get_mut(*index) else { continue };
            planned.source_digest = image.source_digest.as_ref().map(ToString::to_string);
            planned.step = match (&image.decision, platforms) {
                (Decision::UpToDate(digest), _) => {
                    planned.digest = Some(digest.to_string());
                    Step::UpToDate
                }
                (Decision::AddReferrers { existing, missing }, _) => {
                    planned.digest = Some(existing.to_string());
                    Step::AddReferrers { missing: missing.len() }
                }
                (Decision::Conflict { existing, wanted }, _) => {
                    planned.digest = Some(wanted.to_string());
                    Step::Conflict { existing: existing.to_string() }
                }
                (Decision::Failed(error), _) => Step::Refused { error: error.into() },
                (Decision::SameAs(_) | Decision::Cancelled, _) => Step::Cancelled,
                (Decision::Copy(_), Err(error)) => Step::Refused { error: error.into() },
                (Decision::Copy(graph), Ok(platforms)) => {
                    planned.digest = graph.root().map(|root| root.digest.to_string());
                    planned.size_bytes = graph.blobs().iter().map(|blob| blob.size).sum();
                    planned.platforms = platforms.iter().map(Platform::to_string).collect();
                    match self.options.platforms {
                        // What was asked for by name is copied; a finding says what it is good for.
                        Some(PlatformChoice::One(_)) => Step::Copy { replaces: None },
                        _ if platform::runs(&platforms) => Step::Copy { replaces: None },
                        _ => Step::Refused { error: no_platform(&planned.source, &platforms) },
                    }
                }
            };
            if !matches!(planned.step, Step::Copy { .. }) && matches!(image.decision, Decision::Copy(_)) {
                image.decision = Decision::Cancelled;
            }
        }
        self.work.jobs.push(Job { plan, options: job.options, places });
    }

    /// Returns the platforms of an image that is to be copied.
    async fn platforms(&self, image: &PlannedImage) -> registry::Result<Vec<Platform>> {
        let Decision::Copy(graph) = &image.decision else { return Ok(Vec::new()) };
        match (&graph.platform, graph.root()) {
            (Some(platform), _) => Ok(vec![platform.clone()]),
            (None, Some(root)) => {
                let source = &image.source;
                let source = self.registry.client().repository(source.host(), source.repository())?;
                platform::of(&source.on(Side::Source), root).await
            }
            (None, None) => Ok(Vec::new()),
        }
    }
}

fn no_platform(source: &str, platforms: &[Platform]) -> OperationError {
    OperationError::new(format!("cannot clone `{source}`"))
        .refused(format!("it has no linux/amd64, only {}", platform::words(platforms)))
        .hint("HealthOmics runs linux/amd64 alone: name a tag or an image that has it")
}

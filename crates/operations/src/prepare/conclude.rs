//! What was done becomes a report, with the maps of what is ready.

use std::collections::HashMap;
use std::time::Duration;

use image::ImageReference;

use super::lock;
use super::plan::{PlannedImage, PreparePlan, PrepareRoute};
use super::report::{PrepareOutcome, PrepareReport, PreparedImage};
use crate::cache::CacheReport;
use crate::check::{Availability, CheckReport, CheckedImage};
use crate::clone::{CloneOutcome, CloneReport, ClonedImage};
use crate::error::{OperationError, Result};
use crate::healthomics::Access;
use crate::map::destination::clone_repository;
use crate::map::{self, Placed};
use crate::route::Route;

/// Everything that was done.
pub(super) struct Done {
    pub(super) caches: Vec<CacheReport>,
    pub(super) clones: Option<CloneReport>,
    /// What a run would find; none where nobody looked.
    pub(super) checked: Result<Option<CheckReport>>,
    pub(super) cancelled: bool,
}

/// Returns the report on everything that was done.
pub(super) fn report(plan: PreparePlan, done: Done, took: Duration) -> PrepareReport {
    let looks: HashMap<&str, &CheckedImage> = match &done.checked {
        Ok(Some(report)) => report.images.iter().map(|image| (image.image.as_str(), image)).collect(),
        _ => HashMap::new(),
    };
    let image = |planned: &PlannedImage| {
        let cloned =
            planned.clone.and_then(|place| done.clones.as_ref().and_then(|report| report.images.get(place)));
        let mut image = begin(planned, cloned, done.cancelled);
        if image.outcome.is_ready() {
            let looked = image.named.destination.as_deref().and_then(|name| looks.get(name));
            prove(&mut image, looked.copied(), &done);
        }
        let digest = image.named.source_digest.as_deref().or(image.named.digest.as_deref());
        let moved = lock::moved(&image.named.name, digest, &plan.request.locked);
        if let (true, Some(problem)) = (image.outcome.is_ready(), moved) {
            image.outcome = PrepareOutcome::Failed;
            image.error = Some(problem);
        }
        image
    };
    let images: Vec<PreparedImage> = plan.images.iter().map(image).collect();
    let mut map = maps(&plan, &images);
    map.unresolved = plan.unresolved;
    let mut findings = plan.findings;
    let told = done.caches.iter().flat_map(|cache| &cache.findings);
    let told = told.chain(done.clones.iter().flat_map(|clones| &clones.findings));
    let looked = looks.values().flat_map(|image| &image.findings);
    for finding in told.chain(looked).chain(&map.findings) {
        if !findings.contains(finding) {
            findings.push(finding.clone());
        }
    }
    findings.sort_by_key(|finding| finding.severity);
    let (sent_bytes, mounted_bytes) =
        done.clones.as_ref().map_or((0, 0), |clones| (clones.sent_bytes, clones.mounted_bytes));
    PrepareReport {
        schema_version: 1,
        workflow: plan.workflow,
        account: plan.account,
        region: plan.region,
        registry: plan.registry,
        images,
        caches: done.caches,
        repositories: done.clones.map(|clones| clones.repositories).unwrap_or_default(),
        image_map: map.flat(),
        container_registry_map: map.healthomics().clone(),
        sent_bytes,
        mounted_bytes,
        seconds: took.as_secs_f64(),
        unresolved: plan.unresolved,
        cancelled: done.cancelled,
        findings,
        map,
    }
}

/// Returns what was done about an image, before anybody looked at it again.
fn begin(planned: &PlannedImage, cloned: Option<&ClonedImage>, cancelled: bool) -> PreparedImage {
    let mut image = PreparedImage {
        named: planned.named.clone(),
        outcome: PrepareOutcome::UpToDate,
        size_bytes: None,
        healthomics_access: Access::Unknown {
            reason: "the image is not in ECR, or not known to be".to_owned(),
        },
        sent_bytes: 0,
        mounted_bytes: 0,
        seconds: 0.0,
        error: None,
    };
    if let Some(cloned) = cloned {
        image.outcome = match cloned.outcome {
            CloneOutcome::Copied => PrepareOutcome::Copied,
            CloneOutcome::Primed => PrepareOutcome::PulledThrough,
            CloneOutcome::UpToDate => PrepareOutcome::UpToDate,
            CloneOutcome::Conflict | CloneOutcome::Failed => PrepareOutcome::Failed,
            CloneOutcome::Cancelled => PrepareOutcome::Cancelled,
        };
        image.named.digest = cloned.digest.clone().or(image.named.digest);
        image.size_bytes = cloned.size_bytes;
        image.sent_bytes = cloned.sent_bytes;
        image.mounted_bytes = cloned.mounted_bytes;
        image.seconds = cloned.seconds;
        image.healthomics_access = cloned.healthomics_access.clone();
        image.error = cloned.error.clone();
        if !cloned.platforms.is_empty() {
            image.named.platforms = cloned.platforms.clone();
        }
    } else if matches!(planned.named.route, PrepareRoute::HealthomicsCopies { .. }) {
        image.outcome = PrepareOutcome::LeftToHealthomics;
        let reason = "HealthOmics makes the repository and the copy when a run starts".to_owned();
        image.healthomics_access = Access::Unknown { reason };
    } else if cancelled {
        image.outcome = PrepareOutcome::Cancelled;
    }
    if let Some(problem) = &planned.problem {
        image.outcome = PrepareOutcome::Failed;
        image.error = Some(problem.clone());
    }
    image
}

/// Takes what a run would find in the place of what was done.
fn prove(image: &mut PreparedImage, looked: Option<&CheckedImage>, done: &Done) {
    let Some(looked) = looked else {
        (image.outcome, image.error) = match &done.checked {
            _ if done.cancelled => (PrepareOutcome::Cancelled, None),
            Err(error) => (PrepareOutcome::Failed, Some(error.clone())),
            Ok(_) => {
                let error =
                    OperationError::new(format!("cannot tell whether `{}` is usable", image.named.name));
                (PrepareOutcome::Failed, Some(error.hint("run again: what is done stays done")))
            }
        };
        return;
    };
    image.healthomics_access = looked.healthomics_access.clone();
    if let Some(stored) = &looked.stored {
        image.named.digest = Some(stored.digest.clone());
        image.size_bytes = stored.size_bytes.or(image.size_bytes);
        if !stored.platforms.is_empty() {
            image.named.platforms = stored.platforms.clone();
        }
    }
    if looked.availability == Availability::Usable {
        // What could not be done about a policy does not matter where HealthOmics may read all the same.
        image.error = None;
        return;
    }
    image.outcome = PrepareOutcome::Failed;
    // Why a grant failed says more than that there is none.
    let untold = || OperationError::new(format!("a run cannot use `{}`", image.named.name));
    image.error = image.error.take().or(looked.problem.clone()).or_else(|| Some(untold()));
}

/// Returns the maps of the images that are ready, and of those that HealthOmics copies.
fn maps(plan: &PreparePlan, images: &[PreparedImage]) -> map::RegistryMap {
    let placed = |image: &PreparedImage| {
        let reference: ImageReference = image.named.name.parse().ok()?;
        let named = Route::of(&reference, &plan.mapping.target);
        let (route, repository) = match (&image.named.route, named) {
            // A name of the private registry leads there by itself.
            (PrepareRoute::AlreadyPrivate, _) | (_, Route::AlreadyPrivate) => return None,
            _ if reference.host().as_str() == plan.registry => return None,
            (PrepareRoute::HealthomicsCopies { upstream, .. }, _) => {
                let repository = clone_repository(&reference, plan.mapping.clone_prefix.as_ref()).ok()?;
                (Route::HealthomicsCopies { upstream: upstream.clone() }, repository)
            }
            (_, _) if !image.outcome.is_ready() => return None,
            (PrepareRoute::Clone { reason }, _) => {
                (Route::Clone { reason: reason.clone() }, repository_of(image)?)
            }
            (_, named) => (named, repository_of(image)?),
        };
        Some(Placed { name: image.named.name.clone(), image: reference, route, repository })
    };
    let placed: Vec<Placed> = images.iter().filter_map(placed).collect();
    map::of_placed(&placed, plan.registry.clone(), &plan.names, &plan.mapping, Vec::new())
}

fn repository_of(image: &PreparedImage) -> Option<image::RepositoryName> {
    let destination: ImageReference = image.named.destination.as_deref()?.parse().ok()?;
    Some(destination.repository().clone())
}

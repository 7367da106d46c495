//! Carries a plan out: what rules need first, then the images as one job, then the proof.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::conclude;
use super::plan::{PlannedImage, PreparePlan, PrepareRoute};
use super::report::PrepareReport;
use crate::account::Account;
use crate::cache::{self, CacheReport, StepKind};
use crate::check::{self, CheckReport, CheckRequest};
use crate::clone::{self, CloneReport, CloneSink};
use crate::error::{OperationError, Result};
use crate::private_registry::PrivateRegistry;

/// Carries a plan out and reports on every image; where some fail, the others are done all the same.
///
/// When the token is cancelled, what is under way is dropped; planning and applying again does what is missing.
pub async fn apply(
    account: &Account,
    registry: &PrivateRegistry,
    mut plan: PreparePlan,
    sink: Arc<dyn CloneSink>,
    cancel: &CancellationToken,
) -> PrepareReport {
    let began = Instant::now();
    let caches = make_caches(account, &mut plan, cancel).await;
    hold_back(&mut plan, &caches);
    let clones = match plan.clones.take() {
        Some(clones) => Some(clone::apply(registry, clones, sink, cancel).await),
        None => None,
    };
    let names = names(&plan, clones.as_ref());
    let checked = match cancel.is_cancelled() || names.is_empty() {
        true => Ok(None),
        false => cancel.run_until_cancelled(verify(account, registry, names, &plan)).await.transpose(),
    };
    let done = conclude::Done { caches, clones, checked, cancelled: cancel.is_cancelled() };
    conclude::report(plan, done, began.elapsed())
}

/// Makes or repairs what rules need, one after the other: all of them write the registry's one policy.
async fn make_caches(
    account: &Account,
    plan: &mut PreparePlan,
    cancel: &CancellationToken,
) -> Vec<CacheReport> {
    let mut reports = Vec::new();
    for cache in std::mem::take(&mut plan.caches) {
        // What is begun is ended: a rule without its template would make closed repositories.
        if cache.has_changes() && !cancel.is_cancelled() {
            reports.push(cache::apply(account, cache).await);
        }
    }
    reports
}

/// Takes images out whose rule did not come about.
fn hold_back(plan: &mut PreparePlan, caches: &[CacheReport]) {
    let Some(clones) = &mut plan.clones else { return };
    for report in caches {
        let failed = report.steps.iter().any(|step| step.kind == StepKind::Rule && step.is_open());
        if !failed {
            continue;
        }
        let cause = report.steps.iter().find_map(|step| step.error.as_ref());
        for image in &plan.images {
            let PrepareRoute::NewRule { prefix, .. } = &image.named.route else { continue };
            let (true, Some(place)) = (*prefix == report.prefix, image.clone) else { continue };
            clones.refuse(place, without_rule(image, prefix, cause));
        }
    }
}

fn without_rule(image: &PlannedImage, prefix: &str, cause: Option<&OperationError>) -> OperationError {
    let words = cause.map(|cause| match &cause.refused {
        Some(refused) => format!("{}: {refused}", cause.tried),
        None => cause.tried.clone(),
    });
    let words = words.unwrap_or_else(|| "it was not tried".to_owned());
    let error = OperationError::new(format!("cannot pull `{}` through", image.named.name))
        .refused(format!("the rule `{prefix}` was not made: {words}"));
    match cause.and_then(|cause| cause.hint.clone()) {
        Some(hint) => error.hint(hint),
        None => error.hint("run again: what is done stays done"),
    }
}

/// Returns the names in ECR that a run would ask for: those of images that should be there.
fn names(plan: &PreparePlan, clones: Option<&CloneReport>) -> BTreeSet<String> {
    let is_there = |image: &&PlannedImage| match image.clone {
        Some(place) => {
            clones.and_then(|report| report.images.get(place)).is_some_and(|cloned| cloned.outcome.is_there())
        }
        None => image.named.route == PrepareRoute::AlreadyPrivate,
    };
    plan.images.iter().filter(is_there).filter_map(|image| image.named.destination.clone()).collect()
}

async fn verify(
    account: &Account,
    registry: &PrivateRegistry,
    names: BTreeSet<String>,
    plan: &PreparePlan,
) -> Result<CheckReport> {
    let names = CheckRequest::new(names.into_iter().collect());
    check::check(account, registry, &CheckRequest { runs_in: plan.runs_in.clone(), ..names }).await
}

//! Carries a plan out: the setting, the repositories, the bytes, the proof.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use image::RepositoryName;
use registry::copy::{CopyReport, Decision};
use registry::{Platform, PlatformChoice};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::account_setting::MountingState;
use super::event::{CloneEvent, CloneSink, Count, Stage, Teller};
use super::plan::{ClonePlan, Job, PolicyPlan, RepositoryPlan, Step, Work};
use super::report::{CloneReport, RepositoryReport};
use super::repository::{self, Opener};
use super::verify::{self, Claim};
use super::{account_setting, conclude};
use crate::error::{OperationError, Result};
use crate::healthomics::Access;
use crate::prime::Primed;
use crate::private_registry::PrivateRegistry;

/// Images that ECR is made to fetch at once.
const PRIMES: usize = 8;

/// What was done to a repository, and what HealthOmics may read of it.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    pub(super) report: RepositoryReport,
    /// Whether it is there.
    pub(super) usable: bool,
    pub(super) access: Access,
}

/// What became of an image that a rule fetches, and how long that took, in seconds.
pub(super) type PrimeOutcome = (Option<Result<Primed>>, f64);

/// Carries a plan out and reports on every image; where some fail, the others are done all the same.
///
/// When the token is cancelled, requests under way are dropped and no tag is written any more; planning and
/// applying again sends only what is missing. Repositories that were made by then stay, and the report names them.
pub async fn apply(
    registry: &PrivateRegistry,
    plan: ClonePlan,
    sink: Arc<dyn CloneSink>,
    cancel: &CancellationToken,
) -> CloneReport {
    let ClonePlan { images, repositories, mounting, findings, mut work, .. } = plan;
    let mut applied = Applied { images, findings, ..Applied::default() };
    if mounting.is_switched_on() && !cancel.is_cancelled() {
        match account_setting::switch_on(registry).await {
            Ok(()) => applied.mounting_enabled = true,
            Err(error) => applied.setting_failed(&error),
        }
    }
    let options = work.options.clone();
    let opener = Opener::new(registry, &options).await;
    applied.repositories = prepare(&opener, registry, &repositories, &work, sink.as_ref(), cancel).await;
    hold_back(&mut work, &applied.repositories);
    let mut jobs = std::mem::take(&mut work.jobs);
    if mounting.state == MountingState::Off {
        // Known not to work: nobody has to wait for a layer that another image brings.
        jobs.iter_mut().for_each(|job| job.options.mounts = false);
        applied.unmounted_bytes = mounting.saves_bytes;
    }
    let new = applied.repositories.iter().filter(|(_, prepared)| prepared.report.created);
    let new: HashSet<RepositoryName> = new.map(|(name, _)| name.clone()).collect();
    for job in &mut jobs {
        job.options.new_repositories.insert(registry.host().clone(), new.clone());
    }
    let (copies, primes) = tokio::join!(
        copy(registry, jobs, sink.clone(), cancel),
        prime(registry, &work, sink.as_ref(), cancel)
    );
    applied.copies = copies;
    applied.primes = primes;
    if !cancel.is_cancelled() {
        open_primed(&opener, &repositories, &work, &mut applied, sink.as_ref()).await;
        let claims = claims(&work, &applied);
        applied.proofs =
            cancel.run_until_cancelled(verify::verify(registry, claims)).await.unwrap_or_default();
    }
    applied.cancelled = cancel.is_cancelled();
    conclude::report(registry.host().to_string(), &work, applied)
}

/// Everything that was done, before it becomes a report.
#[derive(Default)]
pub(super) struct Applied {
    pub(super) images: Vec<super::plan::PlannedClone>,
    pub(super) findings: Vec<crate::finding::Finding>,
    pub(super) mounting_enabled: bool,
    /// Bytes that mounts would have saved and that were not even tried.
    pub(super) unmounted_bytes: u64,
    pub(super) repositories: BTreeMap<RepositoryName, Prepared>,
    pub(super) copies: Vec<(Vec<usize>, CopyReport)>,
    pub(super) primes: HashMap<usize, PrimeOutcome>,
    pub(super) proofs: HashMap<usize, Result<verify::Proof>>,
    pub(super) cancelled: bool,
}

impl Applied {
    fn setting_failed(&mut self, error: &OperationError) {
        use crate::finding::{Code, Finding, Severity};
        let message = format!("{}: {}", error.tried, error.refused.as_deref().unwrap_or_default());
        self.findings.push(Finding::new(Severity::Warning, Code::MountingOff, "BLOB_MOUNTING", message));
    }
}

/// Makes the repositories and opens them to HealthOmics.
async fn prepare(
    opener: &Opener<'_>,
    registry: &PrivateRegistry,
    plans: &[RepositoryPlan],
    work: &Work,
    sink: &dyn CloneSink,
    cancel: &CancellationToken,
) -> BTreeMap<RepositoryName, Prepared> {
    let named = plans.iter().filter_map(|plan| Some((plan.name.parse::<RepositoryName>().ok()?, plan)));
    let one = async |(name, plan): (RepositoryName, &RepositoryPlan)| {
        let prepared = match cancel.is_cancelled() {
            true => Prepared { access: not_asked(), ..blank(&name) },
            false => prepare_one(opener, registry, &name, plan, work, sink).await,
        };
        (name, prepared)
    };
    registry.ecr().session().each(named, one).await.into_iter().collect()
}

fn blank(name: &RepositoryName) -> Prepared {
    let report = RepositoryReport {
        name: name.to_string(),
        created: false,
        granted: false,
        left_empty: false,
        error: None,
    };
    Prepared { report, usable: true, access: not_asked() }
}

fn not_asked() -> Access {
    Access::Unknown { reason: "the repository's policy was not read".to_owned() }
}

async fn prepare_one(
    opener: &Opener<'_>,
    registry: &PrivateRegistry,
    name: &RepositoryName,
    plan: &RepositoryPlan,
    work: &Work,
    sink: &dyn CloneSink,
) -> Prepared {
    let mut own = blank(name);
    if let Some(create) = &plan.create {
        match repository::create(registry, name, create).await {
            Ok(created) => {
                own.report.created = created;
                if created {
                    sink.event(&CloneEvent::RepositoryCreated(name.to_string()));
                }
            }
            Err(error) => {
                own.report.error = Some(error);
                own.usable = false;
                return own;
            }
        }
    }
    match &plan.policy {
        PolicyPlan::AfterPrime => {}
        _ if work.options.grant => open(opener, name, &mut own, sink).await,
        _ => own.access = opener.access(name).await,
    }
    own
}

/// Gives HealthOmics access to a repository and writes down what came of it.
async fn open(opener: &Opener<'_>, name: &RepositoryName, own: &mut Prepared, sink: &dyn CloneSink) {
    match opener.open(name).await {
        Ok((granted, access)) => {
            own.report.granted = granted;
            own.access = access;
            if granted {
                sink.event(&CloneEvent::AccessGranted(name.to_string()));
            }
        }
        Err(error) => {
            own.report.error = Some(error);
            own.access = opener.access(name).await;
        }
    }
}

/// Takes images out whose repository could not be made.
fn hold_back(work: &mut Work, repositories: &BTreeMap<RepositoryName, Prepared>) {
    for image in work.jobs.iter_mut().flat_map(|job| &mut job.plan.images) {
        let usable = repositories.get(image.destination.repository()).is_none_or(|prepared| prepared.usable);
        if !usable && matches!(image.decision, Decision::Copy(_)) {
            image.decision = Decision::Cancelled;
        }
    }
}

async fn copy(
    registry: &PrivateRegistry,
    jobs: Vec<Job>,
    sink: Arc<dyn CloneSink>,
    cancel: &CancellationToken,
) -> Vec<(Vec<usize>, CopyReport)> {
    let graphs = || jobs.iter().flat_map(|job| job.plan.to_copy());
    let images = graphs().count();
    if images > 0 {
        let bytes = graphs().flat_map(|(_, _, graph)| graph.blobs()).map(|blob| blob.size).sum();
        sink.event(&CloneEvent::Copying { images, bytes });
    }
    let count = Arc::<Count>::default();
    let mut reports = Vec::with_capacity(jobs.len());
    for job in jobs {
        let teller = Teller { sink: sink.clone(), count: count.clone(), places: job.places.clone() };
        let report =
            registry::copy::run(registry.client(), job.plan, &job.options, Arc::new(teller), cancel).await;
        reports.push((job.places, report));
    }
    reports
}

async fn prime(
    registry: &PrivateRegistry,
    work: &Work,
    sink: &dyn CloneSink,
    cancel: &CancellationToken,
) -> HashMap<usize, PrimeOutcome> {
    stream::iter(&work.primes)
        .map(async |(index, prime)| {
            let stage = |stage| sink.event(&CloneEvent::Image { image: *index, stage });
            let began = Instant::now();
            stage(Stage::Fetching);
            let pull = prime.pull(registry, work.options.prime_patience);
            let outcome = cancel.run_until_cancelled(pull).await;
            let outcome = outcome.map(|pulled| pulled.map_err(|failure| failure.error));
            match &outcome {
                Some(Ok(_)) => stage(Stage::Finished),
                Some(Err(_)) => stage(Stage::Failed),
                None => {}
            }
            (*index, (outcome, began.elapsed().as_secs_f64()))
        })
        .buffer_unordered(PRIMES)
        .collect()
        .await
}

/// Opens the repositories that rules made.
async fn open_primed(
    opener: &Opener<'_>,
    plans: &[RepositoryPlan],
    work: &Work,
    applied: &mut Applied,
    sink: &dyn CloneSink,
) {
    for plan in plans.iter().filter(|plan| plan.policy == PolicyPlan::AfterPrime) {
        let Ok(name) = plan.name.parse::<RepositoryName>() else { continue };
        let came = |(index, prime): &(usize, crate::prime::Prime)| {
            prime.repository == name && matches!(applied.primes.get(index), Some((Some(Ok(_)), _)))
        };
        if !work.primes.iter().any(came) {
            continue;
        }
        if let Some(own) = applied.repositories.get_mut(&name) {
            open(opener, &name, own, sink).await;
        }
    }
}

/// Returns every image that should be in ECR by now.
fn claims(work: &Work, applied: &Applied) -> Vec<Claim> {
    let explicit = matches!(work.options.platforms, Some(PlatformChoice::One(_)));
    let mut claims = Vec::new();
    let copied: HashMap<usize, &registry::copy::ImageReport> = applied
        .copies
        .iter()
        .flat_map(|(places, report)| places.iter().copied().zip(&report.images))
        .collect();
    for (index, (planned, source)) in applied.images.iter().zip(&work.sources).enumerate() {
        let Some(source) = source else { continue };
        let (digest, platforms) = match &planned.step {
            Step::Copy { .. } => match copied.get(&index) {
                Some(report) if report.is_done() => {
                    let known: Vec<Platform> =
                        planned.platforms.iter().filter_map(|platform| platform.parse().ok()).collect();
                    (report.destination_digest.clone(), Some(known))
                }
                _ => continue,
            },
            Step::Prime => match applied.primes.get(&index) {
                Some((Some(Ok(primed)), _)) => (Some(primed.digest.clone()), Some(primed.platforms.clone())),
                _ => continue,
            },
            Step::AddReferrers { .. } if !copied.get(&index).is_some_and(|report| report.is_done()) => {
                continue;
            }
            Step::UpToDate | Step::AddReferrers { .. } => {
                let digest = planned.digest.as_deref().and_then(|digest| digest.parse().ok());
                (digest.or(source.destination.digest().cloned()), explicit.then(Vec::new))
            }
            _ => continue,
        };
        claims.push(Claim { index, destination: source.destination.clone(), digest, platforms });
    }
    claims
}

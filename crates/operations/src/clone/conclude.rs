//! What was done becomes a report.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use image::RepositoryName;
use registry::Platform;
use registry::copy::{ImageReport, Outcome};

use super::apply::{Applied, Prepared};
use super::plan::{CloneRoute, PlannedClone, Step, Work};
use super::report::{CloneOutcome, CloneReport, ClonedImage, RepositoryReport};
use super::survey::Source;
use super::verify::Proof;
use crate::error::OperationError;
use crate::finding::{Code, Finding, Severity};
use crate::healthomics::{Access, too_large};
use crate::platform;

/// Returns the report on everything that was done.
pub(super) fn report(registry: String, work: &Work, applied: Applied) -> CloneReport {
    let copied: HashMap<usize, &ImageReport> = applied
        .copies
        .iter()
        .flat_map(|(places, report)| places.iter().copied().zip(&report.images))
        .collect();
    let mut findings = applied.findings.clone();
    let mut images: Vec<ClonedImage> = Vec::with_capacity(applied.images.len());
    for (index, planned) in applied.images.iter().enumerate() {
        let source = work.sources.get(index).and_then(Option::as_ref);
        let own = Concluding { work, applied: &applied, source, copied: copied.get(&index).copied(), index };
        images.push(own.image(planned, &mut findings));
    }
    for (index, planned) in applied.images.iter().enumerate() {
        if let Step::SameAs { image } = planned.step
            && let Some(first) = images.get(image).cloned()
            && let Some(place) = images.get_mut(index)
        {
            let source = planned.source.clone();
            *place = ClonedImage {
                source,
                sent_bytes: 0,
                mounted_bytes: 0,
                skipped_bytes: 0,
                retries: 0,
                ..first
            };
        }
    }
    let repositories = repositories(&applied.repositories, work, &images, &mut findings);
    let sum = |bytes: fn(&ClonedImage) -> u64| images.iter().map(bytes).sum();
    CloneReport {
        schema_version: 1,
        registry,
        sent_bytes: sum(|image| image.sent_bytes),
        mounted_bytes: sum(|image| image.mounted_bytes),
        unmounted_bytes: applied
            .copies
            .iter()
            .map(|(_, copy)| CloneReport::unmounted(&copy.refused_mounts))
            .fold(applied.unmounted_bytes, u64::saturating_add),
        images,
        repositories,
        mounting_enabled: applied.mounting_enabled,
        cancelled: applied.cancelled,
        findings,
    }
}

struct Concluding<'a> {
    work: &'a Work,
    applied: &'a Applied,
    source: Option<&'a Source>,
    copied: Option<&'a ImageReport>,
    index: usize,
}

impl Concluding<'_> {
    fn image(&self, planned: &PlannedClone, findings: &mut Vec<Finding>) -> ClonedImage {
        let prepared = self.prepared();
        let access = || Access::Unknown { reason: "the image is not in ECR, or not known to be".to_owned() };
        let mut image = ClonedImage {
            source: planned.source.clone(),
            destination: planned.destination.clone(),
            route: planned.route.clone(),
            outcome: CloneOutcome::Failed,
            source_digest: planned.source_digest.clone(),
            digest: None,
            digest_changed: false,
            platforms: planned.platforms.clone(),
            size_bytes: None,
            healthomics_access: access(),
            sent_bytes: 0,
            mounted_bytes: 0,
            skipped_bytes: 0,
            referrers: 0,
            retries: 0,
            seconds: 0.0,
            error: None,
        };
        if let Some(copied) = self.copied {
            image.sent_bytes = copied.moved;
            image.mounted_bytes = copied.mounted;
            image.skipped_bytes = copied.skipped;
            image.referrers = copied.referrers;
            image.retries = copied.retries;
            image.seconds = copied.duration.as_secs_f64();
        }
        (image.outcome, image.error) = self.outcome(planned);
        if !image.outcome.is_there() {
            return image;
        }
        match self.applied.proofs.get(&self.index) {
            Some(Ok(proof)) => self.take_proof(&mut image, proof, findings),
            Some(Err(error)) => {
                image.outcome = CloneOutcome::Failed;
                image.error = Some(error.clone());
            }
            None => {
                image.outcome = CloneOutcome::Cancelled;
                return image;
            }
        }
        if image.outcome.is_there()
            && let Some(prepared) = prepared
        {
            image.healthomics_access = prepared.access.clone();
            if self.work.options.grant {
                image.error = prepared.report.error.clone().or_else(|| refused(&image));
            }
        }
        image
    }

    fn prepared(&self) -> Option<&Prepared> {
        self.applied.repositories.get(self.source?.destination.repository())
    }

    fn outcome(&self, planned: &PlannedClone) -> (CloneOutcome, Option<OperationError>) {
        let failed = |error: OperationError| (CloneOutcome::Failed, Some(error));
        match &planned.step {
            Step::UpToDate => (CloneOutcome::UpToDate, None),
            Step::Refused { error } => failed(error.clone()),
            Step::Conflict { existing } => (CloneOutcome::Conflict, Some(conflict(planned, existing))),
            Step::SameAs { .. } | Step::Cancelled => (CloneOutcome::Cancelled, None),
            Step::Prime => match self.applied.primes.get(&self.index) {
                Some((Some(Ok(_)), _)) => (CloneOutcome::Primed, None),
                Some((Some(Err(error)), _)) => failed(error.clone()),
                _ => (CloneOutcome::Cancelled, None),
            },
            Step::Copy { .. } | Step::AddReferrers { .. } => {
                match (self.prepared(), self.copied.map(|copied| &copied.outcome)) {
                    (Some(Prepared { usable: false, report, .. }), _) => {
                        (CloneOutcome::Failed, report.error.clone())
                    }
                    (_, Some(Outcome::Copied)) => (CloneOutcome::Copied, None),
                    (_, Some(Outcome::UpToDate)) => (CloneOutcome::UpToDate, None),
                    (_, Some(Outcome::Conflict { existing })) => {
                        (CloneOutcome::Conflict, Some(conflict(planned, &existing.to_string())))
                    }
                    (_, Some(Outcome::Failed(error))) => failed(error.into()),
                    (_, Some(Outcome::Cancelled) | None) => (CloneOutcome::Cancelled, None),
                }
            }
        }
    }

    fn take_proof(&self, image: &mut ClonedImage, proof: &Proof, findings: &mut Vec<Finding>) {
        image.digest = Some(proof.digest.to_string());
        image.digest_changed =
            image.source_digest.as_ref().is_some_and(|source| Some(source) != image.digest.as_ref());
        image.size_bytes = proof.size_bytes;
        if let Some((Some(_), seconds)) = self.applied.primes.get(&self.index) {
            image.seconds = *seconds;
        }
        if !proof.platforms.is_empty() {
            image.platforms = proof.platforms.iter().map(Platform::to_string).collect();
        }
        let chosen = self.work.options.platforms.as_ref();
        if !matches!(chosen, Some(registry::PlatformChoice::One(_))) && !platform::runs(&proof.platforms) {
            image.outcome = CloneOutcome::Failed;
            let words = format!("ECR has it without linux/amd64, only {}", platform::words(&proof.platforms));
            let error = OperationError::new(format!("cannot use `{}` in HealthOmics", image.destination));
            image.error =
                Some(error.refused(words).hint("clone an image that has linux/amd64 to another tag"));
        }
        findings.extend(image.size_bytes.and_then(|size| too_large(&image.destination, size)));
    }
}

fn conflict(planned: &PlannedClone, existing: &str) -> OperationError {
    OperationError::new(format!("cannot clone to `{}`", planned.destination))
        .refused(format!("the tag stands for {existing}, another image"))
        .hint("name another tag, or let this one move with --overwrite")
}

/// Returns the error of an image that HealthOmics may not read though it was to be given access.
fn refused(image: &ClonedImage) -> Option<OperationError> {
    let Access::NotAccessible { reason } = &image.healthomics_access else { return None };
    let error = OperationError::new(format!("cannot let HealthOmics read `{}`", image.destination));
    Some(error.refused(reason).hint("change the repository's policy"))
}

/// Returns the reports on repositories; those that were made and have no image are told of.
fn repositories(
    prepared: &BTreeMap<RepositoryName, Prepared>,
    work: &Work,
    images: &[ClonedImage],
    findings: &mut Vec<Finding>,
) -> Vec<RepositoryReport> {
    let filled: BTreeSet<&RepositoryName> = images
        .iter()
        .zip(&work.sources)
        .filter(|(image, _)| image.outcome.is_there() && image.route != CloneRoute::None)
        .filter_map(|(_, source)| Some(source.as_ref()?.destination.repository()))
        .collect();
    let mut reports = Vec::with_capacity(prepared.len());
    for (name, prepared) in prepared {
        let mut report = prepared.report.clone();
        report.left_empty = report.created && !filled.contains(name);
        if report.left_empty {
            let message = "the repository was made, and no image of this run is in it";
            let hint =
                format!("run again, or remove it: `aws ecr delete-repository --repository-name {name}`");
            findings.push(
                Finding::new(Severity::Warning, Code::EmptyRepository, name.as_str(), message).hint(hint),
            );
        }
        if let Access::Depends { reason } = &prepared.access
            && !findings.iter().any(|known| known.code == Code::Access && known.subject == name.as_str())
        {
            let message = format!("HealthOmics' access hangs on conditions: {reason}");
            findings.push(Finding::new(Severity::Warning, Code::Access, name.as_str(), message));
        }
        reports.push(report);
    }
    reports
}

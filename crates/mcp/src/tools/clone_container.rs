//! The tool CloneContainerToECR.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use operations::OperationError;
use operations::clone::{
    self, CloneEvent, CloneItem, CloneOptions, ClonePlan, CloneReport, CloneRequest, PolicyPlan,
    RepositorySettings, Silent, Step,
};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Hints, Tool, lines};
use crate::answer::{Answer, Stop, line};
use crate::call::Call;
use crate::config::Purpose;
use crate::consent::{Change, Status, before_and_after, document};

/// How often the client is told how far the bytes are.
const BEAT: Duration = Duration::from_millis(500);

/// The tool.
pub(super) struct CloneContainerToECR;

/// What the tool is called with.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    /// Image to clone.
    #[schemars(regex(pattern = r"^\S+$"), example = &"quay.io/biocontainers/bwa:0.7.17")]
    source_uri: String,
    /// ECR repository, made where missing; else that of a rule, or the image's name.
    #[schemars(regex(pattern = r"^[a-z0-9][a-z0-9._/-]+$"))]
    target_repository: Option<String>,
    /// Tag in that repository, else the image's.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$"))]
    target_tag: Option<String>,
    /// Make a new repository's tags immutable. Default: false.
    #[serde(default)]
    immutable: bool,
    /// AWS Region, else the server's.
    #[schemars(regex(pattern = r"^[a-z]+(-[a-z0-9]+)+$"))]
    region: Option<String>,
    /// AWS profile, else the server's.
    #[schemars(regex(pattern = r"\S"))]
    profile: Option<String>,
}

impl Tool for CloneContainerToECR {
    const NAME: &str = "CloneContainerToECR";
    const TITLE: &str = "Clone an image into ECR";
    const DESCRIPTION: &str = "Copy one image into a private ECR repository that HealthOmics may read, and verify it. \
        Never moves a tag. Returns the plan where writing is not allowed. For registries use CreateECRPullThroughCache.";
    const HINTS: Hints = Hints { open_world: true, ..Hints::ADDS };
    type Parameters = Parameters;
    type Output = Change<ClonePlan, CloneReport>;

    async fn call(call: &Call, parameters: Parameters) -> Result<Answer<Self::Output>, Stop> {
        let target = target(&parameters)?;
        let Parameters { source_uri, immutable, region, profile, .. } = parameters;
        let (_, registry) = call.registry(profile.as_deref(), region.as_deref(), Purpose::Copying).await?;
        let request = CloneRequest {
            images: vec![CloneItem { source: source_uri, target }],
            options: CloneOptions {
                repository: RepositorySettings { immutable, ..RepositorySettings::default() },
                ..CloneOptions::default()
            },
        };
        let cancel = call.cancellation();
        let planning = clone::plan(&registry, &request, Arc::new(Silent), cancel);
        let plan = call.reading("planning", planning).await?;
        let status = if plan.is_cancelled() {
            return Err(Stop::Cancelled);
        } else if plan.refused() > 0 {
            Status::Refused
        } else if !plan.has_changes() {
            Status::Unchanged
        } else {
            call.consent(&plan, &words(&plan)).await?
        };
        if status != Status::Applied {
            let text = format!("{}\n{}{}", status.words(), words(&plan), lines(&plan.findings, 10));
            let failed = status == Status::Refused;
            return Ok(Answer::new(Change::planned(status, plan), text).failed(failed));
        }
        let bytes = Arc::new(Bytes { done: AtomicU64::new(0), total: AtomicU64::new(plan.bytes) });
        let copying = clone::apply(&registry, plan, bytes.clone(), cancel);
        let report = tokio::select! {
            report = copying => report,
            never = tell(call, &bytes) => match never {},
        };
        if report.cancelled {
            return Err(Stop::Cancelled);
        }
        let text = told(&report) + &lines(&report.findings, 10);
        let failed = !report.is_done();
        Ok(Answer::new(Change::applied(report), text).failed(failed))
    }
}

/// Returns where the image goes.
fn target(parameters: &Parameters) -> operations::Result<Option<String>> {
    match (&parameters.target_repository, &parameters.target_tag) {
        (Some(repository), Some(tag)) => Ok(Some(format!("{repository}:{tag}"))),
        (Some(repository), None) => Ok(Some(repository.clone())),
        (None, None) => Ok(None),
        (None, Some(_)) => Err(OperationError::new("cannot use the parameter target_tag")
            .refused("there is no target_repository")
            .hint("give both, or leave both out")),
    }
}

/// Returns the plan as people read it before they agree.
fn words(plan: &ClonePlan) -> String {
    let mut text = String::new();
    for image in &plan.images {
        let step = match &image.step {
            Step::UpToDate => "is there already".to_owned(),
            Step::Copy { .. } => format!("copied, {} bytes at most", plan.bytes),
            Step::AddReferrers { missing } => format!("{missing} signatures or other referrers added"),
            Step::Prime => "fetched by ECR through its rule".to_owned(),
            Step::Conflict { existing } => format!("not done: the tag stands for {existing}"),
            Step::Refused { error } => format!("not done: {}", line(error)),
            Step::SameAs { .. } | Step::Cancelled => "not done".to_owned(),
        };
        text += &format!("- {} -> {}: {step}\n", image.source, image.destination);
    }
    for repository in &plan.repositories {
        if repository.create.is_some() {
            text += &format!("- repository `{}`: created\n", repository.name);
        }
        match &repository.policy {
            PolicyPlan::Grant { before, after } => {
                let before = before.as_deref().map(document);
                let change = before_and_after(before.as_ref(), Some(&document(after)));
                text += &format!("- policy of `{}`: HealthOmics may read\n{change}", repository.name);
            }
            PolicyPlan::Refused { error } => text += &format!("- policy: {}\n", line(error)),
            PolicyPlan::Unchanged | PolicyPlan::AfterPrime => {}
        }
    }
    text
}

/// Returns what was done in a few lines.
fn told(report: &CloneReport) -> String {
    let mut text = String::new();
    for image in &report.images {
        text += &format!(
            "{} -> {}: {}; HealthOmics reads it: {}.",
            image.source,
            image.destination,
            image.outcome.label(),
            image.healthomics_access.label(),
        );
        if let Some(error) = &image.error {
            text += &format!(" {}.", line(error));
        }
    }
    text
}

/// How many bytes are there or on their way.
struct Bytes {
    done: AtomicU64,
    total: AtomicU64,
}

impl clone::CloneSink for Bytes {
    fn event(&self, event: &CloneEvent) {
        match event {
            CloneEvent::Copying { bytes, .. } => self.total.store(*bytes, Ordering::Relaxed),
            CloneEvent::Bytes(bytes) => self.done.store(*bytes, Ordering::Relaxed),
            _ => {}
        }
    }
}

/// Tells the client again and again how far the bytes are; the value is the time, since bytes that are sent again do not
/// rise.
async fn tell(call: &Call, bytes: &Bytes) -> std::convert::Infallible {
    loop {
        let (done, total) = (bytes.done.load(Ordering::Relaxed), bytes.total.load(Ordering::Relaxed));
        call.progress.now(format!("copying: {done} of {total} bytes")).await;
        tokio::time::sleep(BEAT).await;
    }
}

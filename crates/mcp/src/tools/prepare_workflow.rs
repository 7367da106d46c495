//! The tool PrepareWorkflow.

use std::collections::BTreeMap;
use std::sync::Arc;

use operations::clone::Silent;
use operations::prepare::{self, PrepareOptions, PreparePlan, PrepareReport, PrepareRequest};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Hints, Tool, count, lines};
use crate::answer::{Answer, Stop, line};
use crate::call::Call;
use crate::config::Purpose;
use crate::consent::{Change, Status};

/// The tool.
pub(super) struct PrepareWorkflow;

/// What the tool is called with.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    /// Workflow folder, zip archive of one, or workflow file.
    #[schemars(regex(pattern = r"\S"))]
    workflow_folder: String,
    /// ARNs of secrets by the registry host that they are for. Default: none.
    #[serde(default)]
    #[schemars(extend("writeOnly" = true))]
    credentials: BTreeMap<String, String>,
    /// AWS Region, else the server's.
    #[schemars(regex(pattern = r"^[a-z]+(-[a-z0-9]+)+$"))]
    region: Option<String>,
    /// AWS profile, else the server's.
    #[schemars(regex(pattern = r"\S"))]
    profile: Option<String>,
}

impl Tool for PrepareWorkflow {
    const NAME: &str = "PrepareWorkflow";
    const TITLE: &str = "Prepare a workflow";
    const DESCRIPTION: &str = "Make every image of a workflow ready in ECR: caches, copies, grants, proof. Returns the \
        plan where writing is not allowed, else the report with both maps. For a list alone use ScanWorkflow.";
    const HINTS: Hints = Hints { open_world: true, ..Hints::ADDS };
    type Parameters = Parameters;
    type Output = Change<PreparePlan, PrepareReport>;

    async fn call(call: &Call, parameters: Parameters) -> Result<Answer<Self::Output>, Stop> {
        let Parameters { workflow_folder, credentials, region, profile } = parameters;
        let folder = call.allowed().await?.existing(&workflow_folder)?;
        let (account, registry) =
            call.registry(profile.as_deref(), region.as_deref(), Purpose::Copying).await?;
        let options = PrepareOptions { credentials, ..PrepareOptions::default() };
        let own = account.clone();
        let scan = move || PrepareRequest::of_workflow(&folder, &own, options);
        let request = call.in_background("scanning", scan).await?;
        let cancel = call.cancellation();
        let planning = prepare::plan(&account, &registry, &request, Arc::new(Silent), cancel);
        let plan = call.reading("planning", planning).await?;
        let status = if plan.is_cancelled() {
            return Err(Stop::Cancelled);
        } else if plan.has_changes() {
            call.consent(&plan, &words(&plan)).await?
        } else if plan.refused() > 0 {
            Status::Refused
        } else {
            Status::Unchanged
        };
        if status != Status::Applied {
            let text = format!("{}\n{}{}", status.words(), words(&plan), lines(&plan.findings, 10));
            let failed = status == Status::Refused;
            return Ok(Answer::new(Change::planned(status, plan), text).failed(failed));
        }
        let applying = prepare::apply(&account, &registry, plan, Arc::new(Silent), cancel);
        let report = call.writing("preparing", applying).await;
        if cancel.is_cancelled() {
            return Err(Stop::Cancelled);
        }
        let mut text = format!("{} looked at.", count(report.images.len(), "image", "images"));
        for image in report.images.iter().take(50) {
            text += &format!("\n- {}: {}", image.named.name, image.outcome.label());
            if let Some(error) = &image.error {
                text += &format!(" ({})", line(error));
            }
        }
        text += &lines(&report.findings, 10);
        let failed = !report.is_done();
        Ok(Answer::new(Change::applied(report), text).failed(failed))
    }
}

/// Returns the plan as people read it before they agree.
fn words(plan: &PreparePlan) -> String {
    let mut text = format!("Account {} in {}:\n", plan.account, plan.region);
    for rule in plan.rules.iter().filter(|rule| rule.is_new) {
        text += &format!("- cache `{}` of {}: created, with its grants\n", rule.prefix, rule.upstream);
    }
    for image in &plan.images {
        let problem = image.problem.as_ref().map(|error| format!(": {}", line(error)));
        let route = format!("{}, {}", image.named.route.label(), image.action.label());
        text += &format!("- {} ({route}){}\n", image.named.name, problem.unwrap_or_default());
    }
    text
}

//! The tool ScanWorkflow.

use operations::{EcrTarget, ScanReport, ScanRequest};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Hints, Tool, count, lines};
use crate::answer::{Answer, Stop};
use crate::call::{Call, parsed};

/// The tool.
pub(super) struct ScanWorkflow;

/// What the tool is called with.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    /// Workflow folder, zip archive of one, or workflow file.
    #[schemars(regex(pattern = r"\S"))]
    workflow_folder: String,
    /// Region of the private registry, else the server's.
    #[schemars(regex(pattern = r"^[a-z]+(-[a-z0-9]+)+$"))]
    region: Option<String>,
}

impl Tool for ScanWorkflow {
    const NAME: &str = "ScanWorkflow";
    const TITLE: &str = "Scan a workflow for images";
    const DESCRIPTION: &str = "Find every container image of a workflow (WDL, Nextflow, CWL); returns where it is written and how it can come \
        into ECR. Reads files only. To write the map use GenerateContainerRegistryMap.";
    const HINTS: Hints = Hints::READS;
    type Parameters = Parameters;
    type Output = ScanReport;

    async fn call(call: &Call, parameters: Parameters) -> Result<Answer<Self::Output>, Stop> {
        let folder = call.allowed().await?.existing(&parameters.workflow_folder)?;
        let own = &call.server.target;
        let region = match parameters.region.as_deref() {
            Some(text) => Some(parsed(text, "region", "give a name like us-east-1, or leave it out")?),
            None => own.region.clone(),
        };
        let target = EcrTarget { account: own.account.clone(), region };
        let request = ScanRequest { path: folder, target, ..ScanRequest::default() };
        let report = call.in_background("scanning", move || operations::scan(&request)).await?;
        let mut text = format!(
            "{} in {}; {} unresolved.",
            count(report.images.len(), "image", "images"),
            count(report.files, "file", "files"),
            report.unresolved(),
        );
        for image in report.images.iter().take(50) {
            text += &format!("\n- {}", image.image);
        }
        text += &lines(&report.findings, 10);
        Ok(Answer::new(report, text))
    }
}

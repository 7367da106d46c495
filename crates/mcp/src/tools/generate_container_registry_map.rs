//! The tool GenerateContainerRegistryMap.

use image::{AccountId, Region};
use operations::map::{self, CloneEntry, Format, MapEntry, MapOptions};
use operations::{EcrTarget, Finding, ScanRequest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Hints, Tool, count, lines};
use crate::answer::{Answer, Stop};
use crate::call::{Call, parsed};

/// The tool.
pub(super) struct GenerateContainerRegistryMap;

/// What the tool is called with.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    /// Workflow folder, zip archive of one, or workflow file.
    #[schemars(regex(pattern = r"\S"))]
    workflow_folder: String,
    /// JSON file to write; entries that it has stay as they are.
    #[schemars(regex(pattern = r"\S"))]
    output_path: String,
    /// Account of the private registry, else the server's, else the word ACCOUNT.
    #[schemars(regex(pattern = r"^[0-9]{12}$"))]
    account: Option<String>,
    /// Region of the private registry, else the server's, else the word REGION.
    #[schemars(regex(pattern = r"^[a-z]+(-[a-z0-9]+)+$"))]
    region: Option<String>,
    /// `flat` maps names to names; CreateWorkflow takes `healthomics`. Default: flat.
    #[serde(default)]
    #[schemars(schema_with = "format_schema")]
    format: Format,
}

fn format_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({"type": "string", "enum": ["flat", "healthomics"], "default": "flat"})
}

/// What the tool returns.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Output {
    /// The version of this shape: `1`.
    schema_version: u32,
    /// The file that holds the map now.
    output_path: String,
    /// Shape of the file.
    format: Format,
    /// How many entries of the file were added or changed.
    changed_entries: usize,
    /// Host of the private registry.
    registry: String,
    /// Each image with its place in the private registry and how it comes there.
    entries: Vec<MapEntry>,
    /// Images that no rule serves and that have to be cloned before a run.
    clones: Vec<CloneEntry>,
    /// How many container attributes have no known value and so are not in the map.
    unresolved: usize,
    /// What to look at before a run.
    findings: Vec<Finding>,
}

impl Tool for GenerateContainerRegistryMap {
    const NAME: &str = "GenerateContainerRegistryMap";
    const TITLE: &str = "Generate a container registry map";
    const DESCRIPTION: &str = "Scan a workflow and write the JSON map from each image to its URI in a private ECR; returns its entries. \
        Use it first for a new workflow. Not for copying images or making rules.";
    const HINTS: Hints = Hints::ADDS;
    type Parameters = Parameters;
    type Output = Output;

    async fn call(call: &Call, parameters: Parameters) -> Result<Answer<Output>, Stop> {
        let allowed = call.allowed().await?;
        let folder = allowed.existing(&parameters.workflow_folder)?;
        let output_path = allowed.writable(&parameters.output_path)?;
        let target = target(&parameters, &call.server.target)?;
        let format = parameters.format;
        let output = call
            .in_background("scanning", move || {
                let request = ScanRequest { path: folder, target: target.clone(), ..ScanRequest::default() };
                let report = operations::scan(&request)?;
                let map = map::of_scan(&report, &MapOptions { target, ..MapOptions::default() });
                let written = map::write(&map, format, &output_path, false)?;
                let mut findings = map.findings;
                findings.extend(written.findings);
                Ok(Output {
                    schema_version: 1,
                    output_path: output_path.display().to_string(),
                    format,
                    changed_entries: written.changed,
                    registry: map.registry,
                    entries: map.entries,
                    clones: map.clones,
                    unresolved: map.unresolved,
                    findings,
                })
            })
            .await?;
        let text = format!(
            "{} mapped to {} in {}; {} to clone; {} unresolved.{}",
            count(output.entries.len(), "image", "images"),
            output.registry,
            output.output_path,
            output.clones.len(),
            output.unresolved,
            lines(&output.findings, 10),
        );
        Ok(Answer::new(output, text))
    }
}

fn target(parameters: &Parameters, own: &EcrTarget) -> operations::Result<EcrTarget> {
    let account = parameters
        .account
        .as_deref()
        .map(|text| parsed::<AccountId>(text, "account", "give 12 digits, or leave it out"))
        .transpose()?;
    let region = parameters
        .region
        .as_deref()
        .map(|text| parsed::<Region>(text, "region", "give a name like us-east-1, or leave it out"))
        .transpose()?;
    Ok(EcrTarget { account: account.or(own.account.clone()), region: region.or(own.region.clone()) })
}

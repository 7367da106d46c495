//! The tool GenerateContainerRegistryMap.

use std::path::PathBuf;

use operations::map::{self, CloneEntry, Format, MapEntry, MapOptions};
use operations::{EcrTarget, Finding, OperationError, ScanRequest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the tool is called with.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct MapParameters {
    /// Path of the workflow: a folder, a zip archive of one, or a single workflow file.
    #[schemars(length(min = 1), example = "/path/to/workflow")]
    workflow_folder: String,
    /// Path of the JSON file to write. A map that is there is merged: its entries stay as they are.
    #[schemars(length(min = 1), example = "/path/to/registry_map.json")]
    output_path: String,
    /// AWS account of the private registry, 12 digits. Without it the map has the word ACCOUNT.
    #[serde(default)]
    #[schemars(with = "String", regex(pattern = r"^[0-9]{12}$"), example = "123456789012")]
    account: Option<String>,
    /// AWS Region of the private registry, such as us-east-1. Without it the map has the word REGION.
    #[serde(default)]
    #[schemars(with = "String", example = "us-east-1")]
    region: Option<String>,
    /// Shape of the file: `flat` maps names to names; `healthomics` is the document for CreateWorkflow.
    #[serde(default)]
    #[schemars(schema_with = "format_schema")]
    format: Format,
}

/// Returns the schema of a format as one plain list of words: some clients do not follow references.
fn format_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({"type": "string", "enum": ["flat", "healthomics"], "default": "flat"})
}

/// What the tool returns.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct MapResult {
    /// Version of this shape: 1.
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

/// Scans the folder and writes the map.
pub(crate) fn run(parameters: MapParameters, defaults: EcrTarget) -> operations::Result<MapResult> {
    let target = target(&parameters, defaults)?;
    let request = ScanRequest {
        path: PathBuf::from(&parameters.workflow_folder),
        target: target.clone(),
        ..ScanRequest::default()
    };
    let report = operations::scan(&request)?;
    let map = map::of_scan(&report, &MapOptions { target, ..MapOptions::default() });
    let output_path = PathBuf::from(&parameters.output_path);
    let written = map::write(&map, parameters.format, &output_path, false)?;
    let mut findings = map.findings;
    findings.extend(written.findings);
    Ok(MapResult {
        schema_version: 1,
        output_path: parameters.output_path,
        format: parameters.format,
        changed_entries: written.changed,
        registry: map.registry,
        entries: map.entries,
        clones: map.clones,
        unresolved: map.unresolved,
        findings,
    })
}

fn target(parameters: &MapParameters, defaults: EcrTarget) -> operations::Result<EcrTarget> {
    let refused = |error: image::ImageError| {
        OperationError::new("cannot name the private registry")
            .refused(error)
            .hint("give `account` as 12 digits and `region` as a name like us-east-1, or leave them out")
    };
    let account = parameters.account.as_deref().map(str::parse).transpose().map_err(refused)?;
    let region = parameters.region.as_deref().map(str::parse).transpose().map_err(refused)?;
    Ok(EcrTarget { account: account.or(defaults.account), region: region.or(defaults.region) })
}

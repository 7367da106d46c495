//! The tool RewriteWorkflow.

use operations::OperationError;
use operations::rewrite::{self, RewriteReport, RewriteRequest};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Hints, Tool, count, lines};
use crate::answer::{Answer, Stop};
use crate::call::Call;
use crate::consent::{Change, Status};

/// What to do with a diff that is agreed on.
const HOW_TO_APPLY: &str = "show the diff to the user, and call again with `apply` when it is agreed on";

/// The tool.
pub(super) struct RewriteWorkflow;

/// What the tool is called with.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    /// Workflow folder or file.
    #[schemars(regex(pattern = r"\S"))]
    workflow_folder: String,
    /// File with the map, flat or healthomics.
    #[schemars(regex(pattern = r"\S"))]
    map_path: String,
    /// Write the files, where the diff is agreed on. Default: false.
    #[serde(default)]
    apply: bool,
    /// Name of a workflow parameter that is to stand for the registry.
    #[schemars(regex(pattern = r"^[A-Za-z][A-Za-z0-9_]*$"), example = &"ecr_registry")]
    parameterize: Option<String>,
    /// Registry that the parameter has where none is given.
    #[schemars(regex(pattern = r"^\S+$"))]
    default: Option<String>,
    /// Let the parameter stand in CWL too; only HealthOmics evaluates it there. Default: false.
    #[serde(default)]
    cwl_expressions: bool,
}

impl Tool for RewriteWorkflow {
    const NAME: &str = "RewriteWorkflow";
    const TITLE: &str = "Rewrite image names in a workflow";
    const DESCRIPTION: &str = "Replace image names in a workflow's own files by the URIs of a map; returns the diff, writes only with apply. \
        Not needed when CreateWorkflow is given the map.";
    const HINTS: Hints = Hints { destructive: true, ..Hints::ADDS };
    type Parameters = Parameters;
    type Output = Change<RewriteReport, RewriteReport>;

    async fn call(call: &Call, parameters: Parameters) -> Result<Answer<Self::Output>, Stop> {
        if parameters.cwl_expressions && parameters.parameterize.is_none() {
            let tried = OperationError::new("cannot use the parameter cwl_expressions");
            return Err(tried
                .refused("there is no parameterize")
                .hint("give both, or leave both out")
                .into());
        }
        let allowed = call.allowed().await?;
        let request = RewriteRequest {
            path: allowed.existing(&parameters.workflow_folder)?,
            map: allowed.existing(&parameters.map_path)?,
            target: call.server.target.clone(),
            parameter: parameters.parameterize,
            default: parameters.default,
            cwl_expressions: parameters.cwl_expressions,
            ..RewriteRequest::default()
        };
        let plan = call.in_background("comparing", move || rewrite::plan(&request)).await?;
        let status = if plan.report.files.is_empty() {
            Status::Unchanged
        } else if parameters.apply {
            call.consent(&plan.report, &words(&plan.report)).await?
        } else {
            Status::Planned
        };
        if status != Status::Applied {
            let report = plan.report;
            let text = format!("{}\n{}", status.words(), words(&report)) + &lines(&report.findings, 10);
            let mut change = Change::planned(status, report);
            if !parameters.apply && status == Status::Planned {
                change.hint = Some(HOW_TO_APPLY.to_owned());
            }
            return Ok(Answer::new(change, text));
        }
        let report = call.in_background("writing", move || rewrite::apply(plan)).await?;
        let text = format!(
            "{} rewritten in {}; {} left alone.",
            count(report.rewritten.len(), "name", "names"),
            count(report.files.len(), "file", "files"),
            report.left_alone.len(),
        );
        Ok(Answer::new(Change::applied(report), text))
    }
}

/// Returns the plan as people read it before they agree.
fn words(report: &RewriteReport) -> String {
    report.files.iter().map(|file| file.diff.as_str()).collect()
}

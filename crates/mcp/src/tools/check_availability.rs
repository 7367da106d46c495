//! The tool CheckContainerAvailability.

use operations::check::{self, CheckReport, CheckRequest};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Hints, Tool, lines};
use crate::answer::{Answer, Stop, line};
use crate::call::Call;
use crate::config::Purpose;

/// The tool.
pub(super) struct CheckContainerAvailability;

/// What the tool is called with.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    /// ECR URI, ECR repository with tag, or public image name.
    #[schemars(regex(pattern = r"^\S+$"), example = &"quay/biocontainers/bwa:0.7.17")]
    container_uri: String,
    /// Read manifests for platform and missing layers; ECR notes a pull. Default: true.
    #[serde(default = "yes")]
    contents: bool,
    /// AWS Region, else the server's.
    #[schemars(regex(pattern = r"^[a-z]+(-[a-z0-9]+)+$"))]
    region: Option<String>,
    /// AWS profile, else the server's.
    #[schemars(regex(pattern = r"\S"))]
    profile: Option<String>,
}

impl Tool for CheckContainerAvailability {
    const NAME: &str = "CheckContainerAvailability";
    const TITLE: &str = "Check whether a run can use an image";
    const DESCRIPTION: &str = "Tell whether a HealthOmics run can use an image: in ECR or brought by a rule, readable, runnable; returns evidence. \
        Changes nothing. To bring an image use CloneContainerToECR.";
    const HINTS: Hints = Hints::LOOKS_OUT;
    type Parameters = Parameters;
    type Output = CheckReport;

    async fn call(call: &Call, parameters: Parameters) -> Result<Answer<Self::Output>, Stop> {
        let Parameters { container_uri, contents, region, profile } = parameters;
        let (account, registry) =
            call.registry(profile.as_deref(), region.as_deref(), Purpose::Looking).await?;
        let request = CheckRequest { contents, ..CheckRequest::new(vec![container_uri]) };
        let report = call.reading("checking", check::check(&account, &registry, &request)).await?;
        let mut text = String::new();
        for image in &report.images {
            text += &format!("{}: {}.", image.image, image.availability.label());
            if let Some(problem) = &image.problem {
                text += &format!(" {}.", line(problem));
            }
            text += &lines(&image.findings, 10);
        }
        let failed = report.verdict().is_none();
        Ok(Answer::new(report, text).failed(failed))
    }
}

fn yes() -> bool {
    true
}

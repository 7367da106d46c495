//! The tool ValidateECRConfiguration.

use operations::Severity;
use operations::validate::{self, ValidateReport, ValidateRequest, Verdict};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Hints, Tool, count, lines};
use crate::answer::{Answer, Stop};
use crate::call::{Call, parsed_all};

/// The tool.
pub(super) struct ValidateECRConfiguration;

/// What the tool is called with.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    /// ECR repository prefixes to look at; all when absent.
    #[serde(default)]
    #[schemars(inner(regex(pattern = r"^(ROOT|[a-z0-9][a-z0-9._/-]+)$")))]
    prefixes: Vec<String>,
    /// AWS Region, else the server's.
    #[schemars(regex(pattern = r"^[a-z]+(-[a-z0-9]+)+$"))]
    region: Option<String>,
    /// AWS profile, else the server's.
    #[schemars(regex(pattern = r"\S"))]
    profile: Option<String>,
}

impl Tool for ValidateECRConfiguration {
    const NAME: &str = "ValidateECRConfiguration";
    const TITLE: &str = "Validate the ECR configuration";
    const DESCRIPTION: &str = "Validate rules, credentials, policies, templates and repositories for HealthOmics; returns findings with fixes. \
        Use it when pulls fail. For one image use CheckContainerAvailability.";
    const HINTS: Hints = Hints::READS;
    type Parameters = Parameters;
    type Output = ValidateReport;

    async fn call(call: &Call, parameters: Parameters) -> Result<Answer<Self::Output>, Stop> {
        let prefixes =
            parsed_all(&parameters.prefixes, "prefixes", "give ECR repository prefixes such as quay")?;
        let account = call.account(parameters.profile.as_deref(), parameters.region.as_deref()).await?;
        let request = ValidateRequest { prefixes };
        let validation = async { Ok(validate::validate(&account, &request).await) };
        let report = call.reading("validating", validation).await?;
        let text = format!(
            "{} {}: {}; {}, {}, {}.{}",
            report.account,
            report.region,
            report.verdict.label(),
            count(report.prefixes.len(), "prefix", "prefixes"),
            count(report.count(Severity::Error), "error", "errors"),
            count(report.count(Severity::Warning), "warning", "warnings"),
            lines(&report.findings, 15),
        );
        let failed = report.verdict == Verdict::CouldNotLook;
        Ok(Answer::new(report, text).failed(failed))
    }
}

//! The tool DetectDrift.

use operations::drift::{self, DriftPlan, DriftRequest, DriftState};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Hints, Tool, count, lines};
use crate::answer::{Answer, Stop};
use crate::call::{Call, parsed_all};
use crate::config::Purpose;

/// The tool.
pub(super) struct DetectDrift;

/// What the tool is called with.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    /// ECR repository prefixes of rules; all when absent.
    #[serde(default)]
    #[schemars(inner(regex(pattern = r"^(ROOT|[a-z0-9][a-z0-9._/-]+)$")))]
    prefixes: Vec<String>,
    /// ECR repositories; all when absent.
    #[serde(default)]
    #[schemars(inner(regex(pattern = r"^[a-z0-9][a-z0-9._/-]+$")))]
    repositories: Vec<String>,
    /// AWS Region, else the server's.
    #[schemars(regex(pattern = r"^[a-z]+(-[a-z0-9]+)+$"))]
    region: Option<String>,
    /// AWS profile, else the server's.
    #[schemars(regex(pattern = r"\S"))]
    profile: Option<String>,
}

impl Tool for DetectDrift {
    const NAME: &str = "DetectDrift";
    const TITLE: &str = "Compare cached tags with upstream";
    const DESCRIPTION: &str = "Compare cached tags with what upstream has now; returns those that moved. \
        Use it to find old images. Refreshes nothing; for one image use CheckContainerAvailability.";
    const HINTS: Hints = Hints::LOOKS_OUT;
    type Parameters = Parameters;
    type Output = DriftPlan;

    async fn call(call: &Call, parameters: Parameters) -> Result<Answer<Self::Output>, Stop> {
        let request = DriftRequest {
            prefixes: parsed_all(
                &parameters.prefixes,
                "prefixes",
                "give ECR repository prefixes such as quay",
            )?,
            repositories: parsed_all(
                &parameters.repositories,
                "repositories",
                "give names such as quay/biocontainers/bwa",
            )?,
        };
        let (account, registry) = call
            .registry(parameters.profile.as_deref(), parameters.region.as_deref(), Purpose::Looking)
            .await?;
        let plan = call.reading("comparing", drift::plan(&account, &registry, &request)).await?;
        let mut text = format!("{} compared.", count(plan.tags.len(), "cached tag", "cached tags"));
        for tag in plan.tags.iter().filter(|tag| tag.state != DriftState::Current).take(50) {
            text += &format!("\n- {}:{}: {}", tag.repository, tag.tag, tag.state.label());
        }
        text += &lines(&plan.findings, 10);
        let failed = plan.verdict().is_none();
        Ok(Answer::new(plan, text).failed(failed))
    }
}

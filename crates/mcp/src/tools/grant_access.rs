//! The tool GrantHealthOmicsECRAccess.

use operations::grant::{self, GrantOutcome, GrantPlan, GrantReport, GrantRequest, PolicyStep, Selection};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Hints, Tool, lines};
use crate::answer::{Answer, Stop, line};
use crate::call::{Call, parsed};
use crate::consent::{Change, Status, before_and_after, document};

/// The tool.
pub(super) struct GrantHealthOmicsECRAccess;

/// What the tool is called with.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    /// Name of the ECR repository.
    #[schemars(regex(pattern = r"^[a-z0-9][a-z0-9._/-]+$"))]
    repository_name: String,
    /// Account whose runs the grant is bound to; any when absent.
    #[schemars(regex(pattern = r"^[0-9]{12}$"))]
    source_account: Option<String>,
    /// AWS Region, else the server's.
    #[schemars(regex(pattern = r"^[a-z]+(-[a-z0-9]+)+$"))]
    region: Option<String>,
    /// AWS profile, else the server's.
    #[schemars(regex(pattern = r"\S"))]
    profile: Option<String>,
}

impl Tool for GrantHealthOmicsECRAccess {
    const NAME: &str = "GrantHealthOmicsECRAccess";
    const TITLE: &str = "Give HealthOmics access to a repository";
    const DESCRIPTION: &str = "Let HealthOmics read an ECR repository that exists, by a statement merged into its policy. \
        Returns the plan where writing is not allowed. For new repositories use CreateECRPullThroughCache.";
    const HINTS: Hints = Hints::ADDS;
    type Parameters = Parameters;
    type Output = Change<GrantPlan, GrantReport>;

    async fn call(call: &Call, parameters: Parameters) -> Result<Answer<Self::Output>, Stop> {
        let name =
            parsed(&parameters.repository_name, "repository_name", "give a name such as my-workflow/bwa")?;
        let source_account = parameters.source_account.as_deref();
        let request = GrantRequest {
            repositories: Selection::Named(vec![name]),
            source_account: source_account
                .map(|text| parsed(text, "source_account", "give 12 digits"))
                .transpose()?,
            revoke: false,
        };
        let account = call.account(parameters.profile.as_deref(), parameters.region.as_deref()).await?;
        let plan = call.reading("planning", grant::plan(&account, &request)).await?;
        let status = if plan.has_refusals() {
            Status::Refused
        } else if plan.changes() == 0 {
            Status::Unchanged
        } else {
            call.consent(&plan, &words(&plan)).await?
        };
        if status != Status::Applied {
            let text = format!("{}\n{}{}", status.words(), words(&plan), lines(&plan.findings, 10));
            let failed = status == Status::Refused;
            return Ok(Answer::new(Change::planned(status, plan), text).failed(failed));
        }
        let report = call.writing("granting", grant::apply(&account, plan)).await;
        let mut text = String::new();
        for repository in &report.repositories {
            text += &format!("HealthOmics reads `{}`: {}.", repository.repository, repository.access.label());
            if let GrantOutcome::Failed { error } = &repository.outcome {
                text += &format!(" {}.", line(error));
            }
        }
        text += &lines(&report.findings, 10);
        let failed = !report.is_done();
        Ok(Answer::new(Change::applied(report), text).failed(failed))
    }
}

/// Returns the plan as people read it before they agree.
fn words(plan: &GrantPlan) -> String {
    let mut text = format!("Account {} in {}:\n", plan.account, plan.region);
    for planned in &plan.repositories {
        let name = &planned.repository;
        text += &match &planned.step {
            PolicyStep::Unchanged => format!("- `{name}`: HealthOmics reads it as it is\n"),
            PolicyStep::Write { before, after } => {
                let (before, after) = (before.as_deref().map(document), after.as_deref().map(document));
                let change = before_and_after(before.as_ref(), after.as_ref());
                format!("- `{name}`: policy so that HealthOmics may read\n{change}")
            }
            PolicyStep::Refused { error } => format!("- `{name}`: {}\n", line(error)),
        };
    }
    text
}

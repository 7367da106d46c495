//! The tool CreateECRPullThroughCache.

use operations::cache::{self, Action, CacheOptions, CachePlan, CacheReport, CacheRequest, SourceAccount};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Hints, Tool, lines};
use crate::answer::{Answer, Stop, line};
use crate::call::{Call, parsed};
use crate::consent::{Change, Status, before_and_after};

/// The tool.
pub(super) struct CreateECRPullThroughCache;

/// What the tool is called with.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    /// Upstream registry: docker.io, quay.io, public.ecr.aws, ghcr.io or registry.k8s.io.
    #[schemars(regex(pattern = r"^\S+$"))]
    registry: String,
    /// ECR repository prefix; the usual one when absent.
    #[schemars(regex(pattern = r"^(ROOT|[a-z0-9][a-z0-9._/-]+)$"))]
    ecr_prefix: Option<String>,
    /// ARN or name of the Secrets Manager secret, for Docker Hub, GHCR, GitLab.
    #[schemars(regex(pattern = r"^(arn:aws\S*:)?\S*ecr-pullthroughcache/\S+$"), extend("writeOnly" = true))]
    credential_arn: Option<String>,
    /// Part of the upstream registry to reach; all when absent.
    #[schemars(regex(pattern = r"^(ROOT|[a-z0-9][a-z0-9._/-]+)$"))]
    upstream_prefix: Option<String>,
    /// Account whose runs the grants are bound to; any when absent.
    #[schemars(regex(pattern = r"^[0-9]{12}$"))]
    source_account: Option<String>,
    /// Open repositories that are below the prefix already. Default: false.
    #[serde(default)]
    grant_existing: bool,
    /// AWS Region, else the server's.
    #[schemars(regex(pattern = r"^[a-z]+(-[a-z0-9]+)+$"))]
    region: Option<String>,
    /// AWS profile, else the server's.
    #[schemars(regex(pattern = r"\S"))]
    profile: Option<String>,
}

impl Tool for CreateECRPullThroughCache {
    const NAME: &str = "CreateECRPullThroughCache";
    const TITLE: &str = "Create a pull through cache";
    const DESCRIPTION: &str = "Create a pull through cache HealthOmics can use: writes rule, grant and template, merged with what exists. \
        Returns the plan where writing is not allowed. For single images use CloneContainerToECR.";
    const HINTS: Hints = Hints::ADDS;
    type Parameters = Parameters;
    type Output = Change<CachePlan, CacheReport>;

    async fn call(call: &Call, parameters: Parameters) -> Result<Answer<Self::Output>, Stop> {
        let options = options(&parameters)?;
        if !CacheRequest::may_be_renewed(&parameters.registry, &options) {
            // What no account can help is refused before one is opened.
            CacheRequest::new(&parameters.registry, options.clone())?;
        }
        let account = call.account(parameters.profile.as_deref(), parameters.region.as_deref()).await?;
        let request =
            call.reading("planning", CacheRequest::renewed(&account, &parameters.registry, options)).await?;
        let plan = call.reading("planning", cache::plan(&account, request)).await?;
        let status = if plan.is_refused() {
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
        let report = call.writing("creating the cache", cache::apply(&account, plan)).await;
        let mut text = format!("The cache `{}` of {}:", report.prefix, report.upstream);
        for step in &report.steps {
            text += &format!("\n- {} `{}`: {}", step.kind.label(), step.object, step.outcome.label());
            if let Some(error) = &step.error {
                text += &format!(" ({})", line(error));
            }
        }
        text += &lines(&report.findings, 10);
        let failed = report.steps.iter().any(|step| step.error.is_some());
        Ok(Answer::new(Change::applied(report), text).failed(failed))
    }
}

/// Returns what a cache is to have.
fn options(parameters: &Parameters) -> operations::Result<CacheOptions> {
    let prefix = parameters.ecr_prefix.as_deref();
    let upstream_prefix = parameters.upstream_prefix.as_deref();
    let source_account = parameters.source_account.as_deref();
    Ok(CacheOptions {
        prefix: prefix.map(|text| parsed(text, "ecr_prefix", "give a prefix such as quay")).transpose()?,
        upstream_prefix: upstream_prefix
            .map(|text| parsed(text, "upstream_prefix", "give a prefix such as biocontainers"))
            .transpose()?,
        credential: parameters.credential_arn.clone(),
        source_account: source_account
            .map(|text| parsed(text, "source_account", "give 12 digits"))
            .transpose()?
            .map(SourceAccount::Of),
        grant_existing: parameters.grant_existing,
        ..CacheOptions::default()
    })
}

/// Returns the plan as people read it before they agree.
fn words(plan: &CachePlan) -> String {
    let mut text = format!(
        "Account {} in {}, cache `{}` of {}:\n",
        plan.account, plan.region, plan.prefix, plan.upstream
    );
    for step in &plan.steps {
        text += &format!("- {} `{}`: {}\n", step.kind.label(), step.object, step.action.label());
        text += &match &step.action {
            Action::Create { after } => before_and_after(None, Some(after)),
            Action::Update { before, after } | Action::Replace { before, after } => {
                before_and_after(Some(before), Some(after))
            }
            Action::Delete { before } => before_and_after(Some(before), None),
            Action::Refused { error } => format!("    {}\n", line(error)),
            Action::Nothing { .. } | Action::Try => String::new(),
        };
    }
    text
}

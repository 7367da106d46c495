//! The tool CheckServiceRole.

use operations::role::{self, RoleCheck, RoleScope, RoleSource};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Hints, Tool};
use crate::answer::{Answer, Stop};
use crate::call::{Call, parsed_all};

/// The tool.
pub(super) struct CheckServiceRole;

/// What the tool is called with.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    /// ARN or name of the role.
    #[schemars(regex(pattern = r"^[\w+=,.@:/-]+$"))]
    role_arn: String,
    /// ECR repository prefixes that runs use; all when absent.
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

impl Tool for CheckServiceRole {
    const NAME: &str = "CheckServiceRole";
    const TITLE: &str = "Check the role of runs";
    const DESCRIPTION: &str = "Tell whether an IAM role has what runs need for images; returns each permission with the reason. \
        Use it for access errors. For repositories' policies use ValidateECRConfiguration.";
    const HINTS: Hints = Hints::READS;
    type Parameters = Parameters;
    type Output = RoleCheck;

    async fn call(call: &Call, parameters: Parameters) -> Result<Answer<Self::Output>, Stop> {
        let prefixes =
            parsed_all(&parameters.prefixes, "prefixes", "give ECR repository prefixes such as quay")?;
        let account = call.account(parameters.profile.as_deref(), parameters.region.as_deref()).await?;
        let documents =
            call.reading("reading the role", role::read(account.session(), &parameters.role_arn)).await?;
        let scope = RoleScope { account: account.id().clone(), region: account.region().clone(), prefixes };
        let found = role::check(&documents, &scope, RoleSource::Iam)?;
        let mut text = format!("{}: {}.", parameters.role_arn, found.verdict);
        for permission in found.permissions.iter().chain(&found.trust) {
            text += &format!("\n- {} on {}: {}", permission.action, permission.resource, permission.verdict);
        }
        Ok(Answer::new(found, text))
    }
}

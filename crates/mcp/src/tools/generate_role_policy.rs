//! The tool GenerateServiceRolePolicy.

use image::{AccountId, Region};
use operations::role::{self, RolePolicies, RoleScope};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Hints, Tool};
use crate::answer::{Answer, Stop};
use crate::call::{Call, parsed, parsed_all};

/// The tool.
pub(super) struct GenerateServiceRolePolicy;

/// What the tool is called with.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    /// ECR repository prefixes that runs use; all when absent.
    #[serde(default)]
    #[schemars(inner(regex(pattern = r"^(ROOT|[a-z0-9][a-z0-9._/-]+)$")))]
    prefixes: Vec<String>,
    /// AWS account, 12 digits; the server's own when absent.
    #[schemars(regex(pattern = r"^[0-9]{12}$"))]
    account: Option<String>,
    /// AWS Region, else the server's.
    #[schemars(regex(pattern = r"^[a-z]+(-[a-z0-9]+)+$"))]
    region: Option<String>,
    /// AWS profile, else the server's.
    #[schemars(regex(pattern = r"\S"))]
    profile: Option<String>,
}

impl Tool for GenerateServiceRolePolicy {
    const NAME: &str = "GenerateServiceRolePolicy";
    const TITLE: &str = "Generate the policies of a run's role";
    const DESCRIPTION: &str = "Return the least permissions and the trust policy that the IAM role of runs needs for images. \
        Changes nothing. To judge a role that exists use CheckServiceRole.";
    const HINTS: Hints = Hints::READS;
    type Parameters = Parameters;
    type Output = RolePolicies;

    async fn call(call: &Call, parameters: Parameters) -> Result<Answer<Self::Output>, Stop> {
        let prefixes =
            parsed_all(&parameters.prefixes, "prefixes", "give ECR repository prefixes such as quay")?;
        let account = parameters.account.as_deref();
        let account =
            account.map(|text| parsed::<AccountId>(text, "account", "give 12 digits")).transpose()?;
        let region = parameters.region.as_deref();
        let region =
            region.map(|text| parsed::<Region>(text, "region", "give a name like us-east-1")).transpose()?;
        let own = &call.server.target;
        let named = (account.or(own.account.clone()), region.or(own.region.clone()));
        let (account, region) = match named {
            (Some(account), Some(region)) => (account, region),
            (account, region) => {
                let opened =
                    call.account(parameters.profile.as_deref(), parameters.region.as_deref()).await?;
                (
                    account.unwrap_or_else(|| opened.id().clone()),
                    region.unwrap_or_else(|| opened.region().clone()),
                )
            }
        };
        let text = format!(
            "Policies of a role for runs of {account} in {region}: permissions to attach, and trust."
        );
        Ok(Answer::new(role::policies(&RoleScope { account, region, prefixes }), text))
    }
}

//! Whose account is asked, and where.

use clap::Args;
use image::Region;

/// Whose account is asked, and where.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "AWS")]
pub(crate) struct AccountArguments {
    /// AWS Region [env: AWS_REGION, AWS_DEFAULT_REGION; then the profile's]
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<Region>,
    /// Profile of the AWS configuration [env: AWS_PROFILE]
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Address of an ECR that is not AWS's own [env: AWS_ENDPOINT_URL]
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint_url: Option<String>,
}

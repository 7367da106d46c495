//! What can be typed behind `omics-ecr cache`.

use clap::{Args, Subcommand};
use image::{AccountId, EcrRepositoryPrefix, UpstreamRepositoryPrefix};
use operations::cache::SourceAccount;

use super::{AccountArguments, OutputArguments, PlanArguments};

/// Make, list and delete pull through caches that HealthOmics can pull through
#[derive(Debug, Args)]
pub(crate) struct CacheArguments {
    #[command(subcommand)]
    pub(crate) command: CacheCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CacheCommand {
    Create(CreateArguments),
    List(ListArguments),
    Delete(DeleteArguments),
}

/// Make a pull through cache with all that HealthOmics needs of it
///
/// Makes three things: the rule, HealthOmics' grant in the registry policy for the prefix, and the creation template
/// that opens the repositories which the rule makes. What others wrote is merged and never replaced. Running it again
/// changes nothing, or completes what failed. Exits with 1 when HealthOmics cannot pull through it afterwards.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  # Quay needs no credential
  omics-ecr cache create quay.io

  # Docker Hub does, even for public images
  omics-ecr secret create docker-hub --registry docker.io --username USER
  omics-ecr cache create docker.io --credential docker-hub

  # show what would change, and open the repositories that are there
  omics-ecr cache create quay.io --grant-existing --dry-run")]
pub(crate) struct CreateArguments {
    /// Upstream registry: docker.io, quay.io, public.ecr.aws, ghcr.io, registry.k8s.io, registry.gitlab.com,
    /// NAME.azurecr.io, cgr.dev
    #[arg(value_name = "REGISTRY")]
    pub(crate) registry: String,
    /// ECR repository prefix [default: docker-hub, quay, ecr-public, ghcr, k8s, ...]
    #[arg(long, value_name = "PREFIX", help_heading = "Rule")]
    pub(crate) prefix: Option<EcrRepositoryPrefix>,
    /// Secret that ECR signs in upstream with; its name begins with ecr-pullthroughcache/, which may be left out
    /// [default: the one that the rule has]
    #[arg(long, value_name = "ARN|NAME", help_heading = "Rule")]
    pub(crate) credential: Option<String>,
    /// Part of the upstream registry to reach, such as biocontainers [default: all of it]
    #[arg(long, value_name = "PREFIX", help_heading = "Rule")]
    pub(crate) upstream_prefix: Option<UpstreamRepositoryPrefix>,
    /// Role with which ECR reads the private registry of another account
    #[arg(long, value_name = "ARN", help_heading = "Rule")]
    pub(crate) role_arn: Option<String>,
    /// Delete a rule and make it anew where ECR cannot change it; its repositories stay
    #[arg(long, help_heading = "Rule")]
    pub(crate) replace: bool,

    /// Bind HealthOmics' grants to runs of an account [default account: the caller's]
    #[arg(long, value_name = "ACCOUNT", num_args = 0..=1, require_equals = true, default_missing_value = "", value_parser = read_account, help_heading = "Access")]
    pub(crate) source_account: Option<SourceAccount>,
    /// Let HealthOmics into the repositories below the prefix that are there
    #[arg(long, help_heading = "Access")]
    pub(crate) grant_existing: bool,

    #[command(flatten)]
    pub(crate) plan: PlanArguments,
    #[command(flatten)]
    pub(crate) account: AccountArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// List the pull through caches, and say of each whether HealthOmics can pull through it
#[derive(Debug, Args)]
#[command(after_help = "Example:
  # the prefixes that HealthOmics cannot use, and why
  omics-ecr cache list --output json | jq '.rules[] | select(.healthomics.verdict != \"accessible\")'")]
pub(crate) struct ListArguments {
    #[command(flatten)]
    pub(crate) account: AccountArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// Delete a pull through cache rule; its repositories and their images stay
///
/// Takes away what is entirely ours on request, and never what others wrote.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  # the rule alone
  omics-ecr cache delete quay

  # all that `cache create` made
  omics-ecr cache delete quay --with-template --with-grant")]
pub(crate) struct DeleteArguments {
    /// ECR repository prefix of the rule
    #[arg(value_name = "PREFIX")]
    pub(crate) prefix: EcrRepositoryPrefix,
    /// Delete the prefix's creation template too, if it is entirely ours
    #[arg(long)]
    pub(crate) with_template: bool,
    /// Take the prefix's entry out of our statement in the registry policy too
    #[arg(long)]
    pub(crate) with_grant: bool,

    #[command(flatten)]
    pub(crate) plan: PlanArguments,
    #[command(flatten)]
    pub(crate) account: AccountArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// Reads an account; nothing stands for the caller's own.
pub(super) fn read_account(text: &str) -> Result<SourceAccount, image::ImageError> {
    match text {
        "" => Ok(SourceAccount::Own),
        id => id.parse::<AccountId>().map(SourceAccount::Of),
    }
}

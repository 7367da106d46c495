//! What `omics-ecr grant` takes.

use clap::Args;
use image::{AccountId, EcrRepositoryPrefix, RepositoryName};

use super::{AccountArguments, OutputArguments, PlanArguments};

/// Give HealthOmics read access to repositories that exist
///
/// Adds one statement of ours to each repository's policy; what others wrote stays. Says so when a Deny wins all the
/// same. Repositories that a pull through cache rule makes later get their policy from a repository creation template.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  # one repository
  omics-ecr grant my-workflow/bwa

  # what was cached before there was a template
  omics-ecr grant --prefix quay --dry-run

  # take it back
  omics-ecr grant my-workflow/bwa --revoke")]
pub(crate) struct GrantArguments {
    /// Repositories, such as my-workflow/bwa
    #[arg(value_name = "REPOSITORY", required_unless_present_any = ["prefixes", "all"])]
    pub(crate) repositories: Vec<RepositoryName>,
    /// Every repository below this prefix; can be given more than once
    #[arg(long = "prefix", value_name = "PREFIX", conflicts_with_all = ["repositories", "all"])]
    pub(crate) prefixes: Vec<EcrRepositoryPrefix>,
    /// Every repository of the registry
    #[arg(long, conflicts_with = "repositories")]
    pub(crate) all: bool,
    /// Bind the grant to runs of this account
    #[arg(long, value_name = "ACCOUNT", conflicts_with = "revoke")]
    pub(crate) source_account: Option<AccountId>,
    /// Take the access back
    #[arg(long)]
    pub(crate) revoke: bool,

    #[command(flatten)]
    pub(crate) plan: PlanArguments,

    #[command(flatten)]
    pub(crate) account: AccountArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

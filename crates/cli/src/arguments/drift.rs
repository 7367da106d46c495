//! What can be typed behind `omics-ecr drift`.

use clap::Args;
use image::{EcrRepositoryPrefix, RepositoryName};

use super::{AccountArguments, OutputArguments, PlanArguments, SourceArguments};

/// Compare cached tags with what upstream has under them now
///
/// ECR compares a cached tag with upstream when it is pulled and the last comparison is older than 24 hours, and never
/// otherwise. This asks upstream with HEAD for every cached tag. With --refresh, tags that moved are deleted and brought
/// anew through their rule; old images stay by their digest, and are put back where that fails. Exits with 0 when nothing
/// has drifted or all of it was renewed, with 1 when something has, and with 2 when that could not be told.
#[derive(Debug, Args)]
#[command(mut_arg("yes", |arg| arg.requires("refresh")))]
#[command(after_help = "Examples:
  # all caches
  omics-ecr drift

  # one prefix, and renew what moved
  omics-ecr drift --prefix quay --refresh")]
pub(crate) struct DriftArguments {
    /// Repositories to compare [default: all that rules fill]
    #[arg(value_name = "REPOSITORY")]
    pub(crate) repositories: Vec<RepositoryName>,
    /// ECR repository prefix of a rule whose repositories are compared; can be given more than once
    #[arg(long = "prefix", value_name = "PREFIX")]
    pub(crate) prefixes: Vec<EcrRepositoryPrefix>,
    /// Delete tags that moved and bring them anew, after asking
    #[arg(long)]
    pub(crate) refresh: bool,
    #[command(flatten)]
    pub(crate) plan: PlanArguments,

    #[command(flatten)]
    pub(crate) account: AccountArguments,

    #[command(flatten)]
    pub(crate) sources: SourceArguments,

    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

//! What `omics-ecr role` takes.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use image::EcrRepositoryPrefix;

use super::{AccountArguments, OutputArguments};

/// The role that runs take on: print the policies it should have, or check whether a role has them
#[derive(Debug, Args)]
pub(crate) struct RoleArguments {
    #[command(subcommand)]
    pub(crate) command: RoleCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RoleCommand {
    Policy(RolePolicyArguments),
    Check(RoleCheckArguments),
}

/// Print the policy that a run's role needs for its images, or with --trust the one by which HealthOmics may take it on
///
/// Account, Region and partition are filled in. Needs no network where both are named. Prints the document alone, and both
/// documents with --output json or yaml.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  # attach it to a role
  omics-ecr role policy --account 123456789012 --region us-east-1 > images.json
  aws iam put-role-policy --role-name run --policy-name images --policy-document file://images.json

  # for what is below two prefixes alone
  omics-ecr role policy --prefix quay --prefix docker-hub")]
pub(crate) struct RolePolicyArguments {
    /// Repositories below this prefix alone; can be given more than once [default: all]
    #[arg(long = "prefix", value_name = "PREFIX")]
    pub(crate) prefixes: Vec<EcrRepositoryPrefix>,
    /// Print the trust policy instead
    #[arg(long)]
    pub(crate) trust: bool,
    #[command(flatten)]
    pub(crate) account: AccountArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// Decide whether a role has what a run needs for its images
///
/// Reads the role's policies, its boundary and its trust policy from IAM, or takes policy documents from files.
/// Exit code 0 where it has all, 1 where something is missing or hangs on conditions.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  omics-ecr role check arn:aws:iam::123456789012:role/run

  # before there is a role
  omics-ecr role check --file images.json --trust-file trust.json")]
pub(crate) struct RoleCheckArguments {
    /// ARN or name of a role
    #[arg(value_name = "ROLE", required_unless_present = "files", conflicts_with = "files")]
    pub(crate) role: Option<String>,
    /// File of a policy that the role has; - for standard input; can be given more than once
    #[arg(long = "file", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// File of the role's trust policy
    #[arg(long, value_name = "FILE", requires = "files")]
    pub(crate) trust_file: Option<PathBuf>,
    /// Repositories below this prefix alone; can be given more than once [default: all]
    #[arg(long = "prefix", value_name = "PREFIX")]
    pub(crate) prefixes: Vec<EcrRepositoryPrefix>,
    #[command(flatten)]
    pub(crate) account: AccountArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

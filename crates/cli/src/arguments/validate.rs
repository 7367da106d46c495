//! What can be typed behind `omics-ecr validate` and `omics-ecr explain`.

use clap::{Args, ValueEnum};
use image::EcrRepositoryPrefix;
use operations::cache::SourceAccount;

use super::cache::read_account;
use super::{AccountArguments, OutputArguments, PlanArguments};

/// The shape of what a validation prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ValidateOutput {
    /// Tables for people
    Table,
    /// One JSON document, stable and versioned
    Json,
    /// The same document as YAML
    Yaml,
    /// SARIF 2.1.0, for code scanning in CI
    Sarif,
}

/// Check whether HealthOmics can pull through the registry of an account
///
/// Looks at rules, credentials, the registry policy, repository creation templates, the repositories below each prefix,
/// quotas, the Region, and what the caller may see. Changes nothing without --fix. Exits with 0 when nothing stands in
/// the way, 1 when there are findings of severity error, and 2 when something could not be looked at.
#[derive(Debug, Args)]
#[command(mut_arg("dry_run", |arg| arg.requires("fix")), mut_arg("yes", |arg| arg.requires("fix")))]
#[command(after_help = "Examples:
  # everything
  omics-ecr validate

  # one prefix: show what would be repaired, then repair it
  omics-ecr validate --prefix quay --fix --dry-run
  omics-ecr validate --prefix quay --fix

  # a gate in CI
  omics-ecr validate --output sarif > omics-ecr.sarif")]
pub(crate) struct ValidateArguments {
    /// ECR repository prefix to look at, as often as there are; ROOT for what no other rule covers [default: all]
    #[arg(long = "prefix", value_name = "PREFIX")]
    pub(crate) prefixes: Vec<EcrRepositoryPrefix>,
    #[command(flatten)]
    pub(crate) aws: AccountArguments,
    /// Repair what can be repaired without taking anything away: shows the plan, asks, applies, and validates again
    #[arg(long, help_heading = "Repair")]
    pub(crate) fix: bool,
    /// Bind what is granted to runs of an account [default account: the caller's]
    #[arg(long, value_name = "ACCOUNT", num_args = 0..=1, default_missing_value = "", value_parser = read_account, requires = "fix", help_heading = "Repair")]
    pub(crate) source_account: Option<SourceAccount>,
    #[command(flatten)]
    pub(crate) plan: PlanArguments,
    /// Shape of the output
    #[arg(long, value_name = "SHAPE", value_enum, default_value_t = ValidateOutput::Table, help_heading = "Output")]
    pub(crate) output: ValidateOutput,
}

/// Explain a finding, with a wrong and a right example
///
/// Needs no AWS account and no network.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  # what a finding means, and what to do
  omics-ecr explain OE303

  # every finding there is
  omics-ecr explain --list")]
pub(crate) struct ExplainArguments {
    /// Ids of findings
    #[arg(value_name = "ID", required_unless_present = "list")]
    pub(crate) ids: Vec<String>,
    /// List the ids of all findings
    #[arg(long, conflicts_with = "ids")]
    pub(crate) list: bool,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

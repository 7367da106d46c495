//! What can be typed behind `omics-ecr doctor`.

use clap::Args;

use super::{AccountArguments, OutputArguments};

/// Check whether this machine, its credentials and the account are fit for work
///
/// Says whose credentials these are, whether HealthOmics is in the Region, whether the clock is right, which services of
/// AWS and which upstream registries are reached, what HealthOmics may do with the registry in brief, and whether logins
/// can be read. Changes nothing. Exits with 0 when all is well, 1 when there are warnings, and 2 when something cannot be
/// told.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  # everything
  omics-ecr doctor

  # what is wrong, for a program
  omics-ecr doctor --output json")]
pub(crate) struct DoctorArguments {
    #[command(flatten)]
    pub(crate) aws: AccountArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

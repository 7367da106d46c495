//! What can be typed behind `omics-ecr prepare` and `omics-ecr apply`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use image::{EcrRepositoryPrefix, RegistryHost, RepositoryName, UpstreamRepositoryPrefix};
use operations::cache::SourceAccount;

use super::cache::read_account;
use super::{AccountArguments, OutputArguments, PlanArguments, SourceArguments};

/// Make every image of a workflow ready in the private ECR, for HealthOmics to read
///
/// Finds the images, decides how each comes into ECR (a pull through cache rule that is there, a new one with all that
/// HealthOmics needs, a clone), shows the plan, carries it out, checks every image as a run would find it, and writes
/// the maps. An image that fails stops no other one. Running it again does what is missing and nothing else. Exits with
/// 1 when an image is not ready, and with 130 when interrupted.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  # what would be done
  omics-ecr prepare my-workflow/ --dry-run

  # do it, with a rule for Docker Hub, and write the map that HealthOmics takes
  omics-ecr secret create docker-hub --registry docker.io --username USER
  omics-ecr prepare my-workflow/ --credential docker.io=docker-hub --healthomics-map registry-map.json --report report.html

  # plan now, carry it out later
  omics-ecr prepare my-workflow/ --plan-out plan.json
  omics-ecr apply plan.json --yes")]
pub(crate) struct PrepareArguments {
    /// Folder, zip archive of one, or a single workflow file
    #[arg(value_name = "FOLDER")]
    pub(crate) path: PathBuf,

    /// Way that an image takes where several are open to it
    #[arg(long, value_name = "ROUTE", value_enum, default_value_t = Preference::Rules, help_heading = "Routes")]
    pub(crate) prefer: Preference,
    /// Secret for a registry, such as docker.io=docker-hub: ECR signs in with it for a rule, HealthOmics for copies of its
    /// own; can be given more than once
    #[arg(long = "credential", value_name = "HOST=ARN|NAME", value_parser = read_secret, help_heading = "Routes")]
    pub(crate) credentials: Vec<(RegistryHost, String)>,
    /// ECR repository prefix of a registry's rule, such as quay.io=lab/quay, or of a rule for a part of it, such as
    /// quay.io/biocontainers=bio; can be given more than once
    #[arg(long = "prefix", value_name = "HOST[/PART]=PREFIX", value_parser = read_prefix, help_heading = "Routes")]
    pub(crate) prefixes: Vec<(String, EcrRepositoryPrefix)>,
    /// What comes before the names of cloned repositories
    #[arg(long, value_name = "REPOSITORY", help_heading = "Routes")]
    pub(crate) clone_prefix: Option<RepositoryName>,

    /// Bind HealthOmics' grants to runs of an account [default account: the caller's]
    #[arg(long, value_name = "ACCOUNT", num_args = 0..=1, require_equals = true, default_missing_value = "", value_parser = read_account, help_heading = "Access")]
    pub(crate) source_account: Option<SourceAccount>,

    /// Copy only linux/amd64 out of image indexes: less to send, and another digest than upstream's
    #[arg(long, help_heading = "Images")]
    pub(crate) only_amd64: bool,
    /// Let tags move that stand for other images
    #[arg(long, help_heading = "Images")]
    pub(crate) overwrite: bool,
    /// Switch on the account's setting by which ECR takes layers from other repositories
    #[arg(long, help_heading = "Images")]
    pub(crate) enable_mounting: bool,
    /// File that holds the digest of every image: written where it is absent, and held against later runs
    #[arg(long, value_name = "FILE", help_heading = "Images")]
    pub(crate) lock: Option<PathBuf>,
    /// Take what images stand for now into the lock
    #[arg(long, requires = "lock", help_heading = "Images")]
    pub(crate) update_lock: bool,

    #[command(flatten)]
    pub(crate) plan: PlanArguments,
    /// Write the plan into a file for `omics-ecr apply`, and change nothing in the account
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run", help_heading = "Plan")]
    pub(crate) plan_out: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) account: AccountArguments,
    #[command(flatten)]
    pub(crate) sources: SourceArguments,
    #[command(flatten)]
    pub(crate) delivery: DeliveryArguments,
}

/// Carry out a plan that `prepare --plan-out` wrote
///
/// Makes the plan anew first, and refuses it when the account or the images have changed so that it is another one.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  omics-ecr prepare my-workflow/ --plan-out plan.json
  omics-ecr apply plan.json --yes --map image-map.json")]
pub(crate) struct ApplyArguments {
    /// File with the plan; - for standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) plan: PlanArguments,
    #[command(flatten)]
    pub(crate) account: AccountArguments,
    #[command(flatten)]
    pub(crate) sources: SourceArguments,
    #[command(flatten)]
    pub(crate) delivery: DeliveryArguments,
}

/// Where the results go.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct DeliveryArguments {
    /// Write the flat image map into a file, merged into what is there
    #[arg(long, value_name = "FILE")]
    pub(crate) map: Option<PathBuf>,
    /// Write the container registry map that HealthOmics takes into a file, merged into what is there
    #[arg(long, value_name = "FILE")]
    pub(crate) healthomics_map: Option<PathBuf>,
    /// Replace entries of the maps that have other values
    #[arg(long)]
    pub(crate) replace: bool,
    /// Write a report for people into an HTML file, which opens without network
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

impl DeliveryArguments {
    /// Returns whether a map is to be written.
    pub(crate) fn has_map(&self) -> bool {
        self.map.is_some() || self.healthomics_map.is_some()
    }
}

/// Which way an image takes where several are open to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Preference {
    /// Pull through cache rules where ECR has them for the registry, else clones
    Rules,
    /// Clones alone
    Clone,
    /// As rules; HealthOmics copies from registries that it can copy from and that have a --credential
    Healthomics,
}

/// Reads `HOST=SECRET`.
pub(crate) fn read_secret(text: &str) -> Result<(RegistryHost, String), String> {
    match text.split_once('=') {
        Some((host, secret)) if !secret.is_empty() => {
            Ok((host.parse().map_err(|error: image::ImageError| error.to_string())?, secret.to_owned()))
        }
        _ => Err("it must be HOST=ARN or HOST=NAME, such as docker.io=docker-hub".to_owned()),
    }
}

/// Reads `HOST=PREFIX` or `HOST/PART=PREFIX`.
pub(crate) fn read_prefix(text: &str) -> Result<(String, EcrRepositoryPrefix), String> {
    let (registry, prefix) =
        text.split_once('=').ok_or("it must be HOST=PREFIX, such as quay.io=lab/quay")?;
    let told = |error: image::ImageError| error.to_string();
    let (host, part) = registry.split_once('/').map_or((registry, None), |(host, part)| (host, Some(part)));
    host.parse::<RegistryHost>().map_err(told)?;
    part.map(str::parse::<UpstreamRepositoryPrefix>).transpose().map_err(told)?;
    Ok((registry.to_owned(), prefix.parse().map_err(told)?))
}

//! What can be typed.

mod about;
mod account;
mod cache;
mod check;
mod clone;
mod demo;
mod doctor;
#[cfg(test)]
mod documentation;
mod drift;
mod export;
mod grant;
mod local;
mod mcp;
mod output;
mod plan;
mod policy;
mod prepare;
mod rewrite;
mod role;
mod secret;
mod sources;
mod validate;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use image::{AccountId, PullThroughCacheRule, Region, RegistryHost, RepositoryName};

pub(crate) use self::about::{
    CompletionsArguments, ConfigArguments, ConfigCommand, ConfigShowArguments, ManArguments, VersionArguments,
};
pub(crate) use self::account::AccountArguments;
pub(crate) use self::cache::{CacheArguments, CacheCommand, CreateArguments, DeleteArguments, ListArguments};
pub(crate) use self::check::CheckArguments;
pub(crate) use self::clone::{CloneArguments, Engine};
pub(crate) use self::demo::DemoArguments;
pub(crate) use self::doctor::DoctorArguments;
pub(crate) use self::drift::DriftArguments;
pub(crate) use self::export::{ExportArguments, ExportFormat, ExportOptions};
pub(crate) use self::grant::GrantArguments;
pub(crate) use self::local::{ADDRESS, EnvArguments, LocalArguments, LocalCommand, ServeArguments, Shell};
pub(crate) use self::mcp::{Client, InstallArguments, McpArguments, McpCommand, McpServeArguments};
pub(crate) use self::output::{ColorChoice, GlobalArguments, Output, OutputArguments};
pub(crate) use self::plan::PlanArguments;
pub(crate) use self::policy::{DecideArguments, PolicyArguments, PolicyCommand};
pub(crate) use self::prepare::{
    ApplyArguments, DeliveryArguments, Preference, PrepareArguments, read_prefix, read_secret,
};
pub(crate) use self::rewrite::RewriteArguments;
pub(crate) use self::role::{RoleArguments, RoleCheckArguments, RoleCommand, RolePolicyArguments};
pub(crate) use self::secret::{SecretArguments, SecretCheckArguments, SecretCommand, SecretCreateArguments};
pub(crate) use self::sources::SourceArguments;
pub(crate) use self::validate::{ExplainArguments, ValidateArguments, ValidateOutput};

/// Makes every container image of a genomics workflow ready in a private Amazon ECR for AWS HealthOmics.
#[derive(Debug, Parser)]
#[command(name = "omics-ecr", version, max_term_width = 100, after_long_help = crate::failure::exit_codes())]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) global: GlobalArguments,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Prepare(Box<PrepareArguments>),
    Apply(ApplyArguments),
    Scan(ScanArguments),
    Map(MapArguments),
    Rewrite(RewriteArguments),
    Clone(Box<CloneArguments>),
    Grant(GrantArguments),
    Role(RoleArguments),
    Policy(PolicyArguments),
    Local(Box<LocalArguments>),
    Cache(CacheArguments),
    Secret(SecretArguments),
    Check(CheckArguments),
    Drift(DriftArguments),
    Validate(ValidateArguments),
    Doctor(DoctorArguments),
    Explain(ExplainArguments),
    Export(Box<ExportArguments>),
    Demo(DemoArguments),
    Mcp(Box<McpArguments>),
    Config(ConfigArguments),
    Completions(CompletionsArguments),
    Man(ManArguments),
    Version(VersionArguments),
}

/// List every container image of a workflow and how each can come into a private ECR
///
/// Reads WDL, Nextflow and CWL files. Needs no AWS account and no network.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  # every image of a workflow
  omics-ecr scan my-workflow/

  # fail in CI when an image cannot be told from the files
  omics-ecr scan my-workflow/ --strict --output json > images.json")]
pub(crate) struct ScanArguments {
    /// Folder, zip archive of one, or a single workflow file
    #[arg(value_name = "FOLDER")]
    pub(crate) path: PathBuf,
    #[command(flatten)]
    pub(crate) target: TargetArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
    /// Exit with 1 when any container attribute is unresolved
    #[arg(long, help_heading = "Output")]
    pub(crate) strict: bool,
}

/// Where the images come to.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Target")]
pub(crate) struct TargetArguments {
    /// AWS account of the private registry, 12 digits [env: OMICS_ECR_ACCOUNT]
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) account: Option<AccountId>,
    /// AWS Region of the private registry [env: OMICS_ECR_REGION, AWS_REGION, AWS_DEFAULT_REGION]
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<Region>,
}

/// The shape of a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MapFormat {
    /// One object of names to names in the private registry
    Flat,
    /// The container registry map that HealthOmics takes at CreateWorkflow
    Healthomics,
}

/// Write the map from each image of a workflow to its place in a private ECR
///
/// Needs no network. Names come from a scan of FOLDER, or from a list with --from. Images that no pull through
/// cache rule can serve are mapped to the repositories they will be cloned to, and listed.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  # the flat image map
  omics-ecr map my-workflow/ --account 123456789012 --region us-east-1 --output registry_map.json

  # HealthOmics' container registry map for what Nextflow itself finds
  nextflow inspect -format json my-workflow/ |
    omics-ecr map --from - --format healthomics --account 123456789012 --region us-east-1")]
pub(crate) struct MapArguments {
    /// Folder, zip archive of one, or a single workflow file
    #[arg(value_name = "FOLDER", required_unless_present = "from", conflicts_with = "from")]
    pub(crate) path: Option<PathBuf>,
    /// File with a list of images, or with the output of `nextflow inspect -format json`; - for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) target: TargetArguments,
    /// Shape of the map
    #[arg(long, value_enum, default_value_t = MapFormat::Flat, help_heading = "Output")]
    pub(crate) format: MapFormat,
    /// File to write; a map that is there is merged, and its entries stay [default: standard output]
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) output: Option<PathBuf>,
    /// Replace entries of the file that have another value
    #[arg(long, requires = "output", help_heading = "Output")]
    pub(crate) replace: bool,
    /// File to write the images to that have to be cloned, one `SOURCE TARGET` a line
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) clone_list: Option<PathBuf>,
    /// ECR repository prefix for an upstream registry, such as quay.io=quay or quay.io/biocontainers=bio
    #[arg(long = "prefix", value_name = "UPSTREAM=PREFIX", value_parser = read_rule, help_heading = "Mapping")]
    pub(crate) rules: Vec<PullThroughCacheRule>,
    /// Secret with which HealthOmics copies from a registry, such as nvcr.io=arn:aws:secretsmanager:...
    #[arg(long = "credential", value_name = "HOST=ARN", value_parser = read_credential, help_heading = "Mapping")]
    pub(crate) credentials: Vec<(RegistryHost, String)>,
    /// What comes before the names of cloned repositories
    #[arg(long, value_name = "REPOSITORY", help_heading = "Mapping")]
    pub(crate) clone_prefix: Option<RepositoryName>,
}

/// Reads `HOST[/UPSTREAM_PREFIX]=ECR_PREFIX`.
fn read_rule(text: &str) -> Result<PullThroughCacheRule, String> {
    let (upstream, prefix) =
        text.split_once('=').ok_or("it must be UPSTREAM=PREFIX, such as quay.io=quay")?;
    let prefix = prefix.parse().map_err(|error: image::ImageError| error.to_string())?;
    let (host, upstream_prefix) = match upstream.split_once('/') {
        Some((host, rest)) if !rest.is_empty() => (host, Some(rest)),
        _ => (upstream, None),
    };
    let host = host.parse().map_err(|error: image::ImageError| error.to_string())?;
    let mut rule = PullThroughCacheRule::new(prefix, host);
    if let Some(upstream_prefix) = upstream_prefix {
        rule.upstream_repository_prefix =
            upstream_prefix.parse().map_err(|error: image::ImageError| error.to_string())?;
    }
    Ok(rule)
}

/// Reads `HOST=ARN`; HealthOmics takes the ARN of any Secrets Manager secret.
fn read_credential(text: &str) -> Result<(RegistryHost, String), String> {
    let (host, arn) =
        text.split_once('=').ok_or("it must be HOST=ARN, such as nvcr.io=arn:aws:secretsmanager:...")?;
    let host: RegistryHost = host.parse().map_err(|error: image::ImageError| error.to_string())?;
    if image::CopiedRegistry::of(&host).is_none() {
        return Err(format!("HealthOmics does not copy from {host} by itself"));
    }
    let is_secret =
        arn.starts_with("arn:aws") && arn.contains(":secretsmanager:") && arn.contains(":secret:");
    if !is_secret || !(20..=2048).contains(&arn.len()) {
        return Err(format!("`{arn}` is not the ARN of a Secrets Manager secret"));
    }
    Ok((host, arn.to_owned()))
}

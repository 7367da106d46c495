//! What can be typed behind `omics-ecr export`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use image::{EcrRepositoryPrefix, ImageError, RegistryHost, RepositoryName, UpstreamRepositoryPrefix};
use operations::cache::SourceAccount;

use super::AccountArguments;
use super::cache::read_account;

/// Write the account side of pull through caches as code: rules, templates, the registry policy, a run's role
///
/// Writes what an account has; or with --registry what `cache create` would make, without asking AWS. Secrets are named
/// by their ARNs and never read.
#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    #[command(subcommand)]
    pub(crate) format: ExportFormat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ExportFormat {
    /// As a Terraform configuration, with an `import` block for all that exists
    #[command(after_help = "Examples:
  # take what an account has under Terraform's care
  omics-ecr export terraform > ecr.tf

  # caches that are still to be made; needs no AWS
  omics-ecr export terraform --account 123456789012 --region us-east-1 \\
    --registry quay.io --registry public.ecr.aws --output ecr.tf")]
    Terraform(ExportOptions),
    /// As a CloudFormation template in JSON
    #[command(after_help = "Example:
  # caches that are still to be made, with the role of the runs; needs no AWS
  omics-ecr export cloudformation --account 123456789012 --region us-east-1 \\
    --registry quay.io --role HealthOmicsRun --output ecr.json")]
    Cloudformation(ExportOptions),
}

#[derive(Debug, Args)]
pub(crate) struct ExportOptions {
    /// Export the rule of this prefix alone; can be given more than once [default: every rule of the account]
    #[arg(long = "prefix", value_name = "PREFIX", conflicts_with = "registries")]
    pub(crate) prefixes: Vec<EcrRepositoryPrefix>,
    /// Export a repository's policy too, with HealthOmics' read access; Terraform alone
    #[arg(long = "repository", value_name = "NAME", conflicts_with = "registries")]
    pub(crate) repositories: Vec<RepositoryName>,
    /// Upstream registry for which a cache is to be made, such as quay.io, quay.io=quay or quay.io/biocontainers=bio
    #[arg(long = "registry", value_name = "UPSTREAM[=PREFIX]", value_parser = read_wanted, help_heading = "To be made")]
    pub(crate) registries: Vec<WantedCache>,
    /// Plan of `prepare --plan-out` whose new rules are exported, without asking AWS; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["registries", "prefixes", "repositories"], help_heading = "To be made")]
    pub(crate) plan: Option<PathBuf>,
    /// Secret that ECR signs in to a registry with, such as docker.io=arn:aws:secretsmanager:...
    #[arg(
        long = "credential",
        value_name = "HOST=ARN",
        value_parser = read_secret,
        requires = "registries",
        help_heading = "To be made"
    )]
    pub(crate) credentials: Vec<(RegistryHost, String)>,
    /// File with the registry policy that is there, into which the grants are merged; - for standard input
    #[arg(long, value_name = "FILE", requires = "registries", help_heading = "To be made")]
    pub(crate) registry_policy: Option<PathBuf>,
    /// Bind HealthOmics' grants to runs of an account [default account: the registry's]
    #[arg(
        long,
        value_name = "ACCOUNT",
        num_args = 0..=1,
        default_missing_value = "",
        value_parser = read_account,
        requires = "registries",
        help_heading = "To be made"
    )]
    pub(crate) source_account: Option<SourceAccount>,
    /// Add the role that runs take on, by this name
    #[arg(long, value_name = "NAME", value_parser = read_role_name)]
    pub(crate) role: Option<String>,
    #[command(flatten)]
    pub(crate) account: AccountArguments,
    /// File to write [default: standard output]
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) output: Option<PathBuf>,
}

/// A cache that is to be made.
#[derive(Debug, Clone)]
pub(crate) struct WantedCache {
    /// The upstream registry, by any of its names.
    pub(crate) registry: String,
    /// The part of it that is reached.
    pub(crate) upstream_prefix: Option<UpstreamRepositoryPrefix>,
    /// The ECR repository prefix.
    pub(crate) prefix: Option<EcrRepositoryPrefix>,
}

/// Reads `UPSTREAM[/UPSTREAM_PREFIX][=PREFIX]`.
fn read_wanted(text: &str) -> Result<WantedCache, String> {
    let words = |error: ImageError| error.to_string();
    let (upstream, prefix) = match text.split_once('=') {
        Some((upstream, prefix)) => (upstream, Some(prefix.parse().map_err(words)?)),
        None => (text, None),
    };
    let (registry, upstream_prefix) = match upstream.split_once('/') {
        Some((host, rest)) if !rest.is_empty() => (host, Some(rest.parse().map_err(words)?)),
        _ => (upstream.trim_end_matches('/'), None),
    };
    Ok(WantedCache { registry: registry.to_owned(), upstream_prefix, prefix })
}

/// Reads `HOST=ARN`.
fn read_secret(text: &str) -> Result<(RegistryHost, String), String> {
    let (host, arn) =
        text.split_once('=').ok_or("it must be HOST=ARN, such as docker.io=arn:aws:secretsmanager:...")?;
    let host = host.parse().map_err(|error: ImageError| error.to_string())?;
    Ok((host, arn.to_owned()))
}

/// Reads the name of a role, as IAM takes it.
fn read_role_name(text: &str) -> Result<String, String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte);
    if (1..=64).contains(&text.len()) && text.bytes().all(fits) {
        Ok(text.to_owned())
    } else {
        Err("a role's name has 1 to 64 letters, digits and the characters + = , . @ _ -".to_owned())
    }
}

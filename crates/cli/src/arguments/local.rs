//! What can be typed behind `omics-ecr local`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use image::RegistryHost;
use local_ecr::Data;
use tracing_subscriber::filter::Targets;

use super::account::{read_data, read_duration, read_upstream};
use super::{OutputArguments, TargetArguments};

/// Where a local ECR listens when nothing else is said.
pub(crate) const ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 5327);

/// Run an Amazon ECR of your own, with pull through cache rules that really pull
///
/// Speaks ECR's and Secrets Manager's API, STS's GetCallerIdentity, and the registry's protocol for Docker, Podman,
/// skopeo and others. Needs no AWS account. Runs until Ctrl-C or SIGTERM; what it acknowledged is there after a
/// restart, and after a kill. On this machine alone anybody may use it; another address needs access keys and TLS.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  # run it, and use it from another terminal
  omics-ecr local
  eval \"$(omics-ecr local env)\" && aws ecr describe-repositories

  # for a test: any free port, nothing kept, a mirror in the place of Quay
  omics-ecr local --address 127.0.0.1:0 --data :memory: --upstream quay.io=http://127.0.0.1:5001 --output json

  # for a site
  omics-ecr local --address 0.0.0.0:443 --url https://ecr.example.org --tls-cert chain.pem --tls-key key.pem \\
    --credentials keys.ini

  # one of several behind a load balancer that speaks TLS
  omics-ecr local --address 0.0.0.0:5327 --url https://ecr.example.org --storage s3://bucket/registry \\
    --insecure-plain-http --credentials keys.ini"
)]
pub(crate) struct LocalArguments {
    #[command(subcommand)]
    pub(crate) command: Option<LocalCommand>,
    #[command(flatten)]
    pub(crate) serve: ServeArguments,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LocalCommand {
    Env(EnvArguments),
}

/// How a local ECR runs.
#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// Address and port to listen on; port 0 takes any free one
    #[arg(long, value_name = "IP:PORT", default_value_t = ADDRESS, help_heading = "Server")]
    pub(crate) address: SocketAddr,
    /// Where its data is: a folder, :memory: for nowhere, or s3://bucket/prefix, which any number of servers share
    /// [default: the platform's folder for data]
    ///
    /// The bucket is reached as the environment says: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN,
    /// or a container's, machine's or web identity's credentials; AWS_REGION; AWS_ENDPOINT_URL_S3 for a service that is
    /// not Amazon's.
    #[arg(long, visible_alias = "storage", value_name = "PLACE", value_parser = read_data, help_heading = "Server")]
    pub(crate) data: Option<Data>,
    /// Where clients reach it, when that is not the address, such as behind a proxy
    #[arg(long, value_name = "URL", help_heading = "Server")]
    pub(crate) url: Option<String>,
    #[command(flatten)]
    pub(crate) target: TargetArguments,

    /// Upstream registry that answers elsewhere, such as quay.io=http://127.0.0.1:5001
    #[arg(
        long = "upstream",
        value_name = "HOST=URL",
        value_parser = read_upstream,
        help_heading = "Pull through"
    )]
    pub(crate) upstreams: Vec<(RegistryHost, String)>,
    /// Age at which a cached tag is compared with the upstream registry again: 90s, 30m, 24h, 7d
    #[arg(
        long,
        value_name = "TIME",
        value_parser = read_duration,
        default_value = "24h",
        help_heading = "Pull through"
    )]
    pub(crate) check_after: Duration,
    /// Refuse what Amazon ECR refuses today, and a more helpful registry would not: a first pull by digest
    #[arg(long, help_heading = "Pull through")]
    pub(crate) strict: bool,

    /// File with access keys, in the form of AWS's credentials file; - for standard input. Then every request must
    /// be signed [env: OMICS_ECR_LOCAL_ACCESS_KEY_ID and OMICS_ECR_LOCAL_SECRET_ACCESS_KEY for one key]
    #[arg(long, value_name = "FILE", help_heading = "Access")]
    pub(crate) credentials: Option<PathBuf>,
    /// File with the certificate chain, in PEM form
    #[arg(long, value_name = "FILE", requires = "tls_key", help_heading = "Access")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// File with the certificate's private key, in PEM form
    #[arg(long, value_name = "FILE", requires = "tls_cert", help_heading = "Access")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Speak plain HTTP to other machines too; for use behind a proxy that speaks TLS
    #[arg(long, conflicts_with = "tls_cert", help_heading = "Access")]
    pub(crate) insecure_plain_http: bool,

    /// What is logged to standard error: off, error, warn, info, debug, trace, or such as info,local_ecr=debug
    #[arg(long, value_name = "LEVEL", default_value = "info", help_heading = "Output")]
    pub(crate) log: Targets,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// Print the settings with which the AWS CLI and SDKs use the local ECR that runs
///
/// Asks the server for its account and Region, so it fails when none runs.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  eval \"$(omics-ecr local env)\"
  omics-ecr local env --shell fish | source
  omics-ecr local env --shell powershell | Out-String | Invoke-Expression")]
pub(crate) struct EnvArguments {
    /// Where it listens, as IP:PORT or URL [default: what the server noted in its data folder, then 127.0.0.1:5327]
    #[arg(long, value_name = "ADDRESS", conflicts_with = "data")]
    pub(crate) address: Option<String>,
    /// Folder of its data [default: the platform's folder for data]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) data: Option<PathBuf>,
    /// Shell that reads the settings [default: told by SHELL]
    #[arg(long, value_enum)]
    pub(crate) shell: Option<Shell>,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// A shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    /// Bash, Zsh, and every other shell of its kind
    Bash,
    /// Fish
    Fish,
    /// PowerShell
    Powershell,
}

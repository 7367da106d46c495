//! What can be typed behind `omics-ecr secret`.

use clap::{Args, Subcommand};

use super::{AccountArguments, OutputArguments, PlanArguments};

/// Make and check the secrets with which ECR signs in to upstream registries
#[derive(Debug, Args)]
pub(crate) struct SecretArguments {
    #[command(subcommand)]
    pub(crate) command: SecretCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SecretCommand {
    Create(SecretCreateArguments),
    Check(SecretCheckArguments),
}

/// Make a secret that ECR takes: the right name, the right keys, the default KMS key
///
/// The token is read from standard input, or asked for on the terminal without being shown. It is sent to the upstream
/// registry, which has to take it, and to AWS Secrets Manager, and to nobody else.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  # asks for the token
  omics-ecr secret create docker-hub --registry docker.io --username USER

  # a new token for all rules that name the secret
  omics-ecr secret create docker-hub --registry docker.io --username USER --replace < token")]
pub(crate) struct SecretCreateArguments {
    /// Name; ecr-pullthroughcache/ is put before it where it is missing
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// User name at the upstream registry
    #[arg(long, value_name = "USER")]
    pub(crate) username: String,
    /// Upstream registry that the login is for
    #[arg(long, value_name = "REGISTRY", default_value = "docker.io")]
    pub(crate) registry: String,
    /// Do not try the login upstream before it is written
    #[arg(long)]
    pub(crate) no_check: bool,
    /// Give a secret that is there this login
    #[arg(long)]
    pub(crate) replace: bool,

    #[command(flatten)]
    pub(crate) plan: PlanArguments,
    #[command(flatten)]
    pub(crate) account: AccountArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// Check that ECR can use a secret, and sign in upstream with what it holds
///
/// Looks at the name, account, Region, deletion, KMS key and keys, and shows none of its values. Exits with 1 when ECR
/// cannot use it, and with 2 when it could not be looked at.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  omics-ecr secret check docker-hub --registry docker.io")]
pub(crate) struct SecretCheckArguments {
    /// Name or ARN
    #[arg(value_name = "NAME|ARN")]
    pub(crate) secret: String,
    /// Upstream registry to sign in to [default: that of a rule which names the secret]
    #[arg(long, value_name = "REGISTRY")]
    pub(crate) registry: Option<String>,

    #[command(flatten)]
    pub(crate) account: AccountArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

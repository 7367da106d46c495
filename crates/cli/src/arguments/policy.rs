//! What `omics-ecr policy` takes.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use operations::decide::AttachedTo;

use super::OutputArguments;

/// Decide requests by policy documents, as IAM would
#[derive(Debug, Args)]
pub(crate) struct PolicyArguments {
    #[command(subcommand)]
    pub(crate) command: PolicyCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    Decide(Box<DecideArguments>),
}

/// Decide whether a policy allows a request: allowed, denied or depends, with the statement that decided
///
/// The document alone decides. A condition key that is not given is absent, save those that every such request carries
/// (the time; of a service its source ARN and account): what hangs on their values is `depends`. Exit code 0 for allowed,
/// 1 for denied and depends. Needs no AWS account and no network.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  # may HealthOmics read the repository?
  aws ecr get-repository-policy --repository-name tools/bwa --query policyText --output text |
    omics-ecr policy decide --policy - --principal omics.amazonaws.com --action ecr:BatchGetImage \\
      --resource arn:aws:ecr:us-east-1:123456789012:repository/tools/bwa \\
      --context aws:SourceAccount=123456789012

  # a file of cases with the verdicts that are expected
  omics-ecr policy decide --cases policy-cases.json")]
pub(crate) struct DecideArguments {
    /// File of the policy document; - for standard input
    #[arg(long, value_name = "FILE", required_unless_present = "cases", conflicts_with = "cases")]
    pub(crate) policy: Option<PathBuf>,
    /// What the document is attached to
    #[arg(long, value_enum, default_value_t = Attachment::Repository)]
    pub(crate) kind: Attachment,
    /// Who asks: a service, the ARN of a role or user, an account, or * for anybody
    #[arg(long, value_name = "SERVICE-OR-ARN", required_unless_present = "cases")]
    pub(crate) principal: Option<String>,
    /// Action that is asked for, such as ecr:BatchGetImage
    #[arg(long, value_name = "ACTION", required_unless_present = "cases")]
    pub(crate) action: Option<String>,
    /// ARN of the resource, or *
    #[arg(long, value_name = "ARN", required_unless_present = "cases")]
    pub(crate) resource: Option<String>,
    /// Condition key of the request; can be given more than once, and with one key for several values
    #[arg(long, value_name = "KEY=VALUE", value_parser = read_context)]
    pub(crate) context: Vec<(String, String)>,
    /// Condition key of which nothing is known; can be given more than once
    #[arg(long, value_name = "KEY")]
    pub(crate) unknown: Vec<String>,
    /// File of cases with their expected verdicts; - for standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["principal", "action", "resource", "context", "unknown"])]
    pub(crate) cases: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// What a document is attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Attachment {
    /// An ECR repository
    Repository,
    /// An ECR registry (scope V2: every action)
    Registry,
    /// An ECR registry of the older scope: replication, import and creation alone
    RegistryV1,
    /// Any other resource, or a role's trust policy
    Resource,
    /// A user, group or role
    Identity,
    /// A permissions boundary
    Boundary,
}

impl From<Attachment> for AttachedTo {
    fn from(attachment: Attachment) -> Self {
        match attachment {
            Attachment::Repository => Self::Repository,
            Attachment::Registry => Self::Registry,
            Attachment::RegistryV1 => Self::RegistryV1,
            Attachment::Resource => Self::Resource,
            Attachment::Identity => Self::Identity,
            Attachment::Boundary => Self::Boundary,
        }
    }
}

/// Reads `KEY=VALUE`; the value may be empty.
fn read_context(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("it must be KEY=VALUE, such as aws:SourceAccount=123456789012".to_owned()),
    }
}

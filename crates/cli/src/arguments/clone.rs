//! What can be typed behind `omics-ecr clone`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use image::RepositoryName;
use operations::clone::Shard;
use registry::Platform;

use super::{AccountArguments, OutputArguments, PlanArguments, SourceArguments};

/// Copy images from any registry into the private ECR, ready for HealthOmics
///
/// Creates the repositories, gives HealthOmics read access, copies, and proves the result in ECR. An image that a
/// pull through cache rule covers is fetched through that rule unless --to names a place. No Docker is needed. Running
/// it again sends only what is missing. Exits with 1 when any image failed, and with 130 when interrupted.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  # one image, to a name of your own
  omics-ecr clone community.wave.seqera.io/library/bwa:0.7.18 --to tools/bwa:0.7.18

  # everything that a workflow needs and no rule can serve
  omics-ecr map my-workflow/ --account 123456789012 --region us-east-1 --clone-list images.txt --output map.json
  omics-ecr clone --from-file images.txt --dry-run
  omics-ecr clone --from-file images.txt --yes

  # thousands of images on a Slurm cluster, in 16 parts
  omics-ecr clone --from-file images.txt --emit slurm --shards 16 > clone.sbatch")]
pub(crate) struct CloneArguments {
    /// Images to clone
    #[arg(value_name = "SOURCE", required_unless_present = "from_file")]
    pub(crate) sources: Vec<String>,
    /// Repository and tag that the one SOURCE gets [default: as a rule or `map` names it]
    #[arg(long, value_name = "REPOSITORY[:TAG]", conflicts_with = "from_file")]
    pub(crate) to: Option<String>,
    /// File with `SOURCE [TARGET]` on each line, as `map --clone-list` writes it; - for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) from_file: Option<PathBuf>,

    /// Platform to copy out of an image index [default: linux/amd64]
    #[arg(long, value_name = "OS/ARCH", conflicts_with = "all_platforms", help_heading = "Images")]
    pub(crate) platform: Option<Platform>,
    /// Copy image indexes with all their platforms; the digest stays, as it does for images named by digest
    #[arg(long, help_heading = "Images")]
    pub(crate) all_platforms: bool,
    /// Copy signatures, attestations and what else refers to an image
    #[arg(long, help_heading = "Images")]
    pub(crate) referrers: bool,
    /// Let tags move that stand for other images
    #[arg(long, help_heading = "Images")]
    pub(crate) overwrite: bool,

    /// What comes before the names of repositories for which there is no target
    #[arg(long, value_name = "REPOSITORY", help_heading = "Repositories")]
    pub(crate) clone_prefix: Option<RepositoryName>,
    /// Do not give HealthOmics read access
    #[arg(long, help_heading = "Repositories")]
    pub(crate) no_grant: bool,
    /// KMS key of new repositories, aws/ecr for AWS's own [default: a key of S3]
    #[arg(long, value_name = "KEY", help_heading = "Repositories")]
    pub(crate) kms_key: Option<String>,
    /// Make new repositories whose tags never move
    #[arg(long, help_heading = "Repositories")]
    pub(crate) immutable: bool,
    /// Resource tag of new repositories; can be given more than once
    #[arg(long = "resource-tag", value_name = "KEY=VALUE", value_parser = read_tag, help_heading = "Repositories")]
    pub(crate) resource_tags: Vec<(String, String)>,
    /// Switch on the account's setting by which ECR takes layers from other repositories
    #[arg(long, help_heading = "Repositories")]
    pub(crate) enable_mounting: bool,

    #[command(flatten)]
    pub(crate) plan: PlanArguments,

    /// Clone one part of the list, such as 2/8 for the second of eight [default: the part of the array job this is in]
    #[arg(long, value_name = "I/N", help_heading = "Many machines")]
    pub(crate) shard: Option<Shard>,
    /// Number of parts, where the environment tells only which one this is, and for --emit
    #[arg(long, value_name = "N", conflicts_with = "shard", help_heading = "Many machines")]
    pub(crate) shards: Option<u32>,
    /// Print the job that clones in --shards parts, and clone nothing
    #[arg(long, value_enum, value_name = "ENGINE", conflicts_with_all = ["shard", "local"], help_heading = "Many machines")]
    pub(crate) emit: Option<Engine>,

    #[command(flatten)]
    pub(crate) account: AccountArguments,

    /// User name at the source registry; needs --source-password-stdin
    #[arg(long, value_name = "NAME", requires = "source_password_stdin", help_heading = "Sources")]
    pub(crate) source_username: Option<String>,
    /// Read the password for the source registry from standard input
    #[arg(long, requires = "source_username", help_heading = "Sources")]
    pub(crate) source_password_stdin: bool,
    #[command(flatten)]
    pub(crate) registries: SourceArguments,

    /// Blobs under way at once
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256), help_heading = "Sources")]
    pub(crate) transfers: u16,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// An engine that runs many jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Engine {
    /// AWS Batch: the input of `aws batch submit-job --cli-input-json`
    Batch,
    /// Kubernetes: a ConfigMap with the list and an Indexed Job
    Kubernetes,
    /// Slurm: a script for `sbatch`
    Slurm,
}

/// Reads `KEY=VALUE`.
fn read_tag(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("it must be KEY=VALUE, such as team=genomics".to_owned()),
    }
}

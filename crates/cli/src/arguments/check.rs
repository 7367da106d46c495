//! What can be typed behind `omics-ecr check`.

use std::path::PathBuf;

use clap::Args;
use image::RepositoryName;

use super::{AccountArguments, OutputArguments, SourceArguments};

/// Tell whether runs can use images, and why not
///
/// Takes full names in ECR, repositories with tags, and names at other registries, which the account's rules map. Looks
/// in ECR, at the policies, and with HEAD at the registries that images come from. Changes nothing and has nothing
/// imported, unless --prime is given; ECR notes the reading of a manifest as a pull. Exits with 0 when all images are
/// usable or will be pulled through, with 1 when some are not, and with 2 when that could not be told.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  # one image, by each of its names
  omics-ecr check quay.io/biocontainers/bwa:0.7.17--h5bf99c6_8
  omics-ecr check quay/biocontainers/bwa:0.7.17--h5bf99c6_8

  # everything that a workflow needs, imported before the run
  omics-ecr map my-workflow/ --clone-list images.txt --output map.json
  omics-ecr check --from-file images.txt --prime

  # what a program does with it
  omics-ecr check --from-file images.txt --output json | jq -r '.images[] | select(.cause) | .image + \" \" + .cause'")]
pub(crate) struct CheckArguments {
    /// Images to check
    #[arg(value_name = "URI", required_unless_present = "from_file")]
    pub(crate) images: Vec<String>,
    /// File with an image on each line, or `SOURCE TARGET` as `map --clone-list` writes it; - for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) from_file: Option<PathBuf>,
    /// Have ECR import what rules cover and is not there, then check
    #[arg(long)]
    pub(crate) prime: bool,
    /// Read no manifest and no config, so that ECR notes no pull; platforms are then not known
    #[arg(long)]
    pub(crate) no_contents: bool,
    /// What comes before the names of cloned repositories
    #[arg(long, value_name = "REPOSITORY")]
    pub(crate) clone_prefix: Option<RepositoryName>,

    #[command(flatten)]
    pub(crate) account: AccountArguments,

    #[command(flatten)]
    pub(crate) sources: SourceArguments,

    /// Show what was asked and answered for every image
    #[arg(long, help_heading = "Output")]
    pub(crate) evidence: bool,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

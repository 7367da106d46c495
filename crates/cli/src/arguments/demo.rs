//! What can be typed behind `omics-ecr demo`.

use std::path::PathBuf;

use clap::Args;

use super::OutputArguments;

/// Show the whole of it on this machine: no AWS account, no network, no Docker
///
/// Starts an ECR in memory and small registries that stand in for the public ones, makes every image of a workflow
/// ready as `prepare` does, pulls the images as HealthOmics would, and leaves nothing behind. Exits with 1 when an image
/// is not ready in the end.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  # the examples, one workflow of each language
  omics-ecr demo

  # a workflow of your own, with made-up images under its names, and the maps and the report in a folder
  omics-ecr demo my-workflow/ --keep demo-results

  # registries to try the other commands on, such as `omics-ecr prepare my-workflow/ --local --upstream quay.io=URL`
  omics-ecr demo my-workflow/ --registries-only")]
pub(crate) struct DemoArguments {
    /// Folder, zip archive of one, or a single workflow file [default: the examples that come with omics-ecr]
    #[arg(value_name = "FOLDER")]
    pub(crate) path: Option<PathBuf>,
    /// Folder to write the flat image map, the container registry map and the reports to; made where it is missing
    #[arg(long, value_name = "FOLDER", help_heading = "Output")]
    pub(crate) keep: Option<PathBuf>,
    /// Start the stand-ins of public registries alone, say where they answer, and keep them until interrupted
    #[arg(long, conflicts_with = "keep")]
    pub(crate) registries_only: bool,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

//! What can be typed behind `rewrite`.

use std::path::PathBuf;

use clap::Args;

use super::{OutputArguments, TargetArguments};

/// Write the names that images have in a private ECR into the files of a workflow
///
/// Changes the bytes of image names and nothing else, in place. The new files are scanned before they are
/// written; what cannot be changed safely is listed and left alone. Needs no AWS account and no network.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  # look at the changes first, then make them
  omics-ecr rewrite my-workflow/ --map registry_map.json --diff
  omics-ecr rewrite my-workflow/ --map registry_map.json

  # an input `ecr_registry` in WDL, a parameter in Nextflow, in place of the registry
  omics-ecr rewrite my-workflow/ --map registry_map.json --parameterize ecr_registry")]
pub(crate) struct RewriteArguments {
    /// Folder, or a single workflow file
    #[arg(value_name = "FOLDER")]
    pub(crate) path: PathBuf,
    /// File with the flat image map, or with HealthOmics' container registry map
    #[arg(long, value_name = "FILE")]
    pub(crate) map: PathBuf,
    #[command(flatten)]
    pub(crate) target: TargetArguments,
    /// Parameter that stands for the registry in the new names; declared and passed down where it is missing
    #[arg(long, value_name = "NAME", help_heading = "Parameter")]
    pub(crate) parameterize: Option<String>,
    /// Default of the parameter [default: none in WDL and CWL, the registry of the map in Nextflow]
    #[arg(long, value_name = "REGISTRY", requires = "parameterize", help_heading = "Parameter")]
    pub(crate) default: Option<String>,
    /// Let the parameter stand in `dockerPull` of CWL too; AWS HealthOmics evaluates it, other runners do not
    #[arg(long, requires = "parameterize", help_heading = "Parameter")]
    pub(crate) cwl_expressions: bool,
    /// Show the changes as a unified diff and write nothing
    #[arg(long, help_heading = "Output")]
    pub(crate) diff: bool,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
    /// Exit with 1 when an image was left alone that is not in the private registry yet
    #[arg(long, help_heading = "Output")]
    pub(crate) strict: bool,
}

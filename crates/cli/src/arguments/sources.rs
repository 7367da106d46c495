//! What can be typed about the registries that images come from.

use clap::Args;
use image::RegistryHost;

/// How the registries that images come from are reached.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Sources")]
pub(crate) struct SourceArguments {
    /// Registry that is spoken to without TLS; those on this machine always are
    #[arg(long, value_name = "HOST")]
    pub(crate) plain_http: Vec<RegistryHost>,
}

//! What can be typed about the command itself: its version, its completions, its manual, its settings.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use clap_complete::Shell;

use super::OutputArguments;

/// Tell the version, what it was built from and for, and the versions of the documents it prints
#[derive(Debug, Args)]
#[command(after_help = "Example:
  omics-ecr version --output json")]
pub(crate) struct VersionArguments {
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// Print what a shell needs to complete commands and flags
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  # bash, for this user
  omics-ecr completions bash > ~/.local/share/bash-completion/completions/omics-ecr

  # zsh, in a folder of $fpath
  omics-ecr completions zsh > ~/.zfunc/_omics-ecr

  # fish
  omics-ecr completions fish > ~/.config/fish/completions/omics-ecr.fish")]
pub(crate) struct CompletionsArguments {
    /// Shell to complete in
    #[arg(value_name = "SHELL", value_enum)]
    pub(crate) shell: Shell,
}

/// Print the manual page, or write one for the command and each of its subcommands
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  # read it
  omics-ecr man | man -l -

  # all pages, where man looks for them
  omics-ecr man --out ~/.local/share/man/man1")]
pub(crate) struct ManArguments {
    /// Folder to write all pages to; made where it is missing
    #[arg(long, value_name = "FOLDER", help_heading = "Output")]
    pub(crate) out: Option<PathBuf>,
}

/// Show the settings that files and environment variables give to flags
#[derive(Debug, Args)]
pub(crate) struct ConfigArguments {
    #[command(subcommand)]
    pub(crate) command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    Show(ConfigShowArguments),
    Path(ConfigPathArguments),
}

/// Show what each setting is, and where that comes from
///
/// Shows what a command takes whose flags are left away: flags come before settings.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  omics-ecr config show
  OMICS_ECR_REGION=eu-west-1 omics-ecr config show --output json")]
pub(crate) struct ConfigShowArguments {
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

/// Show where files with settings are looked for, and which are there
#[derive(Debug, Args)]
pub(crate) struct ConfigPathArguments {
    #[command(flatten)]
    pub(crate) output: OutputArguments,
}

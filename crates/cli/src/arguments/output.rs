//! What can be typed about what is printed, and how.

use clap::{ArgAction, Args, ValueEnum};

use crate::document::Notation;

/// The shape of what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// Tables for people
    Table,
    /// One JSON document, stable and versioned
    Json,
    /// The same document as YAML
    Yaml,
}

impl Output {
    /// Returns how a document is written; none for people.
    pub(crate) fn notation(self) -> Option<Notation> {
        match self {
            Self::Table => None,
            Self::Json => Some(Notation::Json),
            Self::Yaml => Some(Notation::Yaml),
        }
    }
}

/// In which shape the answer comes.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArguments {
    /// Shape of the output
    #[arg(long = "output", id = "output", value_name = "SHAPE", value_enum, default_value_t = Output::Table)]
    pub(crate) shape: Output,
}

/// When colour is used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, as NO_COLOR, CLICOLOR and CLICOLOR_FORCE say
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What every command takes.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Global")]
pub(crate) struct GlobalArguments {
    /// Print the answer, errors and questions, and nothing else
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Log to standard error what is asked of whom, and how long it takes; -vv for every attempt and decision
    #[arg(long, short, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// When colour is used
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = ColorChoice::Auto)]
    pub(crate) color: ColorChoice,
    /// Show no progress
    #[arg(long, global = true)]
    pub(crate) no_progress: bool,
}

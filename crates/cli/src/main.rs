//! The command `omics-ecr`.
//!
//! Owns arguments, tables, exit codes and the environment; the composition root. Holds no logic that an
//! assistant would need too: that is in `operations`.

mod arguments;
mod commands;
mod document;
mod environment;
mod failure;
mod logging;
mod manner;
mod screen;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let arguments = arguments::Arguments::parse();
    commands::run(arguments)
}

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
#[cfg(test)]
mod reference;
mod screen;
mod settings;

use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _};

use self::arguments::Arguments;
use self::settings::Settings;

fn main() -> ExitCode {
    let settings = Settings::load();
    let command = match &settings {
        Ok(settings) => settings.apply(Arguments::command()),
        Err(_) => Arguments::command(),
    };
    match Arguments::from_arg_matches(&command.get_matches()) {
        Ok(arguments) => commands::run(arguments, settings),
        Err(error) => error.exit(),
    }
}

//! `omics-ecr policy`

mod decide;

use std::process::ExitCode;

use crate::arguments::{Output, PolicyArguments, PolicyCommand};

/// Runs what was asked for.
pub(crate) fn run(arguments: &PolicyArguments) -> operations::Result<ExitCode> {
    match &arguments.command {
        PolicyCommand::Decide(arguments) => decide::run(arguments),
    }
}

/// Returns the shape of the output.
pub(crate) fn output(arguments: &PolicyArguments) -> Output {
    match &arguments.command {
        PolicyCommand::Decide(arguments) => arguments.output.shape,
    }
}

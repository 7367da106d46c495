//! `omics-ecr man`

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use clap::CommandFactory as _;
use operations::OperationError;

use crate::arguments::{Arguments, ManArguments};
use crate::failure::{print, remark};

/// Prints the page of the command, or writes the pages of all commands.
pub(crate) fn run(arguments: &ManArguments) -> operations::Result<ExitCode> {
    let command = Arguments::command();
    match &arguments.out {
        Some(folder) => {
            write(command, folder).map_err(|error| {
                OperationError::new(format!("cannot write manual pages into `{}`", folder.display()))
                    .refused(error)
            })?;
            remark(&format!("wrote the manual pages into {}", folder.display()));
        }
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command)
                .render(&mut page)
                .map_err(|error| OperationError::new("cannot print the manual page").refused(error))?;
            print(&String::from_utf8_lossy(&page))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn write(command: clap::Command, folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    clap_mangen::generate_to(command, folder)
}

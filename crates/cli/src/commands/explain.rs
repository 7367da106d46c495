//! `omics-ecr explain`

use std::process::ExitCode;

use operations::explanation::{self, Explanation};
use operations::{OperationError, Result};

use crate::arguments::ExplainArguments;
use crate::document;
use crate::failure::print;
use crate::screen::{self, Screen};

/// Prints explanations, or the list of all findings.
pub(crate) fn run(arguments: &ExplainArguments) -> Result<ExitCode> {
    let chosen: Vec<&Explanation> = match arguments.list {
        true => explanation::all().collect(),
        false => arguments.ids.iter().map(|id| find(id)).collect::<Result<_>>()?,
    };
    match (arguments.output.shape.notation(), arguments.list) {
        (Some(notation), _) => document::print(&chosen, notation)?,
        (None, true) => {
            let mut table = Screen::of_stdout().table(&["ID", "FINDING"]);
            for explanation in chosen {
                table.add_row([explanation.code.id(), explanation.title]);
            }
            print(&screen::render(&table))?;
        }
        (None, false) => {
            let texts: Vec<String> = chosen.iter().map(|explanation| explanation.text()).collect();
            print(&texts.join("\n"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn find(id: &str) -> Result<&'static Explanation> {
    explanation::find(id).ok_or_else(|| {
        OperationError::new(format!("cannot explain `{id}`"))
            .refused("there is no finding with this id")
            .hint("see them all with `omics-ecr explain --list`")
    })
}

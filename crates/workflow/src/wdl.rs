//! WDL: every container attribute of every task, followed back to the texts that reach it.
//!
//! Owns the order of the work: read and parse all files, resolve names across them, follow each attribute.
//! Must not know the other languages.

mod bind;
mod document;
mod escape;
mod evaluate;
mod flow;
mod functions;
mod inputs;
mod names;
pub(crate) mod parameter;
mod parse;
mod project;
mod report;
mod value;

#[cfg(test)]
mod tests;

use std::sync::atomic::AtomicU64;

use rayon::prelude::*;

use crate::reference::{ContainerReference, Warning};
use crate::scan::Findings;
use crate::source::{SourceFile, SourceTree};
use evaluate::Evaluator;
use flow::follow;
use project::{File, Project};
use report::Reporter;

/// Most evaluations of one scan: some hundred times what large repositories need.
const EVALUATIONS: u64 = 2_000_000;

/// Returns every container reference of the WDL files of a tree.
pub(crate) fn scan(tree: &SourceTree) -> Findings {
    let wdl = read(tree, |file| file.extension() == "wdl");
    if wdl.is_empty() {
        return Findings::default();
    }
    let json = read(tree, |file| file.extension() == "json");
    let files = wdl.len();
    let project = Project::new(wdl, json);
    let reporter = Reporter::new(&project);
    warn_of_gaps(tree, &project, &reporter);
    let budget = AtomicU64::new(EVALUATIONS);
    let tasks = project.tasks();
    let references: Vec<ContainerReference> = tasks
        .par_iter()
        .flat_map_iter(|&task| {
            project.callable(task).attributes.iter().map(move |attribute| (task, attribute))
        })
        .flat_map_iter(|(task, attribute)| {
            let evaluator = Evaluator::new(&project, &budget);
            let outcome = follow(&evaluator, task, attribute);
            if outcome.is_partial {
                let site = reporter.site(task, attribute);
                let message = "followed in part: more ways lead here than are looked into".to_owned();
                tree.warn(Warning { file: site.file, line: Some(site.line), message });
            }
            reporter.references(task, attribute, outcome)
        })
        .collect();
    Findings { references, files }
}

/// Returns the files that are wanted, with their text, in the order of their paths.
fn read<'a>(tree: &'a SourceTree, wanted: impl Fn(&SourceFile) -> bool + Sync) -> Vec<File<'a>> {
    let files = tree.files().par_iter().filter(|file| wanted(file));
    files.filter_map(|file| Some(File { path: file.path(), text: tree.text(file)? })).collect()
}

fn warn_of_gaps(tree: &SourceTree, project: &Project<'_>, reporter: &Reporter<'_, '_>) {
    for (at, document) in project.documents.iter().enumerate() {
        if let Some(gap) = document.gap {
            let (line, _) = reporter.position(at as u32, gap.at);
            let message = format!("read with gaps: {} is missing here", gap.what);
            tree.warn(Warning { file: project.files[at].path.to_owned(), line: Some(line), message });
        }
    }
}

//! The WDL scanner against small workflows: every form an image name is written in, every way it comes from,
//! and input that means harm.

mod callers;
mod documents;
mod expressions;
mod hostile;
mod inputs;
mod places;

use crate::reference::{ContainerReference, Resolution};
use crate::scan::{Scan, scan_tree};
use crate::source::SourceTree;

/// Scans texts by their paths.
fn scan(files: &[(&str, &str)]) -> Scan {
    scan_tree(&SourceTree::from_texts(files.iter().copied()))
}

/// Returns the image names of a scan in order, each once.
fn names(scan: &Scan) -> Vec<&str> {
    let mut names: Vec<&str> = scan.references.iter().filter_map(|found| found.asked_for()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Returns the image names of one file.
fn names_of(text: &str) -> Vec<String> {
    names(&scan(&[("main.wdl", text)])).into_iter().map(str::to_owned).collect()
}

/// Returns the image names of a task of WDL 1.1 with some declarations and a value of `docker`.
fn names_of_task(declarations: &str, docker: &str) -> Vec<String> {
    names_of(&task("1.1", declarations, docker))
}

/// Returns the text of a file with one task.
fn task(version: &str, declarations: &str, docker: &str) -> String {
    format!(
        "version {version}\n\ntask align {{\n  {declarations}\n  command <<< true >>>\n  runtime {{\n    docker: {docker}\n  }}\n}}\n"
    )
}

/// Returns the only reference of a scan.
fn only(scan: &Scan) -> &ContainerReference {
    assert_eq!(scan.references.len(), 1, "{:#?}", scan.references);
    &scan.references[0]
}

/// Returns template and dependencies of a reference that is unresolved.
fn unresolved(found: &ContainerReference) -> (&str, Vec<&str>) {
    match &found.resolution {
        Resolution::Unresolved { template, depends_on } => {
            (template, depends_on.iter().map(String::as_str).collect())
        }
        other => panic!("{other:?} is no unresolved reference"),
    }
}

/// Returns the words of the steps to a resolved reference.
fn chain(found: &ContainerReference) -> Vec<&str> {
    match &found.resolution {
        Resolution::Resolved { chain } => chain.iter().map(|step| step.what.as_str()).collect(),
        other => panic!("{other:?} is no resolved reference"),
    }
}

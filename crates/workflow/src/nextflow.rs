//! Finds the container references of Nextflow scripts and configuration files.
//!
//! Owns the way from files to references: read every file on its own, bring what they say together, evaluate
//! each container attribute. Must not know the other languages.

mod candidate;
mod config;
mod evaluate;
mod expression;
mod facts;
mod finding;
pub(crate) mod parameter;
mod parse;
mod project;
mod registry;
mod script;
mod selector;
pub(crate) mod strings;
#[cfg(test)]
mod tests;
mod token;
mod walk;

use std::collections::BTreeSet;

use rayon::prelude::*;

use self::facts::Facts;
use self::project::Project;
use self::registry::Registries;
use crate::reference::Warning;
use crate::scan::Findings;
use crate::source::{SourceFile, SourceTree};

/// Returns the container references of every script and configuration file of a tree.
pub(crate) fn scan(tree: &SourceTree) -> Findings {
    let texts: Vec<(&SourceFile, &str)> = tree
        .files()
        .par_iter()
        .filter(|file| file.path().ends_with(".nf") || file.path().ends_with(".config"))
        .filter_map(|file| Some((file, tree.text(file)?)))
        .collect();
    let homes: BTreeSet<&str> = texts
        .iter()
        .filter(|(file, _)| file.path().rsplit('/').next() == Some("nextflow.config"))
        .map(|(file, _)| project::folder(file.path()))
        .collect();
    let files: Vec<(&str, &str, Facts<'_>)> = texts
        .par_iter()
        .filter_map(|(file, text)| read(file.path(), text).map(|facts| (file.path(), *text, facts)))
        .collect();
    for (path, text, facts) in &files {
        if let Some(offset) = facts.too_deep {
            let line = memchr::memchr_iter(b'\n', text.as_bytes().get(..offset).unwrap_or_default()).count();
            let message = "left out: nested too deep".to_owned();
            tree.warn(Warning { file: (*path).to_owned(), line: Some(line as u32 + 1), message });
        }
    }
    // Other programs have `.config` files too.
    let scripts = texts.iter().filter(|(file, _)| file.path().ends_with(".nf")).count();
    let configs = files.iter().filter(|(path, ..)| path.ends_with(".config")).count();
    let project = Project::new(files, &homes);
    let registries = Registries::new(&project);
    let found: Vec<_> = (0..project.files.len())
        .into_par_iter()
        .map(|index| finding::references(&project, &registries, index))
        .collect();
    let mut references = Vec::new();
    for (more, warnings) in found {
        references.extend(more);
        for warning in warnings {
            tree.warn(warning);
        }
    }
    Findings { references, files: scripts + configs }
}

/// Returns what a file says, or `None` when it cannot say anything about containers.
fn read<'s>(path: &str, text: &'s str) -> Option<Facts<'s>> {
    // Offsets of tokens have 32 bits.
    if u32::try_from(text.len()).is_err() {
        return None;
    }
    if path.ends_with(".nf") {
        script::is_relevant(text).then(|| script::read(text))
    } else {
        config::is_relevant(text).then(|| config::read(text))
    }
}

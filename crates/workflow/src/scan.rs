//! The scan of a folder: lists the files, lets each language look, brings the findings together.

use std::collections::BTreeMap;
use std::path::Path;

use crate::reference::{ContainerReference, Engine, Literal, Site, Warning};
use crate::source::{Limits, ScanError, SourceTree};
use crate::{cwl, nextflow, wdl};

/// What one language found.
#[derive(Default)]
pub(crate) struct Findings {
    /// The references, in any order; the same place and text may come more than once.
    pub(crate) references: Vec<ContainerReference>,
    /// How many files of the language were read.
    pub(crate) files: usize,
}

/// Everything a scan found.
#[derive(Debug)]
pub struct Scan {
    /// The references in the order of file, line and name; one for each pair of place and text.
    pub references: Vec<ContainerReference>,
    /// What was left out, in the order of the files.
    pub warnings: Vec<Warning>,
    /// How many workflow files were read.
    pub files: usize,
}

/// Returns every container reference in a folder, a zip archive or a single file.
///
/// Reads files only, in parallel; no network. A file that cannot be read or parsed becomes a warning.
///
/// # Errors
/// [`ScanError`] when `path` itself cannot be read.
pub fn scan(path: &Path, limits: Limits) -> Result<Scan, ScanError> {
    Ok(scan_tree(&SourceTree::open(path, limits)?))
}

/// Returns every container reference in a tree of files.
pub fn scan_tree(tree: &SourceTree) -> Scan {
    let (wdl, (nextflow, cwl)) =
        rayon::join(|| wdl::scan(tree), || rayon::join(|| nextflow::scan(tree), || cwl::scan(tree)));
    let files = wdl.files + nextflow.files + cwl.files;
    let mut merged: BTreeMap<Key, ContainerReference> = BTreeMap::new();
    for found in [wdl, nextflow, cwl] {
        for mut reference in found.references {
            trim(&mut reference);
            reference.malformed = malformed(&reference);
            merged.entry(key(&reference)).and_modify(|kept| merge(kept, &mut reference)).or_insert(reference);
        }
    }
    let mut references: Vec<_> = merged.into_values().collect();
    for reference in &mut references {
        reference.sites.sort();
        reference.sites.dedup();
    }
    Scan { references, warnings: tree.warnings(), files }
}

/// What makes two findings the same reference: the place, what is read there, and who takes it.
type Key = (String, u32, u32, Option<String>, Option<String>, Engine, Vec<String>, Option<Site>);

fn key(reference: &ContainerReference) -> Key {
    // An unresolved reference stands for its attribute, so two attributes never become one.
    let site = reference.is_unresolved().then(|| reference.sites.first().cloned()).flatten();
    (
        reference.file.clone(),
        reference.line,
        reference.column,
        reference.reference.clone(),
        reference.effective.clone(),
        reference.engine,
        reference.profiles.clone(),
        site,
    )
}

fn merge(kept: &mut ContainerReference, other: &mut ContainerReference) {
    kept.sites.append(&mut other.sites);
    let new: Vec<Literal> =
        other.literals.drain(..).filter(|literal| !kept.literals.contains(literal)).collect();
    kept.literals.extend(new);
}

/// Takes blanks off the ends of the name that an engine asks for: on its command line they separate words.
fn trim(reference: &mut ContainerReference) {
    let name = reference.asked_for().map(str::trim).filter(|_| reference.engine != Engine::Singularity);
    let name = name.map(str::to_owned);
    if name.is_some() && name.as_deref() != reference.asked_for() {
        reference.effective = name;
    }
}

/// Returns why the name is no valid image reference, where it is one that a registry would be asked for.
fn malformed(reference: &ContainerReference) -> Option<String> {
    if reference.engine == Engine::Singularity {
        return None;
    }
    let error = reference.asked_for()?.parse::<image::ImageReference>().err()?;
    Some(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::scan_tree;
    use crate::source::SourceTree;

    #[test]
    fn blanks_around_a_name_are_not_asked_for() {
        let tree = SourceTree::from_texts([("a.nf", "process A { container ' quay.io/a/b:1 ' }")]);
        let scan = scan_tree(&tree);
        let reference = &scan.references[0];
        assert_eq!(reference.reference.as_deref(), Some(" quay.io/a/b:1 "));
        assert_eq!(reference.asked_for(), Some("quay.io/a/b:1"));
        assert_eq!(reference.malformed, None);
    }

    #[test]
    fn a_text_that_several_attributes_reach_is_one_reference() {
        let config = "params.image = 'ubuntu:1'\nprocess {\n withName: A { container = params.image }\n \
                      withName: B { container = params.image }\n}\n";
        let scan = scan_tree(&SourceTree::from_texts([("nextflow.config", config)]));
        assert_eq!(scan.references.len(), 1);
        let names: Vec<_> = scan.references[0].sites.iter().filter_map(|site| site.name.as_deref()).collect();
        assert_eq!(names, ["withName:A", "withName:B"]);
    }
}

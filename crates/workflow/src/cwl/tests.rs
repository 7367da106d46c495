//! What the scan finds in CWL documents, from source text to references.

mod expressions;
mod forms;
mod hostile;
mod imports;
mod places;

use crate::reference::{ContainerReference, Resolution, Warning};
use crate::scan::scan_tree;
use crate::source::SourceTree;

/// Returns what a scan finds in files, and what it warns of.
fn scan(files: &[(&str, &str)]) -> (Vec<ContainerReference>, Vec<Warning>) {
    let scan = scan_tree(&SourceTree::from_texts(files.iter().copied()));
    for reference in &scan.references {
        assert_places(files, reference);
    }
    (scan.references, scan.warnings)
}

/// Returns what a scan finds in one file that gives no cause to warn.
fn found(text: &str) -> Vec<ContainerReference> {
    let (references, warnings) = scan(&[("tool.cwl", text)]);
    assert_eq!(warnings, [], "{text}");
    references
}

/// Returns the names of references, unresolved ones as their template with a `?` before it.
fn names(references: &[ContainerReference]) -> Vec<&str> {
    references.iter().map(name).collect()
}

fn name(reference: &ContainerReference) -> &str {
    match &reference.resolution {
        Resolution::Unresolved { template, .. } => template,
        _ => reference.reference.as_deref().unwrap_or_default(),
    }
}

/// Returns the steps of a reference's chain as `file:line what`.
fn chain(reference: &ContainerReference) -> Vec<String> {
    match &reference.resolution {
        Resolution::Resolved { chain } => {
            chain.iter().map(|step| format!("{}:{} {}", step.file, step.line, step.what)).collect()
        }
        _ => Vec::new(),
    }
}

/// Checks that every place of a reference lies in its file, and that lines and columns say the same as offsets.
fn assert_places(files: &[(&str, &str)], reference: &ContainerReference) {
    let text_of = |path: &str| files.iter().find(|(file, _)| *file == path).map(|(_, text)| *text);
    for literal in &reference.literals {
        let text = text_of(&literal.file).expect("the file of a literal exists");
        let piece = text.get(literal.start..literal.end).expect("a literal lies between characters");
        // What stands between two expressions may begin or end with a blank, the whole text may not.
        assert!(!piece.is_empty(), "{reference:?}");
        assert!(piece.trim() == piece || reference.literals.len() > 1, "{reference:?}");
        let before = &text[..literal.start];
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        assert_eq!(literal.line as usize, before.matches('\n').count() + 1, "{reference:?}");
        assert_eq!(literal.column as usize, before[line_start..].chars().count() + 1, "{reference:?}");
    }
    if let (false, Some(first)) = (reference.is_unresolved(), reference.literals.first()) {
        assert_eq!(
            (&first.file, first.line, first.column),
            (&reference.file, reference.line, reference.column)
        );
        assert_eq!(&text_of(&first.file).unwrap_or_default()[first.start..first.end], reference.text);
    }
    for site in &reference.sites {
        let lines = text_of(&site.file).expect("the file of a site exists").lines().count();
        assert!(site.line as usize <= lines.max(1), "{reference:?}");
    }
}

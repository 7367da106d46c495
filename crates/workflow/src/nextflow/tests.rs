//! Scans small workflows that are written here.

mod config;
mod flow;
mod hostile;
mod registry;
mod script;
mod sides;

use crate::reference::{ContainerReference, Engine, Resolution, Warning};
use crate::scan::scan_tree;
use crate::source::SourceTree;

/// What a scan of some texts found.
struct Scanned {
    texts: Vec<(String, String)>,
    references: Vec<ContainerReference>,
    warnings: Vec<Warning>,
}

/// Scans files given as path and text.
fn scan(texts: &[(&str, &str)]) -> Scanned {
    let texts: Vec<(String, String)> =
        texts.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    let scan = scan_tree(&SourceTree::from_texts(texts.clone()));
    let scanned = Scanned { texts, references: scan.references, warnings: scan.warnings };
    scanned.check_spans();
    scanned
}

/// Scans one script.
fn script(text: &str) -> Scanned {
    scan(&[("main.nf", text)])
}

/// Scans one configuration.
fn config(text: &str) -> Scanned {
    scan(&[("nextflow.config", text)])
}

impl Scanned {
    /// Every literal lies between quotes, and `text` is what stands at the first one.
    fn check_spans(&self) {
        for reference in &self.references {
            for literal in &reference.literals {
                let source =
                    &self.texts.iter().find(|(path, _)| *path == literal.file).expect("known file").1;
                let text = source.get(literal.start..literal.end).expect("span on character bounds");
                let before = source[..literal.start].chars().next_back().expect("a quote before");
                assert!("'\"/".contains(before) || text.parse::<f64>().is_ok(), "no literal: {text:?}");
                assert_eq!(source[..literal.start].matches('\n').count() as u32 + 1, literal.line);
            }
            if let (false, Some(first)) = (reference.is_unresolved(), reference.literals.first()) {
                let source = &self.texts.iter().find(|(path, _)| *path == first.file).expect("known file").1;
                assert_eq!(reference.text, source[first.start..first.end]);
                assert_eq!(
                    (&reference.file, reference.line, reference.column),
                    (&first.file, first.line, first.column)
                );
            }
        }
    }

    /// The names with the engine that takes each, in the order of the places.
    fn names(&self) -> Vec<(&str, Engine)> {
        self.references
            .iter()
            .map(|reference| (reference.reference.as_deref().unwrap_or("?"), reference.engine))
            .collect()
    }

    /// The names alone, sorted.
    fn sorted(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.names().into_iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        names
    }

    /// The only reference.
    fn only(&self) -> &ContainerReference {
        assert_eq!(
            self.references.len(),
            1,
            "one reference expected: {:?} in {:?}",
            self.names(),
            self.texts
        );
        &self.references[0]
    }

    /// Template and dependencies of the only reference, which must be unresolved.
    fn unresolved(&self) -> (&str, Vec<&str>) {
        match &self.only().resolution {
            Resolution::Unresolved { template, depends_on } => {
                (template, depends_on.iter().map(String::as_str).collect())
            }
            other => panic!("unresolved expected: {other:?}"),
        }
    }

    /// What the names with a prefix are asked for.
    fn effective(&self) -> Vec<(&str, &str)> {
        self.references
            .iter()
            .filter_map(|reference| Some((reference.reference.as_deref()?, reference.effective.as_deref()?)))
            .collect()
    }
}

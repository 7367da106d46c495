//! The declarations that rewritten names need where they begin with the parameter.
//!
//! Owns which language declares for which text. Must not know how a language does it.

use std::cell::OnceCell;

use super::Declared;
use super::edit::Edit;
use super::parameter::Parameter;
use crate::reference::{Language, Literal};
use crate::source::SourceTree;
use crate::{cwl, nextflow, wdl};

/// A place in a file.
pub(crate) type Place<'p> = (&'p str, usize);

/// What it takes to give places the parameter.
#[derive(Default)]
pub(crate) struct Declarations {
    /// The edits, without the default where none was given.
    pub(crate) edits: Vec<Edit>,
    /// The same with a value at every declaration, so that a scan knows it.
    pub(crate) probes: Vec<Edit>,
    /// The indexes of the places that cannot have the parameter, and why.
    pub(crate) refused: Vec<(usize, String)>,
    /// Where it is declared.
    pub(crate) declared: Vec<Declared>,
    /// The inputs that whoever runs a workflow has to give: `workflow.input`.
    pub(crate) inputs: Vec<String>,
}

impl Declarations {
    /// Adds those of one language, whose places have these indexes among all.
    fn add(&mut self, of: Declarations, indexes: &[usize]) {
        let refused = of.refused.into_iter();
        self.refused.extend(refused.filter_map(|(at, why)| Some((*indexes.get(at)?, why))));
        self.edits.extend(of.edits);
        self.probes.extend(of.probes);
        self.declared.extend(of.declared);
        self.inputs.extend(of.inputs);
    }
}

/// Declares parameters in the files of a tree; each language's files are read when it is first asked.
pub(super) struct Declarers<'a> {
    tree: &'a SourceTree,
    wdl: OnceCell<wdl::parameter::Declarer<'a>>,
    nextflow: OnceCell<nextflow::parameter::Declarer<'a>>,
}

impl<'a> Declarers<'a> {
    /// Returns the declarers for a tree; reads nothing yet.
    pub(super) fn new(tree: &'a SourceTree) -> Self {
        Self { tree, wdl: OnceCell::new(), nextflow: OnceCell::new() }
    }

    /// Returns what it takes to have the parameter at all these texts, each with the number that it is
    /// refused by.
    pub(super) fn declare(
        &self,
        texts: &[(usize, Language, &Literal)],
        parameter: &Parameter,
    ) -> Declarations {
        let mut all = Declarations::default();
        for language in [Language::Wdl, Language::Nextflow, Language::Cwl] {
            let of = || texts.iter().filter(|(_, of, _)| *of == language);
            let indexes: Vec<usize> = of().map(|(index, ..)| *index).collect();
            if indexes.is_empty() {
                continue;
            }
            let places: Vec<Place<'_>> =
                of().map(|(.., literal)| (literal.file.as_str(), literal.start)).collect();
            let made = match language {
                Language::Wdl => self
                    .wdl
                    .get_or_init(|| wdl::parameter::Declarer::new(self.tree))
                    .declare(&places, parameter),
                Language::Nextflow => self
                    .nextflow
                    .get_or_init(|| nextflow::parameter::Declarer::new(self.tree))
                    .declare(&places, parameter),
                Language::Cwl => cwl::parameter::declare(self.tree, &places, parameter),
            };
            all.add(made, &indexes);
        }
        all
    }
}

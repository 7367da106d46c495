//! From a container attribute back to the texts that reach it, through every caller.
//!
//! Owns the search: which callables are run by whom, with what. Every workflow is an entry point in turn; a
//! default always counts, since somebody may run the callable and give nothing.

use std::collections::HashSet;

use super::bind::Binding;
use super::document::Attribute;
use super::evaluate::Evaluator;
use super::project::{CallableId, Project};
use super::value::{Hop, Known, Path, Piece, Place, Text, Values, template, unknown_names};

/// Most callables, each with one text in its terms, that one attribute is followed through.
const STATES: usize = 4096;

/// An image name that reaches an attribute.
pub(super) struct Found<'a> {
    /// The name.
    pub(super) name: String,
    /// The literals it is put together from, the outermost one with text of its own first.
    pub(super) places: Vec<Place>,
    /// The steps from the attribute to the text.
    pub(super) hops: Vec<Hop<'a>>,
}

/// What reaches an attribute.
#[derive(Default)]
pub(super) struct Outcome<'a> {
    /// The image names.
    pub(super) found: Vec<Found<'a>>,
    /// What the name looks like when nothing is known, with what it hangs on.
    pub(super) template: String,
    /// The inputs and functions that the name hangs on.
    pub(super) depends_on: Vec<String>,
    /// Whether a bound was met, so that names may be missing.
    pub(super) is_partial: bool,
}

/// Returns what reaches an attribute of a task.
pub(super) fn follow<'a>(
    evaluator: &Evaluator<'_, 'a>,
    task: CallableId,
    attribute: &Attribute<'a>,
) -> Outcome<'a> {
    let mut search =
        Search { evaluator, outcome: Outcome::default(), seen: HashSet::new(), open: Vec::new(), told: 0 };
    match attribute.value {
        Some(value) => search.reach(task, evaluator.value(task, value, &Path::new())),
        None => search.outcome.template = format!("{{{}}}", attribute.key),
    }
    for (settings, key) in evaluator.project.replacements(task) {
        let set = evaluator.setting(*settings, key, &Path::new());
        search.reach(task, set.unwrap_or_default());
    }
    while let Some((callable, text)) = search.open.pop() {
        search.callers(callable, &text);
    }
    search.outcome.is_partial |= evaluator.is_exhausted();
    search.outcome
}

struct Search<'e, 'p, 'a> {
    evaluator: &'e Evaluator<'p, 'a>,
    outcome: Outcome<'a>,
    /// Texts that were met, each in the terms of a callable; for finished ones the callable is of no account.
    seen: HashSet<(Option<CallableId>, Vec<Piece<'a>>)>,
    open: Vec<(CallableId, Text<'a>)>,
    /// Bytes of known text in the template, so that the one that tells most is kept.
    told: usize,
}

impl<'a> Search<'_, '_, 'a> {
    /// Takes up texts in the terms of a callable.
    fn reach(&mut self, callable: CallableId, values: Values<'a>) {
        for text in values.texts {
            if !text.is_open() {
                self.finish(text);
            } else if self.seen.len() == STATES {
                self.outcome.is_partial = true;
            } else if self.seen.insert((Some(callable), text.pieces.clone())) {
                self.note(&text.pieces);
                self.open.push((callable, text));
            }
        }
    }

    /// Asks everybody who may run a callable for the inputs that stand open in a text.
    fn callers(&mut self, callable: CallableId, text: &Text<'a>) {
        let project: &Project<'a> = self.evaluator.project;
        let alone = self.evaluator.bind(text, &Binding::Alone(callable));
        self.reach(callable, alone);
        for &settings in project.settings_for(project.callable(callable).name) {
            let set = self.evaluator.bind(text, &Binding::Inputs(callable, settings));
            self.reach(callable, set);
        }
        for &call in project.callers(callable) {
            let binding = Binding::Call { call, callee: callable, setting: None };
            self.reach(call.workflow, self.evaluator.bind(text, &binding));
        }
        for setting in project.overrides(callable) {
            let binding = Binding::Call { call: setting.call, callee: callable, setting: Some(setting) };
            self.reach(setting.call.workflow, self.evaluator.bind(text, &binding));
        }
    }

    fn finish(&mut self, text: Text<'a>) {
        if self.seen.len() == STATES {
            self.outcome.is_partial = true;
            return;
        }
        if !self.seen.insert((None, text.pieces.clone())) {
            return;
        }
        match image_name(&text.pieces) {
            // An empty name is a dummy, and `*` leaves the choice to the engine.
            Some(name) if name.trim().is_empty() || name == "*" => {
                if self.outcome.template.is_empty() {
                    self.outcome.template = name;
                }
            }
            Some(name) => {
                let places = places(&text.pieces);
                let known =
                    self.outcome.found.iter().any(|found| found.name == name && found.places == places);
                if !known {
                    self.outcome.found.push(Found { name, places, hops: text.hops });
                }
            }
            None => self.note(&text.pieces),
        }
    }

    /// Keeps what a text that is not known hangs on.
    fn note(&mut self, pieces: &[Piece<'a>]) {
        unknown_names(pieces, &mut self.outcome.depends_on);
        let told = known_pieces(pieces).map(|known| known.text.len()).sum();
        if told > self.told || self.outcome.template.is_empty() || self.outcome.template == "*" {
            self.told = told;
            self.outcome.template = template(pieces);
        }
    }
}

/// Returns the name that pieces come to, or `None` when something in them is unknown. A string leaves out
/// what has no value, as long as an image name remains.
fn image_name(pieces: &[Piece<'_>]) -> Option<String> {
    let mut name = String::new();
    let mut left_out = false;
    for piece in pieces {
        match piece {
            Piece::Known(known) => name.push_str(&known.text),
            Piece::Unknown(unknown) if unknown.absent => left_out = true,
            _ => return None,
        }
    }
    let broken = name.is_empty()
        || name.starts_with(['/', ':', '@'])
        || name.ends_with(['/', ':', '@'])
        || ["//", "/:", "::", "@@"].iter().any(|gap| name.contains(gap));
    (!left_out || !broken).then_some(name)
}

fn known_pieces<'p, 'a>(pieces: &'p [Piece<'a>]) -> impl Iterator<Item = &'p Known<'a>> {
    pieces.iter().filter_map(|piece| match piece {
        Piece::Known(known) if !known.text.is_empty() => Some(known),
        _ => None,
    })
}

/// Returns the literals of pieces, each once, the outermost first.
fn places(pieces: &[Piece<'_>]) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    let main = known_pieces(pieces).min_by_key(|known| known.depth);
    for known in main.into_iter().chain(known_pieces(pieces)) {
        for place in std::iter::once(&known.place).chain(&known.more) {
            if !places.contains(place) {
                places.push(*place);
            }
        }
    }
    places
}

//! The values of inputs: their defaults, and what the steps of the folder give to them.
//!
//! Owns the way back from an input to texts. Must not know what the texts are for.

use std::collections::HashMap;

use super::cursor::{Cursor, Key};
use super::expression::{self, Part, Value};
use super::library::{Hop, Library, Text};
use super::tree::Kind;
use super::walk::Call;
use crate::reference::{Literal, Step};

/// Most values of one input, and most sums of several.
const VALUES: usize = 64;

/// Deepest chain of workflows that give an input on.
const DEPTH: usize = 24;

/// Most entries of inputs and steps that are looked at in all.
const LOOKS: usize = 1 << 24;

/// A text that a value comes to.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    /// The text.
    pub(crate) text: String,
    /// The literals it is put together from, those nearest to the attribute first.
    pub(crate) literals: Vec<Literal>,
    /// The source of the first literal.
    pub(crate) source: String,
    /// The steps to the text.
    pub(crate) chain: Vec<Step>,
}

/// The steps that run each process, and what is known of inputs so far.
pub(crate) struct Inputs<'d> {
    library: &'d Library<'d>,
    calls: HashMap<Key, Vec<Call<'d>>>,
    known: HashMap<(Key, String), Vec<Known>>,
    asking: Vec<(Key, String)>,
    looks: usize,
}

impl<'d> Inputs<'d> {
    /// Returns the inputs of the processes that `calls` run.
    pub(crate) fn new(library: &'d Library<'d>, calls: impl IntoIterator<Item = Call<'d>>) -> Self {
        let mut by_process: HashMap<Key, Vec<Call<'d>>> = HashMap::new();
        for call in calls {
            if let Some(process) = process(library, call.run) {
                by_process.entry(process.key()).or_default().push(call);
            }
        }
        Self { library, calls: by_process, known: HashMap::new(), asking: Vec::new(), looks: 0 }
    }

    /// Returns the texts that a value comes to: one for each combination of the values of its inputs, none
    /// when an input has no known value.
    pub(crate) fn sums(&mut self, text: &Text<'d>, parts: &[Part], process: Key) -> Vec<Known> {
        self.combined(text, parts, |inputs, name| inputs.values(process, name))
    }

    fn combined(
        &mut self,
        text: &Text<'d>,
        parts: &[Part],
        mut values: impl FnMut(&mut Self, &str) -> Vec<Known>,
    ) -> Vec<Known> {
        let own = own_literals(text, parts);
        let source = own.first().map(|first| source_of(text, first)).unwrap_or_default();
        let mut sums = vec![Known { text: String::new(), literals: own, source, chain: Vec::new() }];
        for part in parts {
            match part {
                Part::Text(range) => {
                    let plain = text.value.get(range.clone()).unwrap_or_default();
                    sums.iter_mut().for_each(|sum| sum.text.push_str(plain));
                }
                Part::Quoted(plain) => sums.iter_mut().for_each(|sum| sum.text.push_str(plain)),
                Part::Input(name) => {
                    let values = values(self, name);
                    let combine =
                        |sum: &Known| values.iter().map(|value| sum.plus(value)).collect::<Vec<_>>();
                    sums = sums.iter().flat_map(combine).take(VALUES).collect();
                }
            }
        }
        sums.retain(|sum| !sum.text.trim().is_empty());
        sums
    }

    /// Returns the known values of an input of a process: its default, and what the steps that run it give.
    fn values(&mut self, process: Key, name: &str) -> Vec<Known> {
        let asked = (process, name.to_owned());
        if let Some(known) = self.known.get(&asked) {
            return known.clone();
        }
        // An input that hangs on itself gets nothing from there.
        if self.asking.contains(&asked) || self.asking.len() >= DEPTH {
            return Vec::new();
        }
        self.asking.push(asked.clone());
        let mut values = Vec::new();
        if let Some(cursor) = self.library.at(process) {
            values.extend(self.default_of(cursor, name));
        }
        for call in self.calls.get(&process).cloned().unwrap_or_default() {
            if values.len() < VALUES {
                values.extend(self.given(&call, name));
            }
        }
        values.truncate(VALUES);
        self.asking.pop();
        self.known.insert(asked, values.clone());
        values
    }

    fn default_of(&mut self, process: Cursor<'d>, name: &str) -> Option<Known> {
        let declared = process.get("inputs")?;
        let input = self.entry(declared, name)?;
        let default = input.get("default")?;
        let mut known = self.literal(default)?;
        known.chain.insert(0, input.step(format!("default of input `{name}`")));
        Some(known)
    }

    /// Returns the values that a step gives to an input of what it runs.
    fn given(&mut self, call: &Call<'d>, name: &str) -> Vec<Known> {
        let Some(entry) = self.entry(call.inputs, name) else {
            return Vec::new();
        };
        let mut values = match entry.get("valueFrom") {
            Some(value) => self.computed(call, value, name),
            None => {
                let default = entry.get("default").and_then(|default| self.literal(default));
                let source = entry.get("source").unwrap_or(entry);
                let source = source.items().next().unwrap_or(source);
                let outer = source.value().and_then(|source| self.workflow_input(call, source));
                let given = outer.map(|outer| self.values(call.workflow, &outer)).unwrap_or_default();
                default.into_iter().chain(given).collect()
            }
        };
        let step = match call.name {
            Some(step) => entry.step(format!("input `{name}` of step `{step}`")),
            None => entry.step(format!("input `{name}` of a step")),
        };
        values.iter_mut().for_each(|value| value.chain.insert(0, step.clone()));
        values
    }

    /// Returns what a `valueFrom` comes to; its inputs are those of the step.
    fn computed(&mut self, call: &Call<'d>, value: Cursor<'d>, name: &str) -> Vec<Known> {
        let Some(text) = self.library.read_text(value, &mut Vec::new()) else {
            return Vec::new();
        };
        match expression::read(text.value) {
            Value::Plain => self.literal(value).into_iter().collect(),
            // Of the input itself `inputs` holds what it is given before it is computed.
            Value::Sum(parts)
                if !parts.contains(&Part::Input(name.to_owned())) && self.asking.len() < DEPTH =>
            {
                self.asking.push((call.step.key(), name.to_owned()));
                let known = self.combined(&text, &parts, |inputs, name| inputs.given(call, name));
                self.asking.pop();
                known
            }
            _ => Vec::new(),
        }
    }

    /// Returns the name of the workflow's input that a source is, or `None` when it is an output of a step.
    fn workflow_input(&self, call: &Call<'d>, source: &str) -> Option<String> {
        let name = source.rsplit_once('#').map_or(source, |(_, name)| name);
        let workflow = self.library.at(call.workflow)?;
        let id = workflow.get("id").and_then(|id| id.value()).map(|id| id.rsplit('#').next().unwrap_or(id));
        let name = id.and_then(|id| name.strip_prefix(id)?.strip_prefix('/')).unwrap_or(name);
        (!name.contains('/')).then(|| name.to_owned())
    }

    /// Returns the entry of a name in inputs, in the form of a list or of a mapping.
    fn entry(&mut self, inputs: Cursor<'d>, name: &str) -> Option<Cursor<'d>> {
        let inputs = self.library.follow(inputs, &mut Vec::new())?;
        let mut found = None;
        for (key, value) in inputs.pairs() {
            self.looks += 1;
            if key.value().is_some_and(|key| last(key) == name) {
                found = Some(value);
            }
        }
        for item in inputs.items() {
            self.looks += 1;
            if item.get("id").and_then(|id| id.value()).is_some_and(|id| last(id) == name) {
                found = Some(item);
            }
        }
        let found = found.filter(|_| self.looks < LOOKS)?;
        self.library.follow(found, &mut Vec::new())
    }

    /// Returns a text that stands in the source as such.
    fn literal(&self, value: Cursor<'d>) -> Option<Known> {
        let mut hops = Vec::new();
        let text = self.library.read_text(value, &mut hops)?;
        if matches!(text.value, "" | "null" | "~") || expression::read(text.value) != Value::Plain {
            return None;
        }
        let source = text.source.to_owned();
        let chain = hops.iter().map(Hop::step).collect();
        Some(Known { text: text.value.to_owned(), literals: vec![text.literal], source, chain })
    }
}

impl Known {
    /// Returns the sum of two texts.
    fn plus(&self, other: &Known) -> Known {
        let mut sum = self.clone();
        sum.text.push_str(&other.text);
        if sum.literals.is_empty() {
            sum.source.clone_from(&other.source);
        }
        sum.literals.extend(other.literals.iter().cloned());
        sum.chain.extend(other.chain.iter().cloned());
        sum
    }
}

/// Returns the process that a step runs.
pub(super) fn process<'d>(library: &'d Library<'d>, run: Cursor<'d>) -> Option<Cursor<'d>> {
    let process = match run.value() {
        Some(path) => library.find(run, path).ok()??,
        None => library.follow(run, &mut Vec::new())?,
    };
    // A packed document runs its main process.
    match process.get("$graph") {
        Some(_) => process.named("main"),
        None => (process.kind() == Kind::Mapping).then_some(process),
    }
}

/// Returns the places of a value's own text: of each plain part, or of the whole value where its text is not
/// the source or stands inside an expression.
fn own_literals(text: &Text<'_>, parts: &[Part]) -> Vec<Literal> {
    let is_plain = parts.iter().all(|part| !matches!(part, Part::Quoted(_)));
    if is_plain && text.is_verbatim {
        let places = parts.iter().filter_map(|part| match part {
            Part::Text(range) => Some(text.literal.within(text.value, range.start, range.end)),
            _ => None,
        });
        return places.collect();
    }
    let has_text = parts.iter().any(|part| !matches!(part, Part::Input(_)));
    has_text.then(|| text.literal.clone()).into_iter().collect()
}

/// Returns the source at a literal that lies within a text.
fn source_of(text: &Text<'_>, literal: &Literal) -> String {
    let start = literal.start - text.literal.start;
    text.source.get(start..start + (literal.end - literal.start)).unwrap_or(text.source).to_owned()
}

/// Returns the last part of an identifier, behind file, process and workflow.
pub(super) fn last(id: &str) -> &str {
    id.rsplit(['#', '/']).next().unwrap_or(id)
}

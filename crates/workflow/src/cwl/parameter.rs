//! Declares an input in every tool and workflow that needs it, and passes it down through the steps.
//!
//! Owns who needs the input and who can have it. Must not know what it is for.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use rayon::prelude::*;

use super::cursor::{Cursor, Key};
use super::inputs::{last, process};
use super::insertion;
use super::library::Library;
use super::tree::Kind;
use super::walk::{Call, Found, Requirement, walk};
use crate::rewrite::{Declarations, Declared, Parameter, Place};
use crate::source::SourceTree;

/// Returns the expression for an input inside a text of a CWL file.
pub(crate) fn placeholder(name: &str) -> String {
    format!("$(inputs.{name})")
}

/// A text in a `dockerPull`, and whose it is.
struct Pulled {
    end: usize,
    owners: Vec<Owner>,
}

/// Who has a text in a `dockerPull`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    /// A process that has a requirement with it.
    Process(Key),
    /// A step or an override.
    Step,
    /// Another place, by an alias or an import of the text alone.
    Elsewhere,
}

/// The declaration of an input that is there already.
enum Input<'d> {
    Missing,
    /// The type alone, as a scalar.
    Short(Cursor<'d>),
    /// A mapping without a default.
    Bare(Cursor<'d>),
    /// A mapping with a default.
    WithDefault,
    /// It is of another type, or shared.
    Other,
}

/// Returns what it takes to have the parameter at all these places of a tree's CWL files.
pub(crate) fn declare(tree: &SourceTree, places: &[Place<'_>], parameter: &Parameter) -> Declarations {
    let library = Library::new(tree);
    Declaring::new(&library, parameter).declare(places)
}

/// One declaration in the processes of a library.
struct Declaring<'d> {
    library: &'d Library<'d>,
    parameter: &'d Parameter,
    pulled: HashMap<&'d str, BTreeMap<usize, Pulled>>,
    calls: Vec<Call<'d>>,
    /// The indexes of the calls of each process.
    callers: HashMap<Key, Vec<usize>>,
    /// The indexes of the calls that each workflow has, and the processes that they run.
    steps: HashMap<Key, Vec<(usize, Key)>>,
    /// What processes with a container are called.
    names: HashMap<Key, String>,
}

impl<'d> Declaring<'d> {
    fn new(library: &'d Library<'d>, parameter: &'d Parameter) -> Self {
        let found: Vec<Found<'d>> = (0..library.files().len())
            .into_par_iter()
            .flat_map_iter(|file| {
                let candidate = super::candidate(library, file);
                let roots = candidate.and_then(|candidate| super::roots(library, file, candidate.by_name));
                roots.unwrap_or_default().into_iter().map(|root| walk(library, root))
            })
            .collect();
        let mut declaring = Self {
            library,
            parameter,
            pulled: HashMap::new(),
            calls: Vec::new(),
            callers: HashMap::new(),
            steps: HashMap::new(),
            names: HashMap::new(),
        };
        let mut known = HashSet::new();
        for found in found {
            found.requirements.iter().for_each(|requirement| declaring.own(requirement));
            for call in found.calls {
                // A file that several others run is walked for each of them.
                let Some(process) = process(library, call.run).filter(|_| known.insert(call.step.key()))
                else {
                    continue;
                };
                let at = declaring.calls.len();
                declaring.callers.entry(process.key()).or_default().push(at);
                declaring.steps.entry(call.workflow).or_default().push((at, process.key()));
                declaring.calls.push(call);
            }
        }
        declaring
    }

    /// Notes who has the texts of a requirement.
    fn own(&mut self, requirement: &Requirement<'d>) {
        if let (Some(process), Some(name)) = (requirement.process, &requirement.site.name) {
            self.names.entry(process).or_insert_with(|| name.clone());
        }
        for field in requirement.fields.iter().filter(|field| field.key == "dockerPull") {
            let Some(text) = self.library.follow(field.value, &mut Vec::new()) else { continue };
            let is_here = text.key() == field.value.key() && !has_anchor(field.at, text);
            let owner = match requirement.process {
                _ if !is_here => Owner::Elsewhere,
                Some(process) => Owner::Process(process),
                None => Owner::Step,
            };
            let range = text.document.tree.range(text.node);
            let texts = self.pulled.entry(text.document.path).or_default();
            let pulled =
                texts.entry(range.start).or_insert_with(|| Pulled { end: range.end, owners: Vec::new() });
            if !pulled.owners.contains(&owner) {
                pulled.owners.push(owner);
            }
        }
    }

    fn declare(&self, places: &[Place<'_>]) -> Declarations {
        let mut declarations = Declarations::default();
        let mut verdicts: HashMap<Key, Result<BTreeSet<Key>, String>> = HashMap::new();
        let mut needing: BTreeSet<Key> = BTreeSet::new();
        for (index, &(file, offset)) in places.iter().enumerate() {
            let owners = match self.owners(file, offset) {
                Ok(owners) => owners,
                Err(why) => {
                    declarations.refused.push((index, why.to_owned()));
                    continue;
                }
            };
            for owner in owners {
                match verdicts.entry(owner).or_insert_with(|| self.needing(owner)) {
                    Ok(reached) => needing.extend(reached.iter().copied()),
                    Err(why) => {
                        declarations.refused.push((index, why.clone()));
                        break;
                    }
                }
            }
        }
        for &process in &needing {
            self.add(process, &needing, &mut declarations);
        }
        declarations
    }

    /// Returns the tools that have the text at a place in their requirements.
    ///
    /// # Errors
    /// Why an expression cannot stand there.
    fn owners(&self, file: &str, offset: usize) -> Result<Vec<Key>, &'static str> {
        let texts = self.pulled.get(file).and_then(|texts| texts.range(..=offset).next_back());
        let pulled = texts.map(|(_, pulled)| pulled).filter(|pulled| offset <= pulled.end);
        let Some(pulled) = pulled else { return Err("the text does not stand in a `dockerPull`") };
        let owner = |owner: &Owner| match owner {
            Owner::Process(process) => Ok(*process),
            Owner::Step => Err("the requirement is that of a step or an override, whose tool has the inputs"),
            Owner::Elsewhere => Err("the text has an anchor, or is imported by itself"),
        };
        let owners = pulled.owners.iter().map(owner).collect::<Result<Vec<_>, _>>()?;
        let is_tool = |&key: &Key| {
            let class = self.library.at(key).and_then(|process| process.get("class")?.value());
            class == Some("CommandLineTool")
        };
        if owners.iter().all(is_tool) { Ok(owners) } else { Err("only a CommandLineTool can have the input") }
    }

    /// Returns a process and all that run it, directly or not.
    ///
    /// # Errors
    /// Why one of them cannot have the input, or cannot pass it on.
    fn needing(&self, process: Key) -> Result<BTreeSet<Key>, String> {
        let mut reached = BTreeSet::from([process]);
        let mut open = vec![process];
        while let Some(key) = open.pop() {
            self.check(key)?;
            for &at in self.callers.get(&key).into_iter().flatten() {
                let Some(call) = self.calls.get(at) else { continue };
                self.check_step(call)?;
                if reached.insert(call.workflow) {
                    open.push(call.workflow);
                }
            }
        }
        Ok(reached)
    }

    fn check(&self, key: Key) -> Result<(), String> {
        let Some(process) = self.library.at(key) else { return Err("a process cannot be read".to_owned()) };
        let here = self.named(process);
        let root = process.document.tree.roots().first().map(|&root| process.to(root));
        let version = root.and_then(|root| root.get("cwlVersion")).and_then(|version| version.value());
        // Inputs of drafts have other forms.
        if !version.is_some_and(|version| version.starts_with("v1.")) {
            return Err(format!("`{}` is not written in CWL v1.0 or later", process.document.path));
        }
        let Some(inputs) = insertion::collection(process, "inputs") else {
            return Err(format!("{here} has no inputs of its own that can be added to"));
        };
        let is_free = match self.input(inputs) {
            Input::Missing => insertion::entry(inputs, self.parameter.name(), &[]).is_some(),
            Input::Other => return Err(format!("`{}` is something else in {here}", self.parameter.name())),
            _ => true,
        };
        if is_free { Ok(()) } else { Err(format!("the inputs of {here} cannot be added to")) }
    }

    /// Checks that a step can pass the input on.
    fn check_step(&self, call: &Call<'d>) -> Result<(), String> {
        let name = self.parameter.name();
        let here = match call.name {
            Some(step) => format!("step `{step}` in `{}`", call.step.document.path),
            None => format!("a step in `{}`", call.step.document.path),
        };
        let inputs =
            insertion::collection(call.step, "in").filter(|inputs| inputs.key() == call.inputs.key());
        let Some(inputs) = inputs else {
            return Err(format!("{here} has no inputs of its own that can be added to"));
        };
        match find(inputs, name) {
            None if insertion::entry(inputs, name, &[("source", name)]).is_some() => Ok(()),
            None => Err(format!("the inputs of {here} cannot be added to")),
            Some(given) if is_passed(given, name) => Ok(()),
            Some(_) => Err(format!("{here} gives `{name}` another value")),
        }
    }

    /// Returns what is declared under the parameter's name.
    fn input(&self, inputs: Cursor<'d>) -> Input<'d> {
        let Some(input) = find(inputs, self.parameter.name()) else { return Input::Missing };
        match input.kind() {
            Kind::Scalar if input.value() == Some("string") => Input::Short(input),
            Kind::Mapping if input.get("type").and_then(|of| of.value()) == Some("string") => {
                match input.get("default") {
                    Some(_) => Input::WithDefault,
                    None => Input::Bare(input),
                }
            }
            _ => Input::Other,
        }
    }

    /// Adds the declaration to a process, and the input to each of its steps that needs it.
    fn add(&self, key: Key, needing: &BTreeSet<Key>, declarations: &mut Declarations) {
        let Some(process) = self.library.at(key) else { return };
        let Some(inputs) = insertion::collection(process, "inputs") else { return };
        let name = self.parameter.name();
        let bare: &[(&str, &str)] = &[("type", "string")];
        let full: &[(&str, &str)] = &[("type", "string"), ("default", self.parameter.value())];
        let has_default = match self.input(inputs) {
            Input::WithDefault | Input::Other => true,
            Input::Short(of) => {
                declarations.probes.extend(insertion::mapping_instead(of, full));
                false
            }
            Input::Bare(input) => {
                declarations.probes.extend(insertion::field(input, "default", self.parameter.value()));
                false
            }
            Input::Missing => {
                let has_default = self.parameter.default().is_some();
                let written = if has_default { full } else { bare };
                declarations.edits.extend(insertion::entry(inputs, name, written));
                declarations.probes.extend(insertion::entry(inputs, name, full));
                let file = process.document.path.to_owned();
                declarations.declared.push(Declared { file, what: self.named(process) });
                has_default
            }
        };
        for &(at, target) in self.steps.get(&key).into_iter().flatten() {
            let Some(call) = self.calls.get(at).filter(|_| needing.contains(&target)) else { continue };
            if find(call.inputs, name).is_none() {
                let edit = insertion::entry(call.inputs, name, &[("source", name)]);
                declarations.edits.extend(edit.clone());
                declarations.probes.extend(edit);
            }
        }
        let is_workflow = process.get("class").and_then(|class| class.value()) == Some("Workflow");
        if is_workflow && !has_default && !self.callers.contains_key(&key) {
            declarations.inputs.push(format!("{}.{name}", self.name(process)));
        }
    }

    /// Returns kind and name of a process.
    fn named(&self, process: Cursor<'d>) -> String {
        let class = process.get("class").and_then(|class| class.value());
        let kind = if class == Some("Workflow") { "workflow" } else { "tool" };
        format!("{kind} `{}`", self.name(process))
    }

    fn name(&self, process: Cursor<'d>) -> String {
        let id = process.get("id").and_then(|id| id.value()).filter(|id| !id.is_empty());
        let known = || self.names.get(&process.key()).cloned();
        id.map(|id| last(id).to_owned()).or_else(known).unwrap_or_else(|| {
            let file = last(process.document.path);
            file.rsplit_once('.').map_or(file, |(stem, _)| stem).to_owned()
        })
    }
}

/// Returns the entry of a name in inputs, in the form of a list or of a mapping.
fn find<'d>(inputs: Cursor<'d>, name: &str) -> Option<Cursor<'d>> {
    let in_mapping = inputs.pairs().find(|(key, _)| key.value().is_some_and(|key| last(key) == name));
    let is_named =
        |item: &Cursor<'d>| item.get("id").and_then(|id| id.value()).is_some_and(|id| last(id) == name);
    in_mapping.map(|(_, value)| value).or_else(|| inputs.items().find(is_named))
}

/// Returns whether what a step gives is the workflow's input of this name.
fn is_passed(given: Cursor<'_>, name: &str) -> bool {
    let is_source = |source: Cursor<'_>| source.value().is_some_and(|source| last(source) == name);
    is_source(given)
        || (given.get("source").is_some_and(is_source)
            && given.pairs().all(|(key, _)| matches!(key.value(), Some("id" | "source"))))
}

/// Returns whether the value of a key has an anchor, by which other places may name it.
fn has_anchor(key: Cursor<'_>, value: Cursor<'_>) -> bool {
    let tree = &value.document.tree;
    let (start, end) = (tree.range(key.node).end, tree.range(value.node).start);
    key.document.file != value.document.file
        || tree.text().get(start..end).is_none_or(|between| between.contains('&'))
}

//! The way through the documents: from processes to their requirements.
//!
//! Owns where a `DockerRequirement` counts: in `requirements` or `hints` of a process, of a step, of a process
//! that is inline in a step or packed in a `$graph`, and in overrides. Must not know what stands in one.

use std::collections::HashSet;

use super::cursor::{Cursor, Key};
use super::library::{Hop, Library};
use super::tree::Kind;
use crate::reference::Site;

/// Deepest nesting of processes, steps and requirements that is entered; aliases could make it endless.
const DEPTH: usize = 64;

/// Most nodes that are looked at for one file; aliases could make them many more than there are.
const LOOKS: usize = 1 << 20;

/// A `DockerRequirement` and the process it belongs to.
pub(crate) struct Requirement<'d> {
    /// The mapping with `dockerPull` and its like.
    pub(crate) fields: Vec<Field<'d>>,
    /// The first mark of that mapping.
    pub(crate) at: Cursor<'d>,
    /// The place of the requirement in the process.
    pub(crate) site: Site,
    /// The way from the process to the mapping.
    pub(crate) hops: Vec<Hop<'d>>,
    /// The process, for the inputs its expressions name; none of a step or an override.
    pub(crate) process: Option<Key>,
}

/// A step of a workflow that runs a process.
#[derive(Clone, Copy)]
pub(crate) struct Call<'d> {
    /// The step.
    pub(crate) step: Cursor<'d>,
    /// The name of the step.
    pub(crate) name: Option<&'d str>,
    /// What it runs: a path, or the process itself.
    pub(crate) run: Cursor<'d>,
    /// What it gives to the inputs of the process.
    pub(crate) inputs: Cursor<'d>,
    /// The workflow.
    pub(crate) workflow: Key,
}

/// What a walk through a document found.
#[derive(Default)]
pub(crate) struct Found<'d> {
    /// The requirements of its processes and overrides.
    pub(crate) requirements: Vec<Requirement<'d>>,
    /// The steps of its workflows.
    pub(crate) calls: Vec<Call<'d>>,
}

/// A key of a mapping with its value; merged keys (`<<`, `$mixin`) included.
#[derive(Clone)]
pub(crate) struct Field<'d> {
    /// The key's text.
    pub(crate) key: &'d str,
    /// The key.
    pub(crate) at: Cursor<'d>,
    /// The value.
    pub(crate) value: Cursor<'d>,
    /// The way from the mapping to the pair, where it is merged into it.
    pub(crate) hops: Vec<Hop<'d>>,
}

/// Who a requirement belongs to.
#[derive(Clone, Copy)]
struct Owner<'d> {
    at: Key,
    name: Option<&'d str>,
    process: Option<Key>,
}

/// A walk through what one file holds.
struct Walk<'d> {
    library: &'d Library<'d>,
    /// The file's name without its ending, for processes without a name.
    stem: &'d str,
    looks: usize,
    depth: usize,
    /// True when a bound was met.
    is_cut: bool,
    /// The processes and steps that were looked at.
    seen: HashSet<Key>,
    /// The lists of requirements and their entries that were looked at for an owner.
    asked: HashSet<(Key, Key)>,
    found: Found<'d>,
}

/// Returns the requirements and the steps that a document holds.
pub(crate) fn walk<'d>(library: &'d Library<'d>, root: Cursor<'d>) -> Found<'d> {
    let name = root.document.path.rsplit('/').next().unwrap_or_default();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let (seen, asked, found) = (HashSet::new(), HashSet::new(), Found::default());
    let mut walk = Walk { library, stem, looks: 0, depth: 0, is_cut: false, seen, asked, found };
    if root.kind() == Kind::Sequence {
        root.items().for_each(|process| walk.process(process, None));
    } else {
        walk.process(root, None);
    }
    if walk.is_cut {
        let message = "left out in part: aliases or imports make it too deep or too large";
        library.warn(root.document.path, None, message.to_owned());
    }
    walk.found
}

impl<'d> Walk<'d> {
    /// Looks at a process: a tool, a workflow, or a document that packs several.
    fn process(&mut self, start: Cursor<'d>, step: Option<&'d str>) {
        let Some(at) = self.enter(start, &mut Vec::new()) else {
            return;
        };
        if at.kind() == Kind::Mapping && self.seen.insert(at.key()) {
            let fields = self.fields(at);
            let named = |key: &str| {
                let field = fields.iter().find(|field| field.key == key)?;
                field.value.value().filter(|value| !value.is_empty())
            };
            let name = named("id").map(short).or(step).or_else(|| named("label")).or(Some(self.stem));
            let owner = Owner { at: at.key(), name, process: Some(at.key()) };
            for field in &fields {
                match field.key {
                    "requirements" | "hints" => self.list(field.value, &owner, &field.hops),
                    "steps" => self.each(field.value, |walk, step, name| walk.step(step, name, at.key())),
                    "$graph" => self.each(field.value, |walk, process, name| walk.process(process, name)),
                    key if is_overrides(key) => self.each(field.value, Self::overridden),
                    _ => {}
                }
            }
        }
        self.depth -= 1;
    }

    /// Looks at a step of a workflow and the process inline in it.
    fn step(&mut self, start: Cursor<'d>, key: Option<&'d str>, workflow: Key) {
        let Some(at) = self.enter(start, &mut Vec::new()) else {
            return;
        };
        if at.kind() == Kind::Mapping && self.seen.insert(at.key()) {
            let fields = self.fields(at);
            let value = |keys: &[&str]| {
                fields.iter().find(|field| keys.contains(&field.key)).map(|field| field.value)
            };
            let id = value(&["id"]).and_then(|id| id.value());
            let owner = Owner { at: at.key(), name: id.map(short).or(key), process: None };
            if let (Some(run), Some(inputs)) = (value(&["run"]), value(&["in", "inputs"])) {
                self.found.calls.push(Call { step: at, name: owner.name, run, inputs, workflow });
            }
            for field in &fields {
                match field.key {
                    "requirements" | "hints" => self.list(field.value, &owner, &field.hops),
                    "run" => self.run(field.value, owner.name),
                    _ => {}
                }
            }
        }
        self.depth -= 1;
    }

    /// Looks at what a step runs, save at files that are looked at for themselves.
    fn run(&mut self, value: Cursor<'d>, step: Option<&'d str>) {
        let Some(path) = value.value() else {
            return self.process(value, step);
        };
        let is_fragment = [".yml", ".yaml", ".json"].iter().any(|ending| path.ends_with(ending));
        if is_fragment
            && let Some(target) = self.library.target(value, path)
            && !self.seen.contains(&target.key())
        {
            if target.get("cwlVersion").is_some() {
                self.seen.insert(target.key());
                return;
            }
            self.process(target, step);
        }
    }

    /// Looks at the requirements that overrides give to a process.
    fn overridden(&mut self, start: Cursor<'d>, key: Option<&'d str>) {
        let Some(at) = self.enter(start, &mut Vec::new()) else {
            return;
        };
        let owner = Owner { at: at.key(), name: key, process: None };
        for field in self.fields(at) {
            if matches!(field.key, "requirements" | "hints") {
                self.list(field.value, &owner, &field.hops);
            }
        }
        self.depth -= 1;
    }

    /// Looks at a `requirements` or `hints`, in the form of a list or of a mapping by class.
    fn list(&mut self, start: Cursor<'d>, owner: &Owner<'d>, hops: &[Hop<'d>]) {
        let mut hops = hops.to_vec();
        let Some(at) = self.enter(start, &mut hops) else {
            return;
        };
        match at.kind() {
            Kind::Sequence if self.asked.insert((at.key(), owner.at)) => {
                for item in at.items() {
                    let site = if hops.is_empty() { item } else { start };
                    self.entry(item, owner, site, &hops);
                }
            }
            Kind::Mapping => {
                let fields = self.fields(at);
                self.by_class(fields, owner, start, &hops);
            }
            _ => {}
        }
        self.depth -= 1;
    }

    /// Looks at an element of a list of requirements.
    fn entry(&mut self, start: Cursor<'d>, owner: &Owner<'d>, site: Cursor<'d>, hops: &[Hop<'d>]) {
        let mut hops = hops.to_vec();
        let Some(at) = self.enter(start, &mut hops) else {
            return;
        };
        // The same entry once more, by an alias, asks for nothing new.
        let is_new = self.asked.insert((at.key(), owner.at));
        if at.kind() == Kind::Sequence && is_new {
            // A list that is imported into a list becomes part of it.
            for item in at.items() {
                self.entry(item, owner, site, &hops);
            }
        } else if at.kind() == Kind::Mapping && is_new {
            let fields = self.fields(at);
            let class = fields.iter().find(|field| field.key == "class").map(|field| field.value.value());
            match class {
                Some(Some(class)) if is_docker(class) => self.add(at, fields, owner, site, hops),
                Some(_) => self.nested(&fields, owner),
                None => self.by_class(fields, owner, site, &hops),
            }
        }
        self.depth -= 1;
    }

    /// Looks at a mapping from classes of requirements to what they hold.
    fn by_class(&mut self, classes: Vec<Field<'d>>, owner: &Owner<'d>, start: Cursor<'d>, hops: &[Hop<'d>]) {
        for class in classes {
            let mut hops: Vec<_> = hops.iter().chain(&class.hops).copied().collect();
            let site = if hops.is_empty() { class.at } else { start };
            let Some(value) = self.enter(class.value, &mut hops) else {
                continue;
            };
            if value.kind() == Kind::Mapping {
                let fields = self.fields(value);
                if is_docker(class.key) {
                    self.add(value, fields, owner, site, hops);
                } else {
                    self.nested(&fields, owner);
                }
            }
            self.depth -= 1;
        }
    }

    /// Looks at the requirements of a requirement, as those for an expression engine have them.
    fn nested(&mut self, fields: &[Field<'d>], owner: &Owner<'d>) {
        for field in fields.iter().filter(|field| matches!(field.key, "requirements" | "hints")) {
            self.list(field.value, owner, &field.hops);
        }
    }

    fn add(
        &mut self,
        at: Cursor<'d>,
        fields: Vec<Field<'d>>,
        owner: &Owner<'d>,
        site: Cursor<'d>,
        hops: Vec<Hop<'d>>,
    ) {
        let site = site.site(owner.name);
        self.found.requirements.push(Requirement { fields, at, site, hops, process: owner.process });
    }

    /// Calls `look` with each element of a list, or each value of a mapping and its key.
    fn each(&mut self, start: Cursor<'d>, look: impl Fn(&mut Self, Cursor<'d>, Option<&'d str>)) {
        let Some(at) = self.enter(start, &mut Vec::new()) else {
            return;
        };
        at.items().for_each(|item| look(self, item, None));
        at.pairs().for_each(|(key, value)| look(self, value, key.value()));
        self.depth -= 1;
    }

    /// Follows aliases and imports to a node and goes one level down; the caller comes up again.
    fn enter(&mut self, start: Cursor<'d>, hops: &mut Vec<Hop<'d>>) -> Option<Cursor<'d>> {
        self.looks += 1;
        if self.looks >= LOOKS || self.depth >= DEPTH {
            self.is_cut = true;
            return None;
        }
        let at = self.library.follow(start, hops)?;
        self.depth += 1;
        Some(at)
    }

    /// Returns the pairs of a mapping with those merged into it; a key of its own hides a merged one.
    fn fields(&mut self, at: Cursor<'d>) -> Vec<Field<'d>> {
        let mut fields = Vec::new();
        self.collect(at, &[], &mut fields, &mut HashSet::new());
        fields
    }

    fn collect(
        &mut self,
        at: Cursor<'d>,
        hops: &[Hop<'d>],
        fields: &mut Vec<Field<'d>>,
        merged: &mut HashSet<Key>,
    ) {
        let known = fields.len();
        let mut behind = Vec::new();
        for (key, value) in at.pairs() {
            self.looks += 1 + known;
            match key.value() {
                _ if self.looks >= LOOKS => {
                    self.is_cut = true;
                    return;
                }
                Some("<<" | "$mixin") => behind.push(value),
                Some(text) if !fields[..known].iter().any(|field| field.key == text) => {
                    fields.push(Field { key: text, at: key, value, hops: hops.to_vec() });
                }
                _ => {}
            }
        }
        for value in behind {
            let list = self.library.follow(value, &mut Vec::new()).filter(|at| at.kind() == Kind::Sequence);
            let sources = list.map_or(vec![value], |list| list.items().collect());
            for source in sources {
                self.looks += 1;
                let mut hops = hops.to_vec();
                let target = match source.value() {
                    Some(path) => {
                        hops.push(Hop::mixin(source));
                        self.library.target(source, path)
                    }
                    None => self.library.follow(source, &mut hops),
                };
                if let Some(target) = target
                    && merged.insert(target.key())
                    && merged.len() <= DEPTH
                {
                    self.collect(target, &hops, fields, merged);
                }
            }
        }
    }
}

/// Returns whether a class is that of the requirement for a container, with or without a prefix.
fn is_docker(class: &str) -> bool {
    let name = class.rsplit(['#', ':', '/']).next();
    name == Some("DockerRequirement")
}

/// Returns whether a document overrides requirements, as the inputs of a run may do.
pub(crate) fn has_overrides(root: Cursor<'_>) -> bool {
    root.pairs().any(|(key, _)| key.value().is_some_and(is_overrides))
}

/// Returns whether a key holds overrides of requirements.
fn is_overrides(key: &str) -> bool {
    matches!(key, "cwltool:overrides" | "http://commonwl.org/cwltool#overrides")
}

/// Returns what tells an identifier from others: the part behind the mark of its file.
fn short(id: &str) -> &str {
    match id.rsplit_once('#') {
        Some((_, name)) if !name.is_empty() => name,
        _ if id.contains("://") => id.rsplit('/').next().unwrap_or(id),
        _ => id,
    }
}

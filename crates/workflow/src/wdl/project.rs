//! All WDL files of a folder together: which call means which task, who calls whom, which inputs file sets
//! what.
//!
//! Owns names across files. Must not know what expressions are worth.

use std::collections::{HashMap, HashSet};

use rayon::prelude::*;

use super::document::{Call, Callable, CallableKind, Document, Enumeration, Members};
use super::inputs::{Entry, Json, entries};
use super::parse::parse;

/// Most nested settings of inputs files that are followed into calls.
const OVERRIDES: usize = 100_000;
/// Most imports with `*` that one name is followed through.
const STAR_IMPORTS: usize = 64;

/// A task or workflow of the project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct CallableId(pub(super) u32);

/// A call: the workflow it stands in, and its index there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct CallId {
    /// The workflow.
    pub(super) workflow: CallableId,
    /// The index of the call.
    pub(super) call: u32,
}

/// A file and its text.
#[derive(Debug, Clone, Copy)]
pub(super) struct File<'a> {
    /// The path from the scanned folder.
    pub(super) path: &'a str,
    /// The text.
    pub(super) text: &'a str,
}

/// What one inputs file sets for the workflows and tasks of one name.
#[derive(Debug)]
pub(super) struct Settings<'a> {
    /// Index of the file.
    pub(super) file: u32,
    /// The entries, sorted by key.
    entries: Vec<Entry<'a>>,
}

impl<'a> Settings<'a> {
    /// Returns the entry with a key.
    pub(super) fn get(&self, key: &str) -> Option<&Entry<'a>> {
        let at = self.entries.binary_search_by(|entry| entry.key.cmp(key)).ok()?;
        self.entries.get(at)
    }
}

/// Settings that reach the input of a call from outside its workflow: `workflow.call.input`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Override<'a> {
    /// Index of the settings.
    pub(super) settings: u32,
    /// The call.
    pub(super) call: CallId,
    /// What stands before the name of the input in the key.
    pub(super) prefix: &'a str,
}

/// The WDL files of a folder and the inputs files that go with them.
pub(super) struct Project<'a> {
    /// Every file: the WDL ones first, at the index of their document.
    pub(super) files: Vec<File<'a>>,
    /// The documents.
    pub(super) documents: Vec<Document<'a>>,
    /// The settings of the inputs files.
    pub(super) settings: Vec<Settings<'a>>,
    /// Document and index in it of each callable.
    callables: Vec<(u32, u32)>,
    targets: Vec<Vec<Option<CallableId>>>,
    callers: Vec<Vec<CallId>>,
    settings_by_name: HashMap<&'a str, Vec<u32>>,
    overrides: HashMap<CallableId, Vec<Override<'a>>>,
    replacements: HashMap<CallableId, Vec<(u32, &'a str)>>,
    namespaces: HashMap<(u32, &'a str), u32>,
    /// For each document, the documents of its imports; `None` for what lies elsewhere.
    imports: Vec<Vec<Option<u32>>>,
    by_name: HashMap<(u32, &'a str), Named>,
}

/// What goes by one name in one document.
#[derive(Debug, Clone, Copy, Default)]
struct Named {
    task: Option<CallableId>,
    workflow: Option<CallableId>,
}

impl<'a> Project<'a> {
    /// Returns the project of WDL files and of JSON files that may be inputs files. Parses in parallel.
    pub(super) fn new(wdl: Vec<File<'a>>, json: Vec<File<'a>>) -> Self {
        let documents: Vec<Document<'a>> = wdl.par_iter().map(|file| parse(file.text)).collect();
        let mut project = Self {
            files: wdl,
            documents,
            settings: Vec::new(),
            callables: Vec::new(),
            targets: Vec::new(),
            callers: Vec::new(),
            settings_by_name: HashMap::new(),
            overrides: HashMap::new(),
            replacements: HashMap::new(),
            namespaces: HashMap::new(),
            imports: Vec::new(),
            by_name: HashMap::new(),
        };
        project.name_callables();
        project.resolve_imports();
        project.resolve_calls();
        project.read_settings(&json);
        project.resolve_overrides();
        project
    }

    /// Returns every task.
    pub(super) fn tasks(&self) -> Vec<CallableId> {
        let all = (0..self.callables.len() as u32).map(CallableId);
        all.filter(|&id| self.callable(id).kind == CallableKind::Task).collect()
    }

    /// Returns the tasks and workflows of a document.
    pub(super) fn callables_of(&self, document: u32) -> impl Iterator<Item = CallableId> {
        let from = self.callables.partition_point(|&(other, _)| other < document);
        let until = self.callables.partition_point(|&(other, _)| other <= document);
        (from as u32..until as u32).map(CallableId)
    }

    /// Returns a callable.
    pub(super) fn callable(&self, id: CallableId) -> &Callable<'a> {
        let (document, index) = self.callables[id.0 as usize];
        &self.documents[document as usize].callables[index as usize]
    }

    /// Returns the index of the document, and of the file, that a callable stands in.
    pub(super) fn document_of(&self, id: CallableId) -> u32 {
        self.callables[id.0 as usize].0
    }

    /// Returns a call.
    pub(super) fn call(&self, id: CallId) -> &Call<'a> {
        &self.callable(id.workflow).calls[id.call as usize]
    }

    /// Returns what a call calls; `None` when it lies outside the folder.
    pub(super) fn target(&self, id: CallId) -> Option<CallableId> {
        *self.targets[id.workflow.0 as usize].get(id.call as usize)?
    }

    /// Returns the calls of a callable.
    pub(super) fn callers(&self, id: CallableId) -> &[CallId] {
        &self.callers[id.0 as usize]
    }

    /// Returns the indexes of the settings for callables of a name.
    pub(super) fn settings_for(&self, name: &str) -> &[u32] {
        self.settings_by_name.get(name).map_or(&[], Vec::as_slice)
    }

    /// Returns the settings that reach a callable through a call.
    pub(super) fn overrides(&self, id: CallableId) -> &[Override<'a>] {
        self.overrides.get(&id).map_or(&[], Vec::as_slice)
    }

    /// Returns the entries of inputs files, as settings and key, that replace a task's container attribute.
    pub(super) fn replacements(&self, id: CallableId) -> &[(u32, &'a str)] {
        self.replacements.get(&id).map_or(&[], Vec::as_slice)
    }

    /// Returns the enumeration with a name that a document sees, and the document it stands in.
    pub(super) fn enumeration(&self, document: u32, name: &str) -> Option<(u32, &Enumeration<'a>)> {
        let imported = self.imports[document as usize].iter().flatten().copied();
        std::iter::once(document).chain(imported).find_map(|document| {
            let enums = &self.documents[document as usize].enums;
            Some((document, enums.iter().find(|candidate| candidate.name == name)?))
        })
    }

    fn name_callables(&mut self) {
        for (at, document) in self.documents.iter().enumerate() {
            for (index, callable) in document.callables.iter().enumerate() {
                let id = CallableId(self.callables.len() as u32);
                self.callables.push((at as u32, index as u32));
                let named = self.by_name.entry((at as u32, callable.name)).or_default();
                match callable.kind {
                    CallableKind::Task => named.task.get_or_insert(id),
                    CallableKind::Workflow => named.workflow.get_or_insert(id),
                };
            }
        }
    }

    fn resolve_imports(&mut self) {
        let by_path: HashMap<&str, u32> =
            self.files.iter().enumerate().map(|(at, file)| (file.path, at as u32)).collect();
        for (at, document) in self.documents.iter().enumerate() {
            let folder = self.files[at].path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let mut found = Vec::with_capacity(document.imports.len());
            for import in &document.imports {
                let target = join(folder, import.path).and_then(|path| by_path.get(path.as_str()).copied());
                if let Some(target) = target {
                    self.namespaces.entry((at as u32, import.namespace)).or_insert(target);
                }
                found.push(target);
            }
            self.imports.push(found);
        }
    }

    fn resolve_calls(&mut self) {
        self.callers = vec![Vec::new(); self.callables.len()];
        for id in (0..self.callables.len() as u32).map(CallableId) {
            let document = self.document_of(id);
            let calls = &self.callable(id).calls;
            let targets: Vec<_> = calls.iter().map(|call| self.find(document, &call.target)).collect();
            for (call, target) in targets.iter().enumerate() {
                if let Some(target) = target {
                    self.callers[target.0 as usize].push(CallId { workflow: id, call: call as u32 });
                }
            }
            self.targets.push(targets);
        }
    }

    /// Returns the callable that a name with dots means in a document.
    fn find(&self, document: u32, target: &[&'a str]) -> Option<CallableId> {
        let (name, namespaces) = target.split_last()?;
        let mut document = document;
        for namespace in namespaces {
            document = *self.namespaces.get(&(document, *namespace))?;
        }
        let Some(named) = self.by_name.get(&(document, *name)) else {
            return self.find_member(document, name);
        };
        // No workflow calls itself, so at home the name means the task; elsewhere it means the workflow.
        if namespaces.is_empty() { named.task.or(named.workflow) } else { named.workflow.or(named.task) }
    }

    /// Returns the callable that an import brings into a document's own scope under a name.
    fn find_member(&self, document: u32, name: &'a str) -> Option<CallableId> {
        let mut seen = HashSet::new();
        let mut open = vec![(document, name)];
        while let Some((document, name)) = open.pop() {
            if seen.len() == STAR_IMPORTS || !seen.insert((document, name)) {
                continue;
            }
            let imports = &self.documents[document as usize].imports;
            for (import, target) in imports.iter().zip(&self.imports[document as usize]) {
                let Some(target) = *target else { continue };
                let there = match &import.members {
                    Members::Namespace => continue,
                    Members::All => name,
                    Members::Some(members) => match members.iter().find(|(_, here)| *here == name) {
                        Some((there, _)) => *there,
                        None => continue,
                    },
                };
                if let Some(named) = self.by_name.get(&(target, there)) {
                    return named.workflow.or(named.task);
                }
                open.push((target, there));
            }
        }
        None
    }

    fn read_settings(&mut self, json: &[File<'a>]) {
        let names: HashSet<&str> = self.by_name.keys().map(|(_, name)| *name).collect();
        let wanted = |key: &str| key.split_once('.').is_some_and(|(name, _)| names.contains(name));
        let read: Vec<Vec<Entry<'a>>> = json.par_iter().map(|file| entries(file.text, wanted)).collect();
        for (file, mut entries) in json.iter().zip(read) {
            if entries.is_empty() {
                continue;
            }
            let index = self.files.len() as u32;
            self.files.push(*file);
            entries.sort_by(|a, b| (a.key, a.at).cmp(&(b.key, b.at)));
            entries.dedup_by(|later, earlier| later.key == earlier.key);
            let settings = self.settings.len() as u32;
            for entry in &entries {
                let name = entry.key.split('.').next().unwrap_or_default();
                let named = self.settings_by_name.entry(name).or_default();
                if named.last() != Some(&settings) {
                    named.push(settings);
                }
            }
            self.settings.push(Settings { file: index, entries });
        }
    }

    /// Follows keys like `workflow.call.input` to the callable whose input they set, and keys like
    /// `workflow.call.runtime.docker` to the task whose attribute they replace.
    fn resolve_overrides(&mut self) {
        let mut overrides: HashSet<(CallableId, Override<'a>)> = HashSet::new();
        let mut ordered = Vec::new();
        let mut replacements = Vec::new();
        for id in (0..self.callables.len() as u32).map(CallableId) {
            let name = self.callable(id).name;
            for &settings in self.settings_for(name) {
                for entry in &self.settings[settings as usize].entries {
                    let rest = entry.key.strip_prefix(name).and_then(|rest| rest.strip_prefix('.'));
                    let Some(rest) = rest else { continue };
                    if ordered.len() + replacements.len() == OVERRIDES {
                        break;
                    }
                    if let Some(calls) = replaced(rest) {
                        let target =
                            if calls.is_empty() { Some(id) } else { self.walk(id, calls).map(|at| at.0) };
                        replacements.extend(target.map(|target| (target, (settings, entry.key))));
                    } else if let Some((calls, _)) = rest.rsplit_once('.')
                        && let Some((target, call)) = self.walk(id, calls)
                    {
                        let cut = entry.key.rfind('.').map_or(0, |at| at + 1);
                        let setting = Override { settings, call, prefix: &entry.key[..cut] };
                        if overrides.insert((target, setting)) {
                            ordered.push((target, setting));
                        }
                    }
                }
            }
        }
        for (target, setting) in ordered {
            self.overrides.entry(target).or_default().push(setting);
        }
        for (target, replacement) in replacements {
            self.replacements.entry(target).or_default().push(replacement);
        }
    }

    /// Returns the callable, and the call of it, that calls with dots between them lead to.
    fn walk(&self, workflow: CallableId, calls: &str) -> Option<(CallableId, CallId)> {
        let mut at = workflow;
        let mut last = None;
        for name in calls.split('.') {
            let call = CallId { workflow: at, call: self.callable(at).call(name)? as u32 };
            at = self.target(call)?;
            last = Some((at, call));
        }
        last
    }
}

/// Returns the calls before the name of a container attribute, when a key of an inputs file ends in one.
fn replaced(key: &str) -> Option<&str> {
    let section = key.strip_suffix(".docker").or_else(|| key.strip_suffix(".container"))?;
    let calls = section.strip_suffix("runtime").or_else(|| section.strip_suffix("requirements"))?;
    if calls.is_empty() { Some(calls) } else { calls.strip_suffix('.') }
}

/// Returns the path that an import means from a folder; `None` for a URL or one that leads outside.
fn join(folder: &str, import: &str) -> Option<String> {
    if import.contains("://") {
        return None;
    }
    let mut parts: Vec<&str> = if import.starts_with('/') { Vec::new() } else { folder.split('/').collect() };
    for part in import.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop().filter(|part| !part.is_empty())?;
            }
            part => parts.push(part),
        }
    }
    parts.retain(|part| !part.is_empty());
    Some(parts.join("/"))
}

/// Returns what a path leads to inside a value of an inputs file.
pub(super) fn json_member<'j, 'a>(json: &'j Json<'a>, name: &str) -> Option<&'j Json<'a>> {
    let Json::Object(members) = json else { return None };
    members.iter().find(|(key, _)| *key == name).map(|(_, value)| value)
}

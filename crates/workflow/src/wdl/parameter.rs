//! Declares an input in every task and workflow that needs it, and passes it down through the calls.
//!
//! Owns who needs the input and where it is written. Must not know what it is for.

use std::collections::{BTreeMap, BTreeSet};

use super::document::{Call, Callable, Declaration, Role, Span};
use super::project::{CallId, CallableId, File, Project};
use crate::rewrite::{Declarations, Declared, Edit, Parameter, Place};
use crate::source::SourceTree;

/// Returns the expression for an input inside a string of a WDL file.
pub(crate) fn placeholder(text: &str, name: &str) -> String {
    if is_draft2(text) { format!("${{{name}}}") } else { format!("~{{{name}}}") }
}

/// Returns whether a file is of the first version: it begins with something else than its version.
fn is_draft2(text: &str) -> bool {
    let text = text.trim_start_matches('\u{feff}');
    let mut lines = text.lines().map(str::trim_start);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with('#')).unwrap_or_default();
    let version = first.strip_prefix("version").filter(|rest| rest.starts_with(char::is_whitespace));
    version.is_none_or(|rest| rest.trim_start().starts_with("draft-2"))
}

/// Declares inputs in the WDL files of a tree.
pub(crate) struct Declarer<'a> {
    project: Project<'a>,
}

impl<'a> Declarer<'a> {
    /// Returns a declarer for a tree; parses its WDL files.
    pub(crate) fn new(tree: &'a SourceTree) -> Self {
        Self { project: Project::new(super::read(tree, |file| file.extension() == "wdl"), Vec::new()) }
    }

    /// Returns what it takes to have the parameter at all these places of WDL files.
    pub(crate) fn declare(&self, places: &[Place<'_>], parameter: &Parameter) -> Declarations {
        let mut declarations = Declarations::default();
        let by_path: BTreeMap<&str, u32> = (0..self.project.documents.len() as u32)
            .map(|at| (self.project.files[at as usize].path, at))
            .collect();
        let mut wanted: Vec<Option<CallableId>> = Vec::with_capacity(places.len());
        for (index, &(file, offset)) in places.iter().enumerate() {
            let document = by_path.get(file).copied();
            let callable = document.and_then(|document| self.around(document, offset as u32));
            if callable.is_none() {
                declarations.refused.push((index, "the text stands in no task and no workflow".to_owned()));
            }
            wanted.push(callable);
        }
        // A place fails with everybody who would have to pass the input to it.
        let mut verdicts: BTreeMap<CallableId, Result<BTreeSet<CallableId>, String>> = BTreeMap::new();
        let mut needing = BTreeSet::new();
        for (index, callable) in wanted.iter().enumerate() {
            let Some(callable) = *callable else { continue };
            let verdict = verdicts.entry(callable).or_insert_with(|| self.needing(callable, parameter));
            match verdict {
                Ok(reached) => needing.extend(reached.iter().copied()),
                Err(why) => declarations.refused.push((index, why.clone())),
            }
        }
        for &callable in &needing {
            self.add(callable, &needing, parameter, &mut declarations);
        }
        declarations
    }

    /// Returns the task or workflow around an offset.
    fn around(&self, document: u32, offset: u32) -> Option<CallableId> {
        self.project.callables_of(document).find(|&id| {
            let body = self.project.callable(id).body;
            body.start <= offset && offset < body.end
        })
    }

    /// Returns a callable and all that call it, directly or not.
    ///
    /// # Errors
    /// Why one of them cannot have the input.
    fn needing(&self, callable: CallableId, parameter: &Parameter) -> Result<BTreeSet<CallableId>, String> {
        let mut reached = BTreeSet::from([callable]);
        let mut open = vec![callable];
        while let Some(id) = open.pop() {
            self.check(id, parameter)?;
            for call in self.project.callers(id) {
                if reached.insert(call.workflow) {
                    open.push(call.workflow);
                }
            }
        }
        Ok(reached)
    }

    fn check(&self, id: CallableId, parameter: &Parameter) -> Result<(), String> {
        let callable = self.project.callable(id);
        let name = parameter.name();
        let here = format!("{} `{}`", callable.kind.word(), callable.name);
        let document = self.project.document_of(id);
        if self.project.documents[document as usize].gap.is_some() {
            return Err(format!(
                "`{}` cannot be read in full, so nothing is declared in it",
                self.file(id).path
            ));
        }
        if callable.call(name).is_some() {
            return Err(format!("{here} has a call named `{name}`"));
        }
        match callable.declaration(name) {
            None => Ok(()),
            Some(declaration) if self.is_input(id, declaration) => Ok(()),
            Some(_) => Err(format!("`{name}` is something else in {here}")),
        }
    }

    /// Returns whether a declaration is an input of the right type.
    fn is_input(&self, id: CallableId, declaration: &Declaration<'a>) -> bool {
        let written = Span { start: declaration.start, end: declaration.at }.of(self.file(id).text);
        declaration.role == Role::Input && written.trim() == "String"
    }

    /// Adds the declaration to a callable, and the input to each of its calls that needs it.
    fn add(
        &self,
        id: CallableId,
        needing: &BTreeSet<CallableId>,
        parameter: &Parameter,
        declarations: &mut Declarations,
    ) {
        let callable = self.project.callable(id);
        let file = self.file(id);
        let name = parameter.name();
        let probe = format!(" = \"{}\"", parameter.value());
        let mut has_default = parameter.default().is_some();
        match callable.declaration(name) {
            Some(declaration) => {
                has_default = declaration.value.is_some();
                if !has_default {
                    let behind = declaration.at as usize + name.len();
                    declarations.probes.push(Edit::insert(file.path, behind, probe));
                }
            }
            None => {
                let plain = format!("String {name}");
                let with_value = format!("{plain}{probe}");
                let written = if has_default { &with_value } else { &plain };
                declarations.edits.push(self.declaration(id, written));
                declarations.probes.push(self.declaration(id, &with_value));
                let what = format!("{} `{}`", callable.kind.word(), callable.name);
                declarations.declared.push(Declared { file: file.path.to_owned(), what });
            }
        }
        for (at, call) in callable.calls.iter().enumerate() {
            let target = self.project.target(CallId { workflow: id, call: at as u32 });
            let is_passed = call.inputs.iter().any(|input| input.name == name);
            if target.is_some_and(|target| needing.contains(&target)) && !is_passed {
                let edit = pass(file, call, name);
                declarations.edits.push(edit.clone());
                declarations.probes.push(edit);
            }
        }
        let is_entry = self.project.callers(id).is_empty();
        if is_entry && !has_default && callable.kind == super::document::CallableKind::Workflow {
            declarations.inputs.push(format!("{}.{name}", callable.name));
        }
    }

    /// Returns the edit that puts a declaration into a callable.
    fn declaration(&self, id: CallableId, declaration: &str) -> Edit {
        let callable = self.project.callable(id);
        let file = self.file(id);
        let document = &self.project.documents[self.project.document_of(id) as usize];
        if let Some(section) = callable.inputs {
            return in_section(file, callable, section, declaration);
        }
        let layout = Layout::of(file.text, callable);
        let Layout { newline, indent, step } = &layout;
        let text = if document.is_draft2 {
            format!("{newline}{indent}{declaration}")
        } else {
            format!(
                "{newline}{indent}input {{{newline}{indent}{step}{declaration}{newline}{indent}}}{newline}"
            )
        };
        layout.open(file, callable.body.start as usize, text)
    }

    fn file(&self, id: CallableId) -> File<'a> {
        self.project.files[self.project.document_of(id) as usize]
    }
}

/// Returns the edit that puts a declaration into an input section, before what it has.
fn in_section(file: File<'_>, callable: &Callable<'_>, section: Span, declaration: &str) -> Edit {
    let inside = |declaration: &&Declaration<'_>| {
        section.start <= declaration.start && declaration.start < section.end
    };
    let first = callable.declarations.iter().filter(inside).map(|declaration| declaration.start).min();
    if let Some(first) = first {
        let first = first as usize;
        return Edit::insert(file.path, first, format!("{declaration}{}", separator(file.text, first)));
    }
    let layout = Layout::of(file.text, callable);
    let Layout { newline, indent, step } = &layout;
    let is_on_lines = section.of(file.text).contains('\n');
    let end = if is_on_lines { String::new() } else { format!("{newline}{indent}") };
    let text = format!("{newline}{indent}{step}{declaration}{end}");
    layout.open(file, section.start as usize, text)
}

/// Returns the edit by which a call passes an input on.
fn pass(file: File<'_>, call: &Call<'_>, name: &str) -> Edit {
    if let Some(first) = call.inputs.iter().map(|input| input.at as usize).min() {
        let text = format!("{name} = {name},{}", separator(file.text, first));
        return Edit::insert(file.path, first, text);
    }
    match call.block {
        None => {
            let text = format!(" {{ input: {name} = {name} }}");
            Edit::insert(file.path, call.head_end as usize, text)
        }
        Some(block) if has_keyword(block.of(file.text)) => {
            Edit::insert(file.path, block.end as usize, format!(" {name} = {name} "))
        }
        Some(block) => Edit::insert(file.path, block.start as usize, format!(" input: {name} = {name} ")),
    }
}

/// Returns whether something else than comments stands in the braces of a call: the word `input`.
fn has_keyword(block: &str) -> bool {
    block.lines().any(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
}

/// Returns what stands between something new and what begins at an offset: a new line with the same
/// indentation where that begins its line, else a blank.
fn separator(text: &str, offset: usize) -> String {
    let before = text.get(..offset).unwrap_or_default();
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let indent = &before[start..];
    if indent.trim().is_empty() { format!("{}{indent}", newline(text)) } else { " ".to_owned() }
}

fn newline(text: &str) -> &'static str {
    let first = memchr::memchr(b'\n', text.as_bytes()).and_then(|at| at.checked_sub(1));
    if first.and_then(|at| text.as_bytes().get(at)) == Some(&b'\r') { "\r\n" } else { "\n" }
}

/// How the items of a task or workflow are indented.
struct Layout {
    newline: &'static str,
    /// What stands before an item.
    indent: String,
    /// What stands before an item's own items besides.
    step: String,
}

impl Layout {
    fn of(text: &str, callable: &Callable<'_>) -> Self {
        let start = callable.body.start as usize;
        let before = text.get(..start).unwrap_or_default();
        let line = before.rfind('\n').map_or(0, |at| at + 1);
        let head = blanks(before.get(line..).unwrap_or_default());
        let body = callable.body.of(text);
        let items = body.split_once('\n').map_or("", |(_, items)| items);
        let first = items.lines().find(|line| !line.trim().is_empty()).map(blanks);
        let indent = first.filter(|indent| indent.len() > head.len() && indent.starts_with(head));
        let step = indent.map_or("  ", |indent| &indent[head.len()..]).to_owned();
        Self { newline: newline(text), indent: format!("{head}{step}"), step }
    }

    /// Returns the edit that puts text behind an opening brace, and behind a comment on the same line.
    fn open(&self, file: File<'_>, brace_end: usize, mut text: String) -> Edit {
        let rest = file.text.get(brace_end..).unwrap_or_default();
        let line = rest.lines().next().unwrap_or_default();
        let is_end =
            line.len() < rest.len() && (line.trim().is_empty() || line.trim_start().starts_with('#'));
        if is_end {
            return Edit::insert(file.path, brace_end + line.len(), text);
        }
        if !text.ends_with(self.indent.as_str()) {
            let tail = if text.ends_with('\n') { "" } else { self.newline };
            text = format!("{text}{tail}{}", self.indent);
        }
        Edit::insert(file.path, brace_end, text)
    }
}

fn blanks(line: &str) -> &str {
    let end = line.find(|character: char| character != ' ' && character != '\t');
    &line[..end.unwrap_or(line.len())]
}

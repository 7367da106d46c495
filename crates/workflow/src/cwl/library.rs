//! The documents of a folder, each read once, and the ways from one place to another: aliases, `$import`,
//! `$include` and `run`.
//!
//! Owns what may be followed: only files of the scanned folder, by paths that do not lead out of it, and a
//! bounded number of steps. Must not know what a requirement is.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::cursor::{Cursor, Document, Key};
use super::tree::{Fault, Kind, Tree};
use super::{flow, mask};
use crate::reference::{Literal, Step, Warning};
use crate::source::{SourceFile, SourceTree};

/// Most steps that are followed from one place to the next text.
const HOPS: usize = 32;

/// Most warnings of a scan.
const WARNINGS: usize = 5_000;

/// The files of a scan with their documents.
pub(crate) struct Library<'a> {
    tree: &'a SourceTree,
    documents: Vec<OnceLock<Option<Document<'a>>>>,
    warned: AtomicUsize,
}

/// A step on the way from one place to another, without its words.
#[derive(Clone, Copy)]
pub(crate) struct Hop<'d> {
    at: Cursor<'d>,
    way: Way<'d>,
}

#[derive(Clone, Copy)]
enum Way<'d> {
    Alias,
    Import(&'d str),
    Include(&'d str),
    Mixin,
}

impl<'d> Hop<'d> {
    /// Returns the hop from the value of a `$mixin` to what it names.
    pub(crate) fn mixin(at: Cursor<'d>) -> Self {
        Self { at, way: Way::Mixin }
    }

    /// Returns the step of a chain that the hop is.
    pub(crate) fn step(&self) -> Step {
        self.at.step(match self.way {
            Way::Alias => format!("alias `{}`", self.at.source()),
            Way::Import(reference) => format!("`$import` of `{reference}`"),
            Way::Include(reference) => format!("`$include` of `{reference}`"),
            Way::Mixin => format!("`$mixin` of `{}`", self.at.source()),
        })
    }
}

/// A text that a place holds or leads to.
#[derive(Clone)]
pub(crate) struct Text<'d> {
    /// The value without white space around it.
    pub(crate) value: &'d str,
    /// Where it is written.
    pub(crate) literal: Literal,
    /// The source at that place.
    pub(crate) source: &'d str,
    /// True when the value is the source, byte for byte.
    pub(crate) is_verbatim: bool,
}

impl Literal {
    /// Returns the place of a part of a text that starts here; `text` is the source, byte for byte.
    pub(crate) fn within(&self, text: &str, start: usize, end: usize) -> Self {
        let before = text.get(..start).unwrap_or_default();
        let (lines, column) = match before.rsplit_once('\n') {
            Some((above, left)) => (above.matches('\n').count() + 1, left.chars().count() + 1),
            None => (0, self.column as usize + before.chars().count()),
        };
        let line = self.line + lines as u32;
        Self {
            file: self.file.clone(),
            line,
            column: column as u32,
            start: self.start + start,
            end: self.start + end,
        }
    }
}

impl<'a> Library<'a> {
    /// Returns the library of a tree; reads nothing yet.
    pub(crate) fn new(tree: &'a SourceTree) -> Self {
        let documents = tree.files().iter().map(|_| OnceLock::new()).collect();
        Self { tree, documents, warned: AtomicUsize::new(0) }
    }

    /// Returns the files.
    pub(crate) fn files(&self) -> &'a [SourceFile] {
        self.tree.files()
    }

    /// Returns a node by its key.
    pub(crate) fn at<'d>(&'d self, (file, node): Key) -> Option<Cursor<'d>> {
        Some(Cursor { document: self.document(file)?, node })
    }

    /// Returns the text of a file by its number.
    pub(crate) fn text(&self, file: usize) -> Option<&'a str> {
        self.tree.text(self.tree.files().get(file)?)
    }

    /// Records something that was left out.
    pub(crate) fn warn(&self, file: &str, line: Option<u32>, message: String) {
        let message = match self.warned.fetch_add(1, Ordering::Relaxed) {
            ..WARNINGS => message,
            WARNINGS => format!("more than {WARNINGS} warnings: this one and further ones are left out"),
            _ => return,
        };
        self.tree.warn(Warning { file: file.to_owned(), line, message });
    }

    /// Returns a file as YAML, read at the first call; `None`, with a warning at the first call, when it is
    /// none.
    pub(crate) fn document(&self, file: usize) -> Option<&Document<'a>> {
        let read = || {
            let path = self.tree.files().get(file)?.path();
            match self.read(path, self.text(file)?) {
                Ok(tree) => Some(Document::new(file, path, tree)),
                Err(fault) => {
                    let why = if fault.beyond_bounds { "left out" } else { "not valid YAML" };
                    self.warn(path, Some(fault.line), format!("{why}: {}", fault.message));
                    None
                }
            }
        };
        self.documents.get(file)?.get_or_init(read).as_ref()
    }

    fn read(&self, path: &str, text: &'a str) -> Result<Tree<'a>, Fault> {
        let fault = match Tree::read(text) {
            Err(fault) if !fault.beyond_bounds => fault,
            read => return read,
        };
        let as_masked = |masked: &String| Tree::read_as(text, masked).ok();
        // What the readers of workflow engines take is no fault.
        let lenient = [mask::surrogates(text), flow::on_one_line(text)];
        if let Some(tree) = lenient.iter().flatten().find_map(as_masked) {
            return Ok(tree);
        }
        let masked = mask::templates_and_tabs(text);
        let on_one_line = masked.as_deref().and_then(flow::on_one_line);
        if let Some(tree) = masked.iter().chain(&on_one_line).find_map(as_masked) {
            let message = format!("not valid YAML ({}); read with templates and tabs masked", fault.message);
            self.warn(path, Some(fault.line), message);
            return Ok(tree);
        }
        Err(fault)
    }

    /// Returns the file that a path names, seen from another file, or why there is none.
    fn locate(&self, from: &str, target: &str) -> Result<usize, &'static str> {
        let path = target.split_once('#').map_or(target, |(path, _)| path);
        let scheme = path.split_once(':').map_or("", |(scheme, _)| scheme);
        if scheme.len() > 1
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+.-".contains(&byte))
        {
            return Err("addresses are not followed");
        }
        let decoded = percent_decoded(path);
        for path in [Some(path), decoded.as_deref()].into_iter().flatten() {
            let path = joined(from, path).ok_or("the path leads out of the folder")?;
            if let Ok(file) = self.tree.files().binary_search_by(|file| file.path().cmp(&path)) {
                return Ok(file);
            }
        }
        Err("no such file in the folder")
    }

    /// Returns the top node that `$import`, `$mixin` or `run` name from a place: of a `#name` the process of
    /// that name in the same file or another. Warns when there is none.
    pub(crate) fn target<'d>(&'d self, at: Cursor<'d>, reference: &str) -> Option<Cursor<'d>> {
        match self.find(at, reference) {
            Ok(target) => target,
            Err(why) => {
                self.warn(at.document.path, Some(at.line()), format!("`{reference}` is not read: {why}"));
                None
            }
        }
    }

    /// Returns what [`Library::target`] returns, or why there is none; `None` for an empty or broken file.
    pub(crate) fn find<'d>(
        &'d self,
        at: Cursor<'d>,
        reference: &str,
    ) -> Result<Option<Cursor<'d>>, &'static str> {
        let document = if reference.starts_with('#') {
            at.document
        } else {
            match self.document(self.locate(at.document.path, reference)?) {
                Some(document) => document,
                None => return Ok(None),
            }
        };
        let root = document.tree.roots().first().map(|&node| Cursor { document, node });
        let name = reference.split_once('#').map(|(_, name)| name).filter(|name| !name.is_empty());
        Ok(root.map(|root| name.and_then(|name| root.named(name)).unwrap_or(root)))
    }

    /// Returns where aliases and `$import`s lead from a place, each added to `hops`.
    pub(crate) fn follow<'d>(&'d self, start: Cursor<'d>, hops: &mut Vec<Hop<'d>>) -> Option<Cursor<'d>> {
        let mut at = start;
        for _ in 0..HOPS {
            if let Kind::Alias(target) = at.document.tree.kind(at.node) {
                hops.push(Hop { at, way: Way::Alias });
                at.node = target;
            } else if let Some(reference) = at.import() {
                hops.push(Hop { at, way: Way::Import(reference) });
                at = self.target(at, reference)?;
            } else {
                return Some(at);
            }
        }
        self.warn(
            start.document.path,
            Some(start.line()),
            format!("left out: more than {HOPS} imports in a row"),
        );
        None
    }

    /// Returns the text at a place, or where aliases, `$import` and `$include` lead to one.
    pub(crate) fn read_text<'d>(&'d self, start: Cursor<'d>, hops: &mut Vec<Hop<'d>>) -> Option<Text<'d>> {
        let at = self.follow(start, hops)?;
        if let Some(value) = at.value() {
            let range = at.document.tree.range(at.node);
            let source = at.document.tree.text().get(range.clone()).unwrap_or_default();
            let (line, column) = at.document.tree.position(range.start);
            let file = at.document.path.to_owned();
            let literal = Literal { file, line, column, start: range.start, end: range.end };
            return Some(Text { value, literal, source, is_verbatim: at.document.tree.is_verbatim(at.node) });
        }
        let reference = at.only("$include")?;
        let found = self.locate(at.document.path, reference);
        let Some((file, text)) =
            found.ok().and_then(|file| Some((self.tree.files().get(file)?, self.text(file)?)))
        else {
            let why = found.err().unwrap_or("it is no text");
            self.warn(at.document.path, Some(at.line()), format!("`{reference}` is not read: {why}"));
            return None;
        };
        hops.push(Hop { at, way: Way::Include(reference) });
        let without_mark = text.trim_start_matches('\u{feff}');
        let value = without_mark.trim();
        let start = text.len() - without_mark.trim_start().len();
        let lines = crate::lines::LineIndex::new(text);
        let (line, column) = lines.position(start);
        let literal = Literal { file: file.path().to_owned(), line, column, start, end: start + value.len() };
        Some(Text { value, literal, source: value, is_verbatim: true })
    }
}

/// Returns the path of `target` seen from the file `from`, or `None` when it leads out of the folder.
fn joined(from: &str, target: &str) -> Option<String> {
    if target.starts_with(['/', '\\']) {
        return None;
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Returns a path with `%20` and the like decoded, or `None` when it has none.
fn percent_decoded(path: &str) -> Option<String> {
    memchr::memchr(b'%', path.as_bytes())?;
    let bytes = path.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escape = path.get(at + 1..at + 3).filter(|_| byte == b'%');
        match escape.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(value) => {
                decoded.push(value);
                at += 3;
            }
            None => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(decoded).ok()
}

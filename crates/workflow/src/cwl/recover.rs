//! The images of CWL files that are no valid YAML, read by their lines.
//!
//! Owns the one shape that is certain without a grammar: a plain or quoted `dockerPull` on a line of its own,
//! below a `DockerRequirement` and outside block scalars. Must not guess.

use super::container::reference_at;
use super::expression::{self, Value};
use crate::lines::LineIndex;
use crate::reference::{ContainerReference, Literal, Resolution, Site};

/// Most lines between a requirement's class and its `dockerPull`.
const REACH: usize = 12;

/// Returns the references that stand in the lines of a broken file.
pub(crate) fn references(path: &str, text: &str) -> Vec<ContainerReference> {
    let index = LineIndex::new(text);
    let name = path.rsplit('/').next().unwrap_or_default();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let mut found = Vec::new();
    // Indentation of the line that opened a block scalar, and of the requirement that is open.
    let mut block: Option<usize> = None;
    let mut requirement: Option<Open> = None;
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let start = offset;
        offset += line.len();
        let content = line.trim();
        if content.is_empty() {
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        if block.is_some_and(|opened| indent > opened) {
            continue;
        }
        block = None;
        if content.starts_with('#') {
            continue;
        }
        let entry = content.strip_prefix('-').map_or(content, str::trim_start);
        let starts_entry = entry.len() != content.len();
        if requirement.as_mut().is_some_and(|open| !open.holds(indent, starts_entry)) {
            requirement = None;
        }
        let key_indent = indent + (content.len() - entry.len());
        if opens_block(content) {
            block = Some(key_indent);
        }
        let (key, value) = entry.split_once(':').unwrap_or((entry, ""));
        let key = key.trim().trim_matches(['"', '\'']);
        let value = value.trim().trim_end_matches(',');
        if key == "DockerRequirement" || (key == "class" && unquoted(value) == "DockerRequirement") {
            let is_class = key == "class";
            requirement = Some(Open {
                indent: if is_class { key_indent } else { indent + 1 },
                at: start + indent,
                lines: 0,
            });
        } else if key == "class" {
            requirement = None;
        } else if key == "dockerPull"
            && let Some(open) = &requirement
            && let Some(image) = image(value)
        {
            let at = start + (image.as_ptr() as usize - line.as_ptr() as usize);
            let (line, column) = index.position(at);
            let place = Literal { file: path.to_owned(), line, column, start: at, end: at + image.len() };
            let (line, column) = index.position(open.at);
            let site = Site { file: path.to_owned(), line, column, name: Some(stem.to_owned()) };
            let (reference, resolution) = match expression::read(image) {
                Value::Plain => (Some(image.to_owned()), Resolution::Literal),
                Value::Sum(parts) => (None, unresolved(image, expression::names(&parts))),
                Value::Unknown(depends_on) => (None, unresolved(image, depends_on)),
            };
            found.push(reference_at(place, image.to_owned(), reference, resolution, site));
        }
    }
    found
}

/// A requirement whose keys are being read.
struct Open {
    /// Smallest indentation of its keys.
    indent: usize,
    /// Offset of the requirement.
    at: usize,
    /// Lines read so far.
    lines: usize,
}

impl Open {
    /// Returns whether the next line still belongs to the requirement.
    fn holds(&mut self, indent: usize, starts_entry: bool) -> bool {
        self.lines += 1;
        self.lines <= REACH && indent >= self.indent && !starts_entry
    }
}

fn unresolved(image: &str, depends_on: Vec<String>) -> Resolution {
    Resolution::Unresolved { template: image.to_owned(), depends_on }
}

/// Returns whether a line ends in the header of a block scalar.
fn opens_block(content: &str) -> bool {
    let header = content.rsplit([' ', '\t']).next().unwrap_or_default();
    header.starts_with(['|', '>'])
        && header[1..].bytes().all(|byte| matches!(byte, b'+' | b'-' | b'1'..=b'9'))
}

/// Returns the text of a scalar that ends on its line, or `None` when it is of any other form.
fn image(value: &str) -> Option<&str> {
    let quote = value.chars().next()?;
    let text = if matches!(quote, '"' | '\'') {
        let inner = value.get(1..)?;
        inner.get(..inner.find(quote)?)?
    } else {
        value.split(" #").next()?.trim_end()
    };
    let is_special =
        matches!(quote, '&' | '*' | '!' | '|' | '>' | '[' | '#') || (quote == '{' && !text.starts_with("{{"));
    // Only what could be an image, or is a template, is certain.
    let is_word = text.contains("{{") || !text.contains(char::is_whitespace);
    (!text.is_empty() && !is_special && is_word && !text.contains('\\')).then_some(text)
}

fn unquoted(value: &str) -> &str {
    value.split(" #").next().unwrap_or_default().trim().trim_matches(['"', '\''])
}

//! New entries in lists and mappings of a document, written in the way of what stands there.
//!
//! Owns where an entry is put and how it is spelled: block or flow, list or mapping, YAML or JSON. Must not
//! know what entries are for.

use super::cursor::Cursor;
use super::tree::Kind;
use crate::rewrite::Edit;

/// Returns the list or mapping that is written at a key of a mapping, or `None` where it is shared, imported,
/// merged or missing, so that a change would reach other places too.
pub(super) fn collection<'d>(mapping: Cursor<'d>, key: &str) -> Option<Cursor<'d>> {
    let mut found = mapping.pairs().filter(|(name, _)| name.value() == Some(key));
    let (name, value) = found.next()?;
    let is_collection = matches!(value.kind(), Kind::Sequence | Kind::Mapping);
    if found.next().is_some() || !is_collection || value.import().is_some() {
        return None;
    }
    let tree = &value.document.tree;
    let between = tree.text().get(tree.range(name.node).end..tree.range(value.node).start)?;
    let has_properties =
        between.lines().any(|line| line.split('#').next().is_some_and(|line| line.contains(['&', '!'])));
    (!has_properties).then_some(value)
}

/// Returns the edit that puts an entry before all others of a list or mapping: with its name as `id` in a
/// list, as key in a mapping, where a single field is written short.
pub(super) fn entry(into: Cursor<'_>, name: &str, fields: &[(&str, &str)]) -> Option<Edit> {
    let place = Place::of(into)?;
    let text = match (&place.style, into.kind()) {
        (Style::Block { indent, newline }, Kind::Sequence) => {
            let rest =
                fields.iter().map(|(key, value)| format!("{newline}{indent}  {key}: {}", plain(value)));
            format!("- id: {name}{}", rest.collect::<String>())
        }
        (Style::Block { indent, newline }, _) => match fields {
            [(_, value)] => format!("{name}: {}", plain(value)),
            _ => {
                let rest =
                    fields.iter().map(|(key, value)| format!("{newline}{indent}  {key}: {}", plain(value)));
                format!("{name}:{}", rest.collect::<String>())
            }
        },
        (Style::Flow { is_json, .. }, Kind::Sequence) => {
            let all: Vec<_> = std::iter::once(&("id", name)).chain(fields).copied().collect();
            flow_mapping(&all, *is_json)
        }
        (Style::Flow { is_json, .. }, _) => match fields {
            [(_, value)] => flow_pair(name, value, *is_json),
            _ => format!("{}: {}", flow_text(name, *is_json), flow_mapping(fields, *is_json)),
        },
    };
    Some(place.edit(into, text))
}

/// Returns the edit that puts a pair before all others of a mapping.
pub(super) fn field(into: Cursor<'_>, key: &str, value: &str) -> Option<Edit> {
    let place = Place::of(into)?;
    let text = match place.style {
        Style::Block { .. } => format!("{key}: {}", plain(value)),
        Style::Flow { is_json, .. } => flow_pair(key, value, is_json),
    };
    Some(place.edit(into, text))
}

/// Returns the edit that writes a mapping in the place of a scalar.
pub(super) fn mapping_instead(of: Cursor<'_>, fields: &[(&str, &str)]) -> Option<Edit> {
    let tree = &of.document.tree;
    let range = tree.range(of.node);
    let start = with_quote(tree.text(), range.start);
    let end = range.end + (range.start - start);
    let text = flow_mapping(fields, is_json(of));
    Some(Edit { file: of.document.path.to_owned(), start, end, text })
}

/// How a list or mapping is written.
enum Style {
    /// Each entry on lines of its own, behind this indentation.
    Block { indent: String, newline: &'static str },
    /// In brackets; with what stands between a new first entry and the next one.
    Flow { is_json: bool, separator: String },
}

/// Where a new first entry comes.
struct Place {
    at: usize,
    style: Style,
}

impl Place {
    fn of(into: Cursor<'_>) -> Option<Self> {
        let tree = &into.document.tree;
        let text = tree.text();
        let start = tree.range(into.node).start;
        let mark = if into.kind() == Kind::Sequence { b'[' } else { b'{' };
        let first = tree.children(into.node).next();
        if text.as_bytes().get(start) == Some(&mark) {
            let inside = start + 1;
            let is_json = is_json(into);
            let Some(first) = first else {
                return Some(Self { at: inside, style: Style::Flow { is_json, separator: String::new() } });
            };
            let first = with_quote(text, tree.range(first).start);
            let gap = text.get(inside..first)?;
            let is_blank = gap.trim().is_empty();
            let separator = if is_blank && gap.contains('\n') { format!(",{gap}") } else { ", ".to_owned() };
            let at = if is_blank { first } else { inside };
            return Some(Self { at, style: Style::Flow { is_json, separator } });
        }
        let first = first?;
        let begins = with_quote(text, tree.range(first).start);
        let at = if into.kind() == Kind::Sequence {
            text.get(..begins)?.trim_end().strip_suffix('-')?.len()
        } else {
            (tree.kind(first) == Kind::Scalar).then_some(begins)?
        };
        let before = text.get(..at)?;
        let before = before.rsplit_once('\n').map_or(before, |(_, line)| line);
        // Marks of a key or an anchor before it belong to what follows.
        before.bytes().all(|byte| byte == b' ' || byte == b'-').then_some(())?;
        let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
        Some(Self { at, style: Style::Block { indent: " ".repeat(before.len()), newline } })
    }

    fn edit(&self, into: Cursor<'_>, text: String) -> Edit {
        let text = match &self.style {
            Style::Block { indent, newline } => format!("{text}{newline}{indent}"),
            Style::Flow { separator, .. } => format!("{text}{separator}"),
        };
        Edit::insert(into.document.path, self.at, text)
    }
}

/// Returns the offset of the quote before a text, or of the text where it has none.
fn with_quote(text: &str, start: usize) -> usize {
    let before = start.checked_sub(1);
    before.filter(|&at| matches!(text.as_bytes().get(at), Some(b'"' | b'\''))).unwrap_or(start)
}

/// Returns whether the document of a node is JSON, or YAML that looks like it.
fn is_json(at: Cursor<'_>) -> bool {
    let tree = &at.document.tree;
    let root = tree.roots().first().map(|&root| tree.range(root).start);
    root.and_then(|start| tree.text().as_bytes().get(start)).is_some_and(|mark| matches!(mark, b'{' | b'['))
}

/// Returns a value of a block, in quotes where it is no word.
fn plain(value: &str) -> String {
    flow_text(value, !value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
}

fn flow_text(value: &str, is_quoted: bool) -> String {
    if is_quoted { format!("\"{value}\"") } else { value.to_owned() }
}

fn flow_pair(key: &str, value: &str, is_json: bool) -> String {
    let value = if is_json { flow_text(value, true) } else { plain(value) };
    format!("{}: {value}", flow_text(key, is_json))
}

fn flow_mapping(fields: &[(&str, &str)], is_json: bool) -> String {
    let pairs: Vec<_> = fields.iter().map(|(key, value)| flow_pair(key, value, is_json)).collect();
    format!("{{{}}}", pairs.join(", "))
}

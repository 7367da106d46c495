//! The functions of the standard library that image names are made with.
//!
//! A function that is not here, or that reads a file, makes something unknown.

use std::borrow::Cow;

use super::document::{Expression, ExpressionId, Node};
use super::evaluate::{Evaluator, reaches_text, with};
use super::project::CallableId;
use super::value::{Access, Function, Known, PIECE_BYTES, Path, Piece, Place, Text, Values, bounded, known};

/// Longest pattern that is compiled, in bytes.
const PATTERN_BYTES: usize = 256;

impl<'a> Evaluator<'_, 'a> {
    /// Returns what a function application comes to.
    pub(super) fn apply(
        &self,
        scope: CallableId,
        node: &Node<'a>,
        name: &str,
        arguments: &[ExpressionId],
        path: &Path<'a>,
    ) -> Values<'a> {
        match (name, arguments) {
            ("select_first", [array, default @ ..]) => {
                self.select_first(scope, *array, default.first(), path)
            }
            // Which elements are there is not known, so that an index may mean any of them.
            ("select_all" | "flatten" | "values" | "as_map", [array]) => {
                let mut path = path.clone();
                if path.pop().is_none_or(|access| matches!(access, Access::Member(_))) {
                    return self.unknown(scope, node);
                }
                self.value(scope, *array, &with(&path, Access::Any))
            }
            ("value", [choice]) => self.value(scope, *choice, path),
            ("sub", [_, _, _]) if reaches_text(path) => self.defer(scope, Function::Sub, arguments),
            ("basename", [_] | [_, _]) if reaches_text(path) => {
                self.defer(scope, Function::Basename, arguments)
            }
            ("sep", [separator, array]) if reaches_text(path) => self.joined(scope, *separator, *array),
            ("prefix", [prefix, array]) if reaches_text(path) => {
                let mut values = self.text_of(scope, *prefix);
                values.concatenate(&self.value(scope, *array, &vec![Access::Any]));
                values
            }
            ("suffix", [suffix, array]) if reaches_text(path) => {
                let mut values = self.value(scope, *array, &vec![Access::Any]);
                values.concatenate(&self.text_of(scope, *suffix));
                values
            }
            _ => self.unknown(scope, node),
        }
    }

    /// Returns what the first element that is there comes to: every element up to one that is sure to be.
    fn select_first(
        &self,
        scope: CallableId,
        array: ExpressionId,
        default: Option<&ExpressionId>,
        path: &Path<'a>,
    ) -> Values<'a> {
        let Some(items) = self.array_items(scope, array) else {
            let mut values = self.value(scope, array, &with(path, Access::Any));
            default.iter().for_each(|&&default| values.join(self.value(scope, default, path)));
            return values;
        };
        let mut values = Values::default();
        for &item in items.iter().chain(default) {
            let next = self.value(scope, item, path);
            let there = !next.absent;
            values.join(next);
            if there {
                values.absent = false;
                break;
            }
        }
        values
    }

    /// Returns the elements of an array together, with a separator between them.
    pub(super) fn joined(
        &self,
        scope: CallableId,
        separator: ExpressionId,
        array: ExpressionId,
    ) -> Values<'a> {
        let Some(items) = self.array_items(scope, array) else {
            return self.value(scope, array, &vec![Access::Any]);
        };
        let separator = self.text_of(scope, separator);
        let mut values = Values::one(Text::default());
        for (at, &item) in items.iter().enumerate() {
            if at > 0 {
                values.concatenate(&separator);
            }
            values.concatenate(&self.text_of(scope, item));
        }
        values
    }

    fn array_items(&self, scope: CallableId, id: ExpressionId) -> Option<&[ExpressionId]> {
        let document = &self.project.documents[self.project.document_of(scope) as usize];
        match &document.node(id)?.expression {
            Expression::Array(items) => Some(items),
            _ => None,
        }
    }

    /// Applies a function to each combination of its arguments; where one is not known yet, the application
    /// waits for it.
    fn defer(&self, scope: CallableId, function: Function, arguments: &[ExpressionId]) -> Values<'a> {
        let mut rows = vec![(Vec::new(), Text::default())];
        for &argument in arguments {
            let values = self.text_of(scope, argument);
            let mut next = Vec::new();
            for (row, text) in &rows {
                for value in values.texts.iter().take(super::value::ALTERNATIVES / rows.len().max(1) + 1) {
                    let mut row: Vec<Vec<Piece<'a>>> = row.clone();
                    row.push(value.pieces.clone());
                    let mut text: Text<'a> = text.clone();
                    text.extend_hops(&value.hops);
                    next.push((row, text));
                }
            }
            rows = next;
        }
        let mut values = Values::default();
        for (row, mut text) in rows {
            text.pieces = bounded(vec![apply(function, row)]);
            values.push(text);
        }
        values
    }
}

/// Returns the result of a function, or the function itself while an argument is not known.
pub(super) fn apply<'a>(function: Function, arguments: Vec<Vec<Piece<'a>>>) -> Piece<'a> {
    let texts: Option<Vec<_>> = arguments.iter().map(|pieces| known(pieces)).collect();
    let result = texts.and_then(|texts| match (function, texts.as_slice()) {
        (Function::Sub, [text, pattern, replacement]) => substitute(text, pattern, replacement),
        (Function::Basename, [path]) => Some(basename(path, "")),
        (Function::Basename, [path, suffix]) => Some(basename(path, suffix)),
        _ => None,
    });
    let literals: Vec<&Known<'a>> = arguments.iter().flatten().filter_map(literal).collect();
    match (result, literals.split_first()) {
        (Some(text), Some((first, rest))) if text.len() <= PIECE_BYTES => {
            let mut more: Vec<Place> = first.more.clone();
            more.extend(rest.iter().flat_map(|known| std::iter::once(known.place).chain(known.more.clone())));
            Piece::Known(Known { text: Cow::Owned(text), place: first.place, more, depth: first.depth })
        }
        _ => Piece::Deferred(function, arguments),
    }
}

fn literal<'p, 'a>(piece: &'p Piece<'a>) -> Option<&'p Known<'a>> {
    match piece {
        Piece::Known(known) => Some(known),
        _ => None,
    }
}

/// Returns the text with every match of the pattern replaced; `None` when the pattern is no regular
/// expression.
fn substitute(text: &str, pattern: &str, replacement: &str) -> Option<String> {
    if pattern.len() > PATTERN_BYTES || replacement.len() > PIECE_BYTES || text.len() > PIECE_BYTES {
        return None;
    }
    let pattern = regex_lite::Regex::new(pattern).ok()?;
    // WDL writes the groups as `\1`, Java as `$1`; braces keep a following letter out of the name.
    let mut groups = String::with_capacity(replacement.len());
    let mut characters = replacement.chars().peekable();
    while let Some(character) = characters.next() {
        match (character, characters.peek()) {
            ('\\' | '$', Some(digit)) if digit.is_ascii_digit() => {
                groups.push_str("${");
                groups.push(*digit);
                groups.push('}');
                characters.next();
            }
            ('$', _) => groups.push_str("$$"),
            _ => groups.push(character),
        }
    }
    Some(pattern.replace_all(text, groups.as_str()).into_owned())
}

fn basename(path: &str, suffix: &str) -> String {
    let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    name.strip_suffix(suffix).unwrap_or(name).to_owned()
}

//! Strings, lists and maps.

use std::borrow::Cow;

use super::Parser;
use crate::nextflow::expression::{Expr, Key, Part, Shape, Span, Step};
use crate::nextflow::token::{Kind, Quote, Token};

impl<'s> Parser<'_, 's> {
    /// Reads a string; its span is that of its text.
    pub(in crate::nextflow) fn string(&mut self, open: Token) -> Expr<'s> {
        let Kind::StringOpen(quote) = open.kind else {
            return Expr { span: self.span_from(open.start as usize), shape: Shape::Other };
        };
        let close = self.token(open.partner as usize).map_or(open.end, |close| close.start);
        let span = Span { start: open.end as usize, end: close.max(open.end) as usize };
        let parts = self.inside(open, |parser| parser.string_parts(quote));
        match parts {
            Some(parts) => Expr { span, shape: Shape::Text(parts) },
            None => Expr { span, shape: Shape::Other },
        }
    }

    fn string_parts(&mut self, quote: Quote) -> Vec<Part<'s>> {
        let mut parts = Vec::new();
        while let Some(token) = self.peek() {
            match token.kind {
                Kind::StringText => {
                    self.at += 1;
                    parts.push(Part::Text(unescape(self.text(token), quote)));
                }
                Kind::StringName => {
                    self.at += 1;
                    parts.push(Part::Value(name_path(self.text(token), token)));
                }
                Kind::Open => {
                    let span = Span { start: token.start as usize, end: token.start as usize };
                    let value = self.inside(token, |parser| {
                        parser.skip_newlines();
                        if parser.is("->") {
                            // `${-> value}` is evaluated when the string is used.
                            parser.at += 1;
                        }
                        parser.parenthesised()
                    });
                    parts.push(Part::Value(value.unwrap_or(Expr { span, shape: Shape::Other })));
                }
                _ => self.at += 1,
            }
        }
        parts
    }

    pub(super) fn collection(&mut self) -> Shape<'s> {
        let mut entries = Vec::new();
        let mut items = Vec::new();
        loop {
            self.skip_newlines();
            if self.peek().is_none() {
                break;
            }
            let before = self.at;
            if self.is(":") {
                self.at += 1;
                continue;
            }
            let parenthesised = self.is("(");
            let value = self.expression();
            if self.continues(&[":"]) {
                self.at += 1;
                self.skip_newlines();
                let key = match key_text(&value) {
                    Some(text) if !parenthesised => Key::Known(text),
                    _ => Key::Computed,
                };
                let value = self.expression();
                entries.push((key, value));
            } else {
                items.push(value);
            }
            self.past_comma(before);
        }
        if entries.is_empty() { Shape::List(items) } else { Shape::Map(entries) }
    }
}

/// Returns the text of a string that has no interpolation.
pub(in crate::nextflow) fn plain_text<'e>(expr: &'e Expr<'_>) -> Option<&'e str> {
    match &expr.shape {
        Shape::Text(parts) => match parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        },
        _ => None,
    }
}

/// Returns the text of what stands before the colon of a map entry.
fn key_text<'s>(expr: &Expr<'s>) -> Option<Cow<'s, str>> {
    match &expr.shape {
        Shape::Path(name, steps) if steps.is_empty() => Some(Cow::Borrowed(name)),
        Shape::Number(number) => Some(Cow::Borrowed(number)),
        Shape::Text(_) => plain_text(expr).map(|text| Cow::Owned(text.to_owned())),
        _ => None,
    }
}

/// Returns the path that `$a.b.c` stands for.
fn name_path<'s>(text: &'s str, token: Token) -> Expr<'s> {
    let mut names = text.split('.');
    let base = names.next().unwrap_or_default();
    let steps = names.map(|name| Step::Member(Cow::Borrowed(name))).collect();
    Expr {
        span: Span { start: token.start as usize, end: token.end as usize },
        shape: Shape::Path(base, steps),
    }
}

/// Returns the text of a string with its escapes undone.
fn unescape(text: &str, quote: Quote) -> Cow<'_, str> {
    let escape = if quote == Quote::DollarSlashy { '$' } else { '\\' };
    if !text.contains(escape) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once(escape) {
        plain.push_str(before);
        let (decoded, length) = escaped(behind, quote);
        match decoded {
            Some(character) => plain.push(character),
            None if length == 0 => plain.push(escape),
            None => {}
        }
        rest = behind.get(length..).unwrap_or_default();
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

/// Returns what an escape stands for, and how many bytes behind the escape character belong to it; no bytes
/// when the escape character stands for itself.
fn escaped(behind: &str, quote: Quote) -> (Option<char>, usize) {
    let Some(next) = behind.chars().next() else { return (None, 0) };
    let itself = (Some(next), next.len_utf8());
    match (quote, next) {
        (Quote::Slashy, '/') | (Quote::DollarSlashy, '$' | '/') => itself,
        (Quote::Slashy | Quote::DollarSlashy, _) => (None, 0),
        (_, '\n') => (None, 1),
        (_, 'n') => (Some('\n'), 1),
        (_, 't') => (Some('\t'), 1),
        (_, 'r') => (Some('\r'), 1),
        (_, 'b') => (Some('\u{8}'), 1),
        (_, 'f') => (Some('\u{c}'), 1),
        (_, 'u') => {
            let digits =
                behind.get(1..5).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
            let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
            match code.and_then(char::from_u32) {
                Some(character) => (Some(character), 5),
                None => (None, 0),
            }
        }
        _ => itself,
    }
}

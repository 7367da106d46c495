//! Reads expressions and statements from tokens.
//!
//! Owns the grammar of the values of container directives and settings, lenient as Groovy is. Must not know
//! where such values stand. Whatever it does not know becomes an expression without a value and costs nothing
//! but itself; deeper nesting than [`DEEPEST`] is skipped and reported through [`Parser::too_deep`].

mod literal;
mod statement;
mod value;

use super::expression::Span;
use super::token::{Kind, Token};

pub(super) use literal::plain_text;

/// Nesting of brackets and branches that is followed.
const DEEPEST: u32 = 64;

/// A reader of a range of tokens.
pub(super) struct Parser<'t, 's> {
    source: &'s str,
    tokens: &'t [Token],
    /// Index of the next token.
    pub(super) at: usize,
    end: usize,
    depth: u32,
    /// Offset of the first thing that was nested too deep to be read.
    pub(super) too_deep: Option<usize>,
}

impl<'t, 's> Parser<'t, 's> {
    /// Returns a reader of the tokens from `at` to `end`.
    pub(super) fn new(source: &'s str, tokens: &'t [Token], at: usize, end: usize) -> Self {
        Self { source, tokens, at, end: end.min(tokens.len()), depth: 0, too_deep: None }
    }

    /// Returns the next token.
    pub(super) fn peek(&self) -> Option<Token> {
        self.token(self.at)
    }

    fn token(&self, index: usize) -> Option<Token> {
        if index < self.end { self.tokens.get(index).copied() } else { None }
    }

    /// Returns the text of a token.
    pub(super) fn text(&self, token: Token) -> &'s str {
        self.source.get(token.start as usize..token.end as usize).unwrap_or_default()
    }

    /// Returns whether the next token is this operator, bracket or name.
    pub(super) fn is(&self, text: &str) -> bool {
        self.is_at(self.at, text)
    }

    fn is_at(&self, index: usize, text: &str) -> bool {
        self.token(index).is_some_and(|token| {
            matches!(token.kind, Kind::Operator | Kind::Name | Kind::Open | Kind::Close)
                && self.text(token) == text
        })
    }

    /// Skips line ends.
    pub(super) fn skip_newlines(&mut self) {
        while self.peek().is_some_and(|token| token.kind == Kind::Newline) {
            self.at += 1;
        }
    }

    /// Skips to the end of the line, over brackets and strings that begin on it; a comma at the end of a line
    /// goes on with the next one.
    pub(super) fn skip_statement(&mut self) {
        let start = self.at;
        while let Some(token) = self.peek() {
            match token.kind {
                Kind::Newline if self.at > start && self.is_at(self.at - 1, ",") => self.at += 1,
                Kind::Newline | Kind::Close => return,
                Kind::Open | Kind::StringOpen(_) => self.at = self.behind(token),
                _ => self.at += 1,
            }
        }
    }

    /// Returns the index of the token behind what `open` opens.
    pub(super) fn behind(&self, open: Token) -> usize {
        let close = open.partner as usize;
        let closes =
            self.token(close).is_some_and(|token| matches!(token.kind, Kind::Close | Kind::StringClose));
        (if closes { close + 1 } else { close }).max(self.at + 1).min(self.end)
    }

    /// Reads inside the brackets that `open`, the next token, opens, and goes behind them.
    pub(super) fn inside<T>(&mut self, open: Token, read: impl FnOnce(&mut Self) -> T) -> Option<T> {
        let behind = self.behind(open);
        if self.depth >= DEEPEST {
            self.too_deep.get_or_insert(open.start as usize);
            self.at = behind;
            return None;
        }
        let outer = self.end;
        self.end = (open.partner as usize).clamp(self.at + 1, outer);
        self.at += 1;
        self.depth += 1;
        let value = read(self);
        self.depth -= 1;
        self.end = outer;
        self.at = behind;
        Some(value)
    }

    fn span_from(&self, start: usize) -> Span {
        let end = self
            .at
            .checked_sub(1)
            .and_then(|last| self.tokens.get(last))
            .map_or(start, |token| token.end as usize);
        Span { start, end: end.max(start) }
    }

    fn here(&self) -> usize {
        self.peek().map_or(self.source.len(), |token| token.start as usize)
    }

    /// Skips line ends when an operator that goes on with the expression stands behind them.
    fn continues(&mut self, operators: &[&str]) -> bool {
        let mut index = self.at;
        while self.token(index).is_some_and(|token| token.kind == Kind::Newline && self.text(token) != ";") {
            index += 1;
        }
        if operators.iter().any(|operator| self.is_at(index, operator)) {
            self.at = index;
            return true;
        }
        false
    }
}

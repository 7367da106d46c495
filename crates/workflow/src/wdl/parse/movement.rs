//! Movement through the tokens: forward, by one back, and out of what cannot be read.
//!
//! Owns where reading goes on after a mistake.

use super::Parser;
use super::lexer::{Kind, Token};
use crate::wdl::document::Gap;

impl<'a> Parser<'a> {
    /// Returns the whole text.
    pub(super) fn text(&self) -> &'a str {
        self.lexer.text()
    }

    /// Returns the next token without taking it.
    pub(super) fn peek(&mut self) -> Token<'a> {
        match self.ahead {
            Some(token) => token,
            None => *self.ahead.insert(self.lexer.next()),
        }
    }

    /// Returns the token behind the next one.
    pub(super) fn second(&mut self) -> Token<'a> {
        self.peek();
        let mut lexer = self.lexer;
        lexer.next()
    }

    /// Takes the next token.
    pub(super) fn bump(&mut self) -> Token<'a> {
        let token = self.peek();
        self.ahead = None;
        self.last_end = token.end();
        token
    }

    /// Takes the next token if it is this symbol. Returns whether it was.
    pub(super) fn take(&mut self, symbol: &str) -> bool {
        let there = self.peek().is(symbol);
        if there {
            self.bump();
        }
        there
    }

    /// Takes a symbol that must come next.
    pub(super) fn expect(&mut self, symbol: &str) -> Option<()> {
        let token = self.peek();
        if self.take(symbol) { Some(()) } else { self.refuse(token, "a bracket or separator") }
    }

    /// Takes a word that must come next.
    pub(super) fn expect_word(&mut self, word: &str) -> Option<()> {
        let token = self.bump();
        if token.is_word(word) { Some(()) } else { self.refuse(token, "`then` or `else`") }
    }

    /// Takes a name that must come next.
    pub(super) fn word(&mut self) -> Option<Token<'a>> {
        let token = self.bump();
        if token.kind == Kind::Word { Some(token) } else { self.refuse(token, "a name") }
    }

    /// Goes on reading at an offset.
    pub(super) fn rewind(&mut self, offset: usize) {
        self.ahead = None;
        self.lexer.seek(offset);
    }

    /// Notes what was missed at a token that cannot be taken, and goes back to it.
    pub(super) fn refuse<T>(&mut self, token: Token<'a>, what: &'static str) -> Option<T> {
        self.gap(token.start, what);
        if token.kind != Kind::Quote && token.kind != Kind::Heredoc {
            self.rewind(token.start);
        }
        None
    }

    /// Notes the first place that could not be read.
    pub(super) fn gap(&mut self, at: usize, what: &'static str) {
        self.document.gap.get_or_insert(Gap { at: at as u32, what });
    }

    /// Gives up the item at hand.
    pub(super) fn too_deep(&mut self, what: &'static str) {
        self.given_up = true;
        let at = self.peek().start;
        self.gap(at, what);
    }

    /// Returns whether the block at hand has another item; takes its closing brace when it has none. A task
    /// or workflow that begins here ends the block too: its closing brace is missing.
    pub(super) fn has_item(&mut self) -> bool {
        if self.take("}") {
            return false;
        }
        let token = self.peek();
        if token.kind == Kind::End || self.begins_callable(token) {
            self.gap(token.start, "a closing brace");
            return false;
        }
        true
    }

    /// Returns whether a section of a task or workflow begins at a token.
    fn begins_section(&self, token: Token<'a>) -> bool {
        let sections = ["command", "runtime", "requirements", "input", "output", "meta", "parameter_meta"];
        if !sections.contains(&token.text) {
            return false;
        }
        let mut lexer = self.lexer;
        lexer.seek(token.end());
        let next = lexer.next();
        self.at_line_start(token) && (next.is("{") || next.kind == Kind::Heredoc)
    }

    /// Returns whether a task or workflow begins at a token.
    fn begins_callable(&mut self, token: Token<'a>) -> bool {
        if !matches!(token.text, "task" | "workflow") || !self.at_line_start(token) {
            return false;
        }
        let mut lexer = self.lexer;
        lexer.seek(token.end());
        lexer.next().kind == Kind::Word && lexer.next().is("{")
    }

    /// Returns whether nothing but blanks stands before the token on its line.
    pub(super) fn at_line_start(&self, token: Token<'a>) -> bool {
        let before = &self.text().as_bytes()[..token.start];
        let blank = before.iter().rev().find(|byte| !matches!(byte, b' ' | b'\t'));
        blank.is_none_or(|byte| *byte == b'\n')
    }

    /// Leaves out the rest of the line.
    pub(super) fn skip_line(&mut self) {
        let at = self.last_end;
        let rest = self.text().as_bytes().get(at..).unwrap_or_default();
        self.rewind(at + memchr::memchr(b'\n', rest).unwrap_or(rest.len()));
    }

    /// Leaves out what follows up to the next item, one token at least unless it closes the block.
    pub(super) fn recover(&mut self, what: &'static str) {
        let start = self.peek().start;
        self.gap(start, what);
        self.recover_from(start);
    }

    /// Moves to the next item behind an offset: the first word on a line, or the brace that closes the block.
    pub(super) fn recover_from(&mut self, start: usize) {
        loop {
            let token = self.peek();
            let is_item = token.kind == Kind::Word && token.start > start && self.at_line_start(token);
            if token.kind == Kind::End || token.is("}") || is_item || self.begins_callable(token) {
                return;
            }
            self.bump();
            self.skip_token(token);
        }
    }

    /// Leaves out the rest of what a token opened.
    pub(super) fn skip_token(&mut self, token: Token<'a>) {
        match token.text {
            "{" | "[" | "(" if token.kind == Kind::Symbol => self.skip_block(),
            "\"" => self.lexer.skip_string(b'"'),
            "'" => self.lexer.skip_string(b'\''),
            "<<<" => {
                self.lexer.skip_past(b">>>");
            }
            _ => {}
        }
    }

    /// Moves behind the bracket that closes the one just read, whatever stands between them. A section, task
    /// or workflow that begins on the way means that the bracket is missing.
    pub(super) fn skip_block(&mut self) {
        let mut open = 1_usize;
        while open > 0 {
            let token = self.peek();
            if token.kind == Kind::End || self.begins_section(token) || self.begins_callable(token) {
                return self.gap(token.start, "a closing bracket");
            }
            self.bump();
            match token.text {
                "{" | "[" | "(" => open += 1,
                "}" | "]" | ")" => open -= 1,
                _ => self.skip_token(token),
            }
        }
    }
}

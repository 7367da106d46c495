//! From the text of a WDL file to its [`Document`], whatever its version and however broken it is.
//!
//! Owns the grammar of draft-2, 1.x and development as far as it bears on container images: commands,
//! metadata, hints and struct definitions are passed over. What cannot be read is left out up to the next
//! item, so that a bad line costs itself and no more. Never recurses deeper than a fixed bound and never goes
//! back by more than one placeholder. Must not know what expressions are worth.

mod callable;
mod expression;
mod lexer;
mod movement;

use expression::span;
use lexer::{Kind, Lexer, Token};

use super::document::{CallableKind, Document, Enumeration, Import, Members};

/// Most expressions and blocks of a workflow that may stand inside each other.
const DEPTH: u32 = 64;

/// Returns what a WDL file says about container images.
pub(super) fn parse(text: &str) -> Document<'_> {
    let mut parser = Parser {
        lexer: Lexer::new(text),
        ahead: None,
        last_end: 0,
        depth: 0,
        draft2: true,
        given_up: false,
        document: Document::default(),
    };
    parser.document();
    let mut document = parser.document;
    document.is_draft2 = parser.draft2;
    for callable in &mut document.callables {
        callable.index();
    }
    document
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    /// The token that was looked at but not taken; the lexer stands behind it.
    ahead: Option<Token<'a>>,
    /// Offset behind the last token that was taken.
    last_end: usize,
    depth: u32,
    draft2: bool,
    /// Whether the item at hand nests too deep, so that nothing of it is read.
    given_up: bool,
    document: Document<'a>,
}

impl<'a> Parser<'a> {
    fn document(&mut self) {
        if self.peek().is_word("version") {
            self.bump();
            let first = self.peek();
            self.draft2 = self.bare_word(first) == "draft-2";
        }
        loop {
            let token = self.bump();
            match token.text {
                _ if token.kind == Kind::End => return,
                "import" => self.import(),
                "struct" => self.definition(),
                "enum" => self.enumeration(),
                "task" => self.callable(CallableKind::Task),
                "workflow" => self.callable(CallableKind::Workflow),
                _ => {
                    self.gap(token.start, "an import, struct, enum, task or workflow");
                    self.skip_token(token);
                }
            }
        }
    }

    fn import(&mut self) {
        let members = if self.take("*") {
            Members::All
        } else if self.take("{") {
            Members::Some(self.import_members())
        } else {
            Members::Namespace
        };
        if members != Members::Namespace && self.peek().is_word("from") {
            self.bump();
        }
        let open = self.bump();
        let path = if open.kind == Kind::Quote {
            let Some(path) = self.plain_string(open) else { return };
            path.of(self.text())
        } else {
            let mut path = self.bare_word(open);
            // A module path may go on behind a blank or comment; it names no file anyway.
            while path.ends_with('/') || self.take("/") {
                let next = self.peek();
                path = self.bare_word(next);
            }
            path
        };
        let mut namespace = stem(path);
        if self.peek().is_word("as") {
            self.bump();
            namespace = self.bump().text;
        }
        while self.peek().is_word("alias") {
            // `alias X as Y` renames a struct, which has no bearing here.
            for _ in 0..4 {
                self.bump();
            }
        }
        self.document.imports.push(Import { path, namespace, members });
    }

    /// Reads up to the next blank: a version, the path of a module, or of a file whose quotes were forgotten.
    fn bare_word(&mut self, first: Token<'a>) -> &'a str {
        let rest = &self.text()[first.start..];
        let length = rest.find(|character: char| character.is_whitespace() || character == '#');
        let word = &rest[..length.unwrap_or(rest.len())];
        self.rewind(first.start + word.len());
        word
    }

    fn import_members(&mut self) -> Vec<(&'a str, &'a str)> {
        let mut members = Vec::new();
        while self.peek().kind == Kind::Word {
            let there = self.bump().text;
            let mut here = there;
            if self.peek().is_word("as") {
                self.bump();
                here = self.bump().text;
            }
            members.push((there, here));
            self.take(",");
        }
        self.take("}");
        members
    }

    /// Passes over a struct definition, metadata and all.
    fn definition(&mut self) {
        self.bump();
        if self.take("{") {
            while self.has_item() {
                let token = self.bump();
                self.skip_token(token);
            }
        }
    }

    fn enumeration(&mut self) {
        let name = self.bump().text;
        if self.take("[") {
            self.skip_block();
        }
        let mut choices = Vec::new();
        if self.take("{") {
            while self.peek().kind == Kind::Word {
                let choice = self.bump();
                let value = if self.take("=") { self.value() } else { None };
                choices.push((choice.text, span(choice.start, choice.end()), value));
                self.take(",");
            }
            self.take("}");
        }
        self.document.enums.push(Enumeration { name, choices });
    }
}

/// Returns the name of a file without folders and without the ending `.wdl`.
fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.strip_suffix(".wdl").unwrap_or(name)
}

//! From the text of a WDL file to its [`Document`], whatever its version and however broken it is.
//!
//! Owns the grammar of draft-2, 1.x and development as far as it bears on container images: commands,
//! metadata, hints and struct definitions are passed over. What cannot be read is left out up to the next
//! item, so that a bad line costs itself and no more. Never recurses deeper than a fixed bound and never goes
//! back by more than one placeholder. Must not know what expressions are worth.

mod expression;
mod lexer;

use expression::span;
use lexer::{Kind, Lexer, Token};

use super::document::{
    Attribute, Call, CallInput, Callable, CallableKind, Declaration, Document, Enumeration, ExpressionId,
    Gap, Import, Members, Role,
};

/// Most blocks of a workflow that may stand inside each other.
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
            let rest = &self.text()[self.last_end..];
            let line = rest.lines().next().unwrap_or_default();
            let version = line.split('#').next().unwrap_or_default().trim();
            self.draft2 = version == "draft-2";
            self.rewind(self.last_end + line.len());
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
            self.bare_path(open)
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

    /// Reads a path without quotes: of a module, or of a file whose quotes were forgotten.
    fn bare_path(&mut self, first: Token<'a>) -> &'a str {
        let rest = &self.text()[first.start..];
        let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
        self.rewind(first.start + length);
        &rest[..length]
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

    /// Passes over a struct definition.
    fn definition(&mut self) {
        self.bump();
        if self.take("{") {
            self.skip_block();
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

    fn callable(&mut self, kind: CallableKind) {
        let name = self.bump();
        if name.kind != Kind::Word || !self.take("{") {
            return self.gap(name.start, "the name of a task or workflow");
        }
        let mut callable = Callable::new(kind, name.text);
        match kind {
            CallableKind::Task => self.task(&mut callable),
            CallableKind::Workflow => self.workflow(&mut callable, false),
        }
        self.document.callables.push(callable);
    }

    fn task(&mut self, task: &mut Callable<'a>) {
        while self.has_item() {
            let word = self.peek();
            let opens = self.second().is("{");
            match word.text {
                "command" if opens || self.second().kind == Kind::Heredoc => self.command(),
                "runtime" | "requirements" if opens => self.attributes(task),
                _ if opens => self.section(task, false),
                _ => self.declaration(task, self.outside_input(false), false),
            }
        }
    }

    /// Reads the body of a workflow or of one of its blocks, up to its closing brace.
    fn workflow(&mut self, workflow: &mut Callable<'a>, conditional: bool) {
        while self.has_item() {
            let word = self.peek();
            match word.text {
                "call" if self.second().kind == Kind::Word => self.call(workflow),
                "scatter" if self.second().is("(") => self.scatter(workflow, conditional),
                "if" | "else" => self.conditional(workflow),
                _ if self.second().is("{") => self.section(workflow, conditional),
                _ => self.declaration(workflow, self.outside_input(conditional), conditional),
            }
        }
    }

    /// Returns what a declaration outside an input section is for: in draft-2 callers may give it.
    fn outside_input(&self, conditional: bool) -> Role {
        if self.draft2 && !conditional { Role::Input } else { Role::Private }
    }

    /// Reads a section with a name and braces.
    fn section(&mut self, callable: &mut Callable<'a>, conditional: bool) {
        let word = self.bump();
        self.bump();
        let role = match word.text {
            "input" => Role::Input,
            "output" => Role::Output,
            _ => return self.skip_block(),
        };
        while self.has_item() {
            if role == Role::Output && self.second().is(".") {
                // draft-2 names the outputs of calls instead of declaring its own.
                self.output_of_call();
            } else {
                self.declaration(callable, role, conditional);
            }
        }
    }

    fn output_of_call(&mut self) {
        self.bump();
        while self.take(".") {
            self.bump();
        }
    }

    fn declaration(&mut self, callable: &mut Callable<'a>, role: Role, conditional: bool) {
        if self.peek().is_word("env") && self.second().kind == Kind::Word {
            self.bump();
        }
        if self.peek().kind != Kind::Word {
            return self.recover("a declaration");
        }
        let start = self.peek();
        self.bump();
        if self.take("[") {
            self.skip_block();
        }
        let mut optional = conditional;
        while self.peek().is("?") || self.peek().is("+") {
            optional |= self.bump().is("?");
        }
        let name = self.peek();
        if name.kind != Kind::Word || (self.at_line_start(name) && is_item_word(name.text)) {
            self.gap(start.start, "a declaration");
            return self.recover("the name of a declaration");
        }
        self.bump();
        let bound = self.take("=");
        let value = if bound { self.value() } else { None };
        // A value that cannot be read is still one, so that nobody takes the declaration for an empty one.
        let value = value.or_else(|| bound.then(|| self.opaque(name)));
        let at = name.start as u32;
        callable.declarations.push(Declaration { name: name.text, at, role, optional, value });
    }

    fn attributes(&mut self, task: &mut Callable<'a>) {
        self.bump();
        self.bump();
        while self.has_item() {
            let key = self.peek();
            if key.is(",") {
                self.bump();
                continue;
            }
            if key.kind != Kind::Word || !self.second().is(":") {
                self.recover("an attribute");
                continue;
            }
            self.bump();
            self.bump();
            let value = self.value();
            if matches!(key.text, "docker" | "container") {
                task.attributes.push(Attribute { key: key.text, at: key.start as u32, value });
            }
        }
    }

    /// Passes over the command of a task.
    fn command(&mut self) {
        self.bump();
        let open = self.bump();
        if open.kind == Kind::Heredoc {
            if !self.lexer.skip_past(b">>>") {
                self.gap(open.start, "the end of a command");
            }
            return;
        }
        let mut braces = 0_usize;
        while !self.lexer.is_at_end() {
            match self.lexer.byte(0) {
                b'\\' => {
                    self.lexer.seek_past_character(self.lexer.at() + 1);
                    continue;
                }
                b'~' | b'$' if self.lexer.byte(1) == b'{' => {
                    braces += 1;
                    self.lexer.seek(self.lexer.at() + 1);
                }
                b'{' if braces > 0 => braces += 1,
                b'"' | b'\'' if braces > 0 => {
                    let quote = self.lexer.byte(0);
                    self.lexer.seek(self.lexer.at() + 1);
                    self.lexer.skip_string(quote);
                    continue;
                }
                b'}' if braces == 0 => return self.lexer.seek(self.lexer.at() + 1),
                b'}' => braces -= 1,
                _ => {}
            }
            self.lexer.seek(self.lexer.at() + 1);
        }
        self.gap(open.start, "the end of a command");
    }

    fn call(&mut self, workflow: &mut Callable<'a>) {
        self.bump();
        let mut target = vec![self.bump().text];
        while self.take(".") {
            target.push(self.bump().text);
        }
        let mut name = target.last().copied().unwrap_or_default();
        if self.peek().is_word("as") {
            self.bump();
            name = self.bump().text;
        }
        while self.peek().is_word("after") && self.second().kind == Kind::Word {
            self.bump();
            self.bump();
        }
        let mut inputs = Vec::new();
        if self.take("{") {
            if self.peek().is_word("input") && self.second().is(":") {
                self.bump();
                self.bump();
            }
            while self.has_item() {
                if self.take(",") {
                    continue;
                }
                let input = self.peek();
                if input.kind != Kind::Word {
                    self.recover("an input of a call");
                    continue;
                }
                self.bump();
                let value = if self.take("=") {
                    Some(self.value().unwrap_or_else(|| self.opaque(input)))
                } else {
                    None
                };
                inputs.push(CallInput { name: input.text, at: input.start as u32, value });
            }
        }
        workflow.calls.push(Call { target, name, inputs });
    }

    fn scatter(&mut self, workflow: &mut Callable<'a>, conditional: bool) {
        self.bump();
        self.bump();
        let name = self.bump();
        if self.peek().is_word("in") {
            self.bump();
        }
        let value = self.value();
        let at = name.start as u32;
        let declaration = Declaration { name: name.text, at, role: Role::Scatter, optional: false, value };
        workflow.declarations.push(declaration);
        self.take(")");
        self.block(workflow, conditional);
    }

    fn conditional(&mut self, workflow: &mut Callable<'a>) {
        let word = self.bump();
        if word.text == "else" && self.peek().is_word("if") {
            self.bump();
        }
        if self.take("(") {
            self.value();
            self.take(")");
        }
        self.block(workflow, true);
    }

    fn block(&mut self, workflow: &mut Callable<'a>, conditional: bool) {
        if !self.take("{") {
            return self.recover("a block");
        }
        if self.depth == DEPTH {
            self.gap(self.last_end, "blocks nested too deep");
            return self.skip_block();
        }
        self.depth += 1;
        self.workflow(workflow, conditional);
        self.depth -= 1;
    }

    /// Reads an expression; when it cannot be read, goes on to the next item.
    fn value(&mut self) -> Option<ExpressionId> {
        let start = self.last_end;
        let value = self.expression();
        if value.is_none() {
            self.given_up = false;
            self.recover_from(start);
        }
        value
    }

    fn opaque(&mut self, at: Token<'a>) -> ExpressionId {
        let expression = super::document::Expression::Opaque;
        self.document.expressions.push(super::document::Node { expression, span: span(at.start, at.end()) });
        ExpressionId(self.document.expressions.len() as u32 - 1)
    }
}

/// Movement through the tokens.
impl<'a> Parser<'a> {
    fn text(&self) -> &'a str {
        self.lexer.text()
    }

    fn peek(&mut self) -> Token<'a> {
        match self.ahead {
            Some(token) => token,
            None => *self.ahead.insert(self.lexer.next()),
        }
    }

    /// Returns the token behind the next one.
    fn second(&mut self) -> Token<'a> {
        self.peek();
        let mut lexer = self.lexer;
        lexer.next()
    }

    fn bump(&mut self) -> Token<'a> {
        let token = self.peek();
        self.ahead = None;
        self.last_end = token.end();
        token
    }

    fn take(&mut self, symbol: &str) -> bool {
        let there = self.peek().is(symbol);
        if there {
            self.bump();
        }
        there
    }

    fn expect(&mut self, symbol: &str) -> Option<()> {
        let token = self.peek();
        if self.take(symbol) { Some(()) } else { self.refuse(token, "a bracket or separator") }
    }

    fn expect_word(&mut self, word: &str) -> Option<()> {
        let token = self.bump();
        if token.is_word(word) { Some(()) } else { self.refuse(token, "`then` or `else`") }
    }

    fn word(&mut self) -> Option<Token<'a>> {
        let token = self.bump();
        if token.kind == Kind::Word { Some(token) } else { self.refuse(token, "a name") }
    }

    fn rewind(&mut self, offset: usize) {
        self.ahead = None;
        self.lexer.seek(offset);
    }

    /// Notes what was missed at a token that cannot be taken, and goes back to it.
    fn refuse<T>(&mut self, token: Token<'a>, what: &'static str) -> Option<T> {
        self.gap(token.start, what);
        if token.kind != Kind::Quote && token.kind != Kind::Heredoc {
            self.rewind(token.start);
        }
        None
    }

    fn gap(&mut self, at: usize, what: &'static str) {
        self.document.gap.get_or_insert(Gap { at: at as u32, what });
    }

    fn too_deep(&mut self, what: &'static str) {
        self.given_up = true;
        let at = self.peek().start;
        self.gap(at, what);
    }

    /// Returns whether the block at hand has another item; takes its closing brace when it has none. A task
    /// or workflow that begins here ends the block too: its closing brace is missing.
    fn has_item(&mut self) -> bool {
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

    fn begins_callable(&mut self, token: Token<'a>) -> bool {
        if !matches!(token.text, "task" | "workflow") || !self.at_line_start(token) {
            return false;
        }
        let mut lexer = self.lexer;
        lexer.seek(token.end());
        lexer.next().kind == Kind::Word && lexer.next().is("{")
    }

    /// Returns whether nothing but blanks stands before the token on its line.
    fn at_line_start(&self, token: Token<'a>) -> bool {
        let before = &self.text().as_bytes()[..token.start];
        let blank = before.iter().rev().find(|byte| !matches!(byte, b' ' | b'\t'));
        blank.is_none_or(|byte| *byte == b'\n')
    }

    /// Leaves out what follows up to the next item, one token at least unless it closes the block.
    fn recover(&mut self, what: &'static str) {
        let start = self.peek().start;
        self.gap(start, what);
        self.recover_from(start);
    }

    /// Moves to the next item behind an offset: the first word on a line, or the brace that closes the block.
    fn recover_from(&mut self, start: usize) {
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
    fn skip_token(&mut self, token: Token<'a>) {
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

    /// Moves behind the bracket that closes the one just read, whatever stands between them.
    fn skip_block(&mut self) {
        let mut open = 1_usize;
        while open > 0 {
            let token = self.peek();
            if token.kind == Kind::End || self.begins_callable(token) {
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

/// Returns whether a word begins an item of a task or workflow, rather than being a name.
fn is_item_word(word: &str) -> bool {
    matches!(
        word,
        "call"
            | "scatter"
            | "command"
            | "runtime"
            | "requirements"
            | "output"
            | "meta"
            | "parameter_meta"
            | "String"
            | "File"
            | "Int"
            | "Float"
            | "Boolean"
            | "Array"
            | "Map"
            | "Pair"
    )
}

/// Returns the name of a file without folders and without the ending `.wdl`.
fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.strip_suffix(".wdl").unwrap_or(name)
}

//! Tasks and workflows: their sections, declarations, attributes and calls.
//!
//! Owns the grammar between the braces of a task or workflow. Must not know what stands around them.

use super::expression::span;
use super::lexer::Kind;
use super::{DEPTH, Parser};
use crate::wdl::document::{Attribute, Call, CallInput, Callable, CallableKind, Declaration, Role};

impl<'a> Parser<'a> {
    /// Reads a task or workflow behind its keyword.
    pub(super) fn callable(&mut self, kind: CallableKind) {
        let name = self.bump();
        if name.kind != Kind::Word || !self.take("{") {
            return self.gap(name.start, "the name of a task or workflow");
        }
        let mut callable = Callable::new(kind, name.text);
        let start = self.last_end;
        match kind {
            CallableKind::Task => self.task(&mut callable),
            CallableKind::Workflow => self.workflow(&mut callable, false),
        }
        callable.body = span(start, self.before_close(start));
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
        let start = self.last_end;
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
        if role == Role::Input && callable.inputs.is_none() {
            callable.inputs = Some(span(start, self.before_close(start)));
        }
    }

    /// Returns the offset of the brace that was just taken, or the place where it is missing.
    fn before_close(&self, start: usize) -> usize {
        let closed = self.text().get(..self.last_end).is_some_and(|before| before.ends_with('}'));
        (self.last_end - usize::from(closed)).max(start)
    }

    fn output_of_call(&mut self) {
        self.bump();
        while self.take(".") {
            self.bump();
        }
    }

    fn declaration(&mut self, callable: &mut Callable<'a>, role: Role, conditional: bool) {
        let first = self.peek();
        if first.is_word("env") && self.second().kind == Kind::Word {
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
        callable.declarations.push(Declaration {
            name: name.text,
            start: first.start as u32,
            at: name.start as u32,
            role,
            optional,
            value,
        });
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
        let head_end = self.last_end as u32;
        let mut inputs = Vec::new();
        let mut block = None;
        if self.take("{") {
            let start = self.last_end;
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
            block = Some(span(start, self.before_close(start)));
        }
        workflow.calls.push(Call { target, name, inputs, head_end, block });
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
        let declaration =
            Declaration { name: name.text, start: at, at, role: Role::Scatter, optional: false, value };
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

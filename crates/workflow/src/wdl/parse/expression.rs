//! Expressions and string literals.
//!
//! Owns the grammar below a declaration's `=` and an attribute's `:`. An expression that cannot be read comes
//! back as nothing, and the caller finds the next item.

use super::lexer::{Kind, Token};
use super::{DEPTH, Parser};
use crate::wdl::document::{Expression, ExpressionId, Literal, Node, Part, Placeholder, Span};

impl<'a> Parser<'a> {
    /// Reads an expression; when it cannot be read, goes on to the next item.
    pub(super) fn value(&mut self) -> Option<ExpressionId> {
        let start = self.last_end;
        let value = self.expression();
        if value.is_none() {
            if self.given_up {
                // The brackets ahead close what was never read.
                self.skip_line();
                self.given_up = false;
            }
            self.recover_from(start);
        }
        value
    }

    /// Adds an expression that stands for one that could not be read.
    pub(super) fn opaque(&mut self, at: Token<'a>) -> ExpressionId {
        let expression = Expression::Opaque;
        self.document.expressions.push(Node { expression, span: span(at.start, at.end()) });
        ExpressionId(self.document.expressions.len() as u32 - 1)
    }

    /// Reads an expression.
    pub(super) fn expression(&mut self) -> Option<ExpressionId> {
        if self.depth == DEPTH {
            self.too_deep("an expression nested too deep");
            return None;
        }
        self.depth += 1;
        let read = self.operators();
        self.depth -= 1;
        read
    }

    /// Reads operands and the operators between them. Only `+` makes text, so that every other operator makes
    /// the whole opaque, whatever binds tighter.
    fn operators(&mut self) -> Option<ExpressionId> {
        let start = self.peek().start;
        let first = self.operand()?;
        if !is_operator(self.peek()) {
            return Some(first);
        }
        let mut operands = vec![first];
        let mut only_sum = true;
        while is_operator(self.peek()) {
            only_sum &= self.bump().is("+");
            operands.push(self.operand()?);
        }
        let expression = if only_sum { Expression::Sum(operands) } else { Expression::Opaque };
        Some(self.node(expression, start))
    }

    fn operand(&mut self) -> Option<ExpressionId> {
        let start = self.peek().start;
        let mut prefixed = false;
        while self.peek().is("!") || self.peek().is("-") {
            self.bump();
            prefixed = true;
        }
        let mut operand = self.atom()?;
        loop {
            if self.take(".") {
                let member = self.word()?;
                operand = self.node(Expression::Member(operand, member.text), start);
            } else if self.take("[") {
                let index = self.expression()?;
                self.expect("]")?;
                operand = self.node(Expression::Index(operand, index), start);
            } else {
                break;
            }
        }
        Some(if prefixed { self.node(Expression::Opaque, start) } else { operand })
    }

    fn atom(&mut self) -> Option<ExpressionId> {
        let token = self.bump();
        let expression = match token.kind {
            Kind::Word => self.word_expression(token)?,
            Kind::Number => Expression::Scalar,
            Kind::Quote | Kind::Heredoc => return self.string(token),
            Kind::Symbol => match token.text {
                "[" => Expression::Array(self.list("]")?),
                "{" => self.map()?,
                "(" => return self.parenthesis(token.start),
                _ => return self.refuse(token, "an expression"),
            },
            Kind::Unknown | Kind::End => return self.refuse(token, "an expression"),
        };
        Some(self.node(expression, token.start))
    }

    fn word_expression(&mut self, word: Token<'a>) -> Option<Expression<'a>> {
        Some(match word.text {
            "if" => self.branches()?,
            "true" | "false" => Expression::Scalar,
            "None" => Expression::None,
            _ if self.take("(") => Expression::Apply(word.text, self.list(")")?),
            // `object {…}` and the literal of a struct have the same members.
            _ if self.take("{") => self.object()?,
            name => Expression::Name(name),
        })
    }

    /// Reads on behind `if`; a chain of `else if` is one list of branches.
    fn branches(&mut self) -> Option<Expression<'a>> {
        let mut branches = Vec::new();
        loop {
            self.expression()?;
            self.expect_word("then")?;
            branches.push(self.expression()?);
            self.expect_word("else")?;
            if !self.peek().is_word("if") {
                break;
            }
            self.bump();
        }
        branches.push(self.expression()?);
        Some(Expression::Branches(branches))
    }

    fn parenthesis(&mut self, start: usize) -> Option<ExpressionId> {
        let first = self.expression()?;
        if self.take(",") {
            let second = self.expression()?;
            self.take(",");
            self.expect(")")?;
            return Some(self.node(Expression::Pair(first, second), start));
        }
        self.expect(")")?;
        Some(first)
    }

    fn list(&mut self, close: &str) -> Option<Vec<ExpressionId>> {
        let mut items = Vec::new();
        while !self.take(close) {
            items.push(self.expression()?);
            if !self.take(",") && !self.peek().is(close) {
                let token = self.peek();
                return self.refuse(token, "a comma");
            }
        }
        Some(items)
    }

    fn map(&mut self) -> Option<Expression<'a>> {
        let mut entries = Vec::new();
        while !self.take("}") {
            let key = self.expression()?;
            self.expect(":")?;
            entries.push((key, self.expression()?));
            self.take(",");
        }
        Some(Expression::Map(entries))
    }

    fn object(&mut self) -> Option<Expression<'a>> {
        let mut members = Vec::new();
        while !self.take("}") {
            let key = self.bump();
            let name = match key.kind {
                Kind::Word => key.text,
                Kind::Quote => self.plain_string(key)?.of(self.text()),
                _ => return self.refuse(key, "the name of a member"),
            };
            self.expect(":")?;
            members.push((name, self.expression()?));
            self.take(",");
        }
        Some(Expression::Object(members))
    }

    /// Reads a string without placeholders, as an import has it; returns what stands between its quotes.
    pub(super) fn plain_string(&mut self, open: Token<'a>) -> Option<Span> {
        let quote = open.text.as_bytes().first().copied().unwrap_or_default();
        let start = open.end();
        self.lexer.skip_string(quote);
        let end = self.lexer.at();
        if end == start || self.text().as_bytes().get(end - 1) != Some(&quote) {
            return self.refuse(open, "the end of a string");
        }
        self.last_end = end;
        Some(span(start, end - 1))
    }

    /// Reads on behind the opening quote of a string.
    fn string(&mut self, open: Token<'a>) -> Option<ExpressionId> {
        let multiline = open.kind == Kind::Heredoc;
        let quote = open.text.as_bytes().first().copied().unwrap_or_default();
        let content = open.end();
        let mut parts = Vec::new();
        let mut text = content;
        let end = loop {
            match self.lexer.byte(0) {
                _ if self.lexer.is_at_end() => return self.refuse(open, "the end of a string"),
                b'\\' => self.lexer.seek_past_character(self.lexer.at() + 1),
                b'~' | b'$' if self.opens_placeholder() => {
                    self.push_text(&mut parts, text);
                    self.lexer.seek(self.lexer.at() + 2);
                    parts.push(Part::Placeholder(self.placeholder()?));
                    text = self.lexer.at();
                }
                b'>' if multiline && self.lexer.byte(1) == b'>' && self.lexer.byte(2) == b'>' => {
                    let end = self.lexer.at();
                    self.lexer.seek(end + 3);
                    break end;
                }
                b'\n' if !multiline => return self.refuse(open, "the end of a string"),
                byte if byte == quote && !multiline => {
                    let end = self.lexer.at();
                    self.lexer.seek(end + 1);
                    break end;
                }
                _ => self.lexer.seek(self.lexer.at() + 1),
            }
        };
        if end > text {
            parts.push(Part::Text(span(text, end)));
        }
        self.last_end = self.lexer.at();
        let literal = Literal { content: span(content, end), multiline, parts };
        Some(self.node(Expression::Text(literal), open.start))
    }

    fn push_text(&self, parts: &mut Vec<Part>, from: usize) {
        if self.lexer.at() > from {
            parts.push(Part::Text(span(from, self.lexer.at())));
        }
    }

    /// Returns whether a placeholder opens at this place; draft-2 knows only the one with a dollar sign.
    fn opens_placeholder(&self) -> bool {
        self.lexer.byte(1) == b'{' && (self.lexer.byte(0) == b'$' || !self.draft2)
    }

    /// Reads a placeholder behind its opening brace. One that cannot be read ends at its closing brace.
    fn placeholder(&mut self) -> Option<Placeholder> {
        let start = self.lexer.at();
        let read = self.placeholder_content();
        if self.given_up {
            return None;
        }
        let mut placeholder = match read {
            Some(placeholder) => placeholder,
            None => {
                self.rewind(start);
                self.skip_placeholder();
                let nothing = span(start, start);
                Placeholder {
                    value: None,
                    content: nothing,
                    separator: None,
                    default: None,
                    choice: Vec::new(),
                }
            }
        };
        // The closing brace is the last byte that was read.
        placeholder.content = span(start, self.lexer.at().saturating_sub(1).max(start));
        Some(placeholder)
    }

    fn placeholder_content(&mut self) -> Option<Placeholder> {
        let (mut separator, mut default, mut choice) = (None, None, Vec::new());
        while matches!(self.peek().text, "sep" | "default" | "true" | "false") && self.second().is("=") {
            let option = self.bump();
            self.bump();
            let value = self.atom()?;
            match option.text {
                "sep" => separator = Some(value),
                "default" => default = Some(value),
                _ => choice.push(value),
            }
        }
        let value = Some(self.expression()?);
        self.expect("}")?;
        Some(Placeholder { value, content: span(0, 0), separator, default, choice })
    }

    /// Moves behind the brace that closes a placeholder, at the latest to the end of the line.
    fn skip_placeholder(&mut self) {
        let mut open = 0_usize;
        while !self.lexer.is_at_end() {
            match self.lexer.byte(0) {
                b'{' => open += 1,
                b'}' if open == 0 => return self.lexer.seek(self.lexer.at() + 1),
                b'}' => open -= 1,
                b'\n' => return,
                _ => {}
            }
            self.lexer.seek(self.lexer.at() + 1);
        }
    }

    fn node(&mut self, expression: Expression<'a>, start: usize) -> ExpressionId {
        self.document.expressions.push(Node { expression, span: span(start, self.last_end) });
        ExpressionId(self.document.expressions.len() as u32 - 1)
    }
}

/// Returns the span between two offsets.
pub(super) fn span(start: usize, end: usize) -> Span {
    Span { start: start as u32, end: end as u32 }
}

fn is_operator(token: Token<'_>) -> bool {
    token.kind == Kind::Symbol
        && matches!(
            token.text,
            "+" | "-" | "*" | "**" | "/" | "%" | "==" | "!=" | "<" | "<=" | ">" | ">=" | "&&" | "||"
        )
}

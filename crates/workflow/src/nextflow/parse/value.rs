//! Expressions: from the ternary operator down to a name.

use std::borrow::Cow;

use super::literal::plain_text;
use super::{DEEPEST, Parser};
use crate::nextflow::expression::{Comparison, Expr, Shape, Span, Step};
use crate::nextflow::token::Kind;

impl<'s> Parser<'_, 's> {
    /// Reads an expression; always goes on by at least one token unless none is left.
    pub(in crate::nextflow) fn expression(&mut self) -> Expr<'s> {
        let start = self.here();
        if self.depth >= DEEPEST {
            self.too_deep.get_or_insert(start);
            self.skip_statement();
            return Expr { span: self.span_from(start), shape: Shape::Other };
        }
        self.depth += 1;
        let expr = self.choice(start);
        self.depth -= 1;
        expr
    }

    fn choice(&mut self, start: usize) -> Expr<'s> {
        let first = self.any_of(start);
        if self.continues(&["?"]) {
            self.at += 1;
            self.skip_newlines();
            let yes = self.expression();
            if !self.continues(&[":"]) {
                return Expr { span: self.span_from(start), shape: Shape::Other };
            }
            self.at += 1;
            self.skip_newlines();
            let no = self.expression();
            return Expr { span: self.span_from(start), shape: Shape::Choice(Box::new([first, yes, no])) };
        }
        if self.continues(&["?:"]) {
            let mut values = vec![first];
            while self.continues(&["?:"]) {
                self.at += 1;
                self.skip_newlines();
                let here = self.here();
                let value = self.any_of(here);
                values.push(value);
            }
            // `a ?: b ? c : d` is `a ?: (b ? c : d)`.
            if self.continues(&["?"])
                && let Some(condition) = values.pop()
            {
                let from = condition.span.start;
                self.at += 1;
                self.skip_newlines();
                let yes = self.expression();
                let shape = if self.continues(&[":"]) {
                    self.at += 1;
                    self.skip_newlines();
                    Shape::Choice(Box::new([condition, yes, self.expression()]))
                } else {
                    Shape::Other
                };
                values.push(Expr { span: self.span_from(from), shape });
            }
            return Expr { span: self.span_from(start), shape: Shape::Elvis(values) };
        }
        first
    }

    fn any_of(&mut self, start: usize) -> Expr<'s> {
        self.chain(start, "||", Self::all, Shape::AnyOf)
    }

    fn all(&mut self, start: usize) -> Expr<'s> {
        self.chain(start, "&&", Self::comparison, Shape::All)
    }

    fn chain(
        &mut self,
        start: usize,
        operator: &str,
        operand: fn(&mut Self, usize) -> Expr<'s>,
        shape: fn(Vec<Expr<'s>>) -> Shape<'s>,
    ) -> Expr<'s> {
        let first = operand(self, start);
        if !self.continues(&[operator]) {
            return first;
        }
        let mut operands = vec![first];
        while self.continues(&[operator]) {
            self.at += 1;
            self.skip_newlines();
            let here = self.here();
            operands.push(operand(self, here));
        }
        Expr { span: self.span_from(start), shape: shape(operands) }
    }

    fn comparison(&mut self, start: usize) -> Expr<'s> {
        let mut left = self.sum(start);
        let mut compared = false;
        while let Some((comparison, length)) = self.comparison_operator() {
            self.at += length;
            self.skip_newlines();
            let here = self.here();
            let right = self.sum(here);
            // A comparison of a comparison tells nothing, and is not nested.
            let shape =
                if compared { Shape::Other } else { Shape::Compare(comparison, Box::new([left, right])) };
            compared = true;
            left = Expr { span: self.span_from(start), shape };
        }
        left
    }

    fn comparison_operator(&self) -> Option<(Comparison, usize)> {
        let token = self.peek()?;
        let found = match (token.kind, self.text(token)) {
            (Kind::Operator, "==" | "===" | "==~" | "=~") => (Comparison::Same, 1),
            (Kind::Operator, "!=" | "!==") => (Comparison::Different, 1),
            (Kind::Operator, "<" | ">" | "<=" | ">=" | "<=>" | "&" | "|" | "^") => (Comparison::Unrelated, 1),
            (Kind::Operator, "!") if self.is_at(self.at + 1, "in") => (Comparison::NotIn, 2),
            (Kind::Operator, "!") if self.is_at(self.at + 1, "instanceof") => (Comparison::Unrelated, 2),
            (Kind::Name, "in") => (Comparison::In, 1),
            (Kind::Name, "instanceof") => (Comparison::Unrelated, 1),
            _ => return None,
        };
        Some(found)
    }

    fn sum(&mut self, start: usize) -> Expr<'s> {
        let mut operands = vec![self.unary(start)];
        let mut known = true;
        while let Some(token) = self.peek() {
            match (token.kind, self.text(token)) {
                (Kind::Operator, "+") => {}
                (Kind::Operator, "-" | "*" | "/" | "%" | "**" | "<<" | ".." | "..<") => known = false,
                (Kind::Name, "as") => {
                    // A conversion: the type is skipped.
                    self.at += 2;
                    continue;
                }
                _ => break,
            }
            self.at += 1;
            self.skip_newlines();
            let here = self.here();
            operands.push(self.unary(here));
        }
        self.at = self.at.min(self.end);
        let span = self.span_from(start);
        if !known {
            return Expr { span, shape: Shape::Other };
        }
        match (operands.len(), operands.pop()) {
            (1, Some(only)) => only,
            (_, Some(last)) => {
                operands.push(last);
                Expr { span, shape: Shape::Sum(operands) }
            }
            (_, None) => Expr { span, shape: Shape::Other },
        }
    }

    fn unary(&mut self, start: usize) -> Expr<'s> {
        let mut negated = None;
        let mut signed = false;
        while let Some(token) = self.peek() {
            match (token.kind, self.text(token)) {
                (Kind::Operator, "!") => negated = Some(!negated.unwrap_or(false)),
                // `~/pattern/` is its pattern.
                (Kind::Operator, "~") => {}
                (Kind::Operator, "-" | "+" | "++" | "--") => signed = true,
                (Kind::Name, "new") => signed = true,
                _ => break,
            }
            self.at += 1;
        }
        let value = self.postfix();
        let span = self.span_from(start);
        if signed {
            return Expr { span, shape: Shape::Other };
        }
        match negated {
            None => value,
            Some(true) => Expr { span, shape: Shape::Not(Box::new(value)) },
            Some(false) => value,
        }
    }

    fn postfix(&mut self) -> Expr<'s> {
        let start = self.here();
        let base = self.primary();
        let steps = self.steps();
        if steps.is_empty() {
            return base;
        }
        let span = self.span_from(start);
        let shape = match base.shape {
            Shape::Path(name, _) => Shape::Path(name, steps),
            _ => Shape::Of(Box::new(base), steps),
        };
        Expr { span, shape }
    }

    fn steps(&mut self) -> Vec<Step<'s>> {
        let mut steps = Vec::new();
        loop {
            if self.continues(&[".", "?.", "*.", ".&"]) {
                self.at += 1;
                match self.peek() {
                    Some(token) if matches!(token.kind, Kind::Name | Kind::Number) => {
                        self.at += 1;
                        steps.push(Step::Member(Cow::Borrowed(self.text(token))));
                    }
                    Some(token) if matches!(token.kind, Kind::StringOpen(_)) => {
                        let name = self.string(token);
                        steps.push(match plain_text(&name) {
                            Some(name) => Step::Member(Cow::Owned(name.to_owned())),
                            None => Step::Index(name),
                        });
                    }
                    _ => return steps,
                }
                continue;
            }
            let Some(token) = self.peek() else { return steps };
            if token.kind != Kind::Open {
                return steps;
            }
            match self.text(token) {
                "(" => {
                    let arguments = self.inside(token, Self::arguments).unwrap_or_default();
                    steps.push(Step::Call(arguments));
                }
                "[" => {
                    let key = self.inside(token, |parser| {
                        parser.skip_newlines();
                        parser.expression()
                    });
                    let Some(key) = key else { return steps };
                    steps.push(Step::Index(key));
                }
                // A closure behind a call is its last argument.
                "{" if matches!(steps.last(), Some(Step::Call(_) | Step::Member(_))) => {
                    self.at = self.behind(token);
                    if !matches!(steps.last(), Some(Step::Call(_))) {
                        steps.push(Step::Call(Vec::new()));
                    }
                }
                _ => return steps,
            }
        }
    }

    fn arguments(&mut self) -> Vec<Expr<'s>> {
        let mut arguments = Vec::new();
        loop {
            self.skip_newlines();
            if self.peek().is_none() {
                return arguments;
            }
            let named =
                self.is_at(self.at + 1, ":") && self.peek().is_some_and(|token| token.kind == Kind::Name);
            if named {
                self.at += 2;
                self.skip_newlines();
            }
            let before = self.at;
            let value = self.expression();
            if !named {
                arguments.push(value);
            }
            self.past_comma(before);
        }
    }

    /// Goes behind the next comma, at least one token on from `before`.
    pub(super) fn past_comma(&mut self, before: usize) {
        while let Some(token) = self.peek() {
            if self.is(",") {
                self.at += 1;
                return;
            }
            match token.kind {
                Kind::Open | Kind::StringOpen(_) => self.at = self.behind(token),
                _ => self.at += 1,
            }
        }
        self.at = self.at.max(before + 1).min(self.end);
    }

    fn primary(&mut self) -> Expr<'s> {
        let start = self.here();
        let Some(token) = self.peek() else {
            return Expr { span: Span { start, end: start }, shape: Shape::Other };
        };
        let shape = match token.kind {
            Kind::StringOpen(_) => return self.string(token),
            Kind::Number => {
                self.at += 1;
                let text = self.text(token);
                let plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
                if plain { Shape::Number(text) } else { Shape::Other }
            }
            Kind::Name => {
                self.at += 1;
                match self.text(token) {
                    "null" => Shape::Null,
                    "true" | "false" => Shape::Flag,
                    name => Shape::Path(name, Vec::new()),
                }
            }
            Kind::Open if self.text(token) == "(" => {
                return self
                    .inside(token, |parser| {
                        parser.skip_newlines();
                        parser.parenthesised()
                    })
                    .unwrap_or(Expr { span: self.span_from(start), shape: Shape::Other });
            }
            Kind::Open if self.text(token) == "[" => {
                self.inside(token, Self::collection).unwrap_or(Shape::Other)
            }
            Kind::Open => match self.inside(token, Self::closure) {
                Some(block) => Shape::Closure(block),
                None => Shape::Other,
            },
            // Line ends and closing brackets belong to whoever reads around this.
            Kind::Newline | Kind::Close | Kind::StringClose => Shape::Other,
            Kind::Operator | Kind::StringText | Kind::StringName => {
                if !matches!(self.text(token), "," | ":" | "?" | "=") {
                    self.at += 1;
                }
                Shape::Other
            }
        };
        Expr { span: self.span_from(start), shape }
    }

    /// Reads what stands in parentheses, where line ends do not count.
    pub(super) fn parenthesised(&mut self) -> Expr<'s> {
        let value = self.expression();
        self.skip_newlines();
        value
    }
}

//! Statements: the bodies of closures and functions, and their branches.

use super::{DEEPEST, Parser};
use crate::nextflow::expression::{Block, Expr, Statement};
use crate::nextflow::token::Kind;

impl<'s> Parser<'_, 's> {
    pub(super) fn closure(&mut self) -> Block<'s> {
        // Parameters: names, types and defaults up to the arrow, on the first line.
        let mut index = self.at;
        while let Some(token) = self.token(index) {
            match token.kind {
                Kind::Operator if self.text(token) == "->" => {
                    self.at = index + 1;
                    break;
                }
                Kind::Name | Kind::Number => index += 1,
                Kind::Operator if matches!(self.text(token), "," | "=" | ":" | ".") => index += 1,
                Kind::StringOpen(_) => index = (token.partner as usize).max(index) + 1,
                Kind::Open if self.text(token) != "{" => index = (token.partner as usize).max(index) + 1,
                Kind::Newline if index == self.at => index += 1,
                _ => break,
            }
        }
        self.block()
    }

    /// Reads statements up to the end of the range.
    pub(in crate::nextflow) fn block(&mut self) -> Block<'s> {
        let mut block = Block::default();
        loop {
            self.skip_newlines();
            if self.peek().is_none() {
                return block;
            }
            let before = self.at;
            if let Some(statement) = self.statement() {
                block.statements.push(statement);
            }
            self.skip_statement();
            if self.peek().is_some_and(|token| token.kind == Kind::Close) || self.at == before {
                self.at += 1;
            }
        }
    }

    fn statement(&mut self) -> Option<Statement<'s>> {
        let token = self.peek()?;
        if token.kind != Kind::Name {
            return Some(Statement::Value(self.expression()));
        }
        match self.text(token) {
            "return" => {
                self.at += 1;
                Some(Statement::Return(self.expression()))
            }
            "if" => self.if_statement(),
            "switch" => self.switch_statement(),
            "try" | "catch" | "finally" | "else" | "for" | "while" | "do" => self.other_blocks(),
            "break" | "continue" | "assert" | "throw" | "import" => None,
            _ => {
                if let Some(name) = self.assignment() {
                    return Some(Statement::Assign(name, self.expression()));
                }
                Some(Statement::Value(self.expression()))
            }
        }
    }

    /// Reads `def name =`, `Type name =` or `name =` and returns the name, or goes nowhere.
    pub(in crate::nextflow) fn assignment(&mut self) -> Option<&'s str> {
        let mut index = self.at;
        let mut name = None;
        // At most modifiers, a type with its package and parameters, and the name.
        for _ in 0..16 {
            let token = self.token(index)?;
            match (token.kind, self.text(token)) {
                (Kind::Name, text) => {
                    name = Some(text);
                    index += 1;
                }
                (Kind::Operator, "=") => {
                    self.at = index + 1;
                    self.skip_newlines();
                    return name;
                }
                (Kind::Operator, "@" | "<" | ">" | ",") if index == self.at || name.is_some() => index += 1,
                _ => return None,
            }
        }
        None
    }

    /// Reads `(condition)` or `(subject)`.
    pub(in crate::nextflow) fn condition(&mut self) -> Option<Expr<'s>> {
        let token = self.peek()?;
        if token.kind != Kind::Open || self.text(token) != "(" {
            return None;
        }
        self.inside(token, |parser| {
            parser.skip_newlines();
            parser.parenthesised()
        })
    }

    /// Reads `{ ... }`, or one statement without braces.
    fn branch(&mut self) -> Block<'s> {
        self.skip_newlines();
        match self.peek() {
            Some(token) if token.kind == Kind::Open && self.text(token) == "{" => {
                self.inside(token, Self::block).unwrap_or_default()
            }
            Some(_) if self.depth < DEEPEST => {
                self.depth += 1;
                let statement = self.statement();
                self.depth -= 1;
                Block { statements: statement.into_iter().collect() }
            }
            Some(token) => {
                self.too_deep.get_or_insert(token.start as usize);
                self.skip_statement();
                Block::default()
            }
            None => Block::default(),
        }
    }

    fn if_statement(&mut self) -> Option<Statement<'s>> {
        self.at += 1;
        let condition = self.condition()?;
        let then = self.branch();
        let otherwise = if self.continues(&["else"]) {
            self.at += 1;
            self.branch()
        } else {
            Block::default()
        };
        Some(Statement::If(condition, then, otherwise))
    }

    fn switch_statement(&mut self) -> Option<Statement<'s>> {
        self.at += 1;
        let subject = self.condition()?;
        self.skip_newlines();
        let open = self.peek().filter(|token| token.kind == Kind::Open)?;
        let cases = self.inside(open, Self::cases)?;
        Some(Statement::Switch(subject, cases))
    }

    fn cases(&mut self) -> Vec<(Vec<Expr<'s>>, Block<'s>)> {
        let mut cases: Vec<(Vec<Expr<'s>>, Block<'s>)> = Vec::new();
        loop {
            self.skip_newlines();
            if self.peek().is_none() {
                return cases;
            }
            let before = self.at;
            let default =
                self.is("default") && (self.is_at(self.at + 1, ":") || self.is_at(self.at + 1, "->"));
            if default || self.is("case") {
                self.at += 1;
                let values = if default { Vec::new() } else { vec![self.expression()] };
                self.at += 1;
                match cases.last_mut() {
                    // `case a:` above `case b:` share the statements.
                    Some((above, block)) if block.statements.is_empty() && !above.is_empty() => {
                        if default {
                            above.clear();
                        } else {
                            above.extend(values);
                        }
                    }
                    _ => cases.push((values, Block::default())),
                }
                continue;
            }
            if let Some(statement) = self.statement()
                && let Some((_, block)) = cases.last_mut()
            {
                block.statements.push(statement);
            }
            self.skip_statement();
            if self.peek().is_some_and(|token| token.kind == Kind::Close) || self.at == before {
                self.at += 1;
            }
        }
    }

    fn other_blocks(&mut self) -> Option<Statement<'s>> {
        let mut blocks = Vec::new();
        while let Some(token) = self.peek() {
            match token.kind {
                Kind::Newline if self.continues(&["catch", "finally", "else", "while"]) => {}
                Kind::Newline | Kind::Close => break,
                Kind::Open if self.text(token) == "{" => {
                    blocks.extend(self.inside(token, Self::block));
                }
                Kind::Open | Kind::StringOpen(_) => self.at = self.behind(token),
                _ => self.at += 1,
            }
        }
        Some(Statement::Blocks(blocks))
    }
}

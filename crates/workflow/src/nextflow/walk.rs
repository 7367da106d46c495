//! Goes through the statements of a file, into the branches of `if` and the blocks of `try`.
//!
//! Owns the order of statements, and which conditions and blocks stand around each. Must not know what a
//! statement means. Blocks are a list and not recursion, so nesting never costs stack.

use super::facts::{Facts, Guard};
use super::parse::Parser;
use super::token::{Kind, Token};

/// Blocks within blocks that are entered.
const DEEPEST: usize = 64;

/// A walk through a range of tokens.
pub(super) struct Walk<'t, 's> {
    /// Reads the statement the walk stands at.
    pub(super) parser: Parser<'t, 's>,
    blocks: Vec<Frame>,
    /// The condition of the `if` just left, with the guard around it.
    left_if: Option<(usize, Option<usize>)>,
}

struct Frame {
    end: usize,
    behind: usize,
    guard: Option<usize>,
    /// How many names the caller's scope has inside this block.
    scope: usize,
    left_if: Option<(usize, Option<usize>)>,
}

impl<'t, 's> Walk<'t, 's> {
    /// Returns a walk through what `parser` reads.
    pub(super) fn new(parser: Parser<'t, 's>) -> Self {
        Self { parser, blocks: Vec::new(), left_if: None }
    }

    /// Returns the guard around the present statement.
    pub(super) fn guard(&self) -> Option<usize> {
        self.blocks.last().and_then(|block| block.guard)
    }

    /// Returns how many names of the caller's scope hold here.
    pub(super) fn scope(&self) -> usize {
        self.blocks.last().map_or(0, |block| block.scope)
    }

    /// Goes to the next ordinary statement and returns whether there is one.
    pub(super) fn next(&mut self, facts: &mut Facts<'s>) -> bool {
        loop {
            while let Some(block) = self.blocks.last()
                && self.parser.at >= block.end
            {
                self.parser.at = self.parser.at.max(block.behind);
                self.left_if = block.left_if;
                self.blocks.pop();
            }
            let Some(token) = self.parser.peek() else { return false };
            match (token.kind, self.parser.text(token)) {
                (Kind::Newline | Kind::Close, _) => self.parser.at += 1,
                (Kind::Open, "{") => self.enter(token, self.guard(), self.scope(), None, facts),
                (Kind::Name, "if") => {
                    self.parser.at += 1;
                    self.enter_if(self.guard(), facts);
                }
                (Kind::Name, "else") => self.enter_else(facts),
                (Kind::Name, "try" | "finally" | "do") => {
                    self.parser.at += 1;
                    self.enter_plain(facts);
                }
                (Kind::Name, "catch" | "for" | "while" | "switch") => {
                    self.parser.at += 1;
                    if let Some(open) = self.parser.peek().filter(|token| token.kind == Kind::Open) {
                        self.parser.at = self.parser.behind(open);
                    }
                    self.enter_plain(facts);
                }
                (Kind::Name, "case") => {
                    while !self.parser.is(":")
                        && self.parser.peek().is_some_and(|token| token.kind != Kind::Newline)
                    {
                        self.step_over();
                    }
                    self.parser.at += 1;
                }
                _ => {
                    self.left_if = None;
                    return true;
                }
            }
        }
    }

    /// Enters the block that `open`, the next token, opens; `scope` names of the caller's hold inside.
    pub(super) fn enter_scope(&mut self, open: Token, scope: usize, facts: &mut Facts<'s>) {
        self.enter(open, self.guard(), scope, None, facts);
    }

    fn step_over(&mut self) {
        match self.parser.peek() {
            Some(token) if matches!(token.kind, Kind::Open | Kind::StringOpen(_)) => {
                self.parser.at = self.parser.behind(token);
            }
            _ => self.parser.at += 1,
        }
    }

    fn enter_if(&mut self, outer: Option<usize>, facts: &mut Facts<'s>) {
        let Some(condition) = self.parser.condition() else { return };
        facts.conditions.push(condition);
        let condition = facts.conditions.len() - 1;
        facts.guards.push(Guard { condition, holds: true, outer });
        self.enter_branch(Some(facts.guards.len() - 1), Some((condition, outer)), facts);
    }

    fn enter_else(&mut self, facts: &mut Facts<'s>) {
        self.parser.at += 1;
        let guard = match self.left_if.take() {
            Some((condition, outer)) => {
                facts.guards.push(Guard { condition, holds: false, outer });
                Some(facts.guards.len() - 1)
            }
            None => self.guard(),
        };
        if self.parser.is("if") {
            self.parser.at += 1;
            self.enter_if(guard, facts);
        } else {
            self.enter_branch(guard, None, facts);
        }
    }

    fn enter_branch(
        &mut self,
        guard: Option<usize>,
        left_if: Option<(usize, Option<usize>)>,
        facts: &mut Facts<'s>,
    ) {
        self.parser.skip_newlines();
        match self.parser.peek() {
            Some(open) if open.kind == Kind::Open && self.parser.text(open) == "{" => {
                self.enter(open, guard, self.scope(), left_if, facts);
            }
            Some(token) => {
                // One statement without braces.
                let start = self.parser.at;
                self.parser.skip_statement();
                let end = self.parser.at;
                self.parser.at = start;
                self.push(Frame { end, behind: end, guard, scope: self.scope(), left_if }, token, facts);
            }
            None => {}
        }
    }

    fn enter_plain(&mut self, facts: &mut Facts<'s>) {
        self.parser.skip_newlines();
        if let Some(open) = self.parser.peek()
            && open.kind == Kind::Open
            && self.parser.text(open) == "{"
        {
            self.enter(open, self.guard(), self.scope(), None, facts);
        }
    }

    fn enter(
        &mut self,
        open: Token,
        guard: Option<usize>,
        scope: usize,
        left_if: Option<(usize, Option<usize>)>,
        facts: &mut Facts<'s>,
    ) {
        let behind = self.parser.behind(open);
        let end = (open.partner as usize).clamp(self.parser.at + 1, behind);
        self.push(Frame { end, behind, guard, scope, left_if }, open, facts);
        if self.parser.at < end {
            self.parser.at += 1;
        }
    }

    fn push(&mut self, frame: Frame, at: Token, facts: &mut Facts<'s>) {
        if self.blocks.len() >= DEEPEST {
            facts.too_deep.get_or_insert(at.start as usize);
            self.parser.at = frame.behind;
        } else {
            self.blocks.push(frame);
        }
    }
}

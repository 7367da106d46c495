//! Runs closures and functions: what they can return, and their variables.

use super::{DEEPEST, Env, Evaluator, Local, Scope, Side, Value, restrict};
use crate::nextflow::expression::{Block, Expr, Statement};

impl<'p, 's> Evaluator<'p, 's> {
    /// Returns what a closure or function can return.
    pub(super) fn block(&mut self, block: &'p Block<'s>, env: &Env<'p, 's>) -> Vec<Value<'p, 's>> {
        if self.depth >= DEEPEST {
            self.cut_short = true;
            return Vec::new();
        }
        self.depth += 1;
        let mut locals = Vec::new();
        collect_locals(block, &mut Vec::new(), &mut locals);
        let inner = Scope::inner(env, locals);
        let mut values = Vec::new();
        self.returns(block, true, None, &inner, &mut values);
        self.depth -= 1;
        values
    }

    /// Adds what statements can return, and returns whether they can be left at their end.
    fn returns(
        &mut self,
        block: &'p Block<'s>,
        is_last: bool,
        side: Option<Side>,
        env: &Env<'p, 's>,
        values: &mut Vec<Value<'p, 's>>,
    ) -> bool {
        let mut side = side;
        let count = block.statements.len();
        for (index, statement) in block.statements.iter().enumerate() {
            let is_last = is_last && index + 1 == count;
            match statement {
                Statement::Return(value) => {
                    self.add_restricted(value, side, env, values);
                    return false;
                }
                Statement::Value(value) | Statement::Assign(_, value) if is_last => {
                    self.add_restricted(value, side, env, values);
                }
                Statement::Value(_) | Statement::Assign(..) => {}
                Statement::If(condition, then, otherwise) => {
                    let sides = self.sides(condition, env);
                    let (yes, no) = (side.max(sides.of(true)), side.max(sides.of(false)));
                    let left_then = self.returns(then, is_last, yes, env, values);
                    let left_otherwise = self.returns(otherwise, is_last, no, env, values);
                    match (left_then, left_otherwise) {
                        (false, false) => return false,
                        (false, true) => side = no,
                        (true, false) => side = yes,
                        (true, true) => {}
                    }
                }
                Statement::Switch(subject, cases) => {
                    let all = self.case_sides(subject, cases, env);
                    let has_default = cases.iter().any(|(labels, _)| labels.is_empty());
                    let mut left = !has_default;
                    for ((_, block), case_side) in cases.iter().zip(all) {
                        left |= self.returns(block, is_last, side.max(case_side), env, values);
                    }
                    if !left {
                        return false;
                    }
                }
                Statement::Blocks(blocks) => {
                    for block in blocks {
                        self.returns(block, is_last, side, env, values);
                    }
                }
            }
        }
        true
    }

    fn add_restricted(
        &mut self,
        value: &'p Expr<'s>,
        side: Option<Side>,
        env: &Env<'p, 's>,
        values: &mut Vec<Value<'p, 's>>,
    ) {
        let mut more = self.eval(value, env);
        restrict(&mut more, side);
        self.add(values, more);
    }
}

/// Collects the variables of a block with the conditions around their values.
fn collect_locals<'p, 's>(
    block: &'p Block<'s>,
    when: &mut Vec<(&'p Expr<'s>, bool)>,
    locals: &mut Vec<Local<'p, 's>>,
) {
    for statement in &block.statements {
        match statement {
            Statement::Assign(name, value) => {
                locals.push(Local { name, value, env: None, when: when.clone() });
            }
            Statement::If(condition, then, otherwise) => {
                when.push((condition, true));
                collect_locals(then, when, locals);
                when.pop();
                when.push((condition, false));
                collect_locals(otherwise, when, locals);
                when.pop();
            }
            Statement::Switch(_, cases) => {
                for (_, block) in cases {
                    collect_locals(block, when, locals);
                }
            }
            Statement::Blocks(blocks) => {
                for block in blocks {
                    collect_locals(block, when, locals);
                }
            }
            Statement::Return(_) | Statement::Value(_) => {}
        }
    }
}

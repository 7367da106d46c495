//! Tells which side of a condition an engine like Singularity takes.

use super::{Env, Evaluator, Side};
use crate::nextflow::expression::{Block, Comparison, Expr, Part, Shape, Step};
use crate::nextflow::parse::plain_text;

/// The engines that take image files; every other one pulls from a registry.
const LIKE_SINGULARITY: [&str; 2] = ["singularity", "apptainer"];

/// The engines that pull from a registry.
const LIKE_DOCKER: [&str; 5] = ["docker", "podman", "sarus", "shifter", "charliecloud"];

/// Variables behind variables that are followed in a condition.
const DEEPEST_CONDITION: u32 = 16;

/// Who takes each side of a condition; nobody in particular when it does not ask for the engine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sides {
    yes: Option<Side>,
    no: Option<Side>,
}

impl Sides {
    /// Returns who takes the branch where the condition holds, or where it does not.
    pub(super) fn of(self, holds: bool) -> Option<Side> {
        if holds { self.yes } else { self.no }
    }

    fn swapped(self) -> Self {
        Self { yes: self.no, no: self.yes }
    }

    fn when(side: Option<Side>) -> Self {
        match side {
            Some(Side::Singularity) => Self { yes: side, no: Some(Side::Docker) },
            Some(Side::Docker) => Self { yes: side, no: Some(Side::Singularity) },
            None => Self::default(),
        }
    }
}

impl<'p, 's> Evaluator<'p, 's> {
    /// Returns who takes the sides of a condition.
    pub(super) fn sides(&mut self, condition: &'p Expr<'s>, env: &Env<'p, 's>) -> Sides {
        self.sides_of(condition, env, 0)
    }

    fn sides_of(&mut self, condition: &'p Expr<'s>, env: &Env<'p, 's>, depth: u32) -> Sides {
        if depth > DEEPEST_CONDITION || self.steps == 0 {
            return Sides::default();
        }
        self.steps -= 1;
        let depth = depth + 1;
        match &condition.shape {
            Shape::Compare(comparison, sides) => {
                let [left, right] = sides.as_ref();
                let side = if self.is_engine(left, env, depth) {
                    self.engine_named(right, env, depth)
                } else if self.is_engine(right, env, depth) {
                    self.engine_named(left, env, depth)
                } else {
                    None
                };
                match comparison {
                    Comparison::Same | Comparison::In => Sides::when(side),
                    Comparison::Different | Comparison::NotIn => Sides::when(side).swapped(),
                    Comparison::Unrelated => Sides::default(),
                }
            }
            Shape::Not(inner) => self.sides_of(inner, env, depth).swapped(),
            Shape::All(parts) => {
                // `singularity && !pull_docker_container`: the other side is meant for Docker.
                let found = self.first_sides(parts, env, depth);
                match found.yes {
                    Some(Side::Docker) if parts.len() > 1 => Sides { yes: found.yes, no: None },
                    _ => found,
                }
            }
            Shape::AnyOf(parts) => {
                let all: Vec<Sides> = parts.iter().map(|part| self.sides_of(part, env, depth)).collect();
                let Some(&found) = all.iter().find(|sides| **sides != Sides::default()) else {
                    return Sides::default();
                };
                if all.iter().all(|sides| *sides == found) {
                    found
                } else {
                    Sides { yes: None, no: found.no }
                }
            }
            Shape::Elvis(parts) => self.first_sides(parts, env, depth),
            Shape::Path(_, steps) | Shape::Of(_, steps) => self.sides_of_value(condition, steps, env, depth),
            _ => Sides::default(),
        }
    }

    fn first_sides(&mut self, parts: &'p [Expr<'s>], env: &Env<'p, 's>, depth: u32) -> Sides {
        parts
            .iter()
            .map(|part| self.sides_of(part, env, depth))
            .find(|sides| *sides != Sides::default())
            .unwrap_or_default()
    }

    /// Returns the sides of `engine.equals('x')`, `['x'].contains(engine)` or of a variable.
    fn sides_of_value(
        &mut self,
        condition: &'p Expr<'s>,
        steps: &'p [Step<'s>],
        env: &Env<'p, 's>,
        depth: u32,
    ) -> Sides {
        if let [.., Step::Member(method), Step::Call(arguments)] = steps
            && let [argument] = arguments.as_slice()
            && matches!(
                method.as_ref(),
                "equals" | "equalsIgnoreCase" | "contains" | "matches" | "startsWith" | "toLowerCase"
            )
        {
            let side = if self.is_engine(condition, env, depth) {
                self.engine_named(argument, env, depth)
            } else if self.is_engine(argument, env, depth) {
                self.engine_in_base(condition, env, depth)
            } else {
                None
            };
            return Sides::when(side);
        }
        if let Shape::Path(name, steps) = &condition.shape
            && steps.is_empty()
        {
            let found = self.lookup(name, env);
            if let [only] = found.as_slice() {
                return self.sides_of(only.value, &only.env, depth);
            }
        }
        Sides::default()
    }

    /// Returns whether an expression is `workflow.containerEngine`, be it through a variable or a method.
    fn is_engine(&mut self, expr: &'p Expr<'s>, env: &Env<'p, 's>, depth: u32) -> bool {
        if depth > DEEPEST_CONDITION {
            return false;
        }
        match &expr.shape {
            Shape::Path(name, steps) => {
                if let Some(Step::Member(member)) = steps.first() {
                    return *name == "workflow" && member == "containerEngine";
                }
                if !steps.is_empty() {
                    return false;
                }
                let found = self.lookup(name, env);
                match found.as_slice() {
                    [only] => self.is_engine(only.value, &only.env, depth + 1),
                    _ => false,
                }
            }
            Shape::Of(base, _) => self.is_engine(base, env, depth + 1),
            Shape::Elvis(parts) => parts.first().is_some_and(|first| self.is_engine(first, env, depth + 1)),
            Shape::Text(parts) => match parts.as_slice() {
                [Part::Value(value)] => self.is_engine(value, env, depth + 1),
                _ => false,
            },
            _ => false,
        }
    }

    /// Returns the side of the engines that a string, a pattern or a list names.
    fn engine_named(&mut self, expr: &'p Expr<'s>, env: &Env<'p, 's>, depth: u32) -> Option<Side> {
        if depth > DEEPEST_CONDITION {
            return None;
        }
        match &expr.shape {
            Shape::Text(_) => plain_text(expr).and_then(side_of_engine),
            Shape::List(items) => {
                let sides: Vec<Side> =
                    items.iter().filter_map(|item| plain_text(item).and_then(side_of_engine)).collect();
                // A list with an engine of each kind tells nothing.
                let first = sides.first().copied()?;
                sides.iter().all(|side| *side == first).then_some(first)
            }
            Shape::Path(name, steps) if steps.is_empty() => {
                let found = self.lookup(name, env);
                match found.as_slice() {
                    [only] => self.engine_named(only.value, &only.env, depth + 1),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Returns the side of the engines in the list or variable that a method is called on.
    fn engine_in_base(&mut self, expr: &'p Expr<'s>, env: &Env<'p, 's>, depth: u32) -> Option<Side> {
        match &expr.shape {
            Shape::Of(base, steps) if steps.len() == 2 => self.engine_named(base, env, depth),
            Shape::Path(name, steps) if steps.len() == 2 => {
                let found = self.lookup(name, env);
                match found.as_slice() {
                    [only] => self.engine_named(only.value, &only.env, depth + 1),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Returns who takes each case of a switch; nobody in particular unless it is over the engine.
    pub(super) fn case_sides(
        &mut self,
        subject: &'p Expr<'s>,
        cases: &'p [(Vec<Expr<'s>>, Block<'s>)],
        env: &Env<'p, 's>,
    ) -> Vec<Option<Side>> {
        if !self.is_engine(subject, env, 0) {
            return vec![None; cases.len()];
        }
        let named: Vec<Option<Side>> = cases
            .iter()
            .map(|(labels, _)| {
                let sides: Vec<_> = labels.iter().map(|label| self.engine_named(label, env, 0)).collect();
                let first = sides.first().copied().flatten();
                if sides.iter().all(|side| *side == first) { first } else { None }
            })
            .collect();
        let other = match named.iter().flatten().next() {
            Some(Side::Singularity) if !named.contains(&Some(Side::Docker)) => Some(Side::Docker),
            _ => None,
        };
        cases
            .iter()
            .zip(named)
            .map(|((labels, _), side)| if labels.is_empty() { other } else { side })
            .collect()
    }
}

/// Returns the side of an engine's name, or of a pattern of such names.
fn side_of_engine(text: &str) -> Option<Side> {
    let text = text.to_ascii_lowercase();
    let names = |names: &[&str]| names.iter().any(|name| text.contains(name));
    match (names(&LIKE_SINGULARITY), names(&LIKE_DOCKER)) {
        (true, false) => Some(Side::Singularity),
        (false, true) => Some(Side::Docker),
        _ => None,
    }
}

//! Evaluates expressions to the names they can come to.
//!
//! Owns how values flow: branches, strings, closures, and names back to where they are set. Must not know what
//! an image is. Bounded in depth, in steps and in the number of names; what is beyond counts as unknown.

mod block;
mod engine;
mod method;
mod name;

use std::rc::Rc;

use super::candidate::{Candidate, Place, Value as Of, add_all};
use super::expression::{Expr, Part, Shape, Step};
use super::facts::Facts;
use super::project::{Project, Subject};

pub(super) use super::candidate::Side;

/// Evaluations within evaluations that are followed.
const DEEPEST: u32 = 96;

/// Evaluations that one attribute may cost.
const STEPS_OF_ATTRIBUTE: u32 = 4_000;

/// Evaluations that the attributes of one file may cost together.
const STEPS_OF_FILE: u32 = 400_000;

/// Names of `params.a.b.c` that are looked up together.
const MOST_NAMES_OF_PATH: usize = 16;

/// A value with the scope its names belong to.
pub(super) type Value<'p, 's> = Of<'p, 's, Env<'p, 's>>;

/// The scope around an expression, shared.
pub(super) type Env<'p, 's> = Rc<Scope<'p, 's>>;

/// What names mean around an expression.
pub(super) struct Scope<'p, 's> {
    /// Index of the file.
    file: usize,
    /// Whose `task` it is.
    subject: Option<Subject<'p, 's>>,
    /// Variables of the closure or function, or of the process.
    locals: Vec<Local<'p, 's>>,
    outer: Option<Env<'p, 's>>,
    /// The parameter whose default this is, if it is one.
    parameter: bool,
}

struct Local<'p, 's> {
    name: &'p str,
    value: &'p Expr<'s>,
    /// The scope of the value; that of the variable when there is none.
    env: Option<Env<'p, 's>>,
    /// The conditions around it and whether they must hold.
    when: Vec<(&'p Expr<'s>, bool)>,
}

impl<'p, 's> Scope<'p, 's> {
    /// Returns the scope of a file, of a process or of the processes of selectors.
    pub(super) fn of_file(
        file: usize,
        subject: Option<Subject<'p, 's>>,
        facts: &'p Facts<'s>,
    ) -> Env<'p, 's> {
        let mut locals = Vec::new();
        if let Some(Subject::Process(process)) = subject {
            for (name, assigned) in &process.variables {
                let when = guards(facts, assigned.guard);
                locals.push(Local { name, value: &assigned.value, env: None, when });
            }
        }
        Rc::new(Scope { file, subject, locals, outer: None, parameter: false })
    }

    fn inner(outer: &Env<'p, 's>, locals: Vec<Local<'p, 's>>) -> Env<'p, 's> {
        Rc::new(Scope {
            file: outer.file,
            subject: outer.subject,
            locals,
            outer: Some(Rc::clone(outer)),
            parameter: outer.parameter,
        })
    }
}

/// Returns the conditions of a guard and of those around it, the outermost first.
fn guards<'p, 's>(facts: &'p Facts<'s>, guard: Option<usize>) -> Vec<(&'p Expr<'s>, bool)> {
    let mut conditions = Vec::new();
    let mut next = guard;
    while let Some(guard) = next.and_then(|index| facts.guards.get(index)) {
        conditions.extend(facts.conditions.get(guard.condition).map(|condition| (condition, guard.holds)));
        next = guard.outer;
    }
    conditions.reverse();
    conditions
}

/// An evaluation of the attributes of one file.
pub(super) struct Evaluator<'p, 's> {
    project: &'p Project<'s>,
    depth: u32,
    steps: u32,
    steps_of_file: u32,
    /// The definitions being evaluated, to see circles.
    active: Vec<*const Expr<'s>>,
    /// Whether names were left out because there were too many, or too much to evaluate.
    pub(super) cut_short: bool,
}

impl<'p, 's> Evaluator<'p, 's> {
    /// Returns an evaluation over this project.
    pub(super) fn new(project: &'p Project<'s>) -> Self {
        Self {
            project,
            depth: 0,
            steps: 0,
            steps_of_file: STEPS_OF_FILE,
            active: Vec::new(),
            cut_short: false,
        }
    }

    /// Returns the names that a value under a guard can come to.
    pub(super) fn names(
        &mut self,
        value: &'p Expr<'s>,
        guard: Option<usize>,
        env: &Env<'p, 's>,
    ) -> Vec<Candidate> {
        self.steps = STEPS_OF_ATTRIBUTE.min(self.steps_of_file);
        let before = self.steps;
        let values = self.eval(value, env);
        let mut values = self.force(values, value, env);
        if let Some(file) = self.project.files.get(env.file) {
            for (condition, holds) in guards(&file.facts, guard) {
                let side = self.sides(condition, env).of(holds);
                restrict(&mut values, side);
            }
        }
        self.steps_of_file -= before - self.steps;
        self.active.clear();
        values
            .into_iter()
            .filter_map(|value| match value {
                Of::Name(name) => Some(name),
                _ => None,
            })
            .collect()
    }

    fn source(&self, expr: &Expr<'_>, env: &Env<'p, 's>) -> String {
        /// Longest piece of source that stands for an unknown value, in characters.
        const LONGEST: usize = 80;
        let source = self.project.files.get(env.file).map_or("", |file| file.source);
        let text = source.get(expr.span.start..expr.span.end).unwrap_or_default();
        let words: Vec<&str> = text.split_whitespace().collect();
        let text = words.join(" ");
        if text.chars().count() > LONGEST {
            text.chars().take(LONGEST).chain(['…']).collect()
        } else {
            text
        }
    }

    fn unknown(&self, expr: &Expr<'_>, env: &Env<'p, 's>) -> Vec<Value<'p, 's>> {
        vec![Of::Name(Candidate::unknown(self.source(expr, env)))]
    }

    fn eval(&mut self, expr: &'p Expr<'s>, env: &Env<'p, 's>) -> Vec<Value<'p, 's>> {
        if self.depth >= DEEPEST || self.steps == 0 {
            self.cut_short = true;
            return self.unknown(expr, env);
        }
        self.steps -= 1;
        self.depth += 1;
        let values = self.shape(expr, env);
        self.depth -= 1;
        values
    }

    fn shape(&mut self, expr: &'p Expr<'s>, env: &Env<'p, 's>) -> Vec<Value<'p, 's>> {
        match &expr.shape {
            Shape::Text(parts) => self.text(expr, parts, env),
            Shape::Null
            | Shape::Flag
            | Shape::All(_)
            | Shape::AnyOf(_)
            | Shape::Not(_)
            | Shape::Compare(..) => {
                vec![Of::Nothing]
            }
            Shape::Number(number) => {
                let place = Place::new(env.file, expr.span);
                vec![Of::Name(Candidate::literal((*number).to_owned(), place))]
            }
            Shape::Path(name, steps) => self.path(name, steps, expr, env),
            Shape::Of(base, steps) => {
                let values = self.eval(base, env);
                self.take(values, steps, expr, env)
            }
            Shape::Choice(parts) => {
                let [condition, yes, no] = parts.as_ref();
                let sides = self.sides(condition, env);
                let mut values = self.eval(yes, env);
                restrict(&mut values, sides.of(true));
                let mut others = self.eval(no, env);
                restrict(&mut others, sides.of(false));
                self.add(&mut values, others);
                values
            }
            Shape::Elvis(choices) => self.elvis(choices, env),
            Shape::Sum(parts) => self.sum(parts, expr, env),
            Shape::List(_) | Shape::Map(_) | Shape::Closure(_) => vec![Of::Data(expr, Rc::clone(env))],
            Shape::Other => self.unknown(expr, env),
        }
    }

    fn add(&mut self, to: &mut Vec<Value<'p, 's>>, more: Vec<Value<'p, 's>>) {
        if !add_all(to, more) {
            self.cut_short = true;
        }
    }

    /// Returns every combination of the texts so far with the texts of the next part.
    fn combine(&mut self, so_far: Vec<Candidate>, next: &[Candidate]) -> Vec<Candidate> {
        let mut combined = Vec::new();
        let pairs = so_far.iter().flat_map(|one| next.iter().filter_map(move |other| one.then(other)));
        if !add_all(&mut combined, pairs) {
            self.cut_short = true;
        }
        combined
    }

    fn text(&mut self, expr: &'p Expr<'s>, parts: &'p [Part<'s>], env: &Env<'p, 's>) -> Vec<Value<'p, 's>> {
        let own = parts.is_empty()
            || parts.iter().any(|part| matches!(part, Part::Text(text) if !text.trim().is_empty()));
        let mut first = Candidate::default();
        if own {
            first.places.push(Place::new(env.file, expr.span));
            first.indirect = parts.len() > 1;
        }
        let mut names = vec![first];
        for part in parts {
            let next = match part {
                Part::Text(text) => vec![Candidate { text: text.to_string(), ..Candidate::default() }],
                Part::Value(value) => self.texts(value, env),
            };
            names = self.combine(names, &next);
        }
        names.into_iter().map(Of::Name).collect()
    }

    fn sum(&mut self, parts: &'p [Expr<'s>], expr: &'p Expr<'s>, env: &Env<'p, 's>) -> Vec<Value<'p, 's>> {
        let mut names = vec![Candidate { indirect: true, ..Candidate::default() }];
        for part in parts {
            let values = self.eval(part, env);
            if values.iter().any(|value| matches!(value, Of::Data(..))) {
                return self.unknown(expr, env);
            }
            let next = self.texts_of(values, part, env);
            names = self.combine(names, &next);
        }
        names.into_iter().map(Of::Name).collect()
    }

    /// Returns the texts of an expression inside a string; a value that is no text is unknown.
    fn texts(&mut self, expr: &'p Expr<'s>, env: &Env<'p, 's>) -> Vec<Candidate> {
        let values = self.eval(expr, env);
        self.texts_of(values, expr, env)
    }

    fn texts_of(
        &mut self,
        values: Vec<Value<'p, 's>>,
        expr: &'p Expr<'s>,
        env: &Env<'p, 's>,
    ) -> Vec<Candidate> {
        let values = self.force(values, expr, env);
        let names: Vec<Candidate> = values
            .into_iter()
            .filter_map(|value| match value {
                Of::Name(name) => Some(name),
                _ => None,
            })
            .collect();
        if names.is_empty() { vec![Candidate::unknown(self.source(expr, env))] } else { names }
    }

    fn elvis(&mut self, choices: &'p [Expr<'s>], env: &Env<'p, 's>) -> Vec<Value<'p, 's>> {
        let mut values = Vec::new();
        let mut doubtful = Vec::new();
        for (index, choice) in choices.iter().enumerate() {
            let last = index + 1 == choices.len();
            for value in self.eval(choice, env) {
                let taken = match &value {
                    Of::Name(name) => name.is_known() && (last || !name.text.is_empty()),
                    Of::Nothing => false,
                    Of::Data(..) => true,
                };
                let to = if taken { &mut values } else { &mut doubtful };
                self.cut_short |= !add_all(to, [value]);
            }
        }
        // What is unknown matters only where nothing else is known.
        if values.is_empty() { doubtful } else { values }
    }

    /// Runs closures, and takes lists and maps as unknown.
    fn force(
        &mut self,
        values: Vec<Value<'p, 's>>,
        expr: &Expr<'s>,
        env: &Env<'p, 's>,
    ) -> Vec<Value<'p, 's>> {
        let mut forced = Vec::new();
        for value in values {
            let more = match value {
                Of::Data(Expr { shape: Shape::Closure(block), .. }, closure_env) => {
                    let run = self.block(block, &closure_env);
                    if run.iter().any(|value| matches!(value, Of::Data(..))) {
                        self.unknown(expr, env)
                    } else {
                        run
                    }
                }
                Of::Data(..) => self.unknown(expr, env),
                other => vec![other],
            };
            self.add(&mut forced, more);
        }
        forced
    }
}

/// Restricts names to a branch.
fn restrict(values: &mut [Value<'_, '_>], side: Option<Side>) {
    for value in values {
        if let Of::Name(name) = value {
            name.restrict(side);
        }
    }
}

/// Returns the texts of the steps `.a.b['c']` up to the first that is no plain name, or to a bound.
fn leading_names<'e>(steps: &'e [Step<'_>]) -> Vec<&'e str> {
    let mut names = Vec::new();
    for step in steps.iter().take(MOST_NAMES_OF_PATH) {
        match step {
            Step::Member(name) => names.push(name.as_ref()),
            Step::Index(key) => match super::parse::plain_text(key) {
                Some(name) => names.push(name),
                None => break,
            },
            Step::Call(_) => break,
        }
    }
    names
}

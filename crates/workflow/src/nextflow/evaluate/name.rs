//! Follows names to their values: parameters, `task.ext`, variables and functions.

use std::rc::Rc;

use super::{Env, Evaluator, Local, Of, Scope, Value, guards, leading_names, restrict};
use crate::nextflow::candidate::Candidate;
use crate::nextflow::expression::{Expr, Step};
use crate::nextflow::facts::Setting;
use crate::nextflow::parse::plain_text;
use crate::nextflow::project::Subject;
use crate::nextflow::selector::Selector;

/// A value that a name may have.
pub(super) struct Found<'p, 's> {
    /// The value.
    pub(super) value: &'p Expr<'s>,
    /// The scope of the value.
    pub(super) env: Env<'p, 's>,
    when: Vec<(&'p Expr<'s>, bool)>,
    kind: Kind,
    /// The name as an expression has it: `params.a`.
    name: String,
    /// The selector or process a setting belongs to.
    owner: Option<String>,
    profile: Option<&'p str>,
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Parameter,
    Setting,
    Variable,
}

impl Found<'_, '_> {
    /// Returns what the name stands for, in words.
    fn what(&self) -> String {
        let kind = match self.kind {
            Kind::Parameter => "parameter",
            Kind::Setting => "setting",
            Kind::Variable => "variable",
        };
        match &self.owner {
            Some(owner) => format!("{kind} `{}` of {owner}", self.name),
            None => format!("{kind} `{}`", self.name),
        }
    }
}

impl<'p, 's> Evaluator<'p, 's> {
    /// Returns what `name.steps` can come to.
    pub(super) fn path(
        &mut self,
        name: &'s str,
        steps: &'p [Step<'s>],
        expr: &'p Expr<'s>,
        env: &Env<'p, 's>,
    ) -> Vec<Value<'p, 's>> {
        let (found, used) = match name {
            "params" => self.parameter(steps, env),
            "task" => self.task_ext(steps, env),
            _ => (self.lookup(name, env), 0),
        };
        if found.is_empty() {
            return match steps.first() {
                Some(Step::Call(arguments)) => self.call(name, arguments, steps, expr, env),
                _ => self.unknown(expr, env),
            };
        }
        let mut values = Vec::new();
        for found in found {
            let address = std::ptr::from_ref(found.value);
            if self.active.contains(&address) {
                continue;
            }
            self.active.push(address);
            let raw = self.eval(found.value, &found.env);
            let mut more = self.force_text(raw, &found);
            for (condition, holds) in &found.when {
                let side = self.sides(condition, &found.env).of(*holds);
                restrict(&mut more, side);
            }
            self.note(&mut more, &found);
            self.active.pop();
            self.add(&mut values, more);
        }
        let rest = steps.get(used..).unwrap_or_default();
        if !rest.is_empty() {
            values = self.take(values, rest, expr, env);
        }
        // A parameter without a value is given when the workflow is run.
        values.retain(|value| !matches!(value, Of::Nothing));
        if values.is_empty() { self.unknown(expr, env) } else { values }
    }

    /// `ext` closures are run when a task asks for them.
    fn force_text(&mut self, values: Vec<Value<'p, 's>>, found: &Found<'p, 's>) -> Vec<Value<'p, 's>> {
        if found.kind == Kind::Setting { self.force(values, found.value, &found.env) } else { values }
    }

    /// Notes in each name where it came from.
    fn note(&self, values: &mut [Value<'p, 's>], found: &Found<'p, 's>) {
        let Some(file) = self.project.files.get(found.env.file) else { return };
        let step = file.step(found.value.span.start, found.what());
        for value in values {
            if let Of::Name(name) = value {
                name.indirect = true;
                name.chain.insert(0, step.clone());
                if name.text.is_empty() {
                    name.empty_origin.get_or_insert_with(|| found.name.clone());
                }
                if let Some(profile) = found.profile {
                    name.add_profile(profile);
                }
            }
        }
    }

    /// Returns the values of a parameter and how many steps name it.
    fn parameter(&mut self, steps: &'p [Step<'s>], env: &Env<'p, 's>) -> (Vec<Found<'p, 's>>, usize) {
        let names = leading_names(steps);
        if let [Step::Member(get), Step::Call(arguments), ..] = steps
            && get == "get"
            && let Some(key) = arguments.first().and_then(plain_text)
        {
            return (self.parameter_named(key, env), 2);
        }
        for used in (1..=names.len()).rev() {
            let key = names.get(..used).unwrap_or_default().join(".");
            let found = self.parameter_named(&key, env);
            if !found.is_empty() {
                return (found, used);
            }
        }
        // `params.images[name]` with an unknown name is any of `params { images { ... } }`.
        if let Some(Step::Index(_)) = steps.get(names.len())
            && !names.is_empty()
        {
            let keys = self.project.params_below(&names.join("."));
            let found = keys.into_iter().flat_map(|key| self.parameter_named(key, env)).collect();
            return (found, names.len() + 1);
        }
        (Vec::new(), 0)
    }

    fn parameter_named(&self, key: &str, env: &Env<'p, 's>) -> Vec<Found<'p, 's>> {
        let settings = self.project.params(env.file, key);
        settings
            .into_iter()
            .map(|(file, setting)| Found {
                value: &setting.value,
                env: Rc::new(Scope {
                    file,
                    subject: env.subject,
                    locals: Vec::new(),
                    outer: None,
                    parameter: true,
                }),
                when: Vec::new(),
                kind: Kind::Parameter,
                name: format!("params.{key}"),
                owner: None,
                profile: setting.profile.as_deref(),
            })
            .collect()
    }

    /// Returns the values of `task.ext.key` and how many steps name it.
    fn task_ext(&mut self, steps: &'p [Step<'s>], env: &Env<'p, 's>) -> (Vec<Found<'p, 's>>, usize) {
        let names = leading_names(steps);
        let (Some(&"ext"), Some(subject)) = (names.first(), env.subject) else { return (Vec::new(), 0) };
        for used in (2..=names.len()).rev() {
            let key = names.get(1..used).unwrap_or_default().join(".");
            let mut found = Vec::new();
            for (file, ext) in self.project.ext(env.file, &key, subject) {
                let owner = ext.selectors.last().map(Selector::label);
                let owner = owner.map(|label| format!("`{label}`"));
                found.push(ext_found(file, &ext.setting, owner, env));
            }
            if let Subject::Process(process) = subject {
                let own = process.ext.iter().filter(|(name, _)| **name == key);
                found.extend(own.map(|(_, value)| Found {
                    value,
                    env: Rc::clone(env),
                    when: Vec::new(),
                    kind: Kind::Setting,
                    name: format!("task.ext.{key}"),
                    owner: Some(format!("process `{}`", process.name)),
                    profile: None,
                }));
            }
            if !found.is_empty() {
                return (found, used);
            }
        }
        (Vec::new(), 0)
    }

    /// Returns the values that a variable can have here.
    pub(super) fn lookup(&self, name: &str, env: &Env<'p, 's>) -> Vec<Found<'p, 's>> {
        let mut scope = Some(env);
        while let Some(here) = scope {
            let found: Vec<_> = here
                .locals
                .iter()
                .filter(|local| local.name == name)
                .map(|local| Found {
                    value: local.value,
                    env: Rc::clone(local.env.as_ref().unwrap_or(here)),
                    when: local.when.clone(),
                    kind: Kind::Variable,
                    name: name.to_owned(),
                    owner: None,
                    profile: None,
                })
                .collect();
            if !found.is_empty() {
                return found;
            }
            scope = here.outer.as_ref();
        }
        let found: Vec<_> = self
            .project
            .variables(env.file, name)
            .into_iter()
            .filter_map(|(file, assigned)| {
                let facts = &self.project.files.get(file)?.facts;
                Some(Found {
                    value: &assigned.value,
                    env: Scope::of_file(file, None, facts),
                    when: guards(facts, assigned.guard),
                    kind: Kind::Variable,
                    name: name.to_owned(),
                    owner: None,
                    profile: None,
                })
            })
            .collect();
        if found.is_empty() && env.parameter {
            // Inside `params { }` a parameter is known by its bare name.
            return self.parameter_named(name, env);
        }
        found
    }

    /// Returns what a function of the same file, or an included one, can return.
    fn call(
        &mut self,
        name: &str,
        arguments: &'p [Expr<'s>],
        steps: &'p [Step<'s>],
        expr: &'p Expr<'s>,
        env: &Env<'p, 's>,
    ) -> Vec<Value<'p, 's>> {
        let Some((file, function)) = self.project.function(env.file, name) else {
            return self.unknown(expr, env);
        };
        let locals = function
            .parameters
            .iter()
            .zip(arguments)
            .map(|(name, value)| Local { name, value, env: Some(Rc::clone(env)), when: Vec::new() })
            .collect();
        let scope = Rc::new(Scope { file, subject: env.subject, locals, outer: None, parameter: false });
        let mut values = self.block(&function.body, &scope);
        if let Some(file) = self.project.files.get(env.file) {
            let step = file.step(expr.span.start, format!("function `{name}`"));
            for value in &mut values {
                if let Of::Name(name) = value {
                    name.indirect = true;
                    name.chain.insert(0, step.clone());
                }
            }
        }
        let rest = steps.get(1..).unwrap_or_default();
        let values = if rest.is_empty() { values } else { self.take(values, rest, expr, env) };
        if values.is_empty() { self.unknown(expr, env) } else { values }
    }

    /// Returns the text of a name for comparison with the sides of a branch.
    pub(super) fn known_texts(&mut self, expr: &'p Expr<'s>, env: &Env<'p, 's>) -> Option<Vec<Candidate>> {
        let names = self.texts(expr, env);
        names.iter().all(Candidate::is_known).then_some(names)
    }
}

fn ext_found<'p, 's>(
    file: usize,
    setting: &'p Setting<'s>,
    owner: Option<String>,
    env: &Env<'p, 's>,
) -> Found<'p, 's> {
    Found {
        value: &setting.value,
        env: Rc::new(Scope { file, subject: env.subject, locals: Vec::new(), outer: None, parameter: false }),
        when: Vec::new(),
        kind: Kind::Setting,
        name: format!("task.ext.{}", setting.key),
        owner,
        profile: setting.profile.as_deref(),
    }
}

//! Takes members, entries and results of methods from values.

use super::{Env, Evaluator, Of, Value};
use crate::nextflow::candidate::{Candidate, LONGEST_NAME};
use crate::nextflow::expression::{Expr, Key, Shape, Step};

impl<'p, 's> Evaluator<'p, 's> {
    /// Returns what the steps take from values; `expr` is the whole expression, for what stays unknown.
    pub(super) fn take(
        &mut self,
        values: Vec<Value<'p, 's>>,
        steps: &'p [Step<'s>],
        expr: &'p Expr<'s>,
        env: &Env<'p, 's>,
    ) -> Vec<Value<'p, 's>> {
        let mut values = values;
        let mut rest = steps;
        while !rest.is_empty() {
            let (used, call) = match rest {
                [Step::Member(method), Step::Call(arguments), ..] => (2, Some((method.as_ref(), arguments))),
                _ => (1, None),
            };
            let mut taken = Vec::new();
            for value in values {
                let more = match (call, rest.first()) {
                    (Some((method, arguments)), _) => self.method(value, method, arguments, env),
                    (None, Some(Step::Member(name))) => self.entry(value, &[Candidate::named(name)], None),
                    (None, Some(Step::Index(key))) => match self.known_texts(key, env) {
                        Some(keys) => self.entry(value, &keys, None),
                        None => self.every_entry(value),
                    },
                    (None, Some(Step::Call(_))) => self.run(value),
                    (None, None) => None,
                };
                let more = more.unwrap_or_else(|| self.unknown(expr, env));
                self.add(&mut taken, more);
            }
            values = taken;
            rest = rest.get(used..).unwrap_or_default();
        }
        values
    }

    /// Returns the entries of a map or list under these keys, else the default.
    fn entry(
        &mut self,
        value: Value<'p, 's>,
        keys: &[Candidate],
        default: Option<(&'p Expr<'s>, &Env<'p, 's>)>,
    ) -> Option<Vec<Value<'p, 's>>> {
        let Of::Data(data, env) = value else { return None };
        let mut values = Vec::new();
        for key in keys {
            let found = match &data.shape {
                Shape::Map(entries) => entries.iter().find_map(|(name, value)| match name {
                    Key::Known(name) if *name == key.text => Some(value),
                    _ => None,
                }),
                Shape::List(items) => key.text.parse().ok().and_then(|index: usize| items.get(index)),
                _ => return None,
            };
            let more = match (found, default) {
                (Some(found), _) => self.eval(found, &env),
                (None, Some((default, env))) => self.eval(default, env),
                (None, None) => vec![Of::Nothing],
            };
            self.add(&mut values, more);
        }
        Some(values)
    }

    /// Returns every entry of a map or list, for a key that is not known.
    fn every_entry(&mut self, value: Value<'p, 's>) -> Option<Vec<Value<'p, 's>>> {
        let Of::Data(data, env) = value else { return None };
        let entries: Vec<&'p Expr<'s>> = match &data.shape {
            Shape::Map(entries) => entries.iter().map(|(_, value)| value).collect(),
            Shape::List(items) => items.iter().collect(),
            _ => return None,
        };
        let mut values = Vec::new();
        for entry in entries {
            let more = self.eval(entry, &env);
            self.add(&mut values, more);
        }
        Some(values)
    }

    /// Returns what a closure returns.
    fn run(&mut self, value: Value<'p, 's>) -> Option<Vec<Value<'p, 's>>> {
        match value {
            Of::Data(Expr { shape: Shape::Closure(block), .. }, env) => Some(self.block(block, &env)),
            _ => None,
        }
    }

    fn method(
        &mut self,
        value: Value<'p, 's>,
        method: &str,
        arguments: &'p [Expr<'s>],
        env: &Env<'p, 's>,
    ) -> Option<Vec<Value<'p, 's>>> {
        match value {
            Of::Name(name) => self.text_method(name, method, arguments, env),
            Of::Nothing => None,
            Of::Data(data, data_env) => match (method, &data.shape, arguments) {
                ("call", Shape::Closure(block), _) => Some(self.block(block, &data_env)),
                ("get" | "getAt" | "getOrDefault", _, [key, default @ ..]) => {
                    let default = default.first().map(|default| (default, env));
                    let value = Of::Data(data, data_env);
                    match self.known_texts(key, env) {
                        Some(keys) => self.entry(value, &keys, default),
                        None => self.every_entry(value),
                    }
                }
                ("first", Shape::List(items), []) => items.first().map(|item| self.eval(item, &data_env)),
                ("last", Shape::List(items), []) => items.last().map(|item| self.eval(item, &data_env)),
                ("join", Shape::List(items), separator) => {
                    let separators = match separator.first() {
                        Some(separator) => self.known_texts(separator, env)?,
                        None => vec![Candidate::default()],
                    };
                    let mut names = vec![Candidate { indirect: true, ..Candidate::default() }];
                    for (index, item) in items.iter().enumerate() {
                        if index > 0 {
                            names = self.combine(names, &separators);
                        }
                        let next = self.texts(item, &data_env);
                        names = self.combine(names, &next);
                    }
                    Some(names.into_iter().map(Of::Name).collect())
                }
                _ => None,
            },
        }
    }

    /// Returns what a method makes of a text; of an unknown one only what leaves it as it is.
    fn text_method(
        &mut self,
        name: Candidate,
        method: &str,
        arguments: &'p [Expr<'s>],
        env: &Env<'p, 's>,
    ) -> Option<Vec<Value<'p, 's>>> {
        if matches!((method, arguments), ("toString" | "trim" | "strip" | "intern", [])) {
            let text = if method == "toString" { name.text.clone() } else { name.text.trim().to_owned() };
            return Some(vec![Of::Name(Candidate { text, ..name })]);
        }
        if method == "concat" {
            let [other] = arguments else { return None };
            let others = self.texts(other, env);
            let both = self.combine(vec![name], &others);
            return Some(
                both.into_iter().map(|name| Of::Name(Candidate { indirect: true, ..name })).collect(),
            );
        }
        if !name.is_known() {
            return None;
        }
        let mut plain = Vec::new();
        for argument in arguments {
            match self.known_texts(argument, env)?.as_slice() {
                [only] => plain.push(only.text.clone()),
                _ => return None,
            }
        }
        let text = match (method, plain.as_slice()) {
            ("toLowerCase", []) => name.text.to_lowercase(),
            ("toUpperCase", []) => name.text.to_uppercase(),
            ("replace", [from, to]) => name.text.replace(from.as_str(), to),
            ("replaceAll", [from, to]) if is_plain_pattern(from, to) => name.text.replace(from.as_str(), to),
            ("replaceFirst", [from, to]) if is_plain_pattern(from, to) => {
                name.text.replacen(from.as_str(), to, 1)
            }
            ("minus", [part]) => name.text.replacen(part.as_str(), "", 1),
            _ => return None,
        };
        (text.len() <= LONGEST_NAME).then(|| vec![Of::Name(Candidate { text, indirect: true, ..name })])
    }
}

/// Returns whether a pattern and its replacement mean themselves.
fn is_plain_pattern(pattern: &str, replacement: &str) -> bool {
    !pattern.contains(|character: char| r"\^$.|?*+()[]{}".contains(character))
        && !replacement.contains(['\\', '$'])
}

impl Candidate {
    /// Returns the key that a member's name is.
    fn named(name: &str) -> Self {
        Candidate { text: name.to_owned(), ..Candidate::default() }
    }
}

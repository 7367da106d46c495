//! What names stand for inside a task or workflow: declarations, outputs of calls, choices of enumerations.
//!
//! Owns the circle check: a name that is being followed is not followed again.

use super::bind::Binding;
use super::document::{Declaration, Expression, Literal, Role};
use super::escape::unescape;
use super::evaluate::{Evaluator, Followed, with};
use super::project::{CallId, CallableId};
use super::value::{Access, Hop, Path, Piece, Slot, Text, Values, What};

impl<'a> Evaluator<'_, 'a> {
    /// Returns what a name comes to in a callable.
    pub(super) fn name(&self, scope: CallableId, name: &'a str, path: &Path<'a>) -> Values<'a> {
        let callable = self.project.callable(scope);
        if let Some(declaration) = callable.declaration(name) {
            return self.declaration(scope, declaration, path);
        }
        if let (Some(call), Some((Access::Member(output), rest))) = (callable.call(name), path.split_last()) {
            let call = CallId { workflow: scope, call: call as u32 };
            return self.output(call, output, &rest.to_vec());
        }
        if let Some(Access::Member(choice)) = path.last()
            && let Some(values) = self.choice(scope, name, choice)
        {
            return values;
        }
        if name == "None" {
            return Values::none();
        }
        Values::one(Text::unknown(Slot { input: name, path: path.clone(), depth: 0 }.written(), false))
    }

    fn declaration(&self, scope: CallableId, declaration: &Declaration<'a>, path: &Path<'a>) -> Values<'a> {
        let value = match (declaration.role, declaration.value) {
            (Role::Input, _) | (_, None) => {
                let slot = Slot { input: declaration.name, path: path.clone(), depth: 0 };
                // Members of what a caller gives may be missing.
                let absent = declaration.optional || !path.is_empty();
                return Values { texts: vec![Text::of(Piece::Free(slot))], absent };
            }
            (_, Some(value)) => value,
        };
        let path = match declaration.role {
            Role::Scatter => &with(path, Access::Any),
            _ => path,
        };
        let followed = Followed::Declaration(scope, declaration.at);
        let Some(mut values) = self.following(followed, || self.value(scope, value, path)) else {
            return Values::one(Text::unknown(declaration.name, false));
        };
        values.absent |= declaration.optional;
        values.behind(&self.declared(scope, declaration))
    }

    /// Returns the step that a declaration is.
    pub(super) fn declared(&self, scope: CallableId, declaration: &Declaration<'a>) -> Hop<'a> {
        let callable = self.project.callable(scope);
        let role = match declaration.role {
            Role::Input => "input",
            Role::Private => "private declaration",
            Role::Scatter => "scatter variable",
            Role::Output => "output",
        };
        Hop {
            file: self.project.document_of(scope),
            at: declaration.at,
            what: What::Declaration(role, declaration.name, callable.kind.word(), callable.name),
        }
    }

    /// Returns what an output of a call comes to in the calling workflow.
    fn output(&self, call: CallId, output: &str, path: &Path<'a>) -> Values<'a> {
        let unknown = || {
            let name = self.project.call(call).name;
            Values { texts: vec![Text::unknown(format!("{name}.{output}"), false)], absent: true }
        };
        let Some(callee) = self.project.target(call) else { return unknown() };
        let Some(declaration) = self.project.callable(callee).output(output) else { return unknown() };
        let Some(value) = declaration.value else { return unknown() };
        let binding = Binding::Call { call, callee, setting: None };
        let followed = Followed::Output(call, declaration.at);
        let values = self.following(followed, || {
            let mut values = Values::default();
            for text in &self.value(callee, value, path).texts {
                values.join(self.bind(text, &binding));
            }
            values
        });
        let Some(mut values) = values.filter(|values| !values.texts.is_empty()) else { return unknown() };
        // A call in a conditional block may not happen.
        values.absent = true;
        values.behind(&self.declared(callee, declaration))
    }

    /// Returns what a choice of an enumeration stands for, when the name is one.
    fn choice(&self, scope: CallableId, name: &str, choice: &str) -> Option<Values<'a>> {
        let (document, enumeration) = self.project.enumeration(self.project.document_of(scope), name)?;
        let (choice, place, value) = enumeration.choices.iter().find(|(name, ..)| *name == choice)?;
        let what = What::Choice(choice, enumeration.name);
        let hop = Hop { file: document, at: place.start, what };
        let node = value.and_then(|value| self.project.documents[document as usize].node(value));
        let known = match node.map(|node| &node.expression) {
            Some(Expression::Text(Literal { content, parts, .. })) if parts.len() == 1 => {
                self.known(document, *content, *content, unescape)
            }
            Some(_) => return None,
            None => self.known(document, *place, *place, unescape),
        };
        Some(Values::one(Text::of(known)).behind(&hop))
    }
}

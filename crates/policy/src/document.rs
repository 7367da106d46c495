//! A policy document as it was read: its statements for evaluation, and the whole value for merging.

use serde_json::{Map, Value};

use crate::condition::Condition;
use crate::pattern::Pattern;
use crate::principal::PrincipalElement;
use crate::variable::Template;

/// The version of the policy language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// `2008-10-17`, in force when a document names none; variables are plain text.
    V2008,
    /// `2012-10-17`.
    V2012,
}

/// What a statement does when it applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Grants.
    Allow,
    /// Forbids, whatever else grants.
    Deny,
}

/// A policy document.
#[derive(Debug, Clone)]
pub struct Document {
    pub(crate) value: Value,
    pub(crate) version: Option<Version>,
    pub(crate) statements: Vec<Statement>,
}

/// One statement of a document.
#[derive(Debug, Clone)]
pub struct Statement {
    pub(crate) sid: Option<String>,
    pub(crate) effect: Effect,
    pub(crate) principal: Option<PrincipalElement>,
    pub(crate) action: ActionElement,
    pub(crate) resource: Option<ResourceElement>,
    pub(crate) conditions: Vec<Condition>,
}

/// An `Action` or `NotAction` element, its patterns in small letters.
#[derive(Debug, Clone)]
pub(crate) struct ActionElement {
    pub(crate) negated: bool,
    pub(crate) patterns: Vec<Pattern>,
}

/// A `Resource` or `NotResource` element.
#[derive(Debug, Clone)]
pub(crate) struct ResourceElement {
    pub(crate) negated: bool,
    pub(crate) templates: Vec<Template>,
}

impl Document {
    /// Returns the version the document names; without one, [`Version::V2008`] is in force.
    pub fn version(&self) -> Option<Version> {
        self.version
    }

    /// Returns the statements in the order of the document.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// Returns the whole document, elements that mean nothing to IAM included.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// Returns the elements of a statement as they stand in the document; the first statement is 0.
    pub fn statement_elements(&self, index: usize) -> Option<&Map<String, Value>> {
        match self.value.get("Statement")? {
            Value::Array(list) => list.get(index)?.as_object(),
            Value::Object(single) if index == 0 => Some(single),
            _ => None,
        }
    }

    /// Returns the document as JSON without white space between the elements.
    pub fn to_compact(&self) -> String {
        self.value.to_string()
    }
}

impl Statement {
    /// Returns the statement's id, if it has one.
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// Returns whether the statement grants or forbids.
    pub fn effect(&self) -> Effect {
        self.effect
    }
}

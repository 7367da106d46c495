//! Failures of operations, in three parts: what was tried, who refused in which words, and what to do.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

/// The result of an operation.
pub type Result<T> = std::result::Result<T, OperationError>;

/// An operation that could not answer.
///
/// Printed it is the first part alone; callers show the others below it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OperationError {
    /// What was tried on what: "cannot read the folder `x`".
    pub tried: String,
    /// Who refused, in which words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub refused: Option<String>,
    /// One action that helps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub hint: Option<String>,
}

impl OperationError {
    /// Returns the failure of what was tried.
    pub fn new(tried: impl Into<String>) -> Self {
        Self { tried: tried.into(), refused: None, hint: None }
    }

    /// Adds who refused and in which words.
    #[must_use]
    pub fn refused(self, words: impl fmt::Display) -> Self {
        Self { refused: Some(words.to_string()), ..self }
    }

    /// Adds an action that helps.
    #[must_use]
    pub fn hint(self, action: impl Into<String>) -> Self {
        Self { hint: Some(action.into()), ..self }
    }
}

impl fmt::Display for OperationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.tried)
    }
}

impl std::error::Error for OperationError {}

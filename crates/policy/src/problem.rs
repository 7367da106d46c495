//! What a document of a given kind should not contain, though it can be read.

use std::collections::HashMap;
use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::document::{Document, Effect, Statement};
use crate::kind::Kind;
use crate::principal::Label;

/// Something in a document that AWS refuses or that does not do what it seems to; statements count from 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "problem")]
#[allow(missing_docs, reason = "the fields are named for what they hold")]
pub enum Problem {
    /// Even without white space the text is longer than this kind of document may be.
    TooLong { characters: usize, limit: usize },
    /// Two statements have the same Sid.
    RepeatedSid { sid: String, first: usize, second: usize },
    /// The Sid has characters that this kind of document does not take.
    SidCharacters { statement: usize, sid: String },
    /// The statement names no principal.
    NoPrincipal { statement: usize },
    /// The statement names a principal, which this kind of document cannot.
    PrincipalNotTaken { statement: usize },
    /// The statement names no resource.
    NoResource { statement: usize },
    /// An Allow for all but the listed principals.
    AllowNotPrincipal { statement: usize },
    /// A principal with a wildcard in its name, which means nobody.
    WildcardPrincipal { statement: usize, principal: String },
    /// The unique id of an identity that no longer exists.
    OrphanPrincipal { statement: usize, principal: String },
    /// A condition operator that is not known.
    UnknownOperator { statement: usize, operator: String },
    /// An element that IAM does not know; the statement is none for elements of the document.
    UnknownElement { statement: Option<usize>, element: String },
}

const DOCUMENT_ELEMENTS: [&str; 3] = ["Version", "Id", "Statement"];
const STATEMENT_ELEMENTS: [&str; 9] = [
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

impl Document {
    /// Returns what a document of this kind should not contain, in the order of the document.
    pub fn problems(&self, kind: Kind) -> Vec<Problem> {
        let mut problems = Vec::new();
        if let Some(limit) = kind.max_characters() {
            let characters = self.to_compact().chars().count();
            if characters > limit {
                problems.push(Problem::TooLong { characters, limit });
            }
        }
        let elements = self.value.as_object();
        unknown_elements(elements, &DOCUMENT_ELEMENTS, None, &mut problems);
        let mut sids = HashMap::new();
        for (index, statement) in self.statements.iter().enumerate() {
            unknown_elements(self.statement_elements(index), &STATEMENT_ELEMENTS, Some(index), &mut problems);
            if let Some(sid) = statement.sid() {
                if let Some(first) = sids.insert(sid, index) {
                    problems.push(Problem::RepeatedSid { sid: sid.to_owned(), first, second: index });
                }
                if kind == Kind::Identity && !sid.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                    problems.push(Problem::SidCharacters { statement: index, sid: sid.to_owned() });
                }
            }
            principals(statement, index, kind, &mut problems);
            if statement.resource.is_none() && !kind.implies_resource() {
                problems.push(Problem::NoResource { statement: index });
            }
            for condition in statement.conditions.iter().filter(|condition| !condition.operator().is_known())
            {
                let operator = condition.operator_name().to_owned();
                problems.push(Problem::UnknownOperator { statement: index, operator });
            }
        }
        problems
    }
}

fn unknown_elements(
    elements: Option<&Map<String, Value>>,
    known: &[&str],
    statement: Option<usize>,
    problems: &mut Vec<Problem>,
) {
    let elements = elements.into_iter().flat_map(Map::keys).filter(|key| !known.contains(&key.as_str()));
    problems.extend(elements.map(|element| Problem::UnknownElement { statement, element: element.clone() }));
}

fn principals(statement: &Statement, index: usize, kind: Kind, problems: &mut Vec<Problem>) {
    let Some(element) = &statement.principal else {
        if kind.names_principals() {
            problems.push(Problem::NoPrincipal { statement: index });
        }
        return;
    };
    if !kind.names_principals() {
        problems.push(Problem::PrincipalNotTaken { statement: index });
        return;
    }
    if element.negated && statement.effect == Effect::Allow {
        problems.push(Problem::AllowNotPrincipal { statement: index });
    }
    for (label, principal) in &element.entries {
        let lone_star = *label == Label::Aws && principal == "*";
        if principal.contains(['*', '?']) && !lone_star {
            problems.push(Problem::WildcardPrincipal { statement: index, principal: principal.clone() });
        }
        if *label == Label::Aws && is_unique_id(principal) {
            problems.push(Problem::OrphanPrincipal { statement: index, principal: principal.clone() });
        }
    }
}

/// Returns whether a text is the unique id of a user or role, as AWS shows those that were deleted.
fn is_unique_id(text: &str) -> bool {
    let prefix = ["AIDA", "AROA"].iter().any(|prefix| text.starts_with(prefix));
    prefix && text.len() >= 16 && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nth = |index: &usize| index + 1;
        match self {
            Problem::TooLong { characters, limit } => {
                write!(formatter, "the document has {characters} characters, more than {limit}")
            }
            Problem::RepeatedSid { sid, first, second } => {
                write!(formatter, "statements {} and {} have the same Sid `{sid}`", nth(first), nth(second))
            }
            Problem::SidCharacters { statement, sid } => {
                write!(
                    formatter,
                    "statement {}: Sid `{sid}` may only have letters and digits",
                    nth(statement)
                )
            }
            Problem::NoPrincipal { statement } => {
                write!(formatter, "statement {} names no principal", nth(statement))
            }
            Problem::PrincipalNotTaken { statement } => {
                write!(
                    formatter,
                    "statement {} names a principal, which this document cannot",
                    nth(statement)
                )
            }
            Problem::NoResource { statement } => {
                write!(formatter, "statement {} names no resource", nth(statement))
            }
            Problem::AllowNotPrincipal { statement } => {
                write!(formatter, "statement {} allows everybody but the principals it lists", nth(statement))
            }
            Problem::WildcardPrincipal { statement, principal } => {
                write!(
                    formatter,
                    "statement {}: principal `{principal}` with a wildcard means nobody",
                    nth(statement)
                )
            }
            Problem::OrphanPrincipal { statement, principal } => {
                write!(formatter, "statement {}: principal `{principal}` no longer exists", nth(statement))
            }
            Problem::UnknownOperator { statement, operator } => {
                write!(
                    formatter,
                    "statement {}: condition operator `{operator}` is not known",
                    nth(statement)
                )
            }
            Problem::UnknownElement { statement: Some(statement), element } => {
                write!(formatter, "statement {}: element `{element}` is not known", nth(statement))
            }
            Problem::UnknownElement { statement: None, element } => {
                write!(formatter, "element `{element}` is not known")
            }
        }
    }
}

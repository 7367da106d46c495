//! Adds or repairs one statement of ours in a document and leaves all else as it was.
//!
//! Owns where the statement goes and what is refused; what a repair changes inside the statement is
//! [`crate::repair`]'s. Statements of others, a Deny or a shared one are never changed or removed.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::document::{Document, Version};
use crate::kind::Kind;
use crate::parse::{ParseError, parse};
use crate::repair::{self, Difference, Repaired, Widening};

/// A statement of ours: an Allow or Deny with a Sid by which it is found again.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnStatement {
    pub(crate) elements: Map<String, Value>,
    sid: String,
    has_variables: bool,
}

/// What a merge did to the document.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "change")]
pub enum Change {
    /// Nothing; the text is the one that was given.
    Unchanged,
    /// The statement was appended.
    Added {
        /// Its place, the first statement being 0.
        index: usize,
        /// The statement.
        after: Value,
    },
    /// The statement was there and lacked something.
    Repaired {
        /// Its place, the first statement being 0.
        index: usize,
        /// The statement as it was.
        before: Value,
        /// The statement as it is now.
        after: Value,
    },
}

/// A document with our statement in it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Merged {
    /// The document's text; without white space between elements when it was changed.
    pub text: String,
    /// Characters of the text, as ECR counts them.
    pub characters: usize,
    /// What was done.
    pub change: Change,
    /// How our statement still differs from the one wanted, because that was left as someone made it.
    pub differences: Vec<Difference>,
}

/// Why a merge was refused; the document stays as it is.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MergeError {
    /// The document cannot be read.
    #[error("cannot merge statement `{sid}`: {cause}")]
    Unreadable {
        /// Our Sid.
        sid: String,
        /// Why it cannot be read, and where.
        cause: ParseError,
    },
    /// The statement to merge is not one that can be found and repaired.
    #[error("cannot use the statement to merge: {why}")]
    NotUsable {
        /// What is wrong with it.
        why: String,
    },
    /// A statement has our Sid and is not ours.
    #[error("cannot repair statement {} with Sid `{sid}`: {why}", .index + 1)]
    SidTaken {
        /// Our Sid.
        sid: String,
        /// Place of the statement, the first being 0.
        index: usize,
        /// What shows that it is someone else's.
        why: &'static str,
    },
    /// Two statements have our Sid.
    #[error("cannot tell which statement is meant: {} and {} both have Sid `{sid}`", .first + 1, .second + 1)]
    SidTwice {
        /// Our Sid.
        sid: String,
        /// Place of the first, counted from 0.
        first: usize,
        /// Place of the second, counted from 0.
        second: usize,
    },
    /// Our statement uses variables, and the document's version takes them as plain text.
    #[error("cannot merge statement `{sid}` with policy variables into a document of version 2008-10-17")]
    OldVersion {
        /// Our Sid.
        sid: String,
    },
    /// The document would be longer than AWS takes.
    #[error(
        "cannot merge statement `{sid}`: the document would have {characters} characters, more than {limit}"
    )]
    TooLong {
        /// Our Sid.
        sid: String,
        /// Characters it would have.
        characters: usize,
        /// Characters it may have.
        limit: usize,
    },
}

impl OwnStatement {
    /// Returns a statement that can be merged.
    ///
    /// # Errors
    /// [`MergeError::NotUsable`] when it is not a statement, has no Sid, or says what it is not for
    /// (`NotPrincipal`, `NotAction`, `NotResource`), which cannot be repaired piece by piece.
    pub fn new(statement: Value) -> Result<OwnStatement, MergeError> {
        let unusable = |why: String| MergeError::NotUsable { why };
        let text = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
        let document = parse(&text).map_err(|error| unusable(error.fault.to_string()))?;
        let read = document.statements.first();
        let Some(sid) = read.and_then(|read| read.sid.clone()).filter(|sid| !sid.is_empty()) else {
            return Err(unusable("it has no Sid".to_owned()));
        };
        let negations = ["NotPrincipal", "NotAction", "NotResource"];
        if let Some(element) = negations.into_iter().find(|element| statement.get(element).is_some()) {
            return Err(unusable(format!("it has the element `{element}`")));
        }
        let has_variables = read.is_some_and(|read| {
            let resources = read.resource.iter().flat_map(|element| &element.templates);
            resources.into_iter().any(|template| template.has_variables())
                || read.conditions.iter().any(|condition| condition.has_variables())
        });
        match statement {
            Value::Object(elements) => Ok(OwnStatement { elements, sid, has_variables }),
            _ => Err(unusable("it is not an object".to_owned())),
        }
    }

    /// Returns the Sid.
    pub fn sid(&self) -> &str {
        &self.sid
    }

    /// Returns the statement's elements.
    pub fn elements(&self) -> &Map<String, Value> {
        &self.elements
    }
}

/// Returns the document with our statement in it.
///
/// Without a document, or with a blank one, a new one is made. A statement with our Sid is repaired: principals,
/// actions, resources and conditions it lacks are added, and nothing is taken away. What a person narrowed stays
/// narrow: a condition of theirs is kept, and a resource is not added where a narrower one stands in its place, nor
/// anything to a statement they share with other principals, unless [`Widening::Asked`]. Merging twice is merging once.
///
/// # Errors
/// [`MergeError`] when the document cannot be read, when the Sid is someone else's or there twice, or when the
/// document would be longer than its kind may be.
pub fn merge(
    kind: Kind,
    current: Option<&str>,
    own: &OwnStatement,
    widening: Widening,
) -> Result<Merged, MergeError> {
    let sid = || own.sid.clone();
    let Some(current) = current.filter(|text| !text.trim().is_empty()) else {
        let after = Value::Object(own.elements.clone());
        let text = json!({"Version": "2012-10-17", "Statement": [after]}).to_string();
        return finish(kind, own, text, Change::Added { index: 0, after }, Vec::new());
    };
    let mut document = parse(current).map_err(|cause| MergeError::Unreadable { sid: sid(), cause })?;
    let mut places =
        document.statements.iter().enumerate().filter(|(_, statement)| statement.sid() == Some(&own.sid));
    let place = places.next().map(|(index, _)| index);
    if let (Some(first), Some((second, _))) = (place, places.next()) {
        return Err(MergeError::SidTwice { sid: sid(), first, second });
    }
    if own.has_variables && document.version != Some(Version::V2012) {
        return Err(MergeError::OldVersion { sid: sid() });
    }
    let Some(index) = place else {
        let index = document.statements.len();
        let after = Value::Object(own.elements.clone());
        append(&mut document, after.clone());
        return finish(kind, own, document.to_compact(), Change::Added { index, after }, Vec::new());
    };
    let taken = |why| MergeError::SidTaken { sid: sid(), index, why };
    let before = document.statement_elements(index).cloned().unwrap_or_default();
    let Repaired { elements, differences } = repair::repair(&before, own, kind, widening).map_err(taken)?;
    if elements == before {
        let characters = current.chars().count();
        return Ok(Merged { text: current.to_owned(), characters, change: Change::Unchanged, differences });
    }
    let after = Value::Object(elements);
    replace(&mut document, index, after.clone());
    let change = Change::Repaired { index, before: Value::Object(before), after };
    finish(kind, own, document.to_compact(), change, differences)
}

/// Appends a statement; a single statement becomes the first of a list.
fn append(document: &mut Document, statement: Value) {
    match document.value.get_mut("Statement") {
        Some(Value::Array(list)) => list.push(statement),
        Some(single) => *single = Value::Array(vec![single.take(), statement]),
        None => {}
    }
}

/// Puts a statement in the place of another.
fn replace(document: &mut Document, index: usize, statement: Value) {
    match document.value.get_mut("Statement") {
        Some(Value::Array(list)) => {
            if let Some(entry) = list.get_mut(index) {
                *entry = statement;
            }
        }
        Some(single) => *single = statement,
        None => {}
    }
}

fn finish(
    kind: Kind,
    own: &OwnStatement,
    text: String,
    change: Change,
    differences: Vec<Difference>,
) -> Result<Merged, MergeError> {
    let characters = text.chars().count();
    match kind.max_characters() {
        Some(limit) if characters > limit => {
            Err(MergeError::TooLong { sid: own.sid.clone(), characters, limit })
        }
        _ => Ok(Merged { text, characters, change, differences }),
    }
}

//! AWS policy documents: read them, decide what they allow and why, and merge one statement into them.
//!
//! Owns the grammar and the evaluation rules of IAM policies. Does no I/O, reads no clock and no
//! environment, and knows nothing of the service the documents are for: what must be granted to whom
//! is the caller's knowledge.
//!
//! - [`parse`] reads a document and says where it is wrong.
//! - [`decide`] answers a [`Request`] with allowed, denied or depends, and the statement that decided.
//! - [`merge`] adds or repairs one statement, recognised by its Sid, and leaves all else as it was.
//! - [`withdraw`] takes one statement out again.
//! - [`Document::problems`] lists what a document of a given [`Kind`] should not contain.

mod combine;
mod condition;
mod decide;
mod decision;
mod document;
mod explain;
mod kind;
mod merge;
mod nearest;
mod parse;
mod pattern;
mod place;
mod principal;
mod problem;
mod reader;
mod repair;
mod request;
mod truth;
mod variable;
mod withdraw;

pub use combine::decide;
pub use decision::{
    AbsentKey, Caution, Decision, Denial, Hanging, Miss, Missing, NearMiss, Reason, Remedy, Side,
    StatementRef, Verdict,
};
pub use document::{Document, Effect, Statement, Version};
pub use kind::{Kind, RegistryScope, Source};
pub use merge::{Change, MergeError, Merged, OwnStatement, merge};
pub use parse::{MAX_TEXT_BYTES, ParseError, ParseFault, parse};
pub use place::{Place, Step};
pub use principal::{Identity, Principal, PrincipalError};
pub use problem::Problem;
pub use repair::{Cause, Difference, Widening};
pub use request::Request;
pub use withdraw::{Withdrawn, withdraw};

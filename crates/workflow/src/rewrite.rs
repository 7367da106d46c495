//! Rewrites the container references of a workflow in place: computes which bytes of which file to replace.
//!
//! Owns the way from a scan and a map to new texts, and the proof that they are right: the new texts are
//! scanned before anybody writes them, and an edit after which any name is not exactly what was asked for is
//! taken back. Touches nothing but the bytes of image names and, with a parameter, its declarations; writes
//! no file. Must not know AWS, ECR or where a map comes from.

mod declaration;
mod edit;
mod parameter;
mod plan;
mod proposal;
#[cfg(test)]
mod tests;
mod verify;

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

pub(crate) use self::declaration::{Declarations, Place};
pub(crate) use self::edit::Edit;
#[cfg(test)]
pub(crate) use self::edit::{Edits, apply};
pub use self::parameter::{Parameter, ParameterError};
use crate::reference::ContainerReference;
use crate::source::{Limits, ScanError, SourceTree};

/// What a map says of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// The name it gets.
    Name(String),
    /// It has that name already.
    Reached,
    /// Nothing.
    Unmapped,
    /// It is known and gets no name, for this reason.
    Refused(String),
}

/// What to rewrite, and how.
pub struct RewriteRequest<'a> {
    /// What the map says of a name that an engine asks for.
    pub destination: &'a dyn Fn(&str) -> Destination,
    /// The parameter that stands for the registry in the new names, where they are to have one.
    pub parameter: Option<Parameter>,
}

/// How a reference was rewritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// The whole name is written where the old one was.
    Name,
    /// Of a name that is put together from several texts, the one it begins with has changed.
    Beginning,
    /// The name begins with the parameter.
    Parameter,
}

/// Why a reference was left alone; stable names that scripts may test for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// It leads to the private registry already.
    AlreadyThere,
    /// No file gives the attribute a value.
    Unresolved,
    /// Only engines like Singularity take it.
    Singularity,
    /// The map does not name it.
    NotInMap,
    /// The map names it, and gives it no name in the private registry.
    NoName,
    /// The new name has characters that not every string of a workflow can hold.
    Characters,
    /// The name is put together in a way that no single text can be changed for.
    PutTogether,
    /// The text is used for other names too, which would change with it.
    Shared,
    /// Two references want the same text to become different things.
    Conflict,
    /// The language takes no parameter at this place.
    NoParameter,
    /// The parameter cannot be declared or passed to where it is needed.
    Undeclared,
    /// A scan of the new text does not find the new name.
    NotFoundAgain,
}

/// What became of a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was rewritten.
    Rewritten {
        /// The new name.
        destination: String,
        /// How.
        way: Way,
    },
    /// It was left as it is.
    LeftAlone {
        /// Why.
        reason: Reason,
        /// Why, in words, in lower case.
        message: String,
    },
}

/// A reference and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewritten {
    /// The reference as it was.
    pub reference: ContainerReference,
    /// What became of it.
    pub outcome: Outcome,
}

/// The new text of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Path relative to the folder, with `/`.
    pub path: String,
    /// The text it was computed from.
    pub before: String,
    /// The new text.
    pub after: String,
    /// How many places change.
    pub edits: usize,
}

/// A place that declares the parameter since the rewrite.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Declared {
    /// Path of the file, relative to the folder.
    pub file: String,
    /// The task, workflow or configuration: "task `align`".
    pub what: String,
}

/// What a rewrite would change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rewriting {
    /// Each reference and what became of it, in the order of file and line.
    pub references: Vec<Rewritten>,
    /// The files that change, in the order of their paths.
    pub files: Vec<FileChange>,
    /// Where the parameter is declared.
    pub declared: Vec<Declared>,
    /// The inputs of workflows that nobody calls in which the parameter has no default: whoever runs the
    /// workflow has to give them.
    pub inputs: Vec<String>,
}

/// Why a folder could not be looked at for rewriting.
#[derive(Debug, thiserror::Error)]
pub enum RewriteError {
    /// It could not be scanned.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// It is an archive, whose files cannot be changed.
    #[error("`{0}` is an archive")]
    Archive(std::path::PathBuf),
}

/// Returns what a rewrite of a folder or of a single file would change. Reads files only, and writes none.
///
/// # Errors
/// [`RewriteError`] when `path` cannot be read, or is an archive.
pub fn rewrite(path: &Path, limits: Limits, request: &RewriteRequest<'_>) -> Result<Rewriting, RewriteError> {
    let tree = SourceTree::open(path, limits)?;
    if tree.is_archive() {
        return Err(RewriteError::Archive(path.to_owned()));
    }
    Ok(rewrite_tree(&tree, request))
}

/// Returns what a rewrite of a tree of files would change.
pub fn rewrite_tree(tree: &SourceTree, request: &RewriteRequest<'_>) -> Rewriting {
    plan::Plan::new(tree, request).carry_out()
}

//! How documents for programs are written: one value, in one of two notations.

use operations::OperationError;
use serde::Serialize;

use crate::failure;

/// A notation of documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notation {
    /// JSON.
    Json,
    /// YAML, of the same values under the same names.
    Yaml,
}

/// Writes a document to standard output.
///
/// # Errors
/// When standard output cannot be written to.
pub(crate) fn print(document: &impl Serialize, notation: Notation) -> operations::Result<()> {
    failure::print(&text(document, notation)?)
}

/// Returns a document over as many lines as are good to read.
///
/// # Errors
/// When the document has a value that the notation has no form for.
pub(crate) fn text(document: &impl Serialize, notation: Notation) -> operations::Result<String> {
    match notation {
        Notation::Json => serde_json::to_string_pretty(document).map(|text| text + "\n").map_err(unwritable),
        Notation::Yaml => yaml(document),
    }
}

/// Returns a document as a reader of lines takes it: JSON in one line, YAML as ever.
///
/// # Errors
/// As [`text`].
pub(crate) fn line(document: &impl Serialize, notation: Notation) -> operations::Result<String> {
    match notation {
        Notation::Json => serde_json::to_string(document).map(|text| text + "\n").map_err(unwritable),
        Notation::Yaml => yaml(document),
    }
}

/// Returns a document as YAML; by way of JSON, so that both say the same.
fn yaml(document: &impl Serialize) -> operations::Result<String> {
    let value = serde_json::to_value(document).map_err(unwritable)?;
    serde_saphyr::to_string(&value).map_err(unwritable)
}

fn unwritable(error: impl std::fmt::Display) -> OperationError {
    OperationError::new("cannot print the report").refused(error)
}

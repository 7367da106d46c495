//! How documents for programs are written: one value, in one of two notations.

use operations::OperationError;
use serde::Serialize;

use crate::failure;

/// A document that commands print for programs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DocumentKind {
    /// What it is called.
    pub(crate) name: &'static str,
    /// What it says as `schema_version`.
    pub(crate) schema_version: u32,
}

/// All documents, in the order of their names.
pub(crate) const DOCUMENTS: [DocumentKind; 27] = [
    DocumentKind::first("cache-list"),
    DocumentKind::first("cache-plan"),
    DocumentKind::first("cache-removal-plan"),
    DocumentKind::first("cache-removal-report"),
    DocumentKind::first("cache-report"),
    DocumentKind::first("check-report"),
    DocumentKind::first("clone-plan"),
    DocumentKind::first("clone-report"),
    DocumentKind::first("doctor-report"),
    DocumentKind::first("drift-plan"),
    DocumentKind::first("drift-report"),
    DocumentKind::first("grant-plan"),
    DocumentKind::first("grant-report"),
    DocumentKind::first("policy-cases"),
    DocumentKind::first("policy-decision"),
    DocumentKind::first("prepare-lock"),
    DocumentKind::first("prepare-plan"),
    DocumentKind::first("prepare-report"),
    DocumentKind::first("prepare-saved-plan"),
    DocumentKind::first("rewrite-report"),
    DocumentKind::first("role-check"),
    DocumentKind::first("role-policies"),
    DocumentKind::first("scan-report"),
    DocumentKind::first("secret-check"),
    DocumentKind::first("secret-plan"),
    DocumentKind::first("secret-report"),
    DocumentKind::first("validate-report"),
];

impl DocumentKind {
    const fn first(name: &'static str) -> Self {
        Self { name, schema_version: 1 }
    }
}

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

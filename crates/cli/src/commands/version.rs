//! `omics-ecr version`

use std::collections::BTreeMap;
use std::env::consts::{ARCH, OS};
use std::process::ExitCode;

use serde::Serialize;

use crate::arguments::VersionArguments;
use crate::document::{self, DOCUMENTS};
use crate::failure::print;

/// What is told about the program.
#[derive(Debug, Serialize)]
struct Version {
    schema_version: u32,
    version: &'static str,
    /// The commit that it was built from, where whoever built it said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<&'static str>,
    target: String,
    /// The `schema_version` of each document that commands print.
    documents: BTreeMap<&'static str, u32>,
}

/// Tells the version.
pub(crate) fn run(arguments: &VersionArguments) -> operations::Result<ExitCode> {
    let version = Version {
        schema_version: 1,
        version: env!("CARGO_PKG_VERSION"),
        commit: option_env!("OMICS_ECR_COMMIT").filter(|commit| !commit.is_empty()),
        target: target(),
        documents: DOCUMENTS.iter().map(|document| (document.name, document.schema_version)).collect(),
    };
    match arguments.output.shape.notation() {
        Some(notation) => document::print(&version, notation)?,
        None => {
            let commit = version.commit.map(|commit| format!(", commit {commit}")).unwrap_or_default();
            print(&format!("omics-ecr {} ({}{commit})\n", version.version, version.target))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns the machine that the program was built for.
fn target() -> String {
    let library = match () {
        () if cfg!(target_env = "musl") => "-musl",
        () if cfg!(target_env = "gnu") => "-gnu",
        () if cfg!(target_env = "msvc") => "-msvc",
        () => "",
    };
    format!("{ARCH}-{OS}{library}")
}

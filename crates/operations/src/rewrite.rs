//! Rewrite: the images of a workflow get their names in the private registry, in its own files.
//!
//! Reads and writes files only; no network, no AWS account. A plan reads; its application writes exactly what
//! the plan shows, or nothing.

mod apply;
mod mapping;
mod report;

use std::path::PathBuf;

use similar::TextDiff;
use workflow::{FileChange, Limits, Parameter, Rewriting};

pub use self::apply::apply;
pub use self::report::{LeftAlone, RewriteReport, RewrittenFile, RewrittenImage, UsedParameter};
use crate::error::{OperationError, Result};
use crate::finding::{Code, Finding, Severity};
use crate::target::EcrTarget;
use mapping::Mapping;

/// Lines around a change that a diff shows.
const CONTEXT: usize = 3;

/// What to rewrite, and by which map.
#[derive(Debug, Clone, Default)]
pub struct RewriteRequest {
    /// The folder, or a workflow file.
    pub path: PathBuf,
    /// The file with the map: the flat image map, or HealthOmics' container registry map.
    pub map: PathBuf,
    /// The private registry that registry mappings lead to, as far as it is known.
    pub target: EcrTarget,
    /// The name of the parameter that is to stand for the registry, if one is.
    pub parameter: Option<String>,
    /// The default of the parameter: a registry.
    pub default: Option<String>,
    /// Whether the parameter may stand in CWL too, in expressions that AWS HealthOmics alone evaluates.
    pub cwl_expressions: bool,
    /// Bounds on what is read.
    pub limits: Limits,
}

/// What a rewrite would change: data, until it is applied.
#[derive(Debug, Clone)]
pub struct RewritePlan {
    /// What is shown of it.
    pub report: RewriteReport,
    path: PathBuf,
    files: Vec<FileChange>,
}

/// Returns what a rewrite would change. Writes nothing.
///
/// # Errors
/// When the folder or the map cannot be read, the map is none, the folder is an archive, or the parameter's
/// name or default is none.
pub fn plan(request: &RewriteRequest) -> Result<RewritePlan> {
    let mapping = Mapping::read(&request.map, &request.target)?;
    let parameter = parameter(request, &mapping)?;
    let destination = |name: &str| mapping.destination(name);
    let asked = workflow::RewriteRequest { destination: &destination, parameter: parameter.clone() };
    let rewriting = workflow::rewrite(&request.path, request.limits, &asked).map_err(unreadable)?;
    let files = rewriting.files.iter().map(of_file).collect();
    let mut report = RewriteReport::new(request.path.display().to_string(), &rewriting, files);
    report.parameter = parameter.as_ref().map(|parameter| UsedParameter {
        name: parameter.name().to_owned(),
        registry: parameter.registry().to_owned(),
        default: parameter.default().map(str::to_owned),
    });
    report.findings.extend(mapping.findings);
    let Rewriting { files, .. } = rewriting;
    Ok(RewritePlan { report, path: request.path.clone(), files })
}

/// Returns the parameter that was asked for.
fn parameter(request: &RewriteRequest, mapping: &Mapping) -> Result<Option<Parameter>> {
    let Some(name) = &request.parameter else { return Ok(None) };
    let tried = || OperationError::new(format!("cannot use the parameter `{name}` for the registry"));
    let Some(registry) = mapping.registry() else {
        return Err(tried()
            .refused("the map leads to no registry")
            .hint("name a map with an image or a registry mapping in it"));
    };
    let parameter = Parameter::new(name, &registry, request.default.as_deref()).map_err(|error| {
        tried()
            .refused(error)
            .hint("write `--parameterize ecr_registry`, and a default as HOST or HOST/PREFIX")
    })?;
    Ok(Some(parameter.with_cwl_expressions(request.cwl_expressions)))
}

fn unreadable(error: workflow::RewriteError) -> OperationError {
    match error {
        workflow::RewriteError::Archive(path) => {
            OperationError::new(format!("cannot rewrite the archive `{}`", path.display()))
                .refused("files in an archive are not changed")
                .hint("unpack it, rewrite the folder, and pack that")
        }
        workflow::RewriteError::Scan(error) => {
            let refused = std::error::Error::source(&error).map(ToString::to_string);
            let tried = OperationError::new(error.to_string());
            let tried = if let Some(words) = refused { tried.refused(words) } else { tried };
            tried.hint("name a workflow folder, or a workflow file, that exists and may be read")
        }
    }
}

fn of_file(change: &FileChange) -> RewrittenFile {
    let diff = TextDiff::from_lines(&change.before, &change.after);
    let (old, new) = (format!("a/{}", change.path), format!("b/{}", change.path));
    let diff = diff.unified_diff().context_radius(CONTEXT).header(&old, &new).to_string();
    RewrittenFile { file: change.path.clone(), edits: change.edits, diff }
}

/// Returns the finding that the registry of a map is a placeholder, where it is one.
fn placeholder(registry: &str) -> Option<Finding> {
    let words: Vec<&str> = registry.split('.').filter(|part| matches!(*part, "ACCOUNT" | "REGION")).collect();
    (!words.is_empty()).then(|| {
        let message = format!("{} in the map stands for a value that was not given", words.join(" and "));
        let hint = "make the map for your account and Region, or replace the words in it";
        Finding::new(Severity::Warning, Code::Placeholder, registry, message).hint(hint)
    })
}

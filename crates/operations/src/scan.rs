//! Scan: every image of a workflow, and how each can come into a private ECR.
//!
//! Reads files only; no network, no AWS account.

use std::collections::BTreeMap;
use std::path::PathBuf;

use image::ImageReference;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use workflow::{ContainerReference, Engine, Language, Limits, Resolution};

use crate::error::{OperationError, Result};
use crate::finding::{Code, Finding, Severity};
use crate::route::Route;
use crate::target::EcrTarget;

/// What to scan.
#[derive(Debug, Clone, Default)]
pub struct ScanRequest {
    /// The folder, zip archive or file.
    pub path: PathBuf,
    /// Where the images should come to, where that is known.
    pub target: EcrTarget,
    /// Bounds on what is read.
    pub limits: Limits,
}

/// Where an image is named.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// The file, relative to the scanned folder.
    pub file: String,
    /// The line, counted from 1.
    pub line: u32,
}

/// One image of a workflow, with all its places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ImageSummary {
    /// The name that the engine asks a registry for, as it comes out of the workflow.
    pub image: String,
    /// How it can come into a private ECR.
    pub route: Route,
    /// The places where it is written.
    pub places: Vec<Place>,
    /// The tasks, processes and tools that use it.
    pub used_by: Vec<String>,
    /// The languages it is used in.
    pub languages: Vec<Language>,
}

/// What a scan found, as `--output json` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ScanReport {
    /// The version of this shape: `1`.
    pub schema_version: u32,
    /// The folder, archive or file, as it was given.
    pub path: String,
    /// How many workflow files were read.
    pub files: usize,
    /// Each image that a registry would be asked for, in the order of the names.
    pub images: Vec<ImageSummary>,
    /// Every reference, in the order of file and line; with those only Singularity takes, and the unresolved.
    pub references: Vec<ContainerReference>,
    /// Observations: unresolved attributes, malformed names, files left out.
    pub findings: Vec<Finding>,
}

impl ScanReport {
    /// Returns how many container attributes have no known value.
    pub fn unresolved(&self) -> usize {
        self.references.iter().filter(|reference| reference.is_unresolved()).count()
    }
}

/// Returns every image of a folder, a zip archive or a file.
///
/// # Errors
/// When the path cannot be read at all. A file that cannot be read or parsed is a finding.
pub fn scan(request: &ScanRequest) -> Result<ScanReport> {
    let path = request.path.display().to_string();
    let scan = workflow::scan(&request.path, request.limits).map_err(|error| {
        let refused = std::error::Error::source(&error).map(ToString::to_string);
        let tried = OperationError::new(error.to_string());
        let tried = if let Some(words) = refused { tried.refused(words) } else { tried };
        tried.hint(
            "name a workflow folder, a zip archive of one, or a workflow file that exists and may be read",
        )
    })?;
    let images = summarize(&scan.references, &request.target);
    let mut findings: Vec<_> = scan.references.iter().filter_map(finding_of).collect();
    findings.extend(images.iter().filter_map(doubled_host));
    findings.extend(scan.warnings.into_iter().map(|warning| {
        let subject = match warning.line {
            Some(line) => format!("{}:{line}", warning.file),
            None => warning.file,
        };
        Finding::new(Severity::Note, Code::LeftOut, subject, warning.message)
    }));
    Ok(ScanReport {
        schema_version: 1,
        path,
        files: scan.files,
        images,
        references: scan.references,
        findings,
    })
}

/// Groups the references that a registry would be asked for by name.
fn summarize(references: &[ContainerReference], target: &EcrTarget) -> Vec<ImageSummary> {
    let mut by_name: BTreeMap<&str, Vec<&ContainerReference>> = BTreeMap::new();
    for reference in references {
        if let (Some(name), true) = (reference.asked_for(), is_asked_for(reference)) {
            by_name.entry(name).or_default().push(reference);
        }
    }
    let summary = |(name, references): (&str, Vec<&ContainerReference>)| {
        let mut places: Vec<_> =
            references.iter().map(|found| Place { file: found.file.clone(), line: found.line }).collect();
        places.sort();
        places.dedup();
        let sites = references.iter().flat_map(|reference| &reference.sites);
        let mut used_by: Vec<_> = sites.filter_map(|site| site.name.clone()).collect();
        used_by.sort();
        used_by.dedup();
        let mut languages: Vec<_> = references.iter().map(|reference| reference.language).collect();
        languages.sort();
        languages.dedup();
        let route = match name.parse::<ImageReference>() {
            Ok(image) => Route::of(&image, target),
            Err(error) => Route::Cannot { reason: error.to_string() },
        };
        ImageSummary { image: name.to_owned(), route, places, used_by, languages }
    };
    by_name.into_iter().map(summary).collect()
}

/// Returns whether HealthOmics would ask a registry for the reference by a name that still has to be mapped.
fn is_asked_for(reference: &ContainerReference) -> bool {
    reference.engine != Engine::Singularity && !reference.already_mapped
}

fn finding_of(reference: &ContainerReference) -> Option<Finding> {
    let subject = format!("{}:{}", reference.file, reference.line);
    if let Resolution::Unresolved { template, depends_on } = &reference.resolution {
        let depends = match depends_on.as_slice() {
            [] => String::new(),
            names => format!(" (it hangs on {})", names.join(", ")),
        };
        let message = format!("no file gives `{template}` a value{depends}");
        let hint = "give the image a default in the workflow, or pass its name when the run starts";
        return Some(Finding::new(Severity::Warning, Code::Unresolved, subject, message).hint(hint));
    }
    let problem = reference.malformed.as_ref()?;
    let hint = "write the image as HOST/REPOSITORY:TAG";
    Some(Finding::new(Severity::Error, Code::Malformed, subject, problem).hint(hint))
}

/// Finds `quay.io/quay.io/...`: a module names its host and the pipeline puts a registry before it.
fn doubled_host(summary: &ImageSummary) -> Option<Finding> {
    let image: ImageReference = summary.image.parse().ok()?;
    let (first, _) = image.repository().as_str().split_once('/')?;
    if first.parse::<image::RegistryHost>().ok()? != *image.host() || !first.contains('.') {
        return None;
    }
    let message = format!("the host {} stands in the name twice", image.host());
    let hint = "take the host out of the image's name, or out of the registry setting before it";
    Some(Finding::new(Severity::Error, Code::DoubledHost, &summary.image, message).hint(hint))
}

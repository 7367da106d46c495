//! What a rewrite changes and what it leaves alone, as data.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use workflow::{ContainerReference, Declared, Language, Outcome, Reason, Rewriting, Way};

use crate::finding::Finding;

/// A reference that gets another name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RewrittenImage {
    /// The name that the engine asked for.
    pub image: String,
    /// The name in the private registry; with a parameter, the one that the map gives.
    pub destination: String,
    /// How it is written.
    pub way: Way,
    /// The file in which the name is written, relative to the folder.
    pub file: String,
    /// The line of the name before the rewrite, counted from 1.
    pub line: u32,
    /// The tasks, processes and tools that use it.
    pub used_by: Vec<String>,
}

/// A reference that stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LeftAlone {
    /// The name that the engine asks for; absent when no file gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub image: Option<String>,
    /// The text as it is written.
    pub text: String,
    /// The file in which it is written, relative to the folder.
    pub file: String,
    /// The line, counted from 1.
    pub line: u32,
    /// Why.
    pub reason: Reason,
    /// Why, in words.
    pub message: String,
    /// One action that helps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub hint: Option<String>,
}

impl LeftAlone {
    /// Returns whether somebody who wants all images in the private registry has something left to do.
    pub fn is_open(&self) -> bool {
        !matches!(self.reason, Reason::AlreadyThere | Reason::Singularity)
    }
}

/// A file that changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RewrittenFile {
    /// The file, relative to the folder.
    pub file: String,
    /// How many places change.
    pub edits: usize,
    /// The changes as a unified diff.
    pub diff: String,
}

/// The parameter that stands for the registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UsedParameter {
    /// Its name.
    pub name: String,
    /// The registry whose place it takes.
    pub registry: String,
    /// Its default, where one was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub default: Option<String>,
}

/// What a rewrite changes, as `--output json` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RewriteReport {
    /// The version of this shape: `1`.
    pub schema_version: u32,
    /// The folder or file, as it was given.
    pub path: String,
    /// Whether the files have been written.
    pub applied: bool,
    /// The files that change, in the order of their paths.
    pub files: Vec<RewrittenFile>,
    /// The references with other names, in the order of file and line.
    pub rewritten: Vec<RewrittenImage>,
    /// The references that stay as they are, in the order of file and line.
    pub left_alone: Vec<LeftAlone>,
    /// The parameter, where one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "UsedParameter")]
    pub parameter: Option<UsedParameter>,
    /// Where the parameter is declared.
    pub declared: Vec<Declared>,
    /// The inputs of workflows that whoever runs them has to give now.
    pub inputs: Vec<String>,
    /// Observations about the map.
    pub findings: Vec<Finding>,
}

impl RewriteReport {
    /// Returns the report on a rewrite that is not applied yet.
    pub(super) fn new(path: String, rewriting: &Rewriting, files: Vec<RewrittenFile>) -> Self {
        let mut rewritten = Vec::new();
        let mut left_alone = Vec::new();
        for found in &rewriting.references {
            let reference = &found.reference;
            match &found.outcome {
                Outcome::Rewritten { destination, way } => rewritten.push(RewrittenImage {
                    image: reference.asked_for().unwrap_or_default().to_owned(),
                    destination: destination.clone(),
                    way: *way,
                    file: reference.file.clone(),
                    line: reference.line,
                    used_by: used_by(reference),
                }),
                Outcome::LeftAlone { reason, message } => left_alone.push(LeftAlone {
                    image: reference.asked_for().map(str::to_owned),
                    text: reference.text.clone(),
                    file: reference.file.clone(),
                    line: reference.line,
                    reason: *reason,
                    message: message.clone(),
                    hint: hint(*reason, reference.language).map(str::to_owned),
                }),
            }
        }
        Self {
            schema_version: 1,
            path,
            applied: false,
            files,
            rewritten,
            left_alone,
            parameter: None,
            declared: rewriting.declared.clone(),
            inputs: rewriting.inputs.clone(),
            findings: Vec::new(),
        }
    }

    /// Returns how many references were left alone for each reason.
    pub fn reasons(&self) -> BTreeMap<Reason, usize> {
        let mut reasons = BTreeMap::new();
        self.left_alone.iter().for_each(|left| *reasons.entry(left.reason).or_default() += 1);
        reasons
    }
}

fn used_by(reference: &ContainerReference) -> Vec<String> {
    let mut names: Vec<String> = reference.sites.iter().filter_map(|site| site.name.clone()).collect();
    names.sort();
    names.dedup();
    names
}

/// Returns what helps against a reason.
fn hint(reason: Reason, language: Language) -> Option<&'static str> {
    match reason {
        Reason::AlreadyThere | Reason::Singularity => None,
        Reason::Unresolved => {
            Some("give the image a default in the workflow, or pass its name when the run starts")
        }
        Reason::NotInMap => {
            Some("add the image to the map: `omics-ecr map` writes one of the whole workflow")
        }
        Reason::NoName => {
            Some("clone the image and add its name to the map, or pass the map to HealthOmics as it is")
        }
        Reason::Characters => {
            Some("write the name in the map with letters, digits and the marks ._/:@+- alone")
        }
        Reason::PutTogether | Reason::Shared | Reason::Conflict | Reason::NotFoundAgain => {
            Some("change it by hand, or pass the map to HealthOmics as container registry map")
        }
        Reason::NoParameter if language == Language::Cwl => Some(
            "add `--cwl-expressions` when the workflow runs on AWS HealthOmics alone, else rewrite without a parameter",
        ),
        Reason::NoParameter => {
            Some("rewrite without a parameter, or pass the map to HealthOmics as container registry map")
        }
        Reason::Undeclared => {
            Some("choose another name for the parameter, or declare it by hand and run again")
        }
    }
}

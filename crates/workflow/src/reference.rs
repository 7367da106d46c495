//! What a scan finds: container references, the text they are put together from, and how they resolve.
//!
//! Owns the vocabulary that the three languages share. Must not know any of the languages.

use schemars::JsonSchema;
use serde::Serialize;

/// The language of the file in which a container attribute stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Workflow Description Language: draft-2, 1.x and development.
    Wdl,
    /// Nextflow scripts and configuration files.
    Nextflow,
    /// Common Workflow Language: draft-3 to v1.2, YAML and JSON.
    Cwl,
}

/// Which container engine takes a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// Every engine: the workflow does not tell engines apart here.
    Any,
    /// Engines that pull from a registry, as HealthOmics does: the other side of a Singularity branch.
    Docker,
    /// Only engines like Singularity: image files, `oras://`, `shub://` and the Singularity side of a branch.
    Singularity,
}

/// A piece of source text that the name of an image is put together from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
pub struct Literal {
    /// Path of the file, relative to the scanned folder, with `/`.
    pub file: String,
    /// Line of the first byte, counted from 1.
    pub line: u32,
    /// Column of the first byte, counted from 1 in characters.
    pub column: u32,
    /// Offset in bytes of the first byte of the text, quotes not included.
    pub start: usize,
    /// Offset in bytes just behind the last byte of the text, quotes not included.
    pub end: usize,
}

/// A container attribute that a reference reaches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
pub struct Site {
    /// Path of the file, relative to the scanned folder, with `/`.
    pub file: String,
    /// Line of the attribute, counted from 1.
    pub line: u32,
    /// Column of the attribute, counted from 1 in characters.
    pub column: u32,
    /// The task, process, tool or configuration selector that owns the attribute, where it has a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// One step on the way from the attribute back to the text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
pub struct Step {
    /// Path of the file, relative to the scanned folder, with `/`.
    pub file: String,
    /// Line, counted from 1.
    pub line: u32,
    /// What stands there, in words: "input `docker` of task `align`".
    pub what: String,
}

/// How the name of an image is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "resolution", rename_all = "lowercase")]
pub enum Resolution {
    /// The attribute itself holds the text.
    Literal,
    /// The text stands elsewhere, or is put together; `chain` leads from the attribute to the text.
    Resolved {
        /// The steps from the attribute to the text, nearest to the attribute first.
        chain: Vec<Step>,
    },
    /// No file of the folder gives a value.
    Unresolved {
        /// The text with each unknown part in braces; for CWL the expression or Jinja text itself.
        template: String,
        /// The inputs, parameters or functions that the value hangs on.
        depends_on: Vec<String>,
    },
}

/// An occurrence of an image name in a workflow: one for each pair of place and text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ContainerReference {
    /// The language of the file in which the container attribute stands.
    pub language: Language,
    /// File in which the image text is written, relative to the scanned folder; of an unresolved reference,
    /// the file of the container attribute.
    pub file: String,
    /// Line of the image text (of an unresolved reference: of the attribute), counted from 1.
    pub line: u32,
    /// Column of the image text (of an unresolved reference: of the attribute), counted from 1 in characters.
    pub column: u32,
    /// The source text at that place, as written.
    pub text: String,
    /// The image name as the workflow gives it, interpolation done; absent when unresolved. A CWL image that
    /// is built instead of pulled may carry its `dockerImageId` here and still be unresolved.
    pub reference: Option<String>,
    /// The name the engine asks a registry for, where it differs from `reference`: Nextflow's
    /// `docker.registry` put before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective: Option<String>,
    /// How the name is known.
    #[serde(flatten)]
    pub resolution: Resolution,
    /// Which container engine takes it.
    pub engine: Engine,
    /// The configuration profiles in which alone it is set; empty when it is set without any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<String>,
    /// Why the name is not a valid image reference, with the place; absent when it is valid, unresolved or
    /// only for Singularity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub malformed: Option<String>,
    /// True when the name is already relative to a private registry that comes from a parameter, so that no
    /// registry map needs it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub already_mapped: bool,
    /// Every literal the name is put together from, the one at `file` and `line` first.
    pub literals: Vec<Literal>,
    /// The container attributes it reaches.
    pub sites: Vec<Site>,
}

impl ContainerReference {
    /// Returns the name that an engine like Docker asks a registry for, or `None` when it is unresolved.
    pub fn asked_for(&self) -> Option<&str> {
        match self.resolution {
            Resolution::Unresolved { .. } => None,
            _ => self.effective.as_deref().or(self.reference.as_deref()),
        }
    }

    /// Returns whether no file of the folder gives this reference a value.
    pub fn is_unresolved(&self) -> bool {
        matches!(self.resolution, Resolution::Unresolved { .. })
    }
}

/// Something a scan could not read or had to leave out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
pub struct Warning {
    /// Path of the file or folder, relative to the scanned folder, with `/`.
    pub file: String,
    /// Line, counted from 1, where one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// What was left out and why, in lower case.
    pub message: String,
}

//! Finds the container references of genomics workflows, WDL, Nextflow and CWL, and rewrites them.
//!
//! [`scan()`] reads a folder, a zip archive or a single file and returns every place where the name of a
//! container image is written, what name it comes to, and how that is known. It evaluates workflow text
//! statically; [`rewrite()`] computes the new texts of the files for other names. Neither writes a file. The crate never runs a workflow, reads nothing outside the folder it is given, and knows nothing of
//! AWS, ECR or the network.

mod cwl;
mod lines;
mod nextflow;
mod reference;
mod rewrite;
mod scan;
mod source;
mod wdl;

pub use reference::{ContainerReference, Engine, Language, Literal, Resolution, Site, Step, Warning};
pub use rewrite::{
    Declared, Destination, FileChange, Outcome, Parameter, ParameterError, Reason, RewriteError,
    RewriteRequest, Rewriting, Rewritten, Way, rewrite, rewrite_tree,
};
pub use scan::{Scan, scan, scan_tree};
pub use source::{Limits, ScanError, SourceFile, SourceTree};

//! What is fed with hostile input, one file for each reader.
//!
//! A check returns a mark of the way that the input took, so that inputs which lead somewhere new are kept, or
//! what is wrong, its kind before the first `: `.

mod challenge;
mod control;
mod decider;
mod distribution;
mod files;
mod loopback;
mod manifest;
mod mcp;
mod policy;
mod reference;
mod rewrite;
mod scan;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::Path;

/// What an input is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Text or bytes.
    Text,
    /// A document in JSON, or lines that hold one each.
    Json,
}

/// A reader of outside text.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) form: Form,
    /// Whether it speaks with a server, so that the time it waits counts too.
    pub(crate) waits: bool,
    /// Words that mean something to it.
    pub(crate) tokens: &'static [&'static str],
    pub(crate) check: fn(&[u8]) -> Result<u64, String>,
}

/// All targets.
pub(crate) static ALL: [Target; 13] = [
    reference::TARGET,
    scan::WDL,
    scan::NEXTFLOW,
    scan::CWL,
    rewrite::TARGET,
    policy::TARGET,
    decider::TARGET,
    distribution::TARGET,
    control::TARGET,
    challenge::TARGET,
    manifest::TARGET,
    files::TARGET,
    mcp::TARGET,
];

impl Target {
    /// Returns the inputs that are kept for it in the repository, in the order of their names.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(crate) fn corpus(&self) -> io::Result<Vec<Vec<u8>>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(self.name);
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            files.push(entry?.path());
        }
        files.sort();
        files.iter().map(std::fs::read).collect()
    }
}

/// Returns a mark of something.
fn mark(of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

/// Returns the first words of an error, without what differs from input to input.
fn gist(error: &impl ToString) -> String {
    error
        .to_string()
        .chars()
        .filter(|letter| letter.is_ascii_alphabetic() || *letter == ' ')
        .take(60)
        .collect()
}

/// Returns an error unless something holds.
fn hold(holds: bool, words: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(words()) }
}

//! The documents hold: their commands run, print what is shown, lead where their links say, and quote what is printed.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod links;
mod messages;
mod outside;
mod page;
mod registries;
mod run;

use std::fs;
use std::path::{Path, PathBuf};

/// Returns the repository's folder.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Returns the files of a folder and below it whose names end so, in order.
fn files(folder: &Path, end: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, end));
        } else if path.to_string_lossy().ends_with(end) {
            found.push(path);
        }
    }
    found.sort();
    found
}

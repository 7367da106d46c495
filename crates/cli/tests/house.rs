//! The house stands as ARCHITECTURE.md draws it: who may import whom, and what files and names may be.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Who may import whom; the second list holds what tests may import besides.
const FLOORS: [(&str, &[&str], &[&str]); 10] = [
    ("image", &[], &[]),
    ("policy", &[], &[]),
    ("workflow", &["image"], &[]),
    ("registry", &["image"], &[]),
    ("aws", &["image", "policy"], &[]),
    ("local-ecr", &["image", "policy", "registry"], &[]),
    ("operations", &["image", "policy", "workflow", "registry", "aws"], &["local-ecr"]),
    ("mcp", &["image", "operations"], &["local-ecr"]),
    (
        "cli",
        &["image", "policy", "workflow", "registry", "aws", "local-ecr", "operations", "mcp"],
        &["local-ecr"],
    ),
    // What feeds all readers with hostile input is beside the house, and nothing of it is shipped.
    ("fuzz", &["image", "policy", "workflow", "registry", "local-ecr", "operations", "mcp"], &[]),
];

/// Most lines of code that a file may have, tests not counted.
const MOST_LINES: usize = 400;

/// Names that say nothing.
const VAGUE: [&str; 6] = ["util", "utils", "common", "helper", "helpers", "misc"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn metadata() -> Value {
    let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Returns the last part of a path.
fn last_part(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

#[test]
fn each_crate_imports_only_what_its_floor_allows() {
    let metadata = metadata();
    let floors: BTreeMap<_, _> = FLOORS.iter().map(|(name, uses, tests)| (*name, (*uses, *tests))).collect();
    let mut seen = 0;
    for package in metadata["packages"].as_array().unwrap() {
        let manifest = Path::new(package["manifest_path"].as_str().unwrap());
        let name = last_part(manifest.parent().unwrap());
        let (uses, tests) = floors.get(name.as_str()).unwrap_or_else(|| panic!("{name} has no floor"));
        for dependency in package["dependencies"].as_array().unwrap() {
            let Some(path) = dependency["path"].as_str() else { continue };
            let used = last_part(Path::new(path));
            let in_tests = dependency["kind"] == "dev" && tests.contains(&used.as_str());
            assert!(uses.contains(&used.as_str()) || in_tests, "{name} may not import {used}");
            seen += 1;
        }
    }
    assert!(seen > 0, "no crate imports another: the metadata was read wrongly");
}

#[test]
fn each_crate_opts_into_the_lints_of_the_workspace() {
    for folder in fs::read_dir(root().join("crates")).unwrap() {
        let manifest = folder.unwrap().path().join("Cargo.toml");
        let text = fs::read_to_string(&manifest).unwrap();
        assert!(text.contains("[lints]\nworkspace = true"), "{}", manifest.display());
    }
}

#[test]
fn files_are_short_and_names_say_something() {
    let mut long = Vec::new();
    for file in sources(&root().join("crates")) {
        let inside = file.strip_prefix(root()).unwrap();
        for part in inside.iter() {
            let name = part.to_string_lossy();
            let name = name.trim_end_matches(".rs");
            assert!(!VAGUE.contains(&name), "{}: `{name}` says nothing", inside.display());
        }
        let in_tests = inside.iter().any(|part| part == "tests" || part == "tests.rs" || part == "benches");
        let text = fs::read_to_string(&file).unwrap();
        let lines = text.lines().take_while(|line| !line.trim_start().starts_with("#[cfg(test)]")).count();
        if !in_tests && lines > MOST_LINES {
            long.push(format!("{}: {lines} lines", inside.display()));
        }
    }
    assert!(long.is_empty(), "files past {MOST_LINES} lines of code: {long:#?}");
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

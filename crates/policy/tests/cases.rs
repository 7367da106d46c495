//! The tables of cases under `cases/`, and any file of cases named by `OMICS_ECR_POLICY_CASES`.

#[path = "table/row.rs"]
mod row;

use std::collections::HashSet;
use std::path::PathBuf;

use serde_json::Value;

use row::{Expected, Row};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

/// Runs every case of a file and returns the failures by name, with the number of cases.
fn run(text: &str, strict_keys: bool) -> (Vec<String>, usize) {
    let file: Value = serde_json::from_str(text).expect("a file of cases is JSON");
    let cases = file["cases"].as_array().expect("a list of cases");
    let mut names = HashSet::new();
    let mut failures = Vec::new();
    for case in cases {
        let row = Row::read(&file, case, strict_keys);
        if !names.insert(row.name.clone()) {
            failures.push(format!("{}: this name is there twice", row.name));
        }
        let decision = row.decide();
        if let Err(difference) = Expected::read(case).compare(&decision) {
            failures.push(format!("{}: {difference}; decision: {decision}", row.name));
        }
    }
    (failures, cases.len())
}

#[test]
fn every_table_holds() {
    let mut ran = 0;
    let mut failures = Vec::new();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let (failed, count) = run(&std::fs::read_to_string(&path).unwrap(), true);
        let file = path.file_stem().unwrap().to_string_lossy().into_owned();
        failures.extend(failed.into_iter().map(|failure| format!("{file}: {failure}")));
        ran += count;
    }
    assert!(failures.is_empty(), "{} of {ran} cases fail:\n{}", failures.len(), failures.join("\n"));
    assert!(ran > 150, "only {ran} cases were found");
}

/// Passes quietly when the variable is not set.
#[test]
fn the_named_table_holds() {
    let Some(path) = std::env::var_os("OMICS_ECR_POLICY_CASES") else { return };
    let text = std::fs::read_to_string(&path).expect("the file of cases can be read");
    let (failures, ran) = run(&text, false);
    println!("{ran} cases of {}, {} fail", path.to_string_lossy(), failures.len());
    assert!(failures.is_empty(), "{} of {ran} cases fail:\n{}", failures.len(), failures.join("\n"));
    assert!(ran > 0, "the file has no cases");
}

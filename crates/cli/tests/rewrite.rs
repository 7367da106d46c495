//! `omics-ecr rewrite` as people and scripts use it.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

const ECR: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com";

/// A copy of the example workflows, and the map of them.
struct Room {
    folder: tempfile::TempDir,
}

impl Room {
    fn new() -> Self {
        let room = Self { folder: tempfile::tempdir().unwrap() };
        let examples = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples");
        copy(&examples, &room.folder.path().join("flow"));
        let made = room.run(&[
            "map",
            "flow",
            "--account",
            "123456789012",
            "--region",
            "us-east-1",
            "--output",
            "map.json",
        ]);
        assert!(made.status.success(), "{made:?}");
        room
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_omics-ecr"));
        command.args(arguments).current_dir(self.folder.path());
        for variable in ["AWS_REGION", "AWS_DEFAULT_REGION", "OMICS_ECR_ACCOUNT"] {
            command.env_remove(variable);
        }
        command.output().unwrap()
    }

    fn rewrite(&self, more: &[&str]) -> Output {
        self.run(&[&["rewrite", "flow", "--map", "map.json"], more].concat())
    }

    fn images(&self) -> Vec<String> {
        let output = self.run(&["scan", "flow", "--output", "json"]);
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let images = report["images"].as_array().unwrap().iter();
        images.map(|image| image["image"].as_str().unwrap().to_owned()).collect()
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join("flow").join(name)).unwrap()
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_scan_finds_exactly_the_mapped_names() {
    let room = Room::new();
    let map: Value = serde_json::from_slice(&fs::read(room.folder.path().join("map.json")).unwrap()).unwrap();
    let mut mapped: Vec<String> =
        map.as_object().unwrap().values().map(|name| name.as_str().unwrap().to_owned()).collect();
    mapped.sort();
    assert_eq!(mapped.len(), 5);
    let output = room.rewrite(&["--strict"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let expected = "rewrote 5 image names in 4 files; 1 already there or only for Singularity\n";
    assert_eq!(text(&output.stdout), expected);
    assert_eq!(room.images(), mapped);
    let again = room.rewrite(&[]);
    assert!(text(&again.stdout).starts_with("rewrote 0 image names in 0 files"));
}

#[test]
fn a_diff_writes_nothing_and_other_programs_can_take_it() {
    let room = Room::new();
    let before = room.images();
    let output = room.rewrite(&["--diff"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(room.images(), before);
    let diff = text(&output.stdout);
    assert!(!diff.contains('\u{1b}'), "colour is for terminals");
    assert!(text(&output.stderr).starts_with("would rewrite 5 image names in 4 files"));
    let added: Vec<&str> =
        diff.lines().filter(|line| line.starts_with('+') && !line.starts_with("+++")).collect();
    assert_eq!(added.len(), 5);
    assert!(added.iter().all(|line| line.contains(ECR)), "{added:?}");
}

#[test]
fn a_parameter_is_declared_passed_and_told() {
    let room = Room::new();
    let output = room.rewrite(&["--parameterize", "ecr_registry", "--strict"]);
    assert_eq!(output.status.code(), Some(1), "CWL is left alone");
    let said = text(&output.stdout);
    assert!(said.contains("`ecr_registry` declared in 3 places"), "{said}");
    assert!(said.contains("hint: add `--cwl-expressions`"), "{said}");
    assert!(text(&output.stderr).contains("a run has to be given align.ecr_registry"));
    assert!(
        room.text("wdl/align.wdl").contains("\"~{ecr_registry}/quay/biocontainers/bwa:0.7.17--h5bf99c6_8\"")
    );
    assert!(room.text("nextflow/nextflow.config").starts_with(&format!("params.ecr_registry = '{ECR}'\n")));

    let room = Room::new();
    let output = room.rewrite(&["--parameterize", "ecr_registry", "--default", ECR, "--output", "json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["schema_version"], 1);
    assert_eq!(report["applied"], true);
    assert_eq!(report["inputs"].as_array().unwrap().len(), 0);
    assert_eq!(report["left_alone"][0]["reason"], "no-parameter");
    let images = room.images();
    assert_eq!(images.iter().filter(|image| image.starts_with(ECR)).count(), 4, "{images:?}");
}

#[test]
fn cwl_takes_the_parameter_where_it_is_asked_to() {
    let room = Room::new();
    let output = room.rewrite(&[
        "--parameterize",
        "ecr_registry",
        "--cwl-expressions",
        "--default",
        ECR,
        "--strict",
        "--output",
        "json",
    ]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let left: Vec<_> = report["left_alone"].as_array().unwrap().iter().map(|left| &left["reason"]).collect();
    assert_eq!(left, ["singularity"]);
    let tool = room.text("cwl/count.cwl");
    assert!(tool.contains("dockerPull: $(inputs.ecr_registry)/"), "{tool}");
    assert!(tool.contains(&format!("  ecr_registry:\n    type: string\n    default: \"{ECR}\"\n")), "{tool}");
    let images = room.images();
    assert_eq!(images.iter().filter(|image| image.starts_with(ECR)).count(), 5, "{images:?}");
    let usage = room.rewrite(&["--cwl-expressions"]);
    assert_eq!(usage.status.code(), Some(2), "expressions need a parameter");
}

#[test]
fn what_cannot_be_done_exits_with_two() {
    let room = Room::new();
    for (arguments, words) in [
        (vec!["rewrite", "flow", "--map", "missing.json"], "cannot read the map `missing.json`"),
        (vec!["rewrite", "nowhere", "--map", "map.json"], "cannot read `nowhere`"),
        (
            vec!["rewrite", "flow", "--map", "map.json", "--parameterize", "in"],
            "cannot use the parameter `in`",
        ),
    ] {
        let output = room.run(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains(words), "{output:?}");
    }
    let usage = room.rewrite(&["--default", ECR]);
    assert_eq!(usage.status.code(), Some(2), "a default needs a parameter");
}

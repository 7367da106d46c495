//! The command as people and scripts use it.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

fn omics_ecr(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_omics-ecr"));
    command.args(arguments).current_dir(root());
    for variable in ["AWS_REGION", "AWS_DEFAULT_REGION", "OMICS_ECR_ACCOUNT"] {
        command.env_remove(variable);
    }
    command
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn run(arguments: &[&str]) -> Output {
    omics_ecr(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn run_with_input(arguments: &[&str], input: &str) -> Output {
    let mut command = omics_ecr(arguments);
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

const TARGET: [&str; 4] = ["--account", "123456789012", "--region", "us-east-1"];

#[test]
fn scan_prints_a_table_of_images() {
    let output = run(&["scan", "examples/nextflow"]);
    assert_eq!(output.status.code(), Some(0));
    let expected = "\
 IMAGE                                         ROUTE              USED BY          WRITTEN AT
 docker.io/library/ubuntu:22.04                rule (credential)  withLabel:small  nextflow.config:3
 quay.io/biocontainers/fastqc:0.12.1--hdfd78af_0  rule               FASTQC           modules/fastqc.nf:4
";
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let table: String = text(&output.stdout).lines().take(3).map(|line| format!("{line}\n")).collect();
    assert_eq!(words(&table), words(expected));
    let summary = text(&output.stdout);
    assert!(summary.contains("2 images in 3 workflow files: 2 by a pull through cache rule"), "{summary}");
    assert!(summary.contains("1 reference only for Singularity left aside"), "{summary}");
}

#[test]
fn scan_prints_one_document_for_programs() {
    let output = run(&["scan", "examples", "--output", "json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["schema_version"], 1);
    let images: Vec<_> = report["images"].as_array().unwrap().iter().map(|image| &image["image"]).collect();
    assert_eq!(
        images,
        [
            "community.wave.seqera.io/library/samtools:1.21--0d76da7c3cf7751c",
            "docker.io/library/ubuntu:22.04",
            "quay.io/biocontainers/bwa:0.7.17--h5bf99c6_8",
            "quay.io/biocontainers/fastqc:0.12.1--hdfd78af_0",
            "quay.io/biocontainers/samtools:1.17--h00cdaf9_0",
        ]
    );
    let fastqc = report["references"].as_array().unwrap().iter().find(|reference| {
        reference["engine"] == "docker" && reference["file"] == "nextflow/modules/fastqc.nf"
    });
    let fastqc = fastqc.unwrap();
    assert_eq!(fastqc["reference"], "biocontainers/fastqc:0.12.1--hdfd78af_0");
    assert_eq!(fastqc["effective"], "quay.io/biocontainers/fastqc:0.12.1--hdfd78af_0");
    assert_eq!(fastqc["resolution"], "literal");
    assert_eq!((&fastqc["line"], &fastqc["column"]), (&json!(4), &json!(10)));
}

#[test]
fn strict_answers_no_when_something_is_unresolved() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    let wdl =
        "version 1.0\ntask a {\n  input { String docker }\n  command {}\n  runtime { docker: docker }\n}\n";
    std::fs::write(folder.path().join("a.wdl"), wdl).unwrap();
    assert_eq!(run(&["scan", &path]).status.code(), Some(0));
    let output = run(&["scan", &path, "--strict"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("a.wdl:5"));
    assert_eq!(run(&["scan", "examples", "--strict"]).status.code(), Some(0));
}

#[test]
fn map_writes_what_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let (map, clones) = (folder.path().join("map.json"), folder.path().join("clones.txt"));
    let (map_path, clones_path) = (map.display().to_string(), clones.display().to_string());
    let mut arguments = vec!["map", "examples", "--output", &map_path, "--clone-list", &clones_path];
    arguments.extend(TARGET);
    let output = run(&arguments);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stdout), "");
    let map: Value = serde_json::from_slice(&std::fs::read(&map).unwrap()).unwrap();
    assert_eq!(map.as_object().unwrap().len(), 5);
    assert_eq!(
        map["docker.io/library/ubuntu:22.04"],
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/docker-hub/library/ubuntu:22.04"
    );
    let image = "community.wave.seqera.io/library/samtools:1.21--0d76da7c3cf7751c";
    assert_eq!(text(&std::fs::read(&clones).unwrap()), format!("{image} {image}\n"));
    assert!(text(&output.stderr).contains("5 images mapped to 123456789012.dkr.ecr.us-east-1.amazonaws.com"));
}

#[test]
fn map_reads_lists_and_takes_prefixes() {
    let mut arguments =
        vec!["map", "--from", "-", "--format", "healthomics", "--prefix", "quay.io=team/quay"];
    arguments.extend(TARGET);
    let inspected = r#"{"processes": [{"name": "A", "container": "quay.io/a/b:1"}]}"#;
    let output = run_with_input(&arguments, inspected);
    assert_eq!(output.status.code(), Some(0));
    let map: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mapping = json!([{"upstreamRegistryUrl": "quay.io", "ecrRepositoryPrefix": "team/quay"}]);
    assert_eq!(map, json!({"registryMappings": mapping, "imageMappings": []}));
}

#[test]
fn the_region_comes_from_flag_then_environment_then_nowhere() {
    let arguments = ["map", "--from", "-", "--account", "123456789012"];
    let refused = run_with_input(&arguments, "");
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(
        text(&refused.stderr),
        "error: cannot name the private registry that the map leads to\n  caused by: no region was given\n  \
         hint: pass --region us-east-1, with your own value\n"
    );
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list").display().to_string();
    std::fs::write(&list, "quay.io/a/b:1\n").unwrap();
    let with = |flags: &[&str]| {
        let mut command = omics_ecr(&["map", "--from", &list, "--account", "123456789012"]);
        command.args(flags).env("AWS_REGION", "eu-west-1").env("AWS_DEFAULT_REGION", "eu-central-1");
        text(&command.output().unwrap().stdout)
    };
    assert!(with(&[]).contains("dkr.ecr.eu-west-1.amazonaws.com"));
    assert!(with(&["--region", "us-west-2"]).contains("dkr.ecr.us-west-2.amazonaws.com"));
}

#[test]
fn failures_have_three_parts_and_their_exit_code() {
    let output = run(&["scan", "no/such/folder"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        text(&output.stderr),
        "error: cannot read `no/such/folder`\n  caused by: No such file or directory (os error 2)\n  hint: name a \
         workflow folder, a zip archive of one, or a workflow file that exists and may be read\n"
    );
    let output = run(&["scan", "no/such/folder", "--output", "json"]);
    let error: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(error["error"]["tried"], "cannot read `no/such/folder`");
    for wrong in [
        &["map", "examples", "--account", "12"][..],
        &["map", "examples", "--region", "nowhere"],
        &["map", "--from", "-", "--prefix", "quay.io"],
        &["map", "--from", "-", "--prefix", "quay.io=Q"],
        &["map", "--from", "-", "--credential", "quay.io=arn:aws:secretsmanager:x:y:secret:z"],
        &["map"],
    ] {
        assert_eq!(run(wrong).status.code(), Some(2), "{wrong:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_is_no_failure() {
    let mut command = omics_ecr(&["scan", "examples", "--output", "json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
}

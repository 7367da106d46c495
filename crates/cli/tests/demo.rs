//! `omics-ecr demo` as a new user types it: nothing else is installed, running or reachable.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use std::fs;
use std::process::{Command, Output};

use serde_json::Value;

fn demo(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_omics-ecr"));
    command.arg("demo").args(arguments).env_clear();
    // Whoever asks for anything but this machine fails.
    for proxy in ["http_proxy", "https_proxy", "HTTPS_PROXY"] {
        command.env(proxy, "http://127.0.0.1:9");
    }
    command.output().unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
}

#[test]
fn the_examples_come_into_ecr_and_healthomics_pulls_them() {
    let kept = tempfile::tempdir().unwrap();
    let folder = kept.path().join("results");
    let output = demo(&["--output", "json", "--keep", folder.to_str().unwrap()]);
    let report = json(&output);
    assert_eq!(output.status.code(), Some(0), "{report:#}");
    let images = report["prepared"]["images"].as_array().unwrap();
    let pulled = report["pulled"].as_array().unwrap();
    assert!(images.len() >= 4);
    assert_eq!(images.len(), pulled.len());
    for (image, pulled) in images.iter().zip(pulled) {
        assert_eq!(image["healthomics_access"]["verdict"], "accessible", "{image:#}");
        assert_eq!(image["destination"], pulled["image"]);
        assert_eq!(image["source_digest"], pulled["digest"]);
        assert_eq!(pulled["blobs"], 3);
    }
    assert_eq!(report["second_run_has_changes"], false);

    let read = |name: &str| -> Value {
        serde_json::from_str(&fs::read_to_string(folder.join(name)).unwrap()).unwrap()
    };
    let flat = read("registry_map.json");
    for image in images {
        // The map names the registry as AWS does, whatever port stood in for it.
        let path = |value: &Value| value.as_str().unwrap().split_once('/').unwrap().1.to_owned();
        assert_eq!(path(&flat[image["image"].as_str().unwrap()]), path(&image["destination"]));
    }
    assert!(read("container_registry_map.json").get("registryMappings").is_some());
    assert_eq!(read("report.json"), report["prepared"]);
    assert!(fs::read_to_string(folder.join("report.html")).unwrap().contains("biocontainers/bwa"));
}

#[test]
fn it_tells_a_person_what_happens_step_by_step() {
    let output = demo(&[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    for words in [
        "1. examples names",
        "quay.io/biocontainers/bwa:0.7.17--h5bf99c6_8",
        "new pull through cache `docker-hub`",
        "pulled through",
        "Pulled as omics.amazonaws.com",
        "nothing to do",
    ] {
        assert!(text.contains(words), "`{words}` is not in:\n{text}");
    }
}

#[test]
fn a_workflow_of_ones_own_is_shown_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let digest = "0".repeat(64);
    let text = format!(
        "process A {{\n    container 'ghcr.io/lab/tool:1.0'\n    script:\n    'true'\n}}\n\
         process B {{\n    container 'quay.io/lab/pinned@sha256:{digest}'\n    script:\n    'true'\n}}\n"
    );
    fs::write(folder.path().join("main.nf"), text).unwrap();
    let output = demo(&[folder.path().to_str().unwrap(), "--output", "json"]);
    let report = json(&output);
    // No bytes have the digest that was asked for, and nothing is made up about that.
    assert_eq!(output.status.code(), Some(1), "{report:#}");
    let outcome = |place: usize| &report["prepared"]["images"][place]["outcome"];
    assert_eq!(outcome(0), "pulled-through", "{report:#}");
    assert_eq!(outcome(1), "failed", "{report:#}");
    assert_eq!(report["pulled"].as_array().unwrap().len(), 1);
}

#[test]
fn the_stand_ins_alone_stay_until_they_are_stopped() {
    use std::io::Read as _;
    let folder = tempfile::tempdir().unwrap();
    let digest = "0".repeat(64);
    let text = format!(
        "process A {{\n    container 'ghcr.io/lab/tool:1.0'\n    script:\n    'true'\n}}\n\
         process B {{\n    container 'quay.io/lab/pinned@sha256:{digest}'\n    script:\n    'true'\n}}\n"
    );
    fs::write(folder.path().join("main.nf"), text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_omics-ecr"));
    command.arg("demo").arg(folder.path()).args(["--registries-only", "--output", "json"]).env_clear();
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut said = Vec::new();
    let mut out = child.stdout.take().unwrap();
    let report: Value = loop {
        let mut piece = [0; 4096];
        let read = out.read(&mut piece).unwrap();
        assert!(read > 0, "it ended: {}", String::from_utf8_lossy(&said));
        said.extend_from_slice(&piece[..read]);
        if let Ok(report) = serde_json::from_slice(&said) {
            break report;
        }
    };
    let images = report["images"].as_array().unwrap();
    assert_eq!(images.len(), 2, "{report:#}");
    for (image, path) in images.iter().zip(["lab/tool", "lab/pinned"]) {
        let host = image["image"].as_str().unwrap().split('/').next().unwrap();
        let registries = report["registries"].as_array().unwrap();
        let endpoint =
            registries.iter().find(|one| one["host"] == host).unwrap()["endpoint"].as_str().unwrap();
        let address = endpoint.strip_prefix("http://").unwrap();
        let digest = image["digest"].as_str().unwrap();
        // What stands in for a digest has a digest of its own, and is found under it.
        assert!(digest.starts_with("sha256:") && !digest.ends_with("000"));
        let answer = get(address, &format!("/v2/{path}/manifests/{digest}"));
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains(digest), "{answer}");
    }
    assert!(child.try_wait().unwrap().is_none());
    child.kill().unwrap();
    child.wait().unwrap();
}

fn get(address: &str, path: &str) -> String {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

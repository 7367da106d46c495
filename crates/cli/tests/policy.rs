//! `omics-ecr policy decide` and `omics-ecr role`, which need no account.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

fn run(arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_omics-ecr"));
    command.args(arguments).env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that reads nothing may be gone already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

const GUARDED: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Sid":"Read","Effect":"Allow","Principal":{"Service":"omics.amazonaws.com"},"Action":"ecr:BatchGet*",
     "Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"}}},
    {"Sid":"Guard","Effect":"Deny","Principal":"*","Action":"ecr:PutImage"}]}"#;

fn decide(action: &str, more: &[&str]) -> Output {
    let resource = "arn:aws:ecr:us-east-1:123456789012:repository/tools/bwa";
    let mut arguments = vec!["policy", "decide", "--policy", "-", "--principal", "omics.amazonaws.com"];
    arguments.extend(["--action", action, "--resource", resource, "--output", "json"]);
    arguments.extend(more);
    run(&arguments, GUARDED)
}

#[test]
fn a_decision_has_a_verdict_a_statement_and_a_reason() {
    let known = decide("ecr:BatchGetImage", &["--context", "aws:SourceAccount=123456789012"]);
    assert_eq!(known.status.code(), Some(0));
    assert_eq!(
        (&document(&known)["verdict"], &document(&known)["decided_by"]),
        (&json!("allowed"), &json!("Read"))
    );
    let open = decide("ecr:BatchGetImage", &[]);
    assert_eq!(open.status.code(), Some(1));
    assert_eq!(document(&open)["verdict"], "depends");
    assert!(document(&open)["why"].as_str().unwrap().contains("aws:SourceAccount"));
    let denied = decide("ecr:PutImage", &[]);
    assert_eq!((denied.status.code(), &document(&denied)["decided_by"]), (Some(1), &json!("Guard")));
}

#[test]
fn a_file_of_cases_is_compared_with_what_it_expects() {
    let case = |verdict: &str| {
        json!({ "cases": [{ "name": "one", "policy": serde_json::from_str::<Value>(GUARDED).unwrap(), "verdict": verdict,
            "request": { "principal": { "Service": "omics.amazonaws.com" }, "action": "ecr:PutImage", "resource": "*" } }] })
    };
    let right = run(&["policy", "decide", "--cases", "-"], &case("denied").to_string());
    assert_eq!(right.status.code(), Some(0));
    let wrong = run(&["policy", "decide", "--cases", "-", "--output", "json"], &case("allowed").to_string());
    assert_eq!((wrong.status.code(), &document(&wrong)["failed"]), (Some(1), &json!(1)));
}

#[test]
fn what_cannot_be_read_has_no_answer() {
    let output = run(
        &["policy", "decide", "--policy", "-", "--principal", "x", "--action", "a:b", "--resource", "*"],
        "not a policy",
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("error: "));
}

#[test]
fn the_role_that_is_printed_passes_its_check() {
    let place = ["--account", "123456789012", "--region", "us-east-1"];
    let folder = tempfile::tempdir().unwrap();
    let files = [("images.json", vec![]), ("trust.json", vec!["--trust"])].map(|(name, flags)| {
        let printed = run(&[&["role", "policy"][..], &place, &flags].concat(), "");
        assert_eq!(printed.status.code(), Some(0), "{printed:?}");
        let path = folder.path().join(name);
        std::fs::write(&path, printed.stdout).unwrap();
        path.display().to_string()
    });
    let check = [&["role", "check", "--file", &files[0], "--trust-file", &files[1]][..], &place].concat();
    let output = run(&check, "");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let without = run(&[&["role", "check", "--file", &files[1]][..], &place].concat(), "");
    assert_eq!(without.status.code(), Some(1), "{without:?}");
    assert!(String::from_utf8_lossy(&without.stderr).contains("hint: "));
}

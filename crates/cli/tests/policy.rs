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

/// The cases of the decider that one document and one request make, whatever file they stand in.
fn cases() -> Vec<Value> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../policy/tests/cases");
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let file: Value = serde_json::from_slice(&std::fs::read(entry.unwrap().path()).unwrap()).unwrap();
        cases.extend(file["cases"].as_array().unwrap().iter().filter_map(|case| single(&file, case)));
    }
    cases
}

/// Returns a case in the shape that `--cases` takes, where flags can say the same.
fn single(file: &Value, case: &Value) -> Option<Value> {
    let asked = case.get("request").unwrap_or(case);
    let get = |name: &str| asked.get(name).or_else(|| file.get(name)).cloned().unwrap_or(Value::Null);
    let others = ["present", "unknown_family", "all_of", "others_unknown", "service_request"];
    let has = |name: &str| !get(name).is_null();
    let policy = match (case.get("policy"), case.get("statement"), case.get("condition")) {
        (Some(policy), ..) => policy.clone(),
        (None, Some(statement), None) if statement.is_object() && case.get("version").is_none() => {
            json!({ "Version": "2012-10-17", "Statement": statement })
        }
        (None, _, Some(condition)) if case.get("version").is_none() => {
            json!({ "Version": "2012-10-17", "Statement": { "Sid": "C", "Effect": "Allow", "Principal": "*",
                "Action": "*", "Condition": condition } })
        }
        _ => return None,
    };
    let kind = case.get("kind").or_else(|| file.get("kind")).cloned().unwrap_or_else(|| json!("repository"));
    let flags_can = ["repository", "registry", "registry_v1", "resource", "identity", "boundary"];
    let principal = get("principal");
    let is_single = principal.is_string() || principal.as_object().is_some_and(|labels| labels.len() == 1);
    if case.get("documents").is_some() || others.iter().any(|name| has(name)) || !is_single {
        return None;
    }
    if policy.is_null() || !flags_can.contains(&kind.as_str()?) {
        return None;
    }
    let context = get("context");
    let context = if context.is_null() { json!({}) } else { context };
    // No flag says that a key is there and has no value.
    let is_empty = |values: &Value| values.as_array().is_some_and(Vec::is_empty);
    if context.as_object()?.values().any(is_empty) {
        return None;
    }
    let unknown = get("unknown");
    let unknown = if unknown.is_null() { json!([]) } else { unknown };
    Some(json!({ "name": case["name"], "kind": kind, "policy": policy, "request": {
        "principal": principal, "action": get("action"), "resource": get("resource"), "context": context,
        "unknown": unknown } }))
}

/// Asks for a case with flags.
fn with_flags(case: &Value) -> Output {
    let asked = &case["request"];
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let principal = match &asked["principal"] {
        Value::Object(labels) => text(labels.values().next().unwrap()),
        principal => text(principal),
    };
    let kind = text(&case["kind"]).replace('_', "-");
    let (action, resource) = (text(&asked["action"]), text(&asked["resource"]));
    let mut arguments = ["policy", "decide", "--policy", "-", "--output", "json"].map(str::to_owned).to_vec();
    for (flag, value) in
        [("kind", kind), ("principal", principal), ("action", action), ("resource", resource)]
    {
        arguments.push(format!("--{flag}={value}"));
    }
    for (key, values) in asked["context"].as_object().unwrap() {
        let values = values.as_array().cloned().unwrap_or_else(|| vec![values.clone()]);
        arguments.extend(values.iter().map(|value| format!("--context={key}={}", text(value))));
    }
    for key in asked["unknown"].as_array().unwrap() {
        arguments.push(format!("--unknown={}", text(key)));
    }
    run(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), &case["policy"].to_string())
}

#[test]
fn a_case_of_a_file_and_the_same_case_by_flags_have_one_answer() {
    let cases = cases();
    assert!(cases.len() > 150, "{} cases can be asked both ways", cases.len());
    let output = run(
        &["policy", "decide", "--cases", "-", "--output", "json"],
        &json!({ "cases": cases }).to_string(),
    );
    let report = document(&output);
    let answered = report["cases"].as_array().unwrap();
    assert_eq!(answered.len(), cases.len());
    for (case, answered) in cases.iter().zip(answered) {
        let single = with_flags(case);
        if !answered["error"].is_null() {
            assert_eq!(single.status.code(), Some(2), "{case}: {answered}");
            continue;
        }
        let single = document(&single);
        for part in ["verdict", "decided_by", "why"] {
            assert_eq!(single[part], answered[part], "{part} of {case}");
        }
    }
}

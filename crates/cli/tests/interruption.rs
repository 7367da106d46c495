//! Interrupting a command whose service does not answer: it ends at once, says so, and has changed nothing.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Runs a command against a service that takes connections and stays silent, interrupts it once it has asked, and
/// returns its exit code and what it said.
fn interrupted(arguments: &[&str], input: &str) -> (Option<i32>, String) {
    let home = tempfile::tempdir().unwrap();
    let workflow = home.path().join("workflow");
    std::fs::create_dir(&workflow).unwrap();
    std::fs::write(workflow.join("main.nf"), "process A {\n    container 'quay.io/a/b:1'\n}\n").unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let mut child = Command::new(env!("CARGO_BIN_EXE_omics-ecr"))
        .args(arguments)
        .current_dir(home.path())
        .env_clear()
        .envs([("HOME", home.path().to_str().unwrap()), ("PATH", "/usr/bin:/bin")])
        .envs([("AWS_CONFIG_FILE", "/nonexistent"), ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")])
        .envs([("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "not-a-secret")])
        .envs([("AWS_REGION", "us-east-1"), ("AWS_ENDPOINT_URL", &endpoint)])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let asked = silent.accept().unwrap();
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    // A command that goes on is not waited for until its own retries end.
    let end = Instant::now() + Duration::from_secs(30);
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > end {
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    let code = child.wait().unwrap().code();
    drop(asked);
    (code, said)
}

#[test]
fn an_interruption_ends_whatever_only_looks() {
    let role = "arn:aws:iam::123456789012:role/runs";
    for arguments in [
        &["cache", "list"][..],
        &["validate"],
        &["check", "quay.io/a/b:1"],
        &["drift", "quay/a/b"],
        &["role", "check", role],
        &["secret", "check", "ecr-pullthroughcache/docker-hub"],
    ] {
        let (code, said) = interrupted(arguments, "");
        assert_eq!(code, Some(130), "{arguments:?}: {said}");
    }
}

#[test]
fn an_interruption_before_the_plan_is_made_changes_nothing() {
    for arguments in [
        &["cache", "create", "quay.io", "--yes"][..],
        &["cache", "delete", "quay", "--yes"],
        &["grant", "--all", "--yes"],
        &["clone", "quay.io/a/b:1", "--yes"],
        &["prepare", "workflow", "--yes"],
        &["validate", "--fix", "--yes"],
        &["secret", "create", "docker-hub", "--username", "someone", "--no-check", "--yes"],
    ] {
        let (code, said) = interrupted(arguments, "a-token\n");
        assert_eq!(code, Some(130), "{arguments:?}: {said}");
        assert!(!said.contains("a-token"), "{said}");
    }
}

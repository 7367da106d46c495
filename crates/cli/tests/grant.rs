//! `omics-ecr grant` on an account that runs in this process.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use std::process::{Command, Output};

use local_ecr::{Config, Handle, LocalEcr};
use serde_json::{Value, json};

struct World {
    runtime: tokio::runtime::Runtime,
    account: Handle,
}

impl World {
    fn new() -> Self {
        rustls::crypto::ring::default_provider().install_default().unwrap_or_default();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let config = Config::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
        let account = runtime.block_on(LocalEcr::start(config)).unwrap();
        Self { runtime, account }
    }

    fn ecr(&self, operation: &str, input: &Value) -> Value {
        let target = format!("AmazonEC2ContainerRegistry_V20150921.{operation}");
        self.runtime.block_on(async {
            let post = reqwest::Client::new().post(self.account.endpoint()).header("x-amz-target", target);
            let post = post.header("content-type", "application/x-amz-json-1.1").body(input.to_string());
            serde_json::from_str(&post.send().await.unwrap().text().await.unwrap()).unwrap()
        })
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_omics-ecr"));
        command.arg("grant").args(arguments).env_clear();
        command.args(["--endpoint-url", &self.account.endpoint(), "--region", "us-east-1"]);
        for (name, value) in [
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("AWS_CONFIG_FILE", "/nonexistent"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent"),
        ] {
            command.env(name, value);
        }
        command.output().unwrap()
    }
}

#[test]
fn a_dry_run_shows_and_a_run_writes_once() {
    let world = World::new();
    world.ecr("CreateRepository", &json!({ "repositoryName": "quay/bwa" }));
    let shown = world.run(&["--prefix", "quay", "--dry-run"]);
    assert_eq!(shown.status.code(), Some(0), "{shown:?}");
    assert!(String::from_utf8_lossy(&shown.stdout).contains("1 policy would be written"));
    let policy = || world.ecr("GetRepositoryPolicy", &json!({ "repositoryName": "quay/bwa" }));
    assert_eq!(policy()["__type"].as_str().map(|code| code.contains("PolicyNotFound")), Some(true));
    let granted = world.run(&["--prefix", "quay", "--output", "json"]);
    assert_eq!(granted.status.code(), Some(0), "{granted:?}");
    let report: Value = serde_json::from_slice(&granted.stdout).unwrap();
    assert_eq!(report["repositories"][0]["outcome"], "written");
    assert_eq!(report["repositories"][0]["access"]["verdict"], "accessible");
    let before = policy();
    let again = world.run(&["quay/bwa"]);
    assert!(String::from_utf8_lossy(&again.stdout).contains("unchanged"), "{again:?}");
    assert_eq!(policy(), before);
}

#[test]
fn a_repository_that_is_not_there_is_a_no_with_a_hint() {
    let output = World::new().run(&["tools/none"]);
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(errors.contains("does not exist") && errors.contains("hint: "), "{errors}");
}

#[test]
fn nothing_is_meant_without_a_name() {
    assert_eq!(World::new().run(&[]).status.code(), Some(2));
}

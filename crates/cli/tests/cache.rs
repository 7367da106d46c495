//! `omics-ecr cache` and `omics-ecr secret` as people and jobs use them, against an account in this process.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use local_ecr::{Config, Handle, LocalEcr};
use serde_json::{Value, json};

/// An account.
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

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = omics_ecr(arguments);
        let endpoint = self.account.endpoint();
        command.args(["--endpoint-url", &endpoint, "--region", "us-east-1"]);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).stdin(Stdio::null()).output().unwrap()
    }

    fn with_input(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command(arguments);
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        // One that is refused at once reads nothing.
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap_or_default();
        child.wait_with_output().unwrap()
    }

    /// Asks the account itself.
    fn ask(&self, target: &str, body: &Value) -> Value {
        self.runtime.block_on(async {
            let post = reqwest::Client::new().post(self.account.endpoint()).header("x-amz-target", target);
            let post = post.header("content-type", "application/x-amz-json-1.1").body(body.to_string());
            serde_json::from_str(&post.send().await.unwrap().text().await.unwrap()).unwrap()
        })
    }

    fn ecr(&self, operation: &str, body: &Value) -> Value {
        self.ask(&format!("AmazonEC2ContainerRegistry_V20150921.{operation}"), body)
    }
}

fn omics_ecr(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_omics-ecr"));
    command.args(arguments).env_clear();
    for (name, value) in [
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_CONFIG_FILE", "/nonexistent"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent"),
    ] {
        command.env(name, value);
    }
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

/// Returns the line of a table that has these words.
fn row<'a>(table: &'a str, words: &str) -> &'a str {
    table.lines().find(|line| line.contains(words)).unwrap_or_else(|| panic!("{words} in\n{table}"))
}

#[test]
fn a_cache_is_shown_made_and_then_found_complete() {
    let world = World::new();
    let shown = world.run(&["cache", "create", "quay.io", "--dry-run"]);
    assert_eq!(shown.status.code(), Some(0), "{shown:?}");
    assert!(row(&text(&shown.stdout), "creation template").contains("create"));
    assert_eq!(world.ecr("DescribePullThroughCacheRules", &json!({}))["pullThroughCacheRules"], json!([]));
    let plan = document(&world.run(&["cache", "create", "quay.io", "--dry-run", "--output", "json"]));
    assert_eq!(plan["schema_version"], 1);
    assert_eq!(plan["steps"][1]["kind"], "registry-policy");
    assert_eq!(plan["steps"][1]["after"]["Statement"][0]["Principal"]["Service"], "omics.amazonaws.com");
    assert_eq!(plan["healthomics"]["verdict"], "not-accessible");

    let made = world.run(&["cache", "create", "https://quay.io", "--yes"]);
    assert_eq!(made.status.code(), Some(0), "{made:?}");
    let table = text(&made.stdout);
    assert!(
        row(&table, "rule").trim_end().ends_with("done") && table.contains("can pull through it: yes"),
        "{table}"
    );
    let again = document(&world.run(&["cache", "create", "quay.io", "--output", "json"]));
    let outcomes: Vec<&Value> =
        again["steps"].as_array().unwrap().iter().map(|step| &step["outcome"]).collect();
    assert_eq!(outcomes, ["not-needed", "not-needed", "not-needed"]);
    assert_eq!(again["healthomics"]["verdict"], "accessible");
}

#[test]
fn a_registry_that_needs_a_credential_is_refused_before_aws_is_asked() {
    let nowhere = ["--endpoint-url", "http://127.0.0.1:9", "--region", "us-east-1"];
    for registry in ["docker.io", "ghcr.io"] {
        let refused = omics_ecr(&[&["cache", "create", registry], &nowhere[..]].concat()).output().unwrap();
        assert_eq!(refused.status.code(), Some(2), "{refused:?}");
        let error = text(&refused.stderr);
        assert!(error.contains("needs a credential") && error.contains("omics-ecr secret create"), "{error}");
    }
    let arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:docker-hub-creds";
    let command = ["cache", "create", "docker.io", "--credential", arn, "--output", "json"];
    let refused = omics_ecr(&[&command, &nowhere[..]].concat()).output().unwrap();
    let error: Value = serde_json::from_slice(&refused.stderr).unwrap();
    assert!(error["error"]["refused"].as_str().unwrap().contains("ecr-pullthroughcache/"), "{error}");
    let unknown = omics_ecr(&[&["cache", "create", "nvcr.io"], &nowhere[..]].concat()).output().unwrap();
    assert!(
        text(&unknown.stderr).contains("hint: copy its images instead: `omics-ecr clone`"),
        "{unknown:?}"
    );
}

#[test]
fn the_list_tells_of_each_rule_whether_healthomics_can_use_it() {
    let world = World::new();
    let empty = world.run(&["cache", "list"]);
    assert!(text(&empty.stdout).contains("there is no pull through cache rule in 123456789012/us-east-1"));
    assert_eq!(world.run(&["cache", "create", "quay.io", "--yes"]).status.code(), Some(0));
    let bare = json!({ "ecrRepositoryPrefix": "k8s", "upstreamRegistryUrl": "registry.k8s.io" });
    world.ecr("CreatePullThroughCacheRule", &bare);
    let list = world.run(&["cache", "list"]);
    assert_eq!(list.status.code(), Some(0), "{list:?}");
    let table = text(&list.stdout);
    assert!(row(&table, "PREFIX").contains("HEALTHOMICS"));
    assert!(row(&table, "quay ").contains(" yes "), "{table}");
    assert!(row(&table, "k8s ").contains("none needed") && row(&table, "k8s ").contains(" no "), "{table}");
    let findings = text(&list.stderr);
    assert!(findings.contains("hint: `omics-ecr cache create registry.k8s.io --prefix k8s`"), "{findings}");
    let list = document(&world.run(&["cache", "list", "--output", "json"]));
    assert_eq!(list["schema_version"], 1);
    assert_eq!(list["rules"][0]["prefix"], "k8s");
    assert_eq!(list["rules"][0]["credential"]["state"], "not-needed");
    assert_eq!(list["rules"][1]["healthomics"]["templates"][0]["prefix"], "quay");
}

#[test]
fn nothing_is_deleted_without_being_asked_for() {
    let world = World::new();
    assert_eq!(world.run(&["cache", "create", "quay.io", "--yes"]).status.code(), Some(0));
    world.ecr("CreateRepository", &json!({ "repositoryName": "quay/tool" }));
    let unasked = world.run(&["cache", "delete", "quay"]);
    assert_eq!(unasked.status.code(), Some(2), "{unasked:?}");
    assert!(text(&unasked.stderr).contains("--yes"));
    let shown = world.run(&["cache", "delete", "quay", "--dry-run"]);
    assert!(text(&shown.stderr).contains("1 repository is below it and stays"), "{shown:?}");
    let deleted = world.run(&["cache", "delete", "quay", "--with-template", "--with-grant", "--yes"]);
    assert_eq!(deleted.status.code(), Some(0), "{deleted:?}");
    let table = text(&deleted.stdout);
    for step in ["rule", "creation template", "registry policy"] {
        assert!(row(&table, step).trim_end().ends_with("done"), "{table}");
    }
    let other = ["cache", "create", "public.ecr.aws", "--prefix", "mirror", "--yes"];
    assert_eq!(world.run(&other).status.code(), Some(0));
    let conflict = world.run(&["cache", "create", "quay.io", "--prefix", "mirror", "--yes"]);
    assert_eq!(conflict.status.code(), Some(1), "{conflict:?}");
    assert!(text(&conflict.stderr).contains("--replace") && text(&conflict.stdout).contains("failed"));
    let replace = ["cache", "create", "quay.io", "--prefix", "mirror", "--replace"];
    let unasked = world.run(&replace);
    assert_eq!(unasked.status.code(), Some(2), "{unasked:?}");
    assert_eq!(world.run(&[&replace[..], &["--yes"]].concat()).status.code(), Some(0));
}

#[test]
fn a_grant_is_bound_to_an_account_by_a_flag_with_or_without_the_account() {
    let world = World::new();
    let own = ["cache", "create", "--source-account", "quay.io", "--dry-run", "--output", "json"];
    let plan = document(&world.run(&own));
    let condition =
        &plan["steps"][1]["after"]["Statement"][0]["Condition"]["StringEquals"]["aws:SourceAccount"];
    assert_eq!(condition, "123456789012");
    let other =
        ["cache", "create", "--source-account=210987654321", "quay.io", "--dry-run", "--output", "json"];
    let plan = document(&world.run(&other));
    let condition =
        &plan["steps"][1]["after"]["Statement"][0]["Condition"]["StringEquals"]["aws:SourceAccount"];
    assert_eq!(condition, "210987654321");
}

#[test]
fn a_secret_comes_from_standard_input_and_is_never_shown() {
    let world = World::new();
    let create = ["secret", "create", "docker-hub", "--username", "me", "--no-check"];
    let made = world.with_input(&create, "hunter2\n");
    assert_eq!(made.status.code(), Some(0), "{made:?}");
    assert!(text(&made.stdout).contains(":secret:ecr-pullthroughcache/docker-hub-"), "{made:?}");
    let stored =
        world.ask("secretsmanager.GetSecretValue", &json!({ "SecretId": "ecr-pullthroughcache/docker-hub" }));
    let value: Value = serde_json::from_str(stored["SecretString"].as_str().unwrap()).unwrap();
    assert_eq!(value, json!({ "username": "me", "accessToken": "hunter2" }));

    let again = world.with_input(&create, "hunter2");
    assert_eq!(again.status.code(), Some(0));
    assert!(text(&again.stdout).contains("not needed"), "{again:?}");
    let other = world.with_input(&create, "hunter3");
    assert_eq!(other.status.code(), Some(1), "{other:?}");
    assert!(text(&other.stderr).contains("--replace"));
    let replace = [&create[..], &["--replace"]].concat();
    assert_eq!(world.with_input(&replace, "hunter3").status.code(), Some(2), "nobody was asked");
    let replaced = world.with_input(&[&replace[..], &["--yes", "--output", "json"]].concat(), "hunter3");
    assert_eq!(document(&replaced)["outcome"], "done");

    let check = world.run(&["secret", "check", "docker-hub"]);
    assert_eq!(check.status.code(), Some(0), "{check:?}");
    assert!(row(&text(&check.stdout), "docker-hub").contains("yes"));
    for output in [&made, &again, &other, &replaced, &check] {
        assert!(!format!("{}{}", text(&output.stdout), text(&output.stderr)).contains("hunter"));
    }
    assert_eq!(world.with_input(&create, "").status.code(), Some(2), "an empty token is none");
    let in_argv = world.with_input(&[&create[..], &["--token", "x"]].concat(), "");
    assert_eq!(in_argv.status.code(), Some(2), "there is no flag for it");
}

#[test]
fn a_secret_that_ecr_cannot_use_is_a_no() {
    let world = World::new();
    for (secret, words) in [
        ("nothing-there", "there is no secret"),
        (
            "arn:aws:secretsmanager:us-east-1:123456789012:secret:docker-hub-creds-AbCdEf",
            "ecr-pullthroughcache/",
        ),
    ] {
        let check = world.run(&["secret", "check", secret]);
        assert_eq!(check.status.code(), Some(1), "{check:?}");
        assert!(text(&check.stderr).contains(words), "{check:?}");
    }
}

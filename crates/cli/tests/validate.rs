//! `omics-ecr validate` and `omics-ecr explain` as people and jobs use them, against an account in this process.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use std::process::{Command, Output, Stdio};

use local_ecr::{Config, Handle, LocalEcr};
use serde_json::{Value, json};

/// An account to validate.
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

    fn ecr(&self, operation: &str, body: &Value) {
        self.runtime.block_on(async {
            let target = format!("AmazonEC2ContainerRegistry_V20150921.{operation}");
            let post = reqwest::Client::new().post(self.account.endpoint()).header("x-amz-target", target);
            let post = post.header("content-type", "application/x-amz-json-1.1").body(body.to_string());
            let answer = post.send().await.unwrap();
            assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
        });
    }

    /// Returns an account with a rule and a repository, and nothing for HealthOmics.
    fn with_rule() -> Self {
        let world = Self::new();
        let rule = json!({ "ecrRepositoryPrefix": "quay", "upstreamRegistryUrl": "quay.io" });
        world.ecr("CreatePullThroughCacheRule", &rule);
        world.ecr("CreateRepository", &json!({ "repositoryName": "quay/tool" }));
        world
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let endpoint = self.account.endpoint();
        let mut command = omics_ecr(&["validate", "--endpoint-url", &endpoint, "--region", "us-east-1"]);
        command.args(arguments).output().unwrap()
    }
}

fn omics_ecr(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_omics-ecr"));
    command.args(arguments).env_clear().stdin(Stdio::null());
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

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", out(output)))
}

#[test]
fn problems_are_shown_by_severity_with_their_hints_and_exit_with_1() {
    let world = World::with_rule();
    let output = world.run(&[]);
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    let text = out(&output);
    for expected in [
        " quay    quay.io   none needed  no           1 (1 closed)",
        "errors\n",
        "OE301 registry policy:",
        "OE401 quay:",
        "OE501 quay/tool:",
        "        hint: run `omics-ecr grant quay/tool`",
        "3 errors, 0 warnings, 0 notes in 123456789012/us-east-1",
        "`omics-ecr explain OE301` tells more",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    assert!(!text.contains('\x1b'), "no colour where there is no terminal");
}

#[test]
fn an_empty_account_is_not_valid() {
    let output = World::new().run(&["--output", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let report = document(&output);
    assert_eq!((&report["verdict"], &report["schema_version"]), (&json!("problems"), &json!(1)));
    assert_eq!(report["findings"][0]["code"], "OE101");
    assert_eq!(report["findings"][0]["fix"]["tool"], "CreateECRPullThroughCache");
}

#[test]
fn a_plan_is_shown_and_needs_consent() {
    let world = World::with_rule();
    let shown = world.run(&["--fix", "--dry-run", "--output", "json"]);
    assert_eq!(shown.status.code(), Some(1));
    let shown = document(&shown);
    assert_eq!(shown["applied"], json!([]));
    let changes: Vec<&str> = shown["plan"]["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["change"].as_str().unwrap())
        .collect();
    assert_eq!(changes, ["registry-policy", "create-template", "repository-policy"]);
    let nobody = world.run(&["--fix"]);
    assert_eq!(nobody.status.code(), Some(2));
    assert!(
        err(&nobody).contains("template quay") && err(&nobody).contains("pass --yes"),
        "{}",
        err(&nobody)
    );
    assert_eq!(world.run(&[]).status.code(), Some(1), "nothing was changed");
}

#[test]
fn a_repair_is_applied_and_validated_again() {
    let world = World::with_rule();
    let output = world.run(&["--fix", "--yes", "--prefix", "quay", "--output", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let repair = document(&output);
    assert!(repair["applied"].as_array().unwrap().iter().all(|one| one["outcome"] == "done"), "{repair:#}");
    assert_eq!(repair["report"]["verdict"], "ok");
    let again = world.run(&["--fix", "--yes"]);
    assert_eq!(again.status.code(), Some(0));
    assert!(err(&again).contains("nothing to repair"), "{}", err(&again));
}

#[test]
fn what_cannot_be_looked_at_exits_with_2() {
    let world = World::with_rule();
    // A server that knows who asks, and denies everything else.
    let endpoint = world.runtime.block_on(denying());
    let mut command = omics_ecr(&["validate", "--endpoint-url", &endpoint, "--region", "us-east-1"]);
    let output = command.args(["--output", "json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", err(&output));
    let report = document(&output);
    assert_eq!(report["verdict"], "could-not-look");
    let codes: Vec<&str> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| finding["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["OE710", "OE710", "OE710", "OE711"], "{report:#}");
    let mut command = omics_ecr(&["validate", "--endpoint-url", &endpoint, "--region", "us-east-1"]);
    let sarif = document(&command.args(["--output", "sarif"]).output().unwrap());
    let invocation = &sarif["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    assert_eq!(invocation["toolExecutionNotifications"].as_array().unwrap().len(), 3);
}

/// Starts a server that says who asks and denies all else; returns its address.
async fn denying() -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    const IDENTITY: &str = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
        <GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/reader</Arn><UserId>AIDAEXAMPLE</UserId>\
        <Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = Vec::new();
                let mut buffer = [0; 4096];
                // Requests are small and come at once: the first ones end within the first bytes.
                while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                    request.extend_from_slice(&buffer[..read]);
                    let text = String::from_utf8_lossy(&request);
                    let is_sts = text.contains("GetCallerIdentity");
                    let is_json = text.contains("x-amz-target") && text.contains('}');
                    if !is_sts && !is_json {
                        continue;
                    }
                    let denied = "{\"__type\":\"AccessDeniedException\",\"message\":\"not authorized\"}";
                    let (status, kind, body) = match is_sts {
                        true => ("200 OK", "text/xml", IDENTITY),
                        false => ("400 Bad Request", "application/x-amz-json-1.1", denied),
                    };
                    let answer = format!(
                        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                        body.len()
                    );
                    stream.write_all(answer.as_bytes()).await.unwrap_or_default();
                    return;
                }
            });
        }
    });
    endpoint
}

#[test]
fn sarif_names_rules_levels_and_places() {
    let world = World::with_rule();
    let output = world.run(&["--output", "sarif"]);
    assert_eq!(output.status.code(), Some(1));
    let log = document(&output);
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 3);
    for result in results {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        assert_eq!(result["level"], "error");
        let location = &result["locations"][0];
        assert_eq!(location["physicalLocation"]["artifactLocation"]["uri"], "ecr/123456789012/us-east-1");
        assert!(location["logicalLocations"][0]["fullyQualifiedName"].is_string());
    }
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
}

#[test]
fn findings_are_explained_without_an_account() {
    let output = omics_ecr(&["explain", "oe303", "OE101"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let text = out(&output);
    assert!(text.starts_with("OE303: ") && text.contains("\nOE101: "), "{text}");
    assert!(
        text.contains("wrong:\n    {\"Version\"") && text.contains("aws:PrincipalIsAWSService"),
        "{text}"
    );
    let list = out(&omics_ecr(&["explain", "--list"]).output().unwrap());
    assert!(list.contains(" OE001 ") && list.contains(" OE711 "), "{list}");
    let json = document(&omics_ecr(&["explain", "OE710", "--output", "json"]).output().unwrap());
    assert_eq!(json[0]["code"], "OE710");
    let unknown = omics_ecr(&["explain", "OE999"]).output().unwrap();
    assert_eq!(unknown.status.code(), Some(2));
    assert!(err(&unknown).contains("explain --list"), "{}", err(&unknown));
}

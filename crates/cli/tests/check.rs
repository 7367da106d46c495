//! `omics-ecr check` and `omics-ecr drift` as people and CI use them, against an ECR that runs in this process.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use local_ecr::{Config, Handle, LocalEcr};
use serde_json::{Value, json};
use sha2::Digest as _;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// An account with images.
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

    /// Calls an operation of ECR's control plane.
    fn ecr(&self, operation: &str, body: &Value) {
        let target = format!("AmazonEC2ContainerRegistry_V20150921.{operation}");
        let post = reqwest::Client::new().post(self.account.endpoint()).header("x-amz-target", target);
        let post = post.header("content-type", "application/x-amz-json-1.1").body(body.to_string());
        let status = self.runtime.block_on(post.send()).unwrap().status();
        assert!(status.is_success(), "{operation}: {status}");
    }

    /// Pushes an image for a platform into a repository that HealthOmics may read.
    fn push(&self, name: &str, architecture: &str) {
        let (repository, tag) = name.rsplit_once(':').unwrap();
        let config = json!({ "os": "linux", "architecture": architecture, "config": {} }).to_string();
        let layer = format!("layer of {name} ").repeat(500);
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": descriptor("application/vnd.oci.image.config.v1+json", &config),
            "layers": [descriptor("application/vnd.oci.image.layer.v1.tar", &layer)],
        });
        self.ecr("CreateRepository", &json!({ "repositoryName": repository }));
        self.runtime.block_on(async {
            let (http, base) = (reqwest::Client::new(), self.account.endpoint());
            for blob in [config, layer] {
                let url = format!("{base}/v2/{repository}/blobs/uploads/?digest={}", digest(&blob));
                assert_eq!(http.post(url).body(blob).send().await.unwrap().status(), 201);
            }
            let put = http.put(format!("{base}/v2/{repository}/manifests/{tag}"));
            let put = put.header("content-type", MANIFEST).body(manifest.to_string());
            assert_eq!(put.send().await.unwrap().status(), 201);
        });
        let policy = json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": { "Service": "omics.amazonaws.com" },
            "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"],
        }] });
        let text = policy.to_string();
        self.ecr("SetRepositoryPolicy", &json!({ "repositoryName": repository, "policyText": text }));
    }

    /// Makes a rule for a registry that does not answer.
    fn rule(&self) {
        let rule = json!({ "ecrRepositoryPrefix": "quay", "upstreamRegistryUrl": "quay.io" });
        self.ecr("CreatePullThroughCacheRule", &rule);
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_omics-ecr"));
        command.args(arguments).env_clear();
        for (name, value) in [
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("AWS_CONFIG_FILE", "/nonexistent"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent"),
            // Whatever would go to a public registry goes to a port where nobody listens.
            ("HTTPS_PROXY", "http://127.0.0.1:9"),
        ] {
            command.env(name, value);
        }
        command.args(["--endpoint-url", &self.account.endpoint(), "--region", "us-east-1"]);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }
}

fn digest(text: &str) -> String {
    let sum = sha2::Sha256::digest(text.as_bytes());
    format!("sha256:{}", sum.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

fn descriptor(kind: &str, text: &str) -> Value {
    json!({ "mediaType": kind, "digest": digest(text), "size": text.len() })
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

#[test]
fn a_usable_image_is_a_row_with_its_details_and_exits_with_0() {
    let world = World::new();
    world.push("tools/bwa:1.0", "amd64");
    let output = world.run(&["check", "tools/bwa:1.0", "--evidence"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let table = text(&output.stdout);
    let row = table.lines().find(|line| line.trim_start().starts_with("tools/bwa:1.0")).unwrap();
    assert!(row.contains("usable") && row.contains("linux/amd64") && row.ends_with("yes"), "{table}");
    for line in
        ["1 of 1 image usable in ", "read as:     there is a repository `tools/bwa`", "digest:      sha256:"]
    {
        assert!(table.contains(line), "{line}: {table}");
    }
    assert!(table.contains("  ECR DescribeImages tools/bwa:1.0\n    sha256:"), "{table}");
    assert!(output.stderr.is_empty(), "{output:?}");
}

#[test]
fn one_that_is_not_usable_makes_the_exit_code_1_and_says_why() {
    let world = World::new();
    world.push("tools/bwa:1.0", "amd64");
    world.push("tools/arm:1.0", "arm64");
    let output = world.run(&["check", "tools/bwa:1.0", "tools/arm:1.0", "tools/bwa:2.0"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(text(&output.stdout).contains("1 of 3 images usable"), "{output:?}");
    let log = text(&output.stderr);
    for line in [
        "error: cannot run `tools/arm:1.0`\n  caused by: it has no linux/amd64, only linux/arm64\n  hint: ",
        "error: cannot find `tools/bwa:2.0`",
        "hint: tags that are there: 1.0",
    ] {
        assert!(log.contains(line), "{line}: {log}");
    }
}

#[test]
fn what_cannot_be_told_exits_with_2() {
    let world = World::new();
    world.push("tools/bwa:1.0", "amd64");
    let made = world.run(&["cache", "create", "quay.io", "--yes"]);
    assert_eq!(made.status.code(), Some(0), "{made:?}");
    let output = world.run(&["check", "tools/bwa:1.0", "quay.io/biocontainers/bwa:1", "--output", "json"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let report = document(&output);
    assert_eq!(report["schema_version"], 1);
    assert_eq!(report["images"][0]["availability"], "usable");
    assert_eq!(report["images"][0]["healthomics_access"]["verdict"], "accessible");
    let image = &report["images"][1];
    assert_eq!(
        (&image["availability"], &image["cause"]),
        (&json!("unknown"), &json!("upstream-unreachable"))
    );
    assert_eq!((&image["rule"], &image["upstream"]["answer"]), (&json!("quay"), &json!("unreachable")));
    assert_eq!(image["evidence"][0]["asked"], "ECR DescribeImages quay/biocontainers/bwa:1");
    // A plain no counts more.
    let output = world.run(&["check", "tools/none:1", "quay.io/biocontainers/bwa:1"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}

#[test]
fn lists_are_read_from_files_and_from_standard_input() {
    let world = World::new();
    world.push("tools/bwa:1.0", "amd64");
    let mut command = world.command(&["check", "--from-file", "-", "--output", "json"]);
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    let list = b"# wanted\nquay.io/biocontainers/bwa:1.0 tools/bwa:1.0\n\ntools/bwa:1.0 # again\n";
    child.stdin.take().unwrap().write_all(list).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(document(&output)["images"].as_array().unwrap().len(), 2);
    assert_eq!(world.run(&["check", "--from-file", "/nonexistent"]).status.code(), Some(2));
    assert_eq!(world.run(&["check"]).status.code(), Some(2));
}

#[test]
fn drift_without_rules_finds_nothing_and_a_refresh_needs_somebody_to_ask() {
    let world = World::new();
    let output = world.run(&["drift"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(text(&output.stdout).contains("0 cached tags compared"), "{output:?}");
    let output = world.run(&["drift", "--refresh"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(text(&output.stderr).contains("hint: pass --yes to refresh without being asked"), "{output:?}");
    let output = world.run(&["drift", "--prefix", "quay", "--output", "json"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(text(&output.stderr).contains("no rule has the prefix `quay`"), "{output:?}");
}

#[test]
fn drift_of_what_upstream_does_not_tell_exits_with_2() {
    let world = World::new();
    world.rule();
    world.push("quay/biocontainers/bwa:1.0", "amd64");
    let output = world.run(&["drift", "--output", "json"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let plan = document(&output);
    let tag = &plan["tags"][0];
    assert_eq!(
        (&tag["state"], &tag["refresh"], &tag["rule"]),
        (&json!("unknown"), &json!("nothing"), &json!("quay"))
    );
    let output = world.run(&["drift", "--refresh", "--yes"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(text(&output.stderr).contains("there is nothing to refresh"), "{output:?}");
}

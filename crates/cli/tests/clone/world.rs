//! A public registry, an account to clone into, and the command.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use local_ecr::{Config, Handle, LocalEcr};
use serde_json::{Value, json};
use sha2::Digest as _;

/// A public registry with images, and an account to clone them into.
pub(crate) struct World {
    pub(crate) runtime: tokio::runtime::Runtime,
    pub(crate) source: Arc<Handle>,
    pub(crate) account: Handle,
}

impl World {
    pub(crate) fn new() -> Self {
        rustls::crypto::ring::default_provider().install_default().unwrap_or_default();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let start = |account: &str, region: &str| {
            let config = Config::new(account.parse().unwrap(), region.parse().unwrap());
            runtime.block_on(LocalEcr::start(config)).unwrap()
        };
        let (source, account) = (start("222222222222", "eu-west-1"), start("123456789012", "us-east-1"));
        Self { runtime, source: source.into(), account }
    }

    /// Pushes an image of one small layer for an architecture into the public registry; returns its name there.
    pub(crate) fn push(&self, name: &str, architecture: &str) -> String {
        self.push_layers(name, architecture, &[format!("layer of {name} ").repeat(500)])
    }

    /// Pushes an image of these layers; returns its name there.
    pub(crate) fn push_layers(&self, name: &str, architecture: &str, layers: &[String]) -> String {
        let (repository, tag) = name.rsplit_once(':').unwrap();
        let config = json!({ "os": "linux", "architecture": architecture, "name": name }).to_string();
        let kind = "application/vnd.oci.image.layer.v1.tar";
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": descriptor("application/vnd.oci.image.config.v1+json", &config),
            "layers": layers.iter().map(|layer| descriptor(kind, layer)).collect::<Vec<_>>(),
        });
        self.runtime.block_on(async {
            let http = reqwest::Client::new();
            let base = self.source.endpoint();
            // It may be there from an image before.
            control(&http, &base, "CreateRepository", json!({ "repositoryName": repository })).await;
            for blob in layers.iter().chain([&config]) {
                let url = format!("{base}/v2/{repository}/blobs/uploads/?digest={}", digest(blob));
                assert_eq!(http.post(url).body(blob.clone()).send().await.unwrap().status(), 201);
            }
            let put = http.put(format!("{base}/v2/{repository}/manifests/{tag}"));
            let put = put.header("content-type", MANIFEST).body(manifest.to_string());
            assert_eq!(put.send().await.unwrap().status(), 201);
        });
        format!("{}/{name}", self.source.address())
    }

    /// Asks the account's ECR.
    pub(crate) fn ecr(&self, operation: &str, body: Value) -> Value {
        let http = reqwest::Client::new();
        self.runtime.block_on(control(&http, &self.account.endpoint(), operation, body))
    }

    /// Returns whether an image is in the account.
    pub(crate) fn has(&self, name: &str) -> bool {
        let (repository, tag) = name.rsplit_once(':').unwrap();
        let ids = json!([{ "imageTag": tag }]);
        let found = self.ecr("DescribeImages", json!({ "repositoryName": repository, "imageIds": ids }));
        found["imageDetails"].as_array().is_some_and(|images| images.len() == 1)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = omics_ecr(arguments);
        let endpoint = self.account.endpoint();
        command.args(["--endpoint-url", &endpoint, "--region", "us-east-1"]);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    pub(crate) fn repositories(&self) -> usize {
        self.ecr("DescribeRepositories", json!({}))["repositories"].as_array().unwrap().len()
    }
}

/// Asks a control plane.
async fn control(http: &reqwest::Client, base: &str, operation: &str, body: Value) -> Value {
    let target = format!("AmazonEC2ContainerRegistry_V20150921.{operation}");
    let post = http.post(base).header("x-amz-target", target);
    let post = post.header("content-type", "application/x-amz-json-1.1").body(body.to_string());
    serde_json::from_str(&post.send().await.unwrap().text().await.unwrap()).unwrap()
}

pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

pub(crate) fn digest(text: &str) -> String {
    let sum = sha2::Sha256::digest(text.as_bytes());
    format!("sha256:{}", sum.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

pub(crate) fn descriptor(kind: &str, text: &str) -> Value {
    json!({ "mediaType": kind, "digest": digest(text), "size": text.len() })
}

pub(crate) fn omics_ecr(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_omics-ecr"));
    command.arg("clone").args(arguments).env_clear();
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

pub(crate) fn with_input(mut command: Command, input: &str) -> Output {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

pub(crate) fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

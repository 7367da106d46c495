//! An account behind a gate, registries behind others, and one thing to do with them.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use aws::{Options, Session, StaticCredentials};
use local_ecr::{Config, Handle, LocalEcr};
use operations::{Account, OperationError, PrivateRegistry};
use registry::{ClientOptions, RetryOptions};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use crate::accounts::{Pusher, digest, layer, source};
use crate::gate::Gate;

/// The hosts of the public registries.
pub(crate) const QUAY: &str = "quay.io";
pub(crate) const LAB: &str = "registry.lab.example";

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    Clone,
    PullThrough,
    Prime,
    Prepare,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    Done,
    Failed(String),
    /// It says that it cannot tell.
    Unknown(String),
    /// It would have gone on waiting.
    Waits,
}

impl Outcome {
    /// Returns the same with other words.
    pub(crate) fn with_words(self, words: &str) -> Self {
        match self {
            Self::Failed(_) => Self::Failed(words.to_owned()),
            Self::Unknown(_) => Self::Unknown(words.to_owned()),
            other => other,
        }
    }
}

impl Flow {
    pub(crate) const ALL: [Self; 4] = [Self::Clone, Self::PullThrough, Self::Prime, Self::Prepare];

    /// Returns the repositories and tags that are there in the end.
    pub(crate) fn images(self) -> &'static [&'static str] {
        match self {
            Self::Clone => &["tools/tool:1"],
            Self::PullThrough | Self::Prime => &["quay/bio/tool:1"],
            Self::Prepare => &["quay/bio/tool:1", "registry.lab.example/lab/caller:2"],
        }
    }

    /// Returns the registries that it asks.
    fn hosts(self) -> &'static [&'static str] {
        match self {
            Self::Clone => &[LAB],
            Self::PullThrough | Self::Prime => &[QUAY],
            Self::Prepare => &[QUAY, LAB],
        }
    }
}

/// Starts the registry that stands in for all public ones, with the images of all flows.
pub(crate) async fn upstream() -> Arc<Handle> {
    let upstream = source().await;
    let pusher = Pusher::new(&upstream).await;
    pusher.image("bio/tool:1", "linux/amd64", &[layer(1, 60_000)]).await;
    pusher.image("lab/caller:2", "linux/amd64", &[layer(2, 50_000)]).await;
    upstream.into()
}

/// Returns the client that all that stands around the account uses.
pub(crate) fn client() -> reqwest::Client {
    rustls::crypto::ring::default_provider().install_default().unwrap_or_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// What one thing is done in.
pub(crate) struct Lab {
    pub(crate) flow: Flow,
    pub(crate) ecr: Arc<Handle>,
    /// The account's ECR and the registries, by their names on the page.
    pub(crate) gates: Vec<(&'static str, Gate)>,
    opened: OnceCell<(Account, PrivateRegistry)>,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) http: reqwest::Client,
}

/// The name of the account's ECR among the gates.
pub(crate) const ECR: &str = "ECR";

impl Lab {
    pub(crate) async fn start(flow: Flow, upstream: &Arc<Handle>, http: &reqwest::Client) -> Self {
        let mut gates = Vec::new();
        for host in flow.hosts() {
            gates.push((*host, Gate::before_with(upstream.clone(), http.clone()).await));
        }
        let mut config = Config::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
        config.pull_through.upstreams =
            gates.iter().map(|(host, gate)| (host.parse().unwrap(), gate.endpoint())).collect();
        config.pull_through.idle_timeout = Duration::from_millis(250);
        config.pull_through.patience = Duration::from_millis(1200);
        let ecr = Arc::new(LocalEcr::start(config).await.unwrap());
        gates.push((ECR, Gate::before_with(ecr.clone(), http.clone()).await));
        let folder = tempfile::tempdir().unwrap();
        let lab = Self { flow, ecr, gates, opened: OnceCell::new(), folder, http: http.clone() };
        match flow {
            Flow::PullThrough | Flow::Prime => lab.make_rule(&lab.ecr.endpoint()).await,
            Flow::Prepare => crate::prepare::write_workflow(lab.folder.path()),
            Flow::Clone => {}
        }
        lab
    }

    pub(crate) fn gate(&self, name: &str) -> &Gate {
        &self.gates.iter().find(|(own, _)| *own == name).unwrap().1
    }

    /// Does what is to be done.
    pub(crate) async fn run(&self) -> Outcome {
        match self.flow {
            Flow::Clone => crate::clone::run(self).await,
            Flow::PullThrough => crate::pull_through::run(self).await,
            Flow::Prime => crate::prime::run(self).await,
            Flow::Prepare => crate::prepare::run(self).await,
        }
    }

    /// Returns the account as it is reached through the gate; asked again until it was once had.
    pub(crate) async fn open(&self) -> Result<&(Account, PrivateRegistry), OperationError> {
        let open = async || {
            let session = Session::open(Options {
                region: Some(self.ecr.region().clone()),
                endpoint_url: Some(self.gate(ECR).endpoint()),
                credentials: Some(StaticCredentials {
                    access_key_id: "local".to_owned(),
                    secret_access_key: "local".to_owned().into(),
                    session_token: None,
                }),
                read_timeout: Duration::from_millis(2500),
                attempts: Some(3),
                ..Options::default()
            });
            let session = session.await?;
            let registry = PrivateRegistry::open(&session, None, self.options()).await?;
            Ok((Account::open(&session).await?, registry))
        };
        self.opened.get_or_try_init(open).await
    }

    fn options(&self) -> ClientOptions {
        let retry = RetryOptions {
            attempts: 4,
            first_delay: Duration::from_millis(40),
            longest_delay: Duration::from_millis(200),
            patience: Duration::from_millis(1500),
        };
        let public = self.gates.iter().filter(|(name, _)| *name != ECR);
        ClientOptions {
            endpoints: public.map(|(host, gate)| (host.parse().unwrap(), gate.endpoint())).collect(),
            retry,
            idle_timeout: Duration::from_millis(700),
            finish_timeout: Duration::from_millis(700),
            ..ClientOptions::default()
        }
    }

    /// Returns a command of the program itself, for the account and the registries behind their gates.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program(arguments);
        command.args(["--endpoint-url", &self.gate(ECR).endpoint(), "--region", "us-east-1"]);
        for (host, gate) in self.gates.iter().filter(|(name, _)| *name != ECR) {
            command.arg("--upstream").arg(format!("{host}={}", gate.endpoint()));
        }
        command.current_dir(self.folder.path()).env("HOME", self.folder.path());
        command
    }

    /// Makes the rule, with all that HealthOmics needs to pull through it.
    pub(crate) async fn make_rule(&self, endpoint: &str) {
        let rule = json!({ "ecrRepositoryPrefix": "quay", "upstreamRegistryUrl": QUAY });
        self.ecr_at(endpoint, "CreatePullThroughCacheRule", rule).await;
        let everything = "arn:aws:ecr:us-east-1:123456789012:repository/*";
        let policy = json!({ "Version": "2012-10-17", "Statement": [{
            "Sid": "import", "Effect": "Allow", "Principal": { "Service": "omics.amazonaws.com" },
            "Action": ["ecr:CreateRepository", "ecr:BatchImportUpstreamImage"], "Resource": everything,
        }, {
            "Sid": "own", "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::123456789012:root" },
            "Action": ["ecr:CreateRepository", "ecr:BatchImportUpstreamImage"], "Resource": everything,
        }] });
        self.ecr_at(endpoint, "PutRegistryPolicy", json!({ "policyText": policy.to_string() })).await;
        let reading = json!({ "Version": "2012-10-17", "Statement": [{
            "Sid": "read", "Effect": "Allow", "Principal": { "Service": "omics.amazonaws.com" },
            "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"],
        }] });
        let template = json!({ "prefix": "quay", "appliedFor": ["PULL_THROUGH_CACHE"],
            "repositoryPolicy": reading.to_string() });
        self.ecr_at(endpoint, "CreateRepositoryCreationTemplate", template).await;
    }

    /// Asks an ECR directly.
    async fn ecr_at(&self, endpoint: &str, operation: &str, body: Value) -> Value {
        let target = format!("AmazonEC2ContainerRegistry_V20150921.{operation}");
        let post = self.http.post(endpoint).header("x-amz-target", target);
        let post = post.header("content-type", "application/x-amz-json-1.1").body(body.to_string());
        serde_json::from_str(&post.send().await.unwrap().text().await.unwrap()).unwrap()
    }

    /// Holds that no tag stands for an image of which a part is missing, unless a rule is still to bring it, and that
    /// all bytes that are there are those of their digests. Makes ECR ask nobody.
    pub(crate) async fn nothing_is_half(&self, endpoint: &str) {
        let all = self.ecr_at(endpoint, "DescribeRepositories", json!({})).await;
        for repository in all["repositories"].as_array().unwrap() {
            let name = repository["repositoryName"].as_str().unwrap();
            let images = self.ecr_at(endpoint, "DescribeImages", json!({ "repositoryName": name })).await;
            for image in images["imageDetails"].as_array().unwrap() {
                let own = image["imageDigest"].as_str().unwrap();
                let manifest = self.read(endpoint, &format!("{name}/manifests/{own}")).await.unwrap();
                assert_eq!(digest(&manifest), own, "{name}");
                let manifest: Value = serde_json::from_slice(&manifest).unwrap();
                for blob in manifest["layers"].as_array().unwrap().iter().chain([&manifest["config"]]) {
                    let blob = blob["digest"].as_str().unwrap();
                    let asked = json!({ "repositoryName": name, "layerDigests": [blob] });
                    let found = self.ecr_at(endpoint, "BatchCheckLayerAvailability", asked).await;
                    let is_there = found["layers"][0]["layerAvailability"] == "AVAILABLE";
                    match self.read(endpoint, &format!("{name}/blobs/{blob}")).await {
                        Ok(bytes) if is_there => assert_eq!(digest(&bytes), blob, "{name}"),
                        // What a rule can still fetch may fail with its upstream registry, and never comes wrong.
                        _ => assert!(name.starts_with("quay/"), "{name} has a tag without {blob}: {image}"),
                    }
                }
            }
        }
    }

    /// Holds that all images are there, whole.
    pub(crate) async fn all_is_there(&self, endpoint: &str) {
        for image in self.flow.images() {
            let (name, tag) = image.rsplit_once(':').unwrap();
            let asked = json!({ "repositoryName": name, "imageIds": [{ "imageTag": tag }] });
            let found = self.ecr_at(endpoint, "DescribeImages", asked).await;
            let own = found["imageDetails"][0]["imageDigest"].as_str();
            let own = own.unwrap_or_else(|| panic!("{image} is not there: {found}"));
            let manifest = self.read(endpoint, &format!("{name}/manifests/{own}")).await.unwrap();
            let manifest: Value = serde_json::from_slice(&manifest).unwrap();
            for blob in manifest["layers"].as_array().unwrap().iter().chain([&manifest["config"]]) {
                let blob = blob["digest"].as_str().unwrap();
                let bytes = self.read(endpoint, &format!("{name}/blobs/{blob}")).await.unwrap();
                assert_eq!(digest(&bytes), blob, "{name}");
            }
        }
    }

    /// Reads something of a registry whole, or says why not.
    pub(crate) async fn read(&self, endpoint: &str, path: &str) -> Result<Vec<u8>, String> {
        let get = self.http.get(format!("{endpoint}/v2/{path}")).timeout(Duration::from_secs(20));
        let answer = get.header("accept", crate::accounts::MANIFEST).send().await;
        let answer = answer.map_err(|_| "no answer".to_owned())?;
        let status = answer.status().as_u16();
        let bytes = answer.bytes().await.map_err(|_| "the body ends early".to_owned())?;
        if status == 200 {
            return Ok(bytes.to_vec());
        }
        let told: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        Err(format!("HTTP {status} {}", told["errors"][0]["code"].as_str().unwrap_or_default()))
    }

    /// Returns words without what is another one in each run.
    pub(crate) fn words(&self, error: &OperationError) -> String {
        let mut words = error.tried.clone();
        for (name, gate) in &self.gates {
            words = words.replace(&gate.endpoint(), name).replace(&gate.address.to_string(), name);
        }
        while let Some(at) = words.find("sha256:") {
            let length = words[at + 7..].chars().take_while(char::is_ascii_hexdigit).count();
            words.replace_range(at..at + 7 + length, "…");
        }
        words
    }
}

/// Returns a command of the program, with nothing of this machine in its environment.
pub(crate) fn program(arguments: &[&str]) -> Command {
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

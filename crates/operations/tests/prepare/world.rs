//! An account, the registries that its rules and clones find in the place of public ones, and a workflow.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use aws::secrets_manager::NewSecret;
use aws::{Options, Session, StaticCredentials};
use local_ecr::{Config, Handle, LocalEcr};
use operations::clone::Silent;
use operations::prepare::{self, PrepareOptions, PreparePlan, PrepareReport, PrepareRequest, PreparedImage};
use operations::{Account, PrivateRegistry};
use registry::{ClientOptions, RetryOptions};
use serde_json::Value;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

use crate::accounts::{Pusher, layer, source};
use crate::gate::Gate;

pub(crate) const AMD64: &str = "linux/amd64";

/// The public registries of the tests.
const HOSTS: [&str; 5] = ["quay.io", "docker.io", "public.ecr.aws", "registry.lab.example", "nvcr.io"];

pub(crate) struct World {
    /// What is asked of the public registries, by host.
    pub(crate) gates: BTreeMap<&'static str, Gate>,
    /// What is asked of the account.
    pub(crate) gate: Gate,
    pub(crate) account: Account,
    pub(crate) registry: PrivateRegistry,
    pub(crate) pusher: Pusher,
    folder: tempfile::TempDir,
}

impl World {
    pub(crate) async fn start() -> Self {
        rustls::crypto::ring::default_provider().install_default().unwrap_or_default();
        let upstream = Arc::new(source().await);
        let pusher = Pusher::new(&upstream).await;
        let mut gates = BTreeMap::new();
        for host in HOSTS {
            gates.insert(host, Gate::before(upstream.clone()).await);
        }
        let endpoints: Vec<_> =
            gates.iter().map(|(host, gate)| (host.parse().unwrap(), gate.endpoint())).collect();
        let mut config = Config::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
        config.pull_through.upstreams = endpoints.iter().cloned().collect();
        let ecr = Arc::new(LocalEcr::start(config).await.unwrap());
        let gate = Gate::before(ecr.clone()).await;
        let session = session(&ecr, &gate.endpoint()).await;
        let retry = RetryOptions {
            attempts: 3,
            first_delay: Duration::from_millis(10),
            longest_delay: Duration::from_millis(50),
            patience: Duration::from_secs(4),
        };
        let options =
            ClientOptions { endpoints: endpoints.into_iter().collect(), retry, ..ClientOptions::default() };
        let registry = PrivateRegistry::open(&session, None, options).await.unwrap();
        let account = Account::open(&session).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        Self { gates, gate, account, registry, pusher, folder }
    }

    /// Pushes an image of one layer to the public registries; returns its digest.
    pub(crate) async fn image(&self, name: &str, seed: u8) -> String {
        self.pusher.image(name, AMD64, &[layer(seed, 4000)]).await
    }

    /// Pushes an index of an image for linux/amd64 and one for linux/arm64; returns its digest.
    pub(crate) async fn index(&self, name: &str, seed: u8) -> String {
        let (repository, _) = name.rsplit_once(':').unwrap();
        let of = |architecture: &str| format!("{repository}:of-{architecture}");
        let amd = self.pusher.image(&of("amd64"), AMD64, &[layer(seed, 4000)]).await;
        let arm = self.pusher.image(&of("arm64"), "linux/arm64", &[layer(seed + 1, 3000)]).await;
        self.pusher.index(name, &[(&amd, AMD64), (&arm, "linux/arm64")]).await
    }

    /// Makes a secret as ECR wants it; returns its ARN.
    pub(crate) async fn secret(&self, name: &str) -> String {
        let value = r#"{"username":"lab","accessToken":"token"}"#;
        let new = NewSecret {
            name: name.to_owned(),
            value: aws::Secret::new(value),
            description: None,
            tags: BTreeMap::new(),
        };
        self.account.secrets().create(&new).await.unwrap()
    }

    /// Writes a workflow of one task for each image; returns its folder.
    pub(crate) fn workflow(&self, images: &[&str]) -> PathBuf {
        let mut text = "version 1.0\nworkflow w {\n  input { String tool }\n".to_owned();
        for index in 0..images.len() {
            text += &format!("  call t{index} {{ input: tool = tool }}\n");
        }
        text += "}\n";
        for (index, image) in images.iter().enumerate() {
            text += &format!(
                "task t{index} {{\n  input {{ String tool }}\n  command <<< true >>>\n  runtime {{ docker: \"{image}\" }}\n}}\n"
            );
        }
        let folder = self.folder.path().join("workflow");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("main.wdl"), text).unwrap();
        folder
    }

    pub(crate) fn request(&self, images: &[&str], options: PrepareOptions) -> PrepareRequest {
        PrepareRequest::of_workflow(&self.workflow(images), &self.account, options).unwrap()
    }

    pub(crate) async fn plan(&self, request: &PrepareRequest) -> PreparePlan {
        let cancel = CancellationToken::new();
        prepare::plan(&self.account, &self.registry, request, Arc::new(Silent), &cancel).await.unwrap()
    }

    pub(crate) async fn apply(&self, plan: PreparePlan) -> PrepareReport {
        let cancel = CancellationToken::new();
        prepare::apply(&self.account, &self.registry, plan, Arc::new(Silent), &cancel).await
    }

    /// Plans and applies.
    pub(crate) async fn prepare(&self, images: &[&str], options: PrepareOptions) -> PrepareReport {
        let plan = self.plan(&self.request(images, options)).await;
        self.apply(plan).await
    }

    /// Pulls an image of the account, manifest and all blobs, as HealthOmics does; returns the digest of the manifest.
    pub(crate) async fn pull_as_healthomics(&self, image: &str) -> Result<String, u16> {
        let name = image.strip_prefix(&self.registry.host().to_string()).unwrap().trim_start_matches('/');
        let (repository, reference) = match name.split_once('@') {
            Some((named, digest)) => (named.split(':').next().unwrap(), digest),
            None => name.rsplit_once(':').unwrap(),
        };
        let bytes = self.read_as_healthomics(&format!("{repository}/manifests/{reference}")).await?;
        let manifest: Value = serde_json::from_slice(&bytes).unwrap();
        let mut manifests = vec![manifest.clone()];
        for child in manifest["manifests"].as_array().into_iter().flatten() {
            let digest = child["digest"].as_str().unwrap();
            let child = self.read_as_healthomics(&format!("{repository}/manifests/{digest}")).await?;
            manifests.push(serde_json::from_slice(&child).unwrap());
        }
        for manifest in manifests {
            let layers = manifest["layers"].as_array().into_iter().flatten();
            for blob in layers.chain(manifest.get("config")) {
                let digest = blob["digest"].as_str().unwrap();
                self.read_as_healthomics(&format!("{repository}/blobs/{digest}")).await?;
            }
        }
        Ok(crate::accounts::digest(&bytes))
    }

    async fn read_as_healthomics(&self, path: &str) -> Result<Vec<u8>, u16> {
        let url = format!("{}/v2/{path}", self.gate.endpoint());
        let get = self.pusher.http.get(url).header("x-local-ecr-principal", "omics.amazonaws.com");
        let kinds = format!("{}, {}", crate::accounts::MANIFEST, crate::accounts::INDEX);
        let answer = get.header("accept", kinds).send().await.unwrap();
        match answer.status().as_u16() {
            200 => Ok(answer.bytes().await.unwrap().to_vec()),
            status => Err(status),
        }
    }
}

async fn session(ecr: &Handle, endpoint: &str) -> Session {
    let options = Options {
        region: Some(ecr.region().clone()),
        endpoint_url: Some(endpoint.to_owned()),
        credentials: Some(StaticCredentials {
            access_key_id: "local".to_owned(),
            secret_access_key: "local".to_owned().into(),
            session_token: None,
        }),
        ..Options::default()
    };
    Session::open(options).await.unwrap()
}

/// Returns the report on an image.
pub(crate) fn of<'a>(report: &'a PrepareReport, image: &str) -> &'a PreparedImage {
    report
        .images
        .iter()
        .find(|own| own.named.name == image)
        .unwrap_or_else(|| panic!("no {image}: {report:#?}"))
}

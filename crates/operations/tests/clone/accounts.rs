//! Two registries on this machine, images to push into one, and clones into the other.

use std::sync::Arc;
use std::time::Duration;

use aws::{Options, Session, StaticCredentials};
use local_ecr::{Config, Handle, LocalEcr};
use operations::PrivateRegistry;
use operations::clone::{self, CloneItem, CloneOptions, ClonePlan, CloneReport, CloneRequest, Silent};
use registry::{Client, ClientOptions, Credential, GivenCredentials, Manifest, RetryOptions};
use serde_json::{Value, json};
use sha2::Digest as _;
use tokio_util::sync::CancellationToken;

use crate::gate::Gate;

pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// Starts a registry that stands in for a public one.
pub(crate) async fn source() -> Handle {
    let config = Config::new("222222222222".parse().unwrap(), "eu-west-1".parse().unwrap());
    LocalEcr::start(config).await.unwrap()
}

/// The account that is cloned into.
pub(crate) struct Account {
    /// Keeps the account running.
    _handle: Arc<Handle>,
    pub(crate) session: Session,
    pub(crate) registry: PrivateRegistry,
}

impl Account {
    pub(crate) async fn start() -> Self {
        Self::with(|_| (), ClientOptions::default()).await
    }

    /// Starts an account whose rules and whose clones find this registry in the place of quay.io and Docker Hub.
    pub(crate) async fn with_upstream(upstream: &Handle) -> Self {
        let mut options = ClientOptions::default();
        let hosts = ["quay.io", "docker.io"].map(|host| host.parse().unwrap());
        options.endpoints.extend(hosts.iter().cloned().map(|host| (host, upstream.endpoint())));
        let upstreams = hosts.into_iter().map(|host| (host, upstream.endpoint()));
        Self::with(|config| config.pull_through.upstreams = upstreams.collect(), options).await
    }

    /// Starts an account whose whole ECR stands behind a gate.
    pub(crate) async fn behind_gate() -> (Self, Gate) {
        let handle = Arc::new(LocalEcr::start(config()).await.unwrap());
        let gate = Gate::before(handle.clone()).await;
        (Self::of(handle, &gate.endpoint(), quick()).await, gate)
    }

    /// Starts an account that finds a registry behind this gate in the place of one of this name.
    pub(crate) async fn with_source(host: &str, gate: &Gate) -> Self {
        let mut options = quick();
        options.endpoints.insert(host.parse().unwrap(), gate.endpoint());
        Self::with(|_| (), options).await
    }

    /// Starts an account whose clones log in to the registry behind this gate.
    pub(crate) async fn with_login(gate: &Gate, username: &str, password: &str) -> Self {
        let credential =
            Credential::Login { username: username.to_owned(), password: password.to_owned().into() };
        let given = GivenCredentials::default().with(gate.address.to_string().parse().unwrap(), credential);
        Self::with(|_| (), ClientOptions { credentials: Arc::new(given), ..quick() }).await
    }

    async fn with(change: impl FnOnce(&mut Config), options: ClientOptions) -> Self {
        let mut config = config();
        change(&mut config);
        let handle = LocalEcr::start(config).await.unwrap();
        let endpoint = handle.endpoint();
        Self::of(handle.into(), &endpoint, options).await
    }

    async fn of(handle: Arc<Handle>, endpoint: &str, options: ClientOptions) -> Self {
        let session = Session::open(Options {
            region: Some(handle.region().clone()),
            endpoint_url: Some(endpoint.to_owned()),
            credentials: Some(StaticCredentials {
                access_key_id: "local".to_owned(),
                secret_access_key: "local".to_owned().into(),
                session_token: None,
            }),
            ..Options::default()
        })
        .await
        .unwrap();
        let registry = PrivateRegistry::open(&session, None, options).await.unwrap();
        Self { _handle: handle, session, registry }
    }

    pub(crate) async fn plan(&self, request: &CloneRequest) -> ClonePlan {
        let cancel = CancellationToken::new();
        clone::plan(&self.registry, request, Arc::new(Silent), &cancel).await.unwrap()
    }

    pub(crate) async fn apply(&self, plan: ClonePlan) -> CloneReport {
        clone::apply(&self.registry, plan, Arc::new(Silent), &CancellationToken::new()).await
    }

    /// Plans and applies.
    pub(crate) async fn clone(&self, request: &CloneRequest) -> CloneReport {
        let plan = self.plan(request).await;
        self.apply(plan).await
    }

    /// Returns the digest that a tag of the registry stands for.
    pub(crate) async fn digest(&self, name: &str) -> Option<String> {
        let (repository, tag) = name.rsplit_once(':').unwrap();
        let id = aws::ecr::ImageId::tag(tag);
        match self.session.ecr().image(&repository.parse().unwrap(), &id).await.unwrap() {
            aws::ecr::ImageLookup::Found(detail) => Some(detail.digest.to_string()),
            _ => None,
        }
    }

    pub(crate) async fn policy(&self, repository: &str) -> Option<Value> {
        let text = self.session.ecr().repository_policy(&repository.parse().unwrap()).await.unwrap();
        text.map(|text| serde_json::from_str(&text).unwrap())
    }

    pub(crate) async fn repositories(&self) -> Vec<String> {
        let all = self.session.ecr().repositories().await.unwrap();
        all.into_iter().map(|repository| repository.name.to_string()).collect()
    }
}

fn config() -> Config {
    let mut config = Config::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
    config.authentication = local_ecr::Authentication::Required;
    config
}

/// Options with pauses that fit a test.
fn quick() -> ClientOptions {
    let retry = RetryOptions {
        attempts: 4,
        first_delay: Duration::from_millis(10),
        longest_delay: Duration::from_millis(50),
        patience: Duration::from_secs(4),
    };
    ClientOptions { retry, ..ClientOptions::default() }
}

/// Returns a request for pairs of source and target; an empty target is none.
pub(crate) fn request(pairs: &[(String, &str)]) -> CloneRequest {
    let item = |(source, target): &(String, &str)| CloneItem {
        source: source.clone(),
        target: (!target.is_empty()).then(|| (*target).to_owned()),
    };
    CloneRequest { images: pairs.iter().map(item).collect(), options: CloneOptions::default() }
}

/// Returns the digest of bytes.
pub(crate) fn digest(bytes: &[u8]) -> String {
    let sum = sha2::Sha256::digest(bytes);
    format!("sha256:{}", sum.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

/// Returns bytes that tell little and are alike for the same seed.
pub(crate) fn layer(seed: u8, length: usize) -> Vec<u8> {
    let mut state = u32::from(seed) + 1;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..length).map(next).collect()
}

/// Puts images into the source registry, as `docker push` would.
pub(crate) struct Pusher {
    pub(crate) http: reqwest::Client,
    pub(crate) endpoint: String,
    pub(crate) host: String,
    session: Session,
}

impl Pusher {
    pub(crate) async fn new(handle: &Handle) -> Self {
        // The registry's client chooses the provider of TLS in the same way.
        let _ = Client::new(ClientOptions::default()).unwrap();
        rustls::crypto::ring::default_provider().install_default().unwrap_or_default();
        let session = Session::open(Options {
            region: Some(handle.region().clone()),
            endpoint_url: Some(handle.endpoint()),
            credentials: Some(StaticCredentials {
                access_key_id: "local".to_owned(),
                secret_access_key: "local".to_owned().into(),
                session_token: None,
            }),
            ..Options::default()
        });
        Self {
            http: reqwest::Client::new(),
            endpoint: handle.endpoint(),
            host: handle.address().to_string(),
            session: session.await.unwrap(),
        }
    }

    /// Pushes an image of a platform with these layers; returns its digest.
    ///
    /// The config names the image, so no two images have the same.
    pub(crate) async fn image(&self, name: &str, platform: &str, layers: &[Vec<u8>]) -> String {
        let (repository, tag) = name.rsplit_once(':').unwrap();
        let (os, architecture) = platform.split_once('/').unwrap();
        let config =
            json!({ "os": os, "architecture": architecture, "config": {}, "rootfs": {}, "name": name });
        let config = config.to_string().into_bytes();
        self.blob(repository, &config).await;
        let mut descriptors = Vec::new();
        for layer in layers {
            self.blob(repository, layer).await;
            let kind = "application/vnd.oci.image.layer.v1.tar+gzip";
            descriptors.push(json!({ "mediaType": kind, "digest": digest(layer), "size": layer.len() }));
        }
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": { "mediaType": CONFIG, "digest": digest(&config), "size": config.len() },
            "layers": descriptors,
        });
        self.manifest(repository, tag, MANIFEST, &manifest.to_string()).await
    }

    /// Pushes an index of images that are there, with their platforms; returns its digest.
    pub(crate) async fn index(&self, name: &str, images: &[(&str, &str)]) -> String {
        let (repository, tag) = name.rsplit_once(':').unwrap();
        let mut manifests = Vec::new();
        for (child, platform) in images {
            let (os, architecture) = platform.split_once('/').unwrap();
            let url = format!("{}/v2/{repository}/manifests/{child}", self.endpoint);
            let bytes = self.http.get(url).send().await.unwrap().bytes().await.unwrap();
            let manifest = Manifest::read(bytes.clone(), Some(MANIFEST)).unwrap();
            manifests.push(json!({
                "mediaType": MANIFEST, "digest": manifest.digest.to_string(), "size": bytes.len(),
                "platform": { "os": os, "architecture": architecture },
            }));
        }
        let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests });
        self.manifest(repository, tag, INDEX, &index.to_string()).await
    }

    /// Pushes what refers to an image of the repository, such as a signature; returns its digest.
    pub(crate) async fn referrer(&self, repository: &str, subject: &str, kind: &str) -> String {
        let (empty, layer) = (b"{}".to_vec(), format!("{kind} of {subject}").into_bytes());
        for blob in [&empty, &layer] {
            self.blob(repository, blob).await;
        }
        let url = format!("{}/v2/{repository}/manifests/{subject}", self.endpoint);
        let size = self.http.get(url).send().await.unwrap().bytes().await.unwrap().len();
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": kind,
            "config": { "mediaType": "application/vnd.oci.empty.v1+json", "digest": digest(&empty), "size": empty.len() },
            "layers": [{ "mediaType": kind, "digest": digest(&layer), "size": layer.len() }],
            "subject": { "mediaType": MANIFEST, "digest": subject, "size": size },
        })
        .to_string();
        self.manifest(repository, &digest(manifest.as_bytes()), MANIFEST, &manifest).await
    }

    /// Returns the full name of an image of this registry.
    pub(crate) fn name(&self, name: &str) -> String {
        format!("{}/{name}", self.host)
    }

    async fn blob(&self, repository: &str, bytes: &[u8]) {
        let made = aws::ecr::NewRepository::new(repository.parse().unwrap());
        // It may be there from the blob before.
        self.session.ecr().create_repository(&made).await.ok();
        let url = format!("{}/v2/{repository}/blobs/uploads/?digest={}", self.endpoint, digest(bytes));
        let answer = self.http.post(url).body(bytes.to_vec()).send().await.unwrap();
        assert_eq!(answer.status(), 201);
    }

    async fn manifest(&self, repository: &str, tag: &str, kind: &str, text: &str) -> String {
        let url = format!("{}/v2/{repository}/manifests/{tag}", self.endpoint);
        let put = self.http.put(url).header("content-type", kind).body(text.to_owned());
        assert_eq!(put.send().await.unwrap().status(), 201);
        digest(text.as_bytes())
    }
}

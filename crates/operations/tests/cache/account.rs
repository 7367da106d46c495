//! An account, an upstream registry with images in it, and what a test looks at.

use std::collections::BTreeMap;
use std::time::Duration;

use aws::ecr::{ImageId, Template};
use aws::{Options, Session, StaticCredentials};
use local_ecr::{Authentication, Config, Handle, LocalEcr};
use operations::Account;
use operations::cache::{self, CacheOptions, CachePlan, CacheReport, CacheRequest};
use serde_json::{Value, json};
use sha2::Digest as _;

/// The service principal of HealthOmics.
pub(crate) const OMICS: &str = "omics.amazonaws.com";

/// An account whose rules find one registry of this process in the place of Docker Hub and quay.io.
pub(crate) struct World {
    pub(crate) account: Account,
    pub(crate) handle: Handle,
    pub(crate) upstream: Handle,
}

pub(crate) async fn session(endpoint: &str, key: &str) -> Session {
    Session::open(Options {
        region: Some("us-east-1".parse().unwrap()),
        endpoint_url: Some(endpoint.to_owned()),
        credentials: Some(StaticCredentials {
            access_key_id: key.to_owned(),
            secret_access_key: "local".to_owned().into(),
            session_token: None,
        }),
        attempts: Some(1),
        ..Options::default()
    })
    .await
    .unwrap()
}

impl World {
    /// Starts an upstream registry that takes everybody, and an account.
    pub(crate) async fn start() -> Self {
        Self::with(Authentication::Open).await
    }

    /// Starts an upstream registry that wants a login, and an account.
    pub(crate) async fn with_login() -> Self {
        Self::with(Authentication::Required).await
    }

    async fn with(authentication: Authentication) -> Self {
        rustls::crypto::ring::default_provider().install_default().unwrap_or_default();
        let mut config = Config::new("222222222222".parse().unwrap(), "eu-west-1".parse().unwrap());
        config.authentication = authentication;
        let upstream = LocalEcr::start(config).await.unwrap();
        let mut config = Config::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
        let hosts = ["docker.io", "quay.io", "public.ecr.aws", "ghcr.io"];
        config.pull_through.upstreams =
            hosts.into_iter().map(|host| (host.parse().unwrap(), upstream.endpoint())).collect();
        let handle = LocalEcr::start(config).await.unwrap();
        let account = Account::open(&session(&handle.endpoint(), "local").await).await.unwrap();
        Self { account, handle, upstream }
    }

    pub(crate) fn ecr(&self) -> aws::ecr::Ecr {
        self.account.session().ecr()
    }

    /// Puts an image into the upstream registry.
    pub(crate) async fn push(&self, repository: &str, tag: &str) {
        let ecr = session(&self.upstream.endpoint(), "local").await.ecr();
        ecr.create_repository(&aws::ecr::NewRepository::new(repository.parse().unwrap())).await.unwrap();
        let token = ecr.authorization_token().await.unwrap();
        let http = reqwest::Client::new();
        let config = r#"{"os":"linux","architecture":"amd64"}"#.to_owned();
        let layer = format!("layer of {repository}");
        let digest = |text: &str| {
            let sum = sha2::Sha256::digest(text.as_bytes());
            format!("sha256:{}", sum.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
        };
        for blob in [&config, &layer] {
            let url = format!(
                "{}/v2/{repository}/blobs/uploads/?digest={}",
                self.upstream.endpoint(),
                digest(blob)
            );
            let post = http.post(url).basic_auth("AWS", Some(token.password.expose())).body(blob.clone());
            assert_eq!(post.send().await.unwrap().status(), 201);
        }
        let kind = "application/vnd.oci.image.manifest.v1+json";
        let part =
            |kind: &str, text: &str| json!({"mediaType": kind, "digest": digest(text), "size": text.len()});
        let manifest = json!({"schemaVersion": 2, "mediaType": kind,
            "config": part("application/vnd.oci.image.config.v1+json", &config),
            "layers": [part("application/vnd.oci.image.layer.v1.tar", &layer)]});
        let url = format!("{}/v2/{repository}/manifests/{tag}", self.upstream.endpoint());
        let put = http.put(url).header("content-type", kind).body(manifest.to_string());
        let put = put.basic_auth("AWS", Some(token.password.expose()));
        assert_eq!(put.send().await.unwrap().status(), 201);
    }

    /// Returns the user name and the token that the upstream registry takes.
    pub(crate) async fn login(&self) -> (String, aws::Secret) {
        let token =
            session(&self.upstream.endpoint(), "local").await.ecr().authorization_token().await.unwrap();
        ("AWS".to_owned(), token.password)
    }

    /// Makes a secret that ECR can sign in upstream with; returns its ARN.
    pub(crate) async fn secret(&self, name: &str) -> String {
        let (username, token) = self.login().await;
        self.secret_of(name, &json!({"username": username, "accessToken": token.expose()}).to_string()).await
    }

    /// Makes a secret with this value; returns its ARN.
    pub(crate) async fn secret_of(&self, name: &str, value: &str) -> String {
        let new = aws::secrets_manager::NewSecret {
            name: name.to_owned(),
            value: aws::Secret::new(value),
            description: None,
            tags: BTreeMap::new(),
        };
        self.account.secrets().create(&new).await.unwrap()
    }

    /// Pulls an image through ECR as HealthOmics does; returns why it cannot.
    pub(crate) async fn pull_as_healthomics(&self, repository: &str, tag: &str) -> Result<(), String> {
        let ecr = session(&self.handle.endpoint(), OMICS).await.ecr();
        let manifests = ecr.manifests(&repository.parse().unwrap(), &[ImageId::tag(tag)]).await;
        let manifests = manifests.map_err(|error| error.to_string())?;
        match manifests.failures.first() {
            None => Ok(()),
            Some(failure) => Err(format!("{failure:?}")),
        }
    }

    pub(crate) async fn plan(&self, registry: &str, options: CacheOptions) -> CachePlan {
        cache::plan(&self.account, CacheRequest::new(registry, options).unwrap()).await.unwrap()
    }

    /// Plans and applies.
    pub(crate) async fn create(&self, registry: &str, options: CacheOptions) -> CacheReport {
        let plan = self.plan(registry, options).await;
        cache::apply(&self.account, plan).await
    }

    pub(crate) async fn policy(&self) -> Option<Value> {
        let text = self.ecr().registry_policy().await.unwrap();
        text.map(|text| serde_json::from_str(&text).unwrap())
    }

    pub(crate) async fn template(&self, prefix: &str) -> Option<Template> {
        self.ecr().template(prefix).await.unwrap()
    }

    /// Returns all that a cache may change, as text that tells any difference.
    pub(crate) async fn snapshot(&self) -> String {
        let ecr = self.ecr();
        let repositories = ecr.repositories().await.unwrap();
        let mut policies = Vec::new();
        for repository in &repositories {
            policies.push(ecr.repository_policy(&repository.name).await.unwrap());
        }
        format!(
            "{:#?}\n{:#?}\n{:#?}\n{repositories:#?}\n{policies:#?}\n{:#?}",
            ecr.rules().await.unwrap(),
            ecr.templates().await.unwrap(),
            ecr.registry_policy().await.unwrap(),
            self.account.secrets().list("").await.unwrap(),
        )
    }
}

/// Waits long enough that a change would show in times of whole seconds.
pub(crate) async fn a_moment() {
    tokio::time::sleep(Duration::from_millis(20)).await;
}

/// Returns the outcomes of a report's steps.
pub(crate) fn outcomes(report: &CacheReport) -> Vec<(&'static str, &'static str)> {
    report.steps.iter().map(|step| (step.kind.label(), step.outcome.label())).collect()
}

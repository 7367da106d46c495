//! A client of the server under test, over loopback HTTP.

#![allow(dead_code, reason = "every test file takes what it needs")]
#![allow(clippy::expect_used, reason = "only tests use it")]

use local_ecr::{Config, Handle, LocalEcr};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use sha2::Digest;

/// A running server and a client of it.
pub(crate) struct Server {
    pub(crate) handle: Handle,
    pub(crate) http: reqwest::Client,
}

/// Returns the configuration of a server in memory.
pub(crate) fn config() -> Config {
    Config::new("000000000000".parse().expect("an account"), "us-east-1".parse().expect("a Region"))
}

/// Starts a server in memory.
pub(crate) async fn start() -> Server {
    start_with(config()).await
}

/// Returns an HTTP client.
pub(crate) fn http_client() -> reqwest::Client {
    // Another test of the same process may have chosen the provider already.
    rustls::crypto::ring::default_provider().install_default().unwrap_or_default();
    reqwest::Client::new()
}

/// Starts a server.
pub(crate) async fn start_with(config: Config) -> Server {
    let handle = LocalEcr::start(config).await.expect("the server starts");
    Server { handle, http: http_client() }
}

/// Returns the digest of bytes.
pub(crate) fn digest(bytes: &[u8]) -> String {
    let sum = sha2::Sha256::digest(bytes);
    format!("sha256:{}", sum.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

/// Returns the manifest of an image of a config and layers.
pub(crate) fn manifest(config: &[u8], layers: &[&[u8]]) -> String {
    let layers: Vec<Value> = layers
        .iter()
        .map(|layer| {
            json!({ "mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest(layer), "size": layer.len() })
        })
        .collect();
    json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": { "mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest(config), "size": config.len() },
        "layers": layers,
    })
    .to_string()
}

/// The media type of an image manifest.
pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// The media type of an image index.
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";

impl Server {
    /// Calls a JSON operation; returns the status and the answer.
    pub(crate) async fn json(&self, target: &str, body: Value) -> (StatusCode, Value) {
        let response = self
            .http
            .post(self.handle.endpoint())
            .header("x-amz-target", target)
            .header("content-type", "application/x-amz-json-1.1")
            .body(body.to_string())
            .send()
            .await
            .expect("an answer");
        let status = response.status();
        (status, response.json().await.expect("JSON"))
    }

    /// Calls an operation of ECR, which must succeed.
    pub(crate) async fn ecr(&self, operation: &str, body: Value) -> Value {
        let (status, answer) = self.ecr_any(operation, body).await;
        assert_eq!(status, StatusCode::OK, "{operation}: {answer}");
        answer
    }

    /// Calls an operation of ECR.
    pub(crate) async fn ecr_any(&self, operation: &str, body: Value) -> (StatusCode, Value) {
        self.json(&format!("AmazonEC2ContainerRegistry_V20150921.{operation}"), body).await
    }

    /// Calls an operation of ECR, which must be refused; returns the exception's name.
    pub(crate) async fn refused(&self, operation: &str, body: Value) -> String {
        let (status, answer) = self.ecr_any(operation, body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{operation}: {answer}");
        assert!(answer["message"].as_str().is_some_and(|text| !text.is_empty()), "{answer}");
        answer["__type"].as_str().expect("a type").to_owned()
    }

    /// Calls an operation of Secrets Manager.
    pub(crate) async fn secrets(&self, operation: &str, body: Value) -> (StatusCode, Value) {
        self.json(&format!("secretsmanager.{operation}"), body).await
    }

    /// Creates a repository.
    pub(crate) async fn repository(&self, name: &str) {
        self.ecr("CreateRepository", json!({ "repositoryName": name })).await;
    }

    /// Begins a request to the registry; `path` comes behind `/v2/`.
    pub(crate) fn v2(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}/v2/{path}", self.handle.endpoint()))
    }

    /// Makes a GET request to the registry.
    pub(crate) async fn get(&self, path: &str) -> Response {
        self.v2(Method::GET, path).send().await.expect("an answer")
    }

    /// Pushes a blob in one request.
    pub(crate) async fn push_blob(&self, name: &str, bytes: &[u8]) -> Response {
        let path = format!("{name}/blobs/uploads/?digest={}", digest(bytes));
        self.v2(Method::POST, &path).body(bytes.to_vec()).send().await.expect("an answer")
    }

    /// Pushes a manifest.
    pub(crate) async fn push_manifest(
        &self,
        name: &str,
        reference: &str,
        media_type: &str,
        text: &str,
    ) -> Response {
        self.v2(Method::PUT, &format!("{name}/manifests/{reference}"))
            .header("content-type", media_type)
            .body(text.to_owned())
            .send()
            .await
            .expect("an answer")
    }

    /// Pushes an image of one layer; returns the digest of its manifest.
    pub(crate) async fn push_image(&self, name: &str, tag: &str, layer: &[u8]) -> String {
        for blob in [b"{}".as_slice(), layer] {
            assert_eq!(self.push_blob(name, blob).await.status(), StatusCode::CREATED);
        }
        let text = manifest(b"{}", &[layer]);
        let response = self.push_manifest(name, tag, MANIFEST, &text).await;
        assert_eq!(response.status(), StatusCode::CREATED);
        digest(text.as_bytes())
    }
}

/// Returns the code of an error of the registry.
pub(crate) async fn code(response: Response) -> String {
    let body: Value = response.json().await.expect("JSON");
    body["errors"][0]["code"].as_str().expect("a code").to_owned()
}

//! An upstream registry that counts what it is asked and can be made to fail or to lie.

#![allow(dead_code, reason = "every test file takes what it needs")]
#![allow(clippy::expect_used, reason = "only tests use it")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::StreamExt;

use crate::client::{INDEX, MANIFEST, Server, config, digest, manifest, start_with};
use serde_json::json;

/// What an upstream registry has and does.
#[derive(Debug, Default)]
pub(crate) struct Content {
    /// Bodies by path below `/v2/`, with their media type.
    pub(crate) bodies: HashMap<String, (String, Bytes)>,
    /// How often each path was asked for with GET.
    pub(crate) gets: HashMap<String, usize>,
    /// The status that every request is answered with.
    pub(crate) fails: Option<StatusCode>,
    /// User and password that it wants.
    pub(crate) login: Option<(String, String)>,
    /// Whether it wants a token of its token service instead, which anybody gets.
    pub(crate) token: bool,
    /// Where blobs are handed out, as a base URL, instead of here.
    pub(crate) blobs_at: Option<String>,
    /// How long it waits between pieces of a body.
    pub(crate) pause: Duration,
}

/// A running upstream registry.
#[derive(Clone)]
pub(crate) struct Upstream {
    pub(crate) url: String,
    pub(crate) content: Arc<Mutex<Content>>,
}

impl Upstream {
    /// Starts an empty registry.
    pub(crate) async fn start() -> Self {
        let content = Arc::new(Mutex::new(Content::default()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&content));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, content }
    }

    /// Changes what the registry has or does.
    pub(crate) fn with<T>(&self, change: impl FnOnce(&mut Content) -> T) -> T {
        change(&mut self.content.lock().expect("no panic"))
    }

    /// Puts a manifest under its digest and a tag; returns the digest.
    pub(crate) fn put_manifest(&self, name: &str, tag: &str, media_type: &str, text: &str) -> String {
        let own = digest(text.as_bytes());
        for reference in [tag, &own] {
            let body = (media_type.to_owned(), Bytes::from(text.to_owned()));
            self.with(|content| content.bodies.insert(format!("{name}/manifests/{reference}"), body));
        }
        own
    }

    /// Puts a blob.
    pub(crate) fn put_blob(&self, name: &str, bytes: &[u8]) {
        let body = ("application/octet-stream".to_owned(), Bytes::copy_from_slice(bytes));
        self.with(|content| content.bodies.insert(format!("{name}/blobs/{}", digest(bytes)), body));
    }

    /// Puts an image of one layer; returns the digest of its manifest.
    pub(crate) fn put_image(&self, name: &str, tag: &str, layer: &[u8]) -> String {
        self.put_blob(name, b"{}");
        self.put_blob(name, layer);
        self.put_manifest(name, tag, MANIFEST, &manifest(b"{}", &[layer]))
    }

    /// Returns the descriptor of a manifest.
    pub(crate) fn descriptor(&self, name: &str, image: &str) -> serde_json::Value {
        let size = self.with(|content| content.bodies[&format!("{name}/manifests/{image}")].1.len());
        json!({ "mediaType": MANIFEST, "digest": image, "size": size })
    }

    /// Puts an index of images; returns its digest.
    pub(crate) fn put_index(&self, name: &str, tag: &str, images: &[&str]) -> String {
        let manifests: Vec<_> = images.iter().map(|image| self.descriptor(name, image)).collect();
        let text = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests });
        self.put_manifest(name, tag, INDEX, &text.to_string())
    }

    /// Puts an index of images for architectures; returns its digest.
    pub(crate) fn put_platforms(&self, name: &str, tag: &str, images: &[(&str, &str)]) -> String {
        let described = |(architecture, image): &(&str, &str)| {
            let mut descriptor = self.descriptor(name, image);
            descriptor["platform"] = json!({ "os": "linux", "architecture": architecture });
            descriptor
        };
        let manifests: Vec<_> = images.iter().map(described).collect();
        let text = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests });
        self.put_manifest(name, tag, INDEX, &text.to_string())
    }

    /// Puts a signature of an image, and names it in the list of its referrers; returns its digest.
    pub(crate) fn put_signature(&self, name: &str, subject: &str, signature: &[u8]) -> String {
        self.put_blob(name, b"{}");
        self.put_blob(name, signature);
        let mut text: serde_json::Value =
            serde_json::from_str(&manifest(b"{}", &[signature])).expect("a manifest");
        text["artifactType"] = json!("application/vnd.example.signature");
        text["subject"] = self.descriptor(name, subject);
        let own = self.put_manifest(name, "signature", MANIFEST, &text.to_string());
        let list =
            json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [self.descriptor(name, &own)] });
        let body = (INDEX.to_owned(), Bytes::from(list.to_string()));
        self.with(|content| content.bodies.insert(format!("{name}/referrers/{subject}"), body));
        own
    }

    /// Returns how often a path was asked for.
    pub(crate) fn gets(&self, path: &str) -> usize {
        self.with(|content| content.gets.get(path).copied().unwrap_or_default())
    }
}

async fn answer(State(content): State<Arc<Mutex<Content>>>, request: Request) -> Response {
    let path = request.uri().path().trim_start_matches("/v2/").to_owned();
    let get = request.method() == axum::http::Method::GET;
    let (body, pause) = {
        let mut content = content.lock().expect("no panic");
        if let Some(status) = content.fails {
            return status.into_response();
        }
        if let Some((user, password)) = &content.login {
            use base64::Engine;
            let wanted = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
            let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
            if given != Some(&format!("Basic {wanted}")) {
                let challenge = [(header::WWW_AUTHENTICATE, "Basic realm=\"upstream\"")];
                return (StatusCode::UNAUTHORIZED, challenge).into_response();
            }
        }
        if content.token {
            if path == "/token" {
                return json!({ "token": "open" }).to_string().into_response();
            }
            let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
            if given != Some("Bearer open") {
                let host = request.headers()[header::HOST].to_str().expect("a host");
                let realm = format!("Bearer realm=\"http://{host}/token\",service=\"upstream\"");
                return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, realm)]).into_response();
            }
        }
        if get {
            *content.gets.entry(path.clone()).or_default() += 1;
        }
        if let Some(base) = content.blobs_at.as_ref().filter(|_| path.contains("/blobs/")) {
            let location = [(header::LOCATION, format!("{base}/v2/{path}?signature=x"))];
            return (StatusCode::TEMPORARY_REDIRECT, location).into_response();
        }
        (content.bodies.get(&path).cloned(), content.pause)
    };
    let Some((media_type, bytes)) = body else { return StatusCode::NOT_FOUND.into_response() };
    let headers = [
        (header::CONTENT_TYPE, media_type),
        (header::CONTENT_LENGTH, bytes.len().to_string()),
        (header::HeaderName::from_static("docker-content-digest"), digest(&bytes)),
    ];
    // A blob that lies must not be given away by its header.
    let headers = &headers[..if path.contains("/blobs/") { 2 } else { 3 }];
    let mut response = Response::new(if get {
        let pieces: Vec<Bytes> = bytes.chunks(16 * 1024).map(Bytes::copy_from_slice).collect();
        Body::from_stream(futures_util::stream::iter(pieces).then(move |piece| async move {
            tokio::time::sleep(pause).await;
            Ok::<_, std::io::Error>(piece)
        }))
    } else {
        Body::empty()
    });
    for (name, value) in headers {
        response.headers_mut().insert(name, value.parse().expect("a header"));
    }
    response
}

/// Starts a server with a rule `quay` for an upstream registry in place of quay.io.
pub(crate) async fn start(change: impl FnOnce(&mut local_ecr::Config)) -> (Server, Upstream) {
    let upstream = Upstream::start().await;
    let mut config = config();
    for host in ["quay.io", "docker.io", "public.ecr.aws", "ghcr.io"] {
        config.pull_through.upstreams.insert(host.parse().expect("a host"), upstream.url.clone());
    }
    change(&mut config);
    let server = start_with(config).await;
    server
        .ecr(
            "CreatePullThroughCacheRule",
            json!({ "ecrRepositoryPrefix": "quay", "upstreamRegistryUrl": "quay.io" }),
        )
        .await;
    (server, upstream)
}

/// Waits until something is so, for five seconds at most; returns whether it came to be.
pub(crate) async fn comes_true(mut done: impl AsyncFnMut() -> bool) -> bool {
    for _ in 0..500 {
        if done().await {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    false
}

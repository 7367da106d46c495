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

use crate::client::{INDEX, MANIFEST, digest, manifest};

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

    /// Puts an index of images; returns its digest.
    pub(crate) fn put_index(&self, name: &str, tag: &str, images: &[&str]) -> String {
        let manifests: Vec<_> = images
            .iter()
            .map(|image| {
                let size = self.with(|content| content.bodies[&format!("{name}/manifests/{image}")].1.len());
                serde_json::json!({ "mediaType": MANIFEST, "digest": image, "size": size })
            })
            .collect();
        let text = serde_json::json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests });
        self.put_manifest(name, tag, INDEX, &text.to_string())
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
        if get {
            *content.gets.entry(path.clone()).or_default() += 1;
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

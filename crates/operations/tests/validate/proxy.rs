//! A server between a client and a local ECR: it counts, waits, denies, and changes answers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A change of an answer.
pub(crate) type Alter = Arc<dyn Fn(Value) -> Value + Send + Sync>;

/// What the server does beside passing requests on.
#[derive(Clone, Default)]
pub(crate) struct Behaviour {
    /// How long it waits before it passes a request on.
    pub(crate) latency: Duration,
    /// The operations that it answers with `AccessDeniedException`.
    pub(crate) denied: Vec<&'static str>,
    /// Changes of the answers of operations.
    pub(crate) altered: BTreeMap<&'static str, Alter>,
}

struct Shared {
    upstream: String,
    http: reqwest::Client,
    behaviour: Behaviour,
    counts: Mutex<BTreeMap<String, usize>>,
}

/// A running server; it stops when it is dropped.
pub(crate) struct Proxy {
    pub(crate) endpoint: String,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Proxy {
    /// Starts a server before another one.
    pub(crate) async fn start(upstream: String, behaviour: Behaviour) -> Self {
        rustls::crypto::ring::default_provider().install_default().unwrap_or_default();
        let shared =
            Arc::new(Shared { upstream, http: reqwest::Client::new(), behaviour, counts: Mutex::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(pass).with_state(Arc::clone(&shared));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap_or_default() });
        Self { endpoint, shared, task }
    }

    /// Returns how often each operation was asked for.
    pub(crate) fn counts(&self) -> BTreeMap<String, usize> {
        self.shared.counts.lock().unwrap().clone()
    }
}

async fn pass(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or("sts");
    let operation = target.rsplit('.').next().unwrap_or(target).to_owned();
    *shared.counts.lock().unwrap().entry(operation.clone()).or_default() += 1;
    tokio::time::sleep(shared.behaviour.latency).await;
    if shared.behaviour.denied.contains(&operation.as_str()) {
        let service = if target.starts_with("secretsmanager") { "secretsmanager" } else { "ecr" };
        let words = format!(
            "User: arn:aws:iam::123456789012:user/reader is not authorized to perform: {service}:{operation} on \
             resource: * because no identity-based policy allows the {service}:{operation} action"
        );
        let answer = json!({ "__type": "AccessDeniedException", "message": words });
        return (StatusCode::BAD_REQUEST, answer.to_string()).into_response();
    }
    let mut request = shared.http.post(&shared.upstream).body(body);
    for name in ["x-amz-target", "content-type", "authorization"] {
        if let Some(value) = headers.get(name) {
            request = request.header(name, value);
        }
    }
    let answer = request.send().await.unwrap();
    let (status, kind) = (answer.status(), answer.headers().get(header::CONTENT_TYPE).cloned());
    let mut bytes = answer.bytes().await.unwrap();
    if let Some(alter) = shared.behaviour.altered.get(operation.as_str()).filter(|_| status.is_success()) {
        bytes = alter(serde_json::from_slice(&bytes).unwrap()).to_string().into();
    }
    let mut response = (status, bytes).into_response();
    if let Some(kind) = kind {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    response
}

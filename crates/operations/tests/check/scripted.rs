//! Servers that answer what they are told: registries in bad shape, and an ECR with parts that are closed.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;

/// An answer of a registry, the same to all requests but those for a token.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: &'static str,
}

/// Starts a registry that gives one answer; returns its endpoint.
pub(crate) async fn registry(answer: Answer) -> String {
    let reply = |State(answer): State<Answer>, uri: Uri| async move {
        if uri.path() == "/token" {
            return r#"{"token":"x","expires_in":300}"#.into_response();
        }
        let mut response = (StatusCode::from_u16(answer.status).unwrap(), answer.body).into_response();
        for (name, value) in answer.headers {
            response.headers_mut().insert(name, value.parse().unwrap());
        }
        response
    };
    serve(Router::new().fallback(reply).with_state(answer)).await
}

/// Starts a registry that has no manifest and lists these tags, each on a page of its own; returns its endpoint.
pub(crate) async fn pages(tags: &'static [&'static str]) -> String {
    let reply = move |uri: Uri| async move {
        if !uri.path().ends_with("/tags/list") {
            return StatusCode::NOT_FOUND.into_response();
        }
        let last = uri.query().and_then(|query| query.split('&').find_map(|part| part.strip_prefix("last=")));
        let place =
            last.and_then(|last| tags.iter().position(|tag| *tag == last)).map_or(0, |place| place + 1);
        let mut response = format!(r#"{{"name":"x","tags":["{}"]}}"#, tags[place]).into_response();
        if place + 1 < tags.len() {
            let link = format!("<{}?last={}&n=1>; rel=\"next\"", uri.path(), tags[place]);
            response.headers_mut().insert("link", link.parse().unwrap());
        }
        response
    };
    serve(Router::new().fallback(reply)).await
}

/// Returns what Docker Hub answers when an address has used its pulls up.
pub(crate) fn rate_limited() -> Answer {
    Answer {
        status: 429,
        headers: vec![
            ("ratelimit-limit", "100;w=21600".to_owned()),
            ("ratelimit-remaining", "0;w=21600".to_owned()),
            ("docker-ratelimit-source", "192.0.2.1".to_owned()),
        ],
        body: r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit"}]}"#,
    }
}

/// Returns what registries answer for what they show nobody, or not us.
pub(crate) fn closed(status: u16) -> Answer {
    Answer {
        status,
        headers: Vec::new(),
        body: r#"{"errors":[{"code":"UNAUTHORIZED","message":"access to the requested resource is not authorized"}]}"#,
    }
}

/// An ECR before which some operations get another answer.
#[derive(Clone)]
struct Overlay {
    behind: String,
    http: reqwest::Client,
    operation: &'static str,
    /// What a request must hold to get the answer.
    holding: &'static str,
    status: u16,
    body: Arc<str>,
}

/// Starts a server that hands everything on to an ECR, save one operation, which gets this answer.
pub(crate) async fn overlay(behind: &str, operation: &'static str, status: u16, body: &str) -> String {
    overlay_where(behind, operation, "", status, body).await
}

/// Starts a server as [`overlay`] does, for requests that hold a text.
pub(crate) async fn overlay_where(
    behind: &str,
    operation: &'static str,
    holding: &'static str,
    status: u16,
    body: &str,
) -> String {
    let overlay = Overlay {
        behind: behind.to_owned(),
        http: reqwest::Client::new(),
        operation,
        holding,
        status,
        body: body.into(),
    };
    serve(Router::new().fallback(hand_on).with_state(overlay)).await
}

async fn hand_on(State(overlay): State<Overlay>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let target = parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let meant = target.is_some_and(|target| target.ends_with(&format!(".{}", overlay.operation)));
    if meant && String::from_utf8_lossy(&bytes).contains(overlay.holding) {
        let headers = [("content-type", "application/x-amz-json-1.1")];
        return (StatusCode::from_u16(overlay.status).unwrap(), headers, overlay.body.to_string())
            .into_response();
    }
    forward(&overlay, parts.method, &parts.uri, parts.headers, bytes).await
}

async fn forward(
    overlay: &Overlay,
    method: Method,
    uri: &Uri,
    mut headers: HeaderMap,
    body: Bytes,
) -> Response {
    headers.remove("host");
    let url = format!("{}{uri}", overlay.behind);
    let answer = overlay.http.request(method, url).headers(headers).body(body).send().await.unwrap();
    let (status, headers) = (answer.status(), answer.headers().clone());
    (status, headers, answer.bytes().await.unwrap()).into_response()
}

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    endpoint
}

//! Serving over HTTP: who may connect, and from where.
//!
//! A browser on this machine can reach what listens on it, so the `Host` and the `Origin` of every request are checked.
//! Beyond this machine nobody is answered without the token.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use rmcp::ServerHandler;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use crate::server::ServeError;

/// The path at which the server answers.
const PATH: &str = "/mcp";

/// Shortest token that is taken, in characters.
const SHORTEST_TOKEN: usize = 16;

/// How a server is served over HTTP.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// The address to listen on.
    pub address: SocketAddr,
    /// The token that clients must show; needed where the address is not this machine's own.
    pub token: Option<String>,
    /// Names by which clients reach the server, beside those of this machine and the address itself.
    pub hosts: Vec<String>,
    /// Origins of web pages that may ask, beside those of this machine.
    pub origins: Vec<String>,
}

/// Serves until it is cancelled, each session by a handler of its own; `ready` is told the address once it answers.
///
/// # Errors
/// When the address is not this machine's own and there is no token, the token is too short, or nobody can listen there.
pub async fn serve_http<H>(
    session: impl Fn() -> H + Send + Sync + 'static,
    options: HttpOptions,
    ready: impl FnOnce(SocketAddr),
    cancel: CancellationToken,
) -> Result<(), ServeError>
where
    H: ServerHandler,
{
    let refused = |words: &dyn std::fmt::Display| ServeError::Listen {
        address: options.address.to_string(),
        words: words.to_string(),
    };
    let is_own = options.address.ip().is_loopback();
    match &options.token {
        None if !is_own => {
            return Err(refused(&"clients beyond this machine need a bearer token, and none is set"));
        }
        Some(token) if token.chars().count() < SHORTEST_TOKEN => {
            return Err(refused(&format!("the bearer token has less than {SHORTEST_TOKEN} characters")));
        }
        _ => {}
    }
    let listener = tokio::net::TcpListener::bind(options.address).await.map_err(|error| refused(&error))?;
    let address = listener.local_addr().map_err(|error| refused(&error))?;
    let config = StreamableHttpServerConfig::default()
        .with_allowed_hosts(hosts(&options, address))
        .with_allowed_origins(origins(&options, address))
        .enforce_origin_validation()
        .with_cancellation_token(cancel.child_token());
    let service: StreamableHttpService<H, LocalSessionManager> =
        StreamableHttpService::new(move || Ok(session()), Arc::default(), config);
    let digest = options.token.as_deref().map(|token| Arc::new(Sha256::digest(token).to_vec()));
    let router = axum::Router::new()
        .nest_service(PATH, service)
        .layer(middleware::from_fn_with_state(digest, authorized));
    ready(address);
    axum::serve(listener, router)
        .with_graceful_shutdown(cancel.cancelled_owned())
        .await
        .map_err(|error| ServeError::Session(error.to_string()))
}

/// Lets a request through that shows the token. Digests are compared, so that the time says nothing of the token.
async fn authorized(State(digest): State<Option<Arc<Vec<u8>>>>, request: Request, next: Next) -> Response {
    let Some(digest) = digest else { return next.run(request).await };
    let shown = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let shown = shown.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let challenge = match shown {
        Some(token) if Sha256::digest(token).as_slice() == digest.as_slice() => {
            return next.run(request).await;
        }
        Some(_) => "Bearer realm=\"omics-ecr\", error=\"invalid_token\"",
        None => "Bearer realm=\"omics-ecr\"",
    };
    let mut response = (StatusCode::UNAUTHORIZED, "a bearer token is needed\n").into_response();
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    response
}

fn hosts(options: &HttpOptions, address: SocketAddr) -> Vec<String> {
    let mut hosts = options.hosts.clone();
    if address.ip().is_loopback() {
        hosts.extend(["localhost", "127.0.0.1", "::1"].map(str::to_owned));
    }
    if !address.ip().is_unspecified() {
        hosts.push(address.ip().to_string());
    }
    hosts
}

fn origins(options: &HttpOptions, address: SocketAddr) -> Vec<String> {
    let mut origins = options.origins.clone();
    if address.ip().is_loopback() {
        let port = address.port();
        let own = ["localhost", "127.0.0.1", "[::1]"].map(|host| format!("http://{host}:{port}"));
        origins.extend(own);
        if let IpAddr::V4(own) = address.ip() {
            origins.push(format!("http://{own}:{port}"));
        }
    }
    origins
}

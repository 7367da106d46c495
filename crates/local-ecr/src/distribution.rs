//! The registry on `/v2/`: OCI distribution over ECR's rules.
//!
//! Owns paths, headers, statuses and error codes of the registry's side. What may be done to a repository is
//! decided in `ecr`; who asks, in `access`.

mod blob;
mod body;
mod error;
mod manifest;
mod path;
mod piece;
mod query;
mod referrers;
mod tags;
mod upload;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

pub(crate) use blob::respond_with_layer;
pub(crate) use body::collect;
pub(crate) use error::OciError;
use path::Target;
pub(crate) use query::Query;
pub(crate) use referrers::referrers_of;

use crate::access;
use crate::metrics::OperationName;
use crate::server::App;

/// The header that says which API this is.
const API_VERSION: HeaderName = HeaderName::from_static("docker-distribution-api-version");
/// The header with the digest of what is answered.
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// Answers a request to the registry.
pub(crate) async fn handle(State(app): State<Arc<App>>, request: Request) -> Response {
    let mut operation = None;
    let mut response = match answer(&app, request, &mut operation).await {
        Ok(response) => response,
        Err(error) => error.into_response(),
    };
    if let Some(operation) = operation {
        response.extensions_mut().insert(OperationName::named(operation));
    }
    response.headers_mut().insert(API_VERSION, HeaderValue::from_static("registry/2.0"));
    response
}

/// Answers a request, and says which operation it was as soon as that is known.
async fn answer(
    app: &Arc<App>,
    request: Request,
    operation: &mut Option<&'static str>,
) -> Result<Response, OciError> {
    let (parts, body) = request.into_parts();
    let request = &parts;
    let path = path::decode(request.uri.path());
    let method = request.method.clone();
    let target = path.as_deref().map_err(|_| OciError::no_route()).and_then(Target::read);
    *operation = target.as_ref().ok().map(|target| target.operation(&method));
    let caller = access::registry_caller(app, &request.headers)?;
    let target = target?;
    let reads = method == Method::GET || method == Method::HEAD;
    if let Some((action, name)) = target.action(&method) {
        let (caller, name) = (caller.clone(), name.to_owned());
        app.blocking(move |ecr| ecr.authorize(&ecr.storage.metadata.read()?, &caller, action, Some(&name)))
            .await?;
    }
    match target {
        Target::Base if reads => Ok(StatusCode::OK.into_response()),
        Target::Tags { name } if reads => tags::list(app, name, request).await,
        Target::Referrers { name, digest } if reads => referrers::list(app, name, digest, request).await,
        Target::Manifest { name, reference } => match method {
            Method::GET | Method::HEAD => {
                manifest::get(app, &caller, name, reference, method == Method::HEAD).await
            }
            Method::PUT => manifest::put(app, name, reference, request, body).await,
            Method::DELETE => manifest::delete(app, name, reference).await,
            _ => Err(OciError::method()),
        },
        Target::Blob { name, digest } => match method {
            Method::GET | Method::HEAD => blob::get(app, name, digest, request).await,
            Method::DELETE => blob::delete(app, name, digest).await,
            _ => Err(OciError::method()),
        },
        Target::Uploads { name } if method == Method::POST => upload::start(app, name, request, body).await,
        Target::Upload { name, id } => match method {
            Method::GET => upload::status(app, name, id).await,
            Method::PATCH => upload::append(app, name, id, request, body).await,
            Method::PUT => upload::finish(app, name, id, request, body).await,
            Method::DELETE => upload::cancel(app, name, id).await,
            _ => Err(OciError::method()),
        },
        Target::Catalog => Err(OciError::unsupported("the catalog is not part of Amazon ECR's registry")),
        _ => Err(OciError::method()),
    }
}

/// Returns a header value of a text that was checked or made here.
fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}

/// Returns a response with a status and headers, without a body.
fn empty<const N: usize>(status: StatusCode, headers: [(HeaderName, &str); N]) -> Response {
    let mut response = status.into_response();
    for (name, text) in headers {
        response.headers_mut().insert(name, value(text));
    }
    response
}

/// Returns what an `Accept`-like header of a request says, if it is text.
fn header_text<'a>(request: &'a Parts, name: &HeaderName) -> Option<&'a str> {
    request.headers.get(name).and_then(|value| value.to_str().ok())
}

/// The length of a body, in bytes.
fn content_length(request: &Parts) -> Option<u64> {
    header_text(request, &header::CONTENT_LENGTH)?.parse().ok()
}

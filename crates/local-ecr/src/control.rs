//! The control plane on `POST /`: AWS JSON 1.1 for Amazon ECR and Secrets Manager, and STS's query protocol.
//!
//! Owns reading a request into an operation and writing its answer or fault. Each operation is a file of its
//! own; what it does to the registry is in `ecr`.

pub(crate) mod ecr;
mod operation;
mod page;
mod secrets;
mod sts;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::{Value, json};

pub(crate) use operation::{Context, Operation};

use crate::access::{self, Service};
use crate::distribution::collect;
use crate::ecr::identity::Caller;
use crate::fault::{Code, Fault};
use crate::metrics::OperationName;
use crate::server::{App, RequestId};

/// Most bytes of a request: what a secret, a policy or a thousand names need.
const LARGEST_BODY: usize = 1 << 20;
/// Most bytes of a request with an image's manifest of 4 MiB as text in JSON.
const LARGEST_IMAGE: usize = 10 << 20;
/// Most bytes of a request with a part of a layer of 20 MiB in base64.
const LARGEST_PART: usize = 28 << 20;
/// What the target of ECR's operations begins with.
const ECR_TARGET: &str = "AmazonEC2ContainerRegistry_V20150921.";
/// What the target of Secrets Manager's operations begins with.
const SECRETS_TARGET: &str = "secretsmanager.";

/// Answers a request to the control plane.
pub(crate) async fn handle(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let target = text("x-amz-target");
    if target.is_empty() && text("content-type").starts_with("application/x-www-form-urlencoded") {
        let id = parts.extensions.get::<RequestId>().cloned().unwrap_or_default();
        let mut response = match admit(&app, &parts, Service::Sts, body, LARGEST_BODY).await {
            Ok((caller, body)) => sts::answer(&app.ecr, &caller, &body, &id),
            Err(fault) => sts::refuse(&fault, &id),
        };
        // The one action of STS that is carried out.
        response.extensions_mut().insert(OperationName::named("GetCallerIdentity"));
        return response;
    }
    let service = if target.starts_with(SECRETS_TARGET) { Service::SecretsManager } else { Service::Ecr };
    let name = target.rsplit_once('.').map_or(target, |(_, name)| name);
    let limit = match name {
        "UploadLayerPart" => LARGEST_PART,
        "PutImage" => LARGEST_IMAGE,
        _ => LARGEST_BODY,
    };
    let answer = match admit(&app, &parts, service, body, limit).await {
        Ok((caller, body)) => dispatch(Context { app: Arc::clone(&app), caller }, target, &body).await,
        Err(fault) => Err(fault),
    };
    let known = !answer.as_ref().is_err_and(|fault| fault.code == Code::UnknownOperation);
    let mut response = match answer {
        Ok(answer) => json_response(StatusCode::OK, &answer),
        Err(fault) => fault_response(&fault),
    };
    if known && !name.is_empty() {
        response.extensions_mut().insert(OperationName::named(name));
    }
    response
}

/// Carries out the operation of a target.
async fn dispatch(context: Context, target: &str, body: &[u8]) -> Result<Value, Fault> {
    if let Some(name) = target.strip_prefix(ECR_TARGET) {
        ecr::call(context, name, body).await
    } else if let Some(name) = target.strip_prefix(SECRETS_TARGET) {
        secrets::call(context, name, body).await
    } else {
        Err(unknown(target))
    }
}

/// Returns who makes a request, and its body. The head is judged first: what it cannot prove is not read.
async fn admit(
    app: &App,
    parts: &Parts,
    service: Service,
    body: Body,
    limit: usize,
) -> Result<(Caller, Bytes), Fault> {
    let claim = access::control_claim(app, parts, service)?;
    let said = parts.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let too_large =
        || Fault::new(Code::InvalidParameter, format!("the request is larger than {limit} bytes"));
    if said.is_some_and(|said: usize| said > limit) {
        return Err(too_large());
    }
    let _room = app.room(said.unwrap_or(limit)).await;
    let body = match collect(body, limit, app.limits.idle).await {
        Ok(Some(body)) => body,
        Ok(None) => return Err(too_large()),
        Err(_) => return Err(Fault::new(Code::Serialization, "the request ended early or stood still")),
    };
    Ok((claim.verify(parts, &body)?, body))
}

/// Answers a request for which there was no turn.
pub(crate) fn throttled() -> Response {
    refuse(&Fault::new(Code::Throttling, "Rate exceeded"))
}

/// Answers a request that does not come to its operation.
pub(crate) fn refuse(fault: &Fault) -> Response {
    fault_response(fault)
}

/// Returns the answer to a target that no service has.
fn unknown(target: &str) -> Fault {
    let shown: String = target.chars().take(120).collect();
    Fault::new(Code::UnknownOperation, format!("`{shown}` is no operation that this server knows"))
}

/// Returns the answer to an operation of a service that this server leaves out.
fn left_out(service: &str, operation: &str) -> Fault {
    let text =
        format!("{operation} is an operation of {service} that this local registry does not implement");
    Fault::new(Code::NotImplemented, text)
}

fn json_response(status: StatusCode, value: &Value) -> Response {
    let mut response = (status, value.to_string()).into_response();
    let json = HeaderValue::from_static("application/x-amz-json-1.1");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

fn fault_response(fault: &Fault) -> Response {
    let mut members = json!({ "__type": fault.code.name(), "message": fault.message });
    for (name, value) in &fault.members {
        members[name] = value.clone();
    }
    let status = StatusCode::from_u16(fault.code.status()).unwrap_or(StatusCode::BAD_REQUEST);
    tracing::debug!(code = fault.code.name(), message = fault.message, "refused");
    json_response(status, &members)
}

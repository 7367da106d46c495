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
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::{Value, json};

pub(crate) use operation::{Context, Operation};

use crate::access;
use crate::distribution::collect;
use crate::fault::{Code, Fault};
use crate::server::App;

/// Most bytes of a request: a part of a layer of 20 MiB in base64, and what stands around it.
const LARGEST_BODY: usize = 28 << 20;
/// What the target of ECR's operations begins with.
const ECR_TARGET: &str = "AmazonEC2ContainerRegistry_V20150921.";
/// What the target of Secrets Manager's operations begins with.
const SECRETS_TARGET: &str = "secretsmanager.";

/// Answers a request to the control plane.
pub(crate) async fn handle(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let target = text("x-amz-target").to_owned();
    let query = text("content-type").starts_with("application/x-www-form-urlencoded");
    let caller = access::control_caller(&parts.headers);
    let body = match read_body(&app, body).await {
        Ok(body) => body,
        Err(fault) => return fault_response(&fault),
    };
    if target.is_empty() && query {
        return sts::answer(&app.ecr, &caller, &body);
    }
    let context = Context { app: Arc::clone(&app), caller };
    let answer = if let Some(name) = target.strip_prefix(ECR_TARGET) {
        ecr::call(context, name, &body).await
    } else if let Some(name) = target.strip_prefix(SECRETS_TARGET) {
        secrets::call(context, name, &body).await
    } else {
        Err(unknown(&target))
    };
    match answer {
        Ok(answer) => json_response(StatusCode::OK, &answer),
        Err(fault) => fault_response(&fault),
    }
}

async fn read_body(app: &App, body: Body) -> Result<Bytes, Fault> {
    match collect(body, LARGEST_BODY, app.limits.idle).await {
        Ok(Some(body)) => Ok(body),
        Ok(None) => {
            let text = format!("the request is larger than {LARGEST_BODY} bytes");
            Err(Fault::new(Code::InvalidParameter, text))
        }
        Err(_) => Err(Fault::new(Code::Serialization, "the request ended early or stood still")),
    }
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

//! How the server is: alive, ready, and in figures.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::App;
use crate::access;
use crate::metrics::MEDIA_TYPE;
use crate::storage::{Rows, SETTINGS};

/// Answers `GET /health`: the process answers requests, and this is what it is.
pub(super) async fn live(State(app): State<Arc<App>>) -> Response {
    let ecr = &app.ecr;
    let text = json!({
        "status": "ok",
        "service": "local-ecr",
        "version": env!("CARGO_PKG_VERSION"),
        "endpoint": ecr.endpoint,
        "account": ecr.account.as_str(),
        "region": ecr.region.as_str(),
        "authentication": app.authentication.name(),
    });
    json_text(StatusCode::OK, &text)
}

/// Answers `GET /health/ready`: whether the storage answers, too.
pub(super) async fn ready(State(app): State<Arc<App>>) -> Response {
    let read = app.blocking(|ecr| Ok(ecr.storage.metadata.read()?.has(&SETTINGS, "ready")?)).await;
    match read {
        Ok(_) => json_text(StatusCode::OK, &json!({ "status": "ready" })),
        Err(_) => {
            json_text(StatusCode::SERVICE_UNAVAILABLE, &json!({ "status": "the storage does not answer" }))
        }
    }
}

/// Answers `GET /metrics`.
pub(super) async fn metrics(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    if !access::may_read_metrics(&app, &headers) {
        let challenge = [(header::WWW_AUTHENTICATE, "Basic realm=\"metrics\"")];
        return (StatusCode::UNAUTHORIZED, challenge, "an access key's id and secret are needed\n")
            .into_response();
    }
    match app.metrics().text() {
        Some(text) => ([(header::CONTENT_TYPE, MEDIA_TYPE)], text).into_response(),
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn json_text(status: StatusCode, value: &serde_json::Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], format!("{value}\n")).into_response()
}

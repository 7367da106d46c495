//! Download URLs of layers: what GetDownloadUrlForLayer answers, good for an hour without any login.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use image::Digest;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::clock::Timestamp;
use crate::distribution::{OciError, respond_with_layer};
use crate::ecr::Ecr;
use crate::server::App;

/// How long a URL is good.
const LIFETIME: Duration = Duration::from_secs(3600);

fn signed_text(repository: &str, digest: &str, expires: u64) -> String {
    format!("{repository}\n{digest}\n{expires}")
}

/// Returns the URL from which a layer of a repository can be had.
pub(crate) fn url(ecr: &Ecr, repository: &str, digest: &Digest) -> String {
    let expires = ecr.clock.now().plus(LIFETIME).0;
    let digest = digest.to_string();
    let signature = ecr.tokens.sign("download", &signed_text(repository, &digest, expires));
    let escaped = utf8_percent_encode(repository, NON_ALPHANUMERIC);
    format!("{}/layers/{digest}?repository={escaped}&expires={expires}&signature={signature}", ecr.endpoint)
}

/// Answers `GET` and `HEAD /layers/<digest>`.
pub(crate) async fn handle(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let found = async {
        let denied = || {
            let text = "the download URL is not one of this registry, or its time is over";
            OciError::new(axum::http::StatusCode::FORBIDDEN, "DENIED", text)
        };
        let query = crate::distribution::Query::read(parts.uri.query());
        let digest = parts.uri.path().strip_prefix("/layers/").unwrap_or_default();
        let digest: Digest = digest.parse().map_err(|_| denied())?;
        let repository = query.get("repository").ok_or_else(denied)?;
        let expires = query.get("expires").and_then(|text| text.parse::<u64>().ok()).ok_or_else(denied)?;
        let signature = query.get("signature").unwrap_or_default();
        let text = signed_text(repository, &digest.to_string(), expires);
        if !app.ecr.tokens.verify("download", &text, signature) || Timestamp(expires) < app.ecr.clock.now() {
            return Err(denied());
        }
        respond_with_layer(&app, repository, &digest, &parts).await
    };
    found.await.unwrap_or_else(OciError::into_response)
}

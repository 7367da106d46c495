//! Blobs: pull and delete.

use std::sync::Arc;

use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::response::Response;
use image::Digest;

use super::body::{growing_body, kept_body};
use super::error::OciError;
use super::{CONTENT_DIGEST, empty, header_text, value};
use crate::fault::Fault;
use crate::pull_through::{Failure, FailureKind, Layer};
use crate::server::App;
use crate::storage::{BLOB_REPOSITORIES, LAYER_USERS, LAYERS, Rows, below, key};

/// `GET` and `HEAD /v2/<name>/blobs/<digest>`
pub(super) async fn get(
    app: &Arc<App>,
    name: &str,
    digest: &str,
    request: &Parts,
) -> Result<Response, OciError> {
    let digest: Digest = digest.parse().map_err(|_| OciError::digest(digest))?;
    respond_with_layer(app, name, &digest, request).await
}

/// Answers with a layer of a repository.
pub(crate) async fn respond_with_layer(
    app: &Arc<App>,
    name: &str,
    digest: &Digest,
    request: &Parts,
) -> Result<Response, OciError> {
    if request.method == Method::HEAD {
        return respond_with_size(app, name, digest, request).await;
    }
    let layer = app.pull_through.layer(name, digest).await;
    match layer.map_err(|failure| layer_failure(&failure, digest))? {
        None => Err(OciError::no_blob(&digest.to_string())),
        Some(Layer::Kept(blob)) => {
            let Answer { mut response, start, length } = answer(blob.size(), digest, request)?;
            app.metrics().blob_served(true);
            *response.body_mut() = kept_body(blob, start, length).await.map_err(|error| {
                tracing::error!(%error, %digest, "a blob could not be read");
                OciError::internal()
            })?;
            Ok(response)
        }
        Some(Layer::Growing(growing)) => {
            let Answer { mut response, start, length } = answer(growing.size, digest, request)?;
            app.metrics().blob_served(false);
            *response.body_mut() = growing_body(growing, start, length);
            Ok(response)
        }
    }
}

fn layer_failure(failure: &Failure, digest: &Digest) -> OciError {
    match failure.kind {
        FailureKind::NotFound => OciError::no_blob(&digest.to_string()),
        _ => OciError::upstream(failure, &digest.to_string()),
    }
}

/// Answers with the size of a layer, which upstream need not be asked for.
async fn respond_with_size(
    app: &Arc<App>,
    name: &str,
    digest: &Digest,
    request: &Parts,
) -> Result<Response, OciError> {
    let (repository, text) = (name.to_owned(), digest.to_string());
    let size = app
        .blocking(move |ecr| {
            let view = ecr.storage.metadata.read()?;
            ecr.repository(&view, &repository, None)?;
            match ecr.is_archived_layer(&view, &repository, &text)? {
                true => Ok(None),
                false => ecr.layer_size(&view, &repository, &text),
            }
        })
        .await?;
    let size = size.ok_or_else(|| OciError::no_blob(&digest.to_string()))?;
    Ok(answer(size, digest, request)?.response)
}

/// The head of an answer, and which bytes belong below it.
struct Answer {
    response: Response,
    start: u64,
    length: u64,
}

/// Returns the head of an answer with a layer, or with the range of it that the request asks for.
fn answer(size: u64, digest: &Digest, request: &Parts) -> Result<Answer, OciError> {
    let range = header_text(request, &header::RANGE).and_then(|text| read_range(text, size));
    let (status, start, length) = match range {
        None => (StatusCode::OK, 0, size),
        Some(Some((start, end))) => (StatusCode::PARTIAL_CONTENT, start, end - start + 1),
        Some(None) => {
            let text = "the range lies outside the blob";
            return Err(OciError::new(StatusCode::RANGE_NOT_SATISFIABLE, "SIZE_INVALID", text)
                .with(header::CONTENT_RANGE, format!("bytes */{size}")));
        }
    };
    let digest = digest.to_string();
    let mut response = empty(
        status,
        [
            (header::CONTENT_TYPE, "application/octet-stream"),
            (header::CONTENT_LENGTH, &length.to_string()),
            (header::ACCEPT_RANGES, "bytes"),
            (header::ETAG, &format!("\"{digest}\"")),
            (CONTENT_DIGEST, &digest),
        ],
    );
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {start}-{}/{size}", start + length - 1);
        response.headers_mut().insert(header::CONTENT_RANGE, value(&range));
    }
    Ok(Answer { response, start, length })
}

/// Reads a range of one part: nothing when the header is to be ignored, `Some(None)` when it lies outside.
#[expect(clippy::option_option, reason = "ignored and unsatisfiable are different answers")]
fn read_range(text: &str, size: u64) -> Option<Option<(u64, u64)>> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    if last.contains(',') {
        return None;
    }
    let range = if first.is_empty() {
        let length: u64 = last.parse().ok()?;
        (size.saturating_sub(length), size.checked_sub(1))
    } else {
        let last = if last.is_empty() { u64::MAX } else { last.parse().ok()? };
        (first.parse().ok()?, size.checked_sub(1).map(|end| end.min(last)))
    };
    match range {
        (start, Some(end)) if start <= end => Some(Some((start, end))),
        _ => Some(None),
    }
}

/// `DELETE /v2/<name>/blobs/<digest>`
pub(super) async fn delete(app: &Arc<App>, name: &str, digest: &str) -> Result<Response, OciError> {
    let digest: Digest = digest.parse().map_err(|_| OciError::digest(digest))?;
    let repository = name.to_owned();
    app.blocking(move |ecr| {
        let text = digest.to_string();
        let layer = key(&[&repository, &text]);
        let removed = ecr.storage.metadata.change(|change| {
            ecr.repository(change, &repository, None)?;
            if !change.has(&LAYERS, &layer)? {
                return Ok::<_, Fault>(Err(OciError::no_blob(&text)));
            }
            if change.any(&LAYER_USERS, &below(&[&repository, &text]))? {
                let text = "the blob belongs to an image of the repository";
                return Ok(Err(OciError::new(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", text)));
            }
            change.remove(&LAYERS, &layer)?;
            change.remove(&BLOB_REPOSITORIES, &key(&[&text, &repository]))?;
            Ok(Ok(()))
        })?;
        if removed.is_ok() {
            ecr.storage.remove_if_ownerless(&digest)?;
        }
        Ok(removed)
    })
    .await??;
    Ok(empty(StatusCode::ACCEPTED, []))
}

#[cfg(test)]
mod tests {
    use super::read_range;

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        assert_eq!(read_range("bytes=0-3", 10), Some(Some((0, 3))));
        assert_eq!(read_range("bytes=4-", 10), Some(Some((4, 9))));
        assert_eq!(read_range("bytes=4-99", 10), Some(Some((4, 9))));
        assert_eq!(read_range("bytes=-3", 10), Some(Some((7, 9))));
        assert_eq!(read_range("bytes=-99", 10), Some(Some((0, 9))));
        assert_eq!(read_range("bytes=10-", 10), Some(None));
        assert_eq!(read_range("bytes=-0", 10), Some(None));
        assert_eq!(read_range("bytes=0-", 0), Some(None));
        for ignored in ["bytes=a-b", "items=0-3", "bytes=0-1,3-4", "bytes=5", ""] {
            assert_eq!(read_range(ignored, 10), None, "{ignored}");
        }
    }
}

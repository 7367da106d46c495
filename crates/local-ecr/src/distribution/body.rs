//! Bodies: taking them in and giving files out, with little memory however large they are.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use tokio::task::spawn_blocking;

use super::error::OciError;
use super::piece;
use crate::pull_through::{Arrival, Growing};
use crate::storage::{Blob, SessionGuard, StorageError, UploadFailure};

/// Bytes gathered before they are written and hashed together.
const GATHER: usize = 1 << 19;

/// Why a body was not taken in whole.
#[derive(Debug)]
pub(crate) enum BodyError {
    /// It has more bytes than allowed.
    Large,
    /// The client went away or sent nothing for too long.
    Ended,
    /// The storage failed.
    Storage(StorageError),
}

impl From<BodyError> for OciError {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::Large => Self::too_large("the blob", 0),
            BodyError::Ended => Self::new(
                axum::http::StatusCode::BAD_REQUEST,
                "BLOB_UPLOAD_INVALID",
                "the body ended early or stood still",
            ),
            BodyError::Storage(error) => error.into(),
        }
    }
}

async fn next_data(body: &mut Body, idle: Duration) -> Result<Option<Bytes>, BodyError> {
    loop {
        match tokio::time::timeout(idle, body.frame()).await {
            Err(_) | Ok(Some(Err(_))) => return Err(BodyError::Ended),
            Ok(None) => return Ok(None),
            Ok(Some(Ok(frame))) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}

/// Appends a body to an upload, which may then have `limit` bytes; while one piece is written the next one
/// comes in. What came before a failure stays in the upload.
pub(super) async fn receive(
    guard: SessionGuard,
    mut body: Body,
    limit: u64,
    idle: Duration,
) -> Result<SessionGuard, BodyError> {
    let mut size = guard.size();
    let mut writing = spawn_blocking(move || Ok(guard));
    let mut gathered = Vec::new();
    let mut waiting = 0;
    let ended = loop {
        match next_data(&mut body, idle).await {
            Ok(Some(data)) => {
                size = size.saturating_add(data.len() as u64);
                if size > limit {
                    break Some(BodyError::Large);
                }
                waiting += data.len();
                gathered.push(data);
                if waiting >= GATHER {
                    waiting = 0;
                    writing = write(writing, std::mem::take(&mut gathered)).await?;
                }
            }
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    let writing = write(writing, gathered).await?;
    let mut guard = join(writing).await?;
    let Some(error) = ended else { return Ok(guard) };
    match spawn_blocking(move || guard.settle()).await {
        Ok(Err(UploadFailure::Storage(error))) => Err(BodyError::Storage(error)),
        _ => Err(error),
    }
}

type Writing = tokio::task::JoinHandle<Result<SessionGuard, StorageError>>;

async fn join(writing: Writing) -> Result<SessionGuard, BodyError> {
    match writing.await {
        Ok(guard) => guard.map_err(BodyError::Storage),
        Err(_) => Err(BodyError::Ended),
    }
}

async fn write(before: Writing, chunks: Vec<Bytes>) -> Result<Writing, BodyError> {
    let mut guard = join(before).await?;
    Ok(spawn_blocking(move || guard.append(&chunks).map(|()| guard)))
}

/// Returns a whole body of at most `limit` bytes, or `None` when it has more.
pub(crate) async fn collect(
    mut body: Body,
    limit: usize,
    idle: Duration,
) -> Result<Option<Bytes>, BodyError> {
    let mut whole = BytesMut::new();
    while let Some(data) = next_data(&mut body, idle).await? {
        if whole.len() + data.len() > limit {
            return Ok(None);
        }
        if whole.is_empty() && body_is_over(&body) {
            return Ok(Some(data));
        }
        whole.extend_from_slice(&data);
    }
    Ok(Some(whole.freeze()))
}

fn body_is_over(body: &Body) -> bool {
    use axum::body::HttpBody;
    body.is_end_stream()
}

/// Returns `length` bytes of a blob from `start` on as a body that is read as the client takes it.
pub(crate) async fn kept_body(blob: Blob, start: u64, length: u64) -> std::io::Result<Body> {
    let file = match blob {
        Blob::File(blob) => blob.file,
        Blob::Objects(blob) => return Ok(Body::from_stream(blob.stream(start, length).await?)),
    };
    let state = (Arc::new(file), start, start + length);
    Ok(Body::from_stream(futures_util::stream::try_unfold(state, |(file, at, end)| async move {
        if at >= end {
            return Ok::<_, std::io::Error>(None);
        }
        let data = piece::read(&file, at, end - at).await?;
        let at = at + data.len() as u64;
        Ok(Some((data, (file, at, end))))
    })))
}

/// Returns `length` bytes of a layer from `start` on as a body that follows the layer as it arrives. Where the
/// layer fails, the body ends before its length, so that no client takes it for whole.
pub(super) fn growing_body(growing: Arc<Growing>, start: u64, length: u64) -> Body {
    let arrival = growing.arrival.clone();
    let state = (growing, arrival, start, start + length);
    Body::from_stream(futures_util::stream::try_unfold(state, |(growing, mut arrival, at, end)| async move {
        if at >= end {
            return Ok(None);
        }
        let failed = |text: &str| std::io::Error::other(text.to_owned());
        let there = loop {
            let there = match *arrival.borrow_and_update() {
                Arrival::Bytes(there) => there,
                Arrival::Whole => growing.size,
                Arrival::Failed => return Err(failed("the upstream registry did not give the whole layer")),
            };
            if there > at {
                break there;
            }
            arrival.changed().await.map_err(|_| failed("the import of the layer ended"))?;
        };
        let data = piece::read(&growing.file, at, there.min(end) - at).await?;
        let at = at + data.len() as u64;
        Ok(Some((data, (growing, arrival, at, end))))
    }))
}

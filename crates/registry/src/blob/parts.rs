//! Very large layers through a registry's own interface of parts, where it has one.
//!
//! Owns the order of parts and their repetition. Knows nothing of the interface itself: that is the seam
//! [`LayerPartUpload`], which the caller fills in.

use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use image::{Digest, RepositoryName};

use crate::blob::push::Meter;
use crate::blob::reader::BlobReader;
use crate::client::remote::Remote;
use crate::client::retry::{Attempts, may_pass};
use crate::error::{Cause, Error, Result};

/// An upload in parts that was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartSession {
    /// What the registry calls the upload.
    pub id: String,
    /// The size of each part but the last, in bytes.
    pub part_size: usize,
}

/// A part that was not taken.
#[derive(Debug)]
pub struct PartRefusal {
    /// Why.
    pub error: Error,
    /// How many bytes of the layer the registry has, where it says so.
    pub received: Option<u64>,
}

/// A registry's own way of taking a layer in consecutive parts, each of which can be repeated.
pub trait LayerPartUpload: Send + Sync {
    /// Opens an upload.
    ///
    /// # Errors
    /// The registry's refusal.
    fn start<'a>(&'a self, repository: &'a RepositoryName) -> BoxFuture<'a, Result<PartSession>>;

    /// Sends the part that begins at byte `first` of the layer.
    ///
    /// # Errors
    /// The registry's refusal; with the number of bytes it has, if it tells.
    fn part<'a>(
        &'a self,
        repository: &'a RepositoryName,
        id: &'a str,
        first: u64,
        bytes: Bytes,
    ) -> BoxFuture<'a, std::result::Result<(), PartRefusal>>;

    /// Completes the upload; a layer that is there already is no error.
    ///
    /// # Errors
    /// The registry's refusal.
    fn complete<'a>(
        &'a self,
        repository: &'a RepositoryName,
        id: &'a str,
        digest: &'a Digest,
    ) -> BoxFuture<'a, Result<()>>;
}

/// Largest part that is held in memory, in bytes.
const LARGEST_PART: usize = 64 * 1024 * 1024;

/// What a registry says of an upload that it does not know any more, or whose bytes turned over on the way.
const LOST: [&str; 3] = ["UploadNotFoundException", "InvalidLayerException", "EmptyUploadException"];

/// How an upload in parts ended that did not succeed.
enum Failure {
    /// Another upload would end no better.
    Final(Error),
    /// The registry lost the upload, or bytes of it.
    Lost(Error),
}

/// Sends a layer in parts; a part that fails is sent again, the parts before it are not.
///
/// An upload that the registry lost is begun once more from the first byte.
///
/// # Errors
/// The side that failed for good, and how.
pub(crate) async fn upload_in_parts(
    destination: &Remote,
    digest: &Digest,
    source: impl Fn() -> BlobReader,
    parts: &dyn LayerPartUpload,
    meter: &dyn Meter,
) -> Result<()> {
    let error = match upload_once(destination, digest, source(), parts, meter).await {
        Ok(()) => return Ok(()),
        Err(Failure::Final(error)) => return Err(error),
        Err(Failure::Lost(error)) => error,
    };
    tracing::debug!(%digest, %error, "sending a layer in parts again");
    destination.count_retry();
    tokio::time::sleep(destination.client().options().retry.first_delay).await;
    upload_once(destination, digest, source(), parts, meter).await.map_err(|failure| match failure {
        Failure::Final(error) | Failure::Lost(error) => error,
    })
}

async fn upload_once(
    destination: &Remote,
    digest: &Digest,
    mut reader: BlobReader,
    parts: &dyn LayerPartUpload,
    meter: &dyn Meter,
) -> std::result::Result<(), Failure> {
    let repository = destination.name();
    meter.started();
    let session = parts.start(repository).await.map_err(Failure::Final)?;
    if session.part_size == 0 || session.part_size > LARGEST_PART {
        let words = format!("{} wants parts of {} bytes", destination.registry(), session.part_size);
        let tried = destination.blob_words("write", digest);
        return Err(Failure::Final(destination.failed(tried, Cause::Content(words))));
    }
    let mut first = 0u64;
    let mut held = BytesMut::new();
    loop {
        let piece = reader.next().await.map_err(Failure::Final)?;
        let ended = piece.is_none();
        if let Some(piece) = piece {
            held.extend_from_slice(&piece);
        }
        while held.len() >= session.part_size || (ended && !held.is_empty()) {
            let part = held.split_to(held.len().min(session.part_size)).freeze();
            let length = part.len() as u64;
            send_part(destination, &session.id, first, part, parts).await?;
            meter.advanced(length);
            first += length;
        }
        if ended {
            break;
        }
    }
    parts.complete(repository, &session.id, digest).await.map_err(judged)
}

/// Tells an upload that was lost from what fails for good.
fn judged(error: Error) -> Failure {
    match LOST.iter().any(|code| error.has_code(code)) {
        true => Failure::Lost(error),
        false => Failure::Final(error),
    }
}

async fn send_part(
    destination: &Remote,
    id: &str,
    first: u64,
    part: Bytes,
    parts: &dyn LayerPartUpload,
) -> std::result::Result<(), Failure> {
    let mut attempts = Attempts::new(&destination.client().options().retry);
    let (mut first, mut part) = (first, part);
    loop {
        let PartRefusal { error, received } =
            match parts.part(destination.name(), id, first, part.clone()).await {
                Ok(()) => return Ok(()),
                Err(refusal) => refusal,
            };
        attempts.count();
        let end = first + part.len() as u64;
        let resumed = match received {
            // The part came through and only its answer was lost.
            Some(received) if received == end => return Ok(()),
            Some(received) if received > first && received < end => {
                part = part.split_off(usize::try_from(received - first).unwrap_or(0));
                first = received;
                true
            }
            // Bytes that were taken are gone, or some came that were never sent.
            Some(received) if received != first => return Err(Failure::Lost(error)),
            _ => false,
        };
        let pause = match attempts.again(destination.host(), &error) {
            None if resumed && !may_pass(&error) => Some(destination.client().options().retry.first_delay),
            pause => pause,
        };
        let Some(pause) = pause else {
            return Err(judged(error.after(attempts.made(), attempts.elapsed())));
        };
        destination.count_retry();
        tokio::time::sleep(pause).await;
    }
}

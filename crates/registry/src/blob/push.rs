//! Sends a blob: one session, one body of exact length, and a new session after any failure.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::stream;
use image::Digest;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderValue};

use crate::blob::reader::BlobReader;
use crate::blob::session::UploadSession;
use crate::blob::watch::{Flow, Waiting};
use crate::client::endpoint::same_origin;
use crate::client::options::{Operation, UploadForm};
use crate::client::remote::Remote;
use crate::client::request::{Ask, Body};
use crate::client::retry::{Attempts, may_pass};
use crate::error::{Cause, Error, Result};

/// Told of each piece that goes out, and of each try that starts from the first byte.
pub(crate) trait Meter: Send + Sync {
    /// So many bytes went out.
    fn advanced(&self, bytes: u64);
    /// The blob is sent from its first byte on.
    fn started(&self);
}

/// Sends a blob of this size, as often as it takes.
///
/// Each try reads the source anew: a registry that lost bytes of a session answers nothing good to the rest.
///
/// # Errors
/// The side that failed for good, and how.
pub(crate) async fn upload(
    destination: &Remote,
    digest: &Digest,
    size: u64,
    mut session: Option<UploadSession>,
    source: impl Fn() -> BlobReader,
    meter: &Arc<dyn Meter>,
) -> Result<()> {
    let mut attempts = Attempts::new(&destination.client().options().retry);
    let mut doubted = false;
    loop {
        meter.started();
        let reader = source();
        let error = match send_once(destination, digest, size, session.take(), reader, meter).await {
            Ok(()) => return Ok(()),
            Err(Failure::Source(error)) => return Err(error),
            Err(Failure::Destination(error)) => error,
        };
        attempts.count();
        // A token may end, a session may be lost and bytes may turn over on the way, but not twice.
        let lost = !may_pass(&error) && is_lost(&error) && !std::mem::replace(&mut doubted, true);
        let pause = match lost {
            true => Some(destination.client().options().retry.first_delay),
            false => attempts.again(destination.host(), &error),
        };
        let Some(pause) = pause else { return Err(error.after(attempts.made(), attempts.elapsed())) };
        tracing::debug!(%digest, %error, "sending a blob again");
        destination.count_retry();
        tokio::time::sleep(pause).await;
    }
}

fn is_lost(error: &Error) -> bool {
    let status = matches!(error.status(), Some(401 | 403 | 404 | 416));
    status
        || ["DIGEST_INVALID", "BLOB_UPLOAD_INVALID", "BLOB_UPLOAD_UNKNOWN", "SIZE_INVALID"]
            .iter()
            .any(|code| error.has_code(code))
}

enum Failure {
    /// The source gave up, after its own retries.
    Source(Error),
    /// The destination failed; another session may do.
    Destination(Error),
}

async fn send_once(
    destination: &Remote,
    digest: &Digest,
    size: u64,
    session: Option<UploadSession>,
    mut reader: BlobReader,
    meter: &Arc<dyn Meter>,
) -> std::result::Result<(), Failure> {
    let open = async {
        match session {
            Some(session) => Ok(session),
            None => destination.start_upload(digest).await,
        }
    };
    // The two sides do not know of each other, so their first answers are waited for together.
    let (session, opened) = tokio::join!(open, reader.open());
    opened.map_err(Failure::Source)?;
    let session = session.map_err(Failure::Destination)?;
    let flow = Arc::new(Flow::new());
    let body = body(reader, size, flow.clone(), meter.clone());
    let once = Body::Once(Mutex::new(Some(reqwest::Body::wrap_stream(body))), size);
    let form = destination.host().upload_form;
    let (method, url) = match form {
        UploadForm::Put => (Method::PUT, session.completing(digest)),
        UploadForm::Patch => (Method::PATCH, session.url.clone()),
    };
    let tried = destination.blob_words("write", digest);
    let mut ask = destination.write(Operation::WriteBlob, method, url, tried);
    ask.headers.push((CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")));
    ask.body = once;
    let options = destination.client().options();
    let response = tokio::select! {
        answer = send(destination, &ask) => answer,
        idle = flow.stalled(options.idle_timeout, options.finish_timeout) => {
            let host = destination.registry().to_string();
            Err(ask.failed(Cause::Stalled { host, idle }))
        }
    };
    if let Some(error) = flow.failure() {
        return Err(Failure::Source(error));
    }
    let response = response.map_err(Failure::Destination)?;
    match (form, response.status()) {
        (UploadForm::Put, 200..=204) => Ok(()),
        // The specification says 202; Amazon ECR says 201.
        (UploadForm::Patch, 200..=204) => {
            let session = destination.session(&ask, &response).map_err(Failure::Destination)?;
            drop(response);
            complete(destination, &session, digest).await.map_err(Failure::Destination)
        }
        _ => Err(Failure::Destination(destination.refusal(response, &ask).await)),
    }
}

/// Sends bytes with our name to the registry, and without it to wherever else the session leads.
async fn send(destination: &Remote, ask: &Ask) -> Result<crate::client::request::Response> {
    if same_origin(&ask.url, &destination.host().base) {
        return destination.send(ask).await;
    }
    destination.client().send_unnamed(destination.host(), ask).await
}

async fn complete(destination: &Remote, session: &UploadSession, digest: &Digest) -> Result<()> {
    let tried = destination.blob_words("complete", digest);
    let mut ask = destination.write(Operation::WriteBlob, Method::PUT, session.completing(digest), tried);
    ask.timeout = destination.client().options().finish_timeout;
    let response = send(destination, &ask).await?;
    match response.status() {
        200..=204 => Ok(()),
        _ => Err(destination.refusal(response, &ask).await),
    }
}

/// The bytes of a reader as the body of a request; the flow is told which side is waited for.
fn body(
    reader: BlobReader,
    size: u64,
    flow: Arc<Flow>,
    meter: Arc<dyn Meter>,
) -> impl stream::Stream<Item = std::result::Result<Bytes, Error>> + Send + 'static {
    stream::try_unfold((reader, 0u64), move |(mut reader, sent)| {
        let (flow, meter) = (flow.clone(), meter.clone());
        async move {
            if sent == size && size > 0 {
                return Ok(None);
            }
            flow.wait_for(Waiting::Source);
            match reader.next().await {
                Ok(Some(piece)) => {
                    let length = piece.len() as u64;
                    let sent = sent + length;
                    meter.advanced(length);
                    flow.wait_for(if sent == size { Waiting::Answer } else { Waiting::Destination });
                    Ok(Some((piece, (reader, sent))))
                }
                Ok(None) => {
                    flow.wait_for(Waiting::Answer);
                    Ok(None)
                }
                Err(error) => {
                    flow.fail(error.clone());
                    Err(error)
                }
            }
        }
    })
}

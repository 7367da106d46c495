//! One request and its answer.

use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{HeaderName, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{Method, Url};
use tokio::sync::OwnedSemaphorePermit;

use crate::auth::Scopes;
use crate::auth::challenge::Challenge;
use crate::client::host::Host;
use crate::client::options::Operation;
use crate::client::refusal::{self, LARGEST_ERROR};
use crate::client::retry;
use crate::error::{Cause, Error, Refusal, Result, Side};

/// What goes with a request.
pub(crate) enum Body {
    /// Nothing.
    Empty,
    /// Bytes that are at hand and can be sent again.
    Whole(Bytes),
    /// A stream that can be sent once, and its length.
    Once(Mutex<Option<reqwest::Body>>, u64),
}

impl Body {
    /// Returns whether it can be sent again.
    pub(crate) fn is_whole(&self) -> bool {
        !matches!(self, Self::Once(..))
    }

    pub(crate) fn take(&self) -> Option<reqwest::Body> {
        match self {
            Self::Empty => None,
            Self::Whole(bytes) => Some(bytes.clone().into()),
            Self::Once(body, _) => body.lock().unwrap_or_else(PoisonError::into_inner).take(),
        }
    }
}

/// One request, ready to be sent as often as needed.
pub(crate) struct Ask {
    pub(crate) operation: Operation,
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Body,
    pub(crate) scopes: Scopes,
    /// Completes the sentence "cannot ...".
    pub(crate) tried: String,
    pub(crate) side: Option<Side>,
    /// Counts the tries after the first.
    pub(crate) retries: Arc<AtomicU32>,
    /// How long the answer may take from the end of the request on.
    pub(crate) timeout: Duration,
    /// Whether a redirect is followed; without, it is the answer.
    pub(crate) follow: bool,
}

impl Ask {
    /// Returns an error of this request.
    pub(crate) fn failed(&self, cause: Cause) -> Error {
        Error::new(self.tried.as_str(), cause).at(self.side)
    }
}

/// An answer; it holds its place among the requests under way until it is dropped.
pub(crate) struct Response {
    inner: reqwest::Response,
    host: Arc<Host>,
    _place: Option<OwnedSemaphorePermit>,
}

impl Response {
    pub(crate) fn new(
        inner: reqwest::Response,
        host: Arc<Host>,
        place: Option<OwnedSemaphorePermit>,
    ) -> Self {
        Self { inner, host, _place: place }
    }

    pub(crate) fn status(&self) -> u16 {
        self.inner.status().as_u16()
    }

    /// Returns a header as text.
    pub(crate) fn header(&self, name: impl reqwest::header::AsHeaderName) -> Option<&str> {
        self.inner.headers().get(name).and_then(|value| value.to_str().ok())
    }

    /// Returns the URL that answered, after redirects.
    pub(crate) fn url(&self) -> &Url {
        self.inner.url()
    }

    /// Returns the host that answered, as it is shown in errors.
    pub(crate) fn answered_by(&self) -> String {
        let url = self.inner.url();
        match (url.host_str() == self.host.base.host_str(), url.host_str()) {
            (false, Some(other)) => format!("{} (redirected by {})", other, self.host.name),
            _ => self.host.name.to_string(),
        }
    }

    /// Returns the challenge to answer, if the registry made one.
    pub(crate) fn challenge(&self) -> Option<Challenge> {
        let values = self.inner.headers().get_all(WWW_AUTHENTICATE);
        Challenge::choose(values.iter().filter_map(|value| value.to_str().ok()))
    }

    /// Returns the next piece of the body, `None` at its end.
    pub(crate) async fn chunk(&mut self) -> std::result::Result<Option<Bytes>, reqwest::Error> {
        self.inner.chunk().await
    }

    /// Returns the whole body.
    ///
    /// # Errors
    /// [`Cause::Content`] where it is longer than `most` bytes, and what breaks on the way.
    pub(crate) async fn read_capped(mut self, ask: &Ask, most: u64) -> Result<Bytes> {
        let host = self.answered_by();
        let too_long = || ask.failed(Cause::Content(format!("{host} sent more than {most} bytes")));
        if self.inner.content_length().is_some_and(|length| length > most) {
            return Err(too_long());
        }
        let mut whole: Option<Bytes> = None;
        let mut pieces = BytesMut::new();
        loop {
            match tokio::time::timeout(ask.timeout, self.chunk()).await {
                Ok(Ok(Some(chunk))) => {
                    // Nearly every body is one chunk, which then needs no copy.
                    if whole.is_none() && pieces.is_empty() {
                        whole = Some(chunk);
                    } else {
                        if let Some(first) = whole.take() {
                            pieces.extend_from_slice(&first);
                        }
                        pieces.extend_from_slice(&chunk);
                    }
                    if whole.as_ref().map_or(pieces.len(), Bytes::len) as u64 > most {
                        return Err(too_long());
                    }
                }
                Ok(Ok(None)) => return Ok(whole.unwrap_or_else(|| pieces.freeze())),
                Ok(Err(error)) => {
                    let words = describe(error);
                    return Err(ask.failed(Cause::Connection { host, words }));
                }
                Err(_) => return Err(ask.failed(Cause::Stalled { host, idle: ask.timeout })),
            }
        }
    }

    /// Reads a bad answer into an error, with the hint that follows from it.
    pub(crate) async fn into_refusal(mut self, ask: &Ask) -> Error {
        let (status, by) = (self.status(), self.answered_by());
        let (headers, host) = (self.inner.headers().clone(), self.host.clone());
        let mut body = BytesMut::new();
        while let Ok(Ok(Some(chunk))) = tokio::time::timeout(ask.timeout, self.chunk()).await {
            body.extend_from_slice(&chunk);
            if body.len() as u64 > LARGEST_ERROR {
                break;
            }
        }
        let refusal: Refusal = refusal::read(&by, status, &headers, &body);
        retry::hinted(&host, ask.failed(Cause::Refused(refusal)))
    }
}

/// Returns what a connection died of, without the URL, which may be signed.
pub(crate) fn describe(error: reqwest::Error) -> String {
    use std::error::Error as _;
    let error = error.without_url();
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !words.contains(&text) {
            words = format!("{words}: {text}");
        }
        cause = inner.source();
    }
    words
}

//! Reads a blob in pieces: resumed where it breaks off, checked before its last piece is handed out.

use bytes::Bytes;
use image::Digest;
use reqwest::Method;
use reqwest::header::{CONTENT_RANGE, HeaderValue, RANGE};

use crate::client::options::Operation;
use crate::client::remote::Remote;
use crate::client::request::{Ask, Response, describe};
use crate::client::retry::Attempts;
use crate::digester::{self, Digester};
use crate::error::{Cause, Error, Result};

/// How far a try has to get to be worth as many tries again, in bytes.
const PROGRESS: u64 = 16 * 1024 * 1024;

/// A blob on its way.
///
/// The last piece is handed out only when the digest of the whole is right, so nothing that is passed on from
/// here can be completed by content that lies.
pub struct BlobReader {
    remote: Remote,
    digest: Digest,
    size: u64,
    offset: u64,
    digester: Option<Digester>,
    from: From,
    attempts: Attempts,
    /// Where the last try began.
    resumed: u64,
}

enum From {
    /// Not asked for yet, or broken off.
    Nowhere,
    /// An answer, and how many of its first bytes are already known.
    Answer(Box<Response>, u64),
    /// Bytes that are at hand.
    Memory(Bytes),
}

impl std::fmt::Debug for BlobReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BlobReader({}@{} at {} of {})", self.remote, self.digest, self.offset, self.size)
    }
}

impl Remote {
    /// Returns a reader of a blob of this size; nothing is asked for before its first piece.
    pub fn blob(&self, digest: &Digest, size: u64) -> BlobReader {
        BlobReader {
            remote: self.clone(),
            digest: digest.clone(),
            size,
            offset: 0,
            digester: Some(Digester::like(digest)),
            from: From::Nowhere,
            attempts: Attempts::new(&self.client().options().retry),
            resumed: 0,
        }
    }

    /// Reads a small blob whole.
    ///
    /// # Errors
    /// As [`BlobReader::next`], and [`Cause::Content`] for a blob of more than `most` bytes.
    pub async fn read_blob(&self, digest: &Digest, size: u64, most: u64) -> Result<Bytes> {
        if size > most {
            let words = format!("it is of {size} bytes, where {most} are the most expected");
            return Err(self.failed(self.blob_words("read", digest), Cause::Content(words)));
        }
        let mut reader = self.blob(digest, size);
        let mut whole = bytes::BytesMut::new();
        while let Some(piece) = reader.next().await? {
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }
}

impl BlobReader {
    /// Returns the reader with the blob's bytes given, so that nothing is asked for.
    pub(crate) fn with_bytes(mut self, bytes: Bytes) -> Self {
        self.from = From::Memory(bytes);
        self
    }

    /// Asks for the blob now, so that its first piece is on its way.
    ///
    /// # Errors
    /// The registry's refusal.
    pub(crate) async fn open(&mut self) -> Result<()> {
        if matches!(self.from, From::Nowhere) && self.offset < self.size {
            self.from = self.ask().await?;
        }
        Ok(())
    }

    /// Returns the next piece, `None` at the end.
    ///
    /// A connection that breaks or moves nothing for the idle timeout is made anew, and the rest asked for.
    ///
    /// # Errors
    /// [`Cause::WrongDigest`] in place of the last piece; [`Cause::Content`] for a body of another length;
    /// the refusal, silence or break that lasted longer than the retries.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        loop {
            if self.offset == self.size {
                self.from = From::Nowhere;
                self.finish()?;
                return Ok(None);
            }
            self.open().await?;
            match self.piece().await {
                Ok(piece) => return self.take(piece).map(Some),
                Err(error) => self.pause_after(error).await?,
            }
        }
    }

    /// Waits before another try after an error that may pass.
    async fn pause_after(&mut self, error: Error) -> Result<()> {
        self.from = From::Nowhere;
        // A try that got on is not counted against the rest of a very large blob.
        if self.offset - self.resumed >= PROGRESS {
            self.attempts = Attempts::new(&self.remote.client().options().retry);
        }
        self.resumed = self.offset;
        self.attempts.count();
        match self.attempts.again(self.remote.host(), &error) {
            Some(pause) => {
                tracing::debug!(offset = self.offset, %error, "resuming a blob");
                self.remote.count_retry();
                tokio::time::sleep(pause).await;
                Ok(())
            }
            None => Err(error.after(self.attempts.made(), self.attempts.elapsed())),
        }
    }

    /// Returns the next bytes that are not known yet.
    async fn piece(&mut self) -> Result<Bytes> {
        loop {
            let idle = self.remote.idle_timeout();
            let (response, known) = match &mut self.from {
                From::Memory(bytes) => return Ok(std::mem::take(bytes)),
                From::Nowhere => return Err(self.short()),
                From::Answer(response, known) => (response, known),
            };
            let host = response.answered_by();
            match tokio::time::timeout(idle, response.chunk()).await {
                Ok(Ok(Some(mut chunk))) => {
                    let skipped = (*known).min(chunk.len() as u64);
                    *known -= skipped;
                    let rest = chunk.split_off(usize::try_from(skipped).unwrap_or(chunk.len()));
                    if !rest.is_empty() {
                        return Ok(rest);
                    }
                }
                Ok(Ok(None)) => return Err(self.short()),
                Ok(Err(error)) => {
                    return Err(self.failed(Cause::Connection { host, words: describe(error) }));
                }
                Err(_) => return Err(self.failed(Cause::Stalled { host, idle })),
            }
        }
    }

    /// Takes a piece in; checks the digest when it is the last.
    fn take(&mut self, piece: Bytes) -> Result<Bytes> {
        if let Some(digester) = &mut self.digester {
            digester.update(&piece);
        }
        let end = self.offset + piece.len() as u64;
        if end > self.size {
            let words = format!("{} sent more than the {} bytes of the descriptor", self.host(), self.size);
            return Err(self.failed(Cause::Content(words)));
        }
        self.offset = end;
        if end == self.size {
            self.finish()?;
        }
        Ok(piece)
    }

    fn finish(&mut self) -> Result<()> {
        let Some(digester) = self.digester.take() else { return Ok(()) };
        match digester::check(digester, &self.digest) {
            Ok(()) => Ok(()),
            Err(found) => Err(self.failed(Cause::WrongDigest { host: self.host(), found })),
        }
    }

    /// Asks for the blob from the offset on.
    async fn ask(&self) -> Result<From> {
        let url = self.remote.url(&format!("blobs/{}", self.digest), None);
        let tried = self.remote.blob_words("read", &self.digest);
        let mut ask: Ask = self.remote.read(Operation::ReadBlob, Method::GET, url, tried);
        if self.offset > 0 {
            let range = format!("bytes={}-{}", self.offset, self.size.saturating_sub(1));
            ask.headers.extend(HeaderValue::from_str(&range).ok().map(|range| (RANGE, range)));
        }
        let response = self.remote.send(&ask).await?;
        let length = response.header("content-length").and_then(|text| text.parse::<u64>().ok());
        match response.status() {
            206 if self.offset > 0 => {
                let start = response.header(CONTENT_RANGE).and_then(range_start);
                if start.is_some_and(|start| start != self.offset) {
                    let words = format!("{} answered another range than asked for", response.answered_by());
                    return Err(ask.failed(Cause::Content(words)));
                }
                Ok(From::Answer(Box::new(response), 0))
            }
            200 => {
                if let Some(length) = length.filter(|length| *length != self.size) {
                    let host = response.answered_by();
                    let words = format!("{host} has {length} bytes where the manifest says {}", self.size);
                    return Err(ask.failed(Cause::Content(words)));
                }
                Ok(From::Answer(Box::new(response), self.offset))
            }
            _ => Err(self.remote.refusal(response, &ask).await),
        }
    }

    fn host(&self) -> String {
        match &self.from {
            From::Answer(response, _) => response.answered_by(),
            _ => self.remote.registry().to_string(),
        }
    }

    fn short(&self) -> Error {
        self.failed(Cause::Short { host: self.host(), received: self.offset, expected: self.size })
    }

    fn failed(&self, cause: Cause) -> Error {
        self.remote.failed(self.remote.blob_words("read", &self.digest), cause)
    }
}

/// Reads the first number of `bytes 5-9/10`.
fn range_start(text: &str) -> Option<u64> {
    text.trim().strip_prefix("bytes")?.trim().split('-').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_of_a_range_is_read() {
        assert_eq!(range_start("bytes 5-9/10"), Some(5));
        assert_eq!(range_start("bytes */10"), None);
        assert_eq!(range_start("5-9"), None);
    }
}

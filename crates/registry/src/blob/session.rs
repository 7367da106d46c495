//! Upload sessions: opened, or come in place of a mount.

use image::{Digest, RepositoryName};
use reqwest::header::{CONTENT_LENGTH, LOCATION};
use reqwest::{Method, Url};

use crate::auth::Scopes;
use crate::client::options::Operation;
use crate::client::remote::Remote;
use crate::client::request::{Ask, Response};
use crate::error::{Cause, Result};

/// Where the bytes of one blob go; good for one try.
#[derive(Debug, Clone)]
pub(crate) struct UploadSession {
    pub(crate) url: Url,
}

/// What came of a mount.
#[derive(Debug)]
pub(crate) enum Mounted {
    /// The blob is there.
    Yes,
    /// It is not; the registry opened a session for its bytes.
    Instead(UploadSession),
}

impl Remote {
    /// Asks whether a blob is there.
    ///
    /// Spec: end-10, HEAD. A passing redirect to another host means that it is: the registry knows where.
    ///
    /// # Errors
    /// What the network or the registry's authentication refuses; odd statuses count as not there.
    pub async fn has_blob(&self, digest: &Digest) -> Result<bool> {
        let url = self.url(&format!("blobs/{digest}"), None);
        let tried = self.blob_words("look for", digest);
        let mut ask = self.look(Operation::CheckBlob, Method::HEAD, url, tried);
        ask.follow = false;
        let response = self.send(&ask).await?;
        match response.status() {
            200 => Ok(true),
            302 | 303 | 307 if leads_elsewhere(&response) => Ok(true),
            301..=308 => {
                drop(response);
                ask.follow = true;
                Ok(self.send(&ask).await?.status() == 200)
            }
            _ => Ok(false),
        }
    }

    /// Returns the size of a blob in bytes, `None` where it is not there or the registry does not say.
    ///
    /// Spec: end-10, HEAD.
    ///
    /// # Errors
    /// What the network or the registry's authentication refuses.
    pub async fn blob_size(&self, digest: &Digest) -> Result<Option<u64>> {
        let url = self.url(&format!("blobs/{digest}"), None);
        let tried = self.blob_words("look for", digest);
        let ask = self.look(Operation::CheckBlob, Method::HEAD, url, tried);
        let response = self.send(&ask).await?;
        let length = response.header(CONTENT_LENGTH).and_then(|text| text.parse().ok());
        Ok(length.filter(|_| response.status() == 200))
    }

    /// Opens an upload session.
    ///
    /// Spec: end-4a.
    pub(crate) async fn start_upload(&self, digest: &Digest) -> Result<UploadSession> {
        let url = self.url("blobs/uploads/", None);
        let tried = format!("start the upload of blob {self}@{digest}");
        let ask = self.write(Operation::StartUpload, Method::POST, url, tried);
        let response = self.send(&ask).await?;
        match response.status() {
            200..=202 => self.session(&ask, &response),
            _ => Err(self.refusal(response, &ask).await),
        }
    }

    /// Mounts a blob from another repository of this registry, or takes the session that comes instead.
    ///
    /// Spec: end-11.
    pub(crate) async fn mount(&self, digest: &Digest, from: &RepositoryName) -> Result<Mounted> {
        let query = format!("mount={digest}&from={from}");
        let url = self.url("blobs/uploads/", Some(&query));
        let tried = format!("mount blob {self}@{digest} from {from}");
        let mut ask = self.write(Operation::StartUpload, Method::POST, url, tried);
        ask.scopes = Scopes::push(self.name()).and_pull(from);
        let response = self.send(&ask).await?;
        match response.status() {
            201 => Ok(Mounted::Yes),
            200 | 202 => self.session(&ask, &response).map(Mounted::Instead),
            _ => Err(self.refusal(response, &ask).await),
        }
    }

    /// Returns the session that an answer names.
    pub(crate) fn session(&self, ask: &Ask, response: &Response) -> Result<UploadSession> {
        let unusable = |words: &str| ask.failed(Cause::Content(format!("{} named {words}", self.registry())));
        let location = response.header(LOCATION).ok_or_else(|| unusable("no place for the bytes"))?;
        let mut url =
            response.url().join(location).map_err(|_| unusable("a place for the bytes that is no URL"))?;
        let base = &self.host().base;
        // A registry behind a gateway that ends TLS may not know that it is spoken to over TLS.
        if base.scheme() == "https" && url.scheme() == "http" {
            let same = url.host() == base.host() && url.set_scheme("https").is_ok();
            if !same {
                let words = format!("{} wants the bytes without TLS", self.registry());
                return Err(ask.failed(Cause::Untrusted(words)));
            }
            if url.port() == Some(80) && url.set_port(None).is_err() {
                return Err(unusable("a place for the bytes that is no URL"));
            }
        }
        if !matches!(url.scheme(), "http" | "https") {
            return Err(unusable("a place for the bytes that is not HTTP"));
        }
        Ok(UploadSession { url })
    }
}

/// Returns whether a redirect leads to another host than the one that answered.
fn leads_elsewhere(response: &Response) -> bool {
    let to = response.header(LOCATION).and_then(|location| response.url().join(location).ok());
    to.is_some_and(|to| to.host() != response.url().host())
}

impl UploadSession {
    /// Returns the URL that completes the upload.
    pub(crate) fn completing(&self, digest: &Digest) -> Url {
        let mut url = self.url.clone();
        // Appended as it is: some registries sign the query and compare it by the letter.
        let query = match url.query().filter(|query| !query.is_empty()) {
            Some(query) => format!("{query}&digest={digest}"),
            None => format!("digest={digest}"),
        };
        url.set_query(Some(&query));
        url
    }
}

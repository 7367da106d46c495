//! One repository of one registry, seen from one side of a copy.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use image::{Digest, RegistryHost, RepositoryName};
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Method, Url};

use crate::auth::Scopes;
use crate::client::Client;
use crate::client::endpoint::below;
use crate::client::host::Host;
use crate::client::options::Operation;
use crate::client::request::{Ask, Body, Response};
use crate::error::{Cause, Error, Hint, Result, Side};

/// A repository of a registry, to read from and write to.
#[derive(Clone)]
pub struct Remote {
    client: Client,
    host: Arc<Host>,
    name: RepositoryName,
    side: Option<Side>,
    retries: Arc<AtomicU32>,
}

impl std::fmt::Debug for Remote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Remote({self})")
    }
}

impl std::fmt::Display for Remote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.host.name, self.name)
    }
}

impl Remote {
    pub(crate) fn new(client: Client, host: Arc<Host>, name: RepositoryName) -> Self {
        Self { client, host, name, side: None, retries: Arc::default() }
    }

    /// Returns the repository as one side of a copy, which its errors then name.
    #[must_use]
    pub fn on(mut self, side: Side) -> Self {
        self.side = Some(side);
        self
    }

    /// Returns the repository with its retries counted here.
    pub(crate) fn counting(mut self, retries: Arc<AtomicU32>) -> Self {
        self.retries = retries;
        self
    }

    /// Returns the registry.
    pub fn registry(&self) -> &RegistryHost {
        &self.host.name
    }

    /// Returns the repository's name.
    pub fn name(&self) -> &RepositoryName {
        &self.name
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) fn host(&self) -> &Arc<Host> {
        &self.host
    }

    pub(crate) fn count_retry(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn idle_timeout(&self) -> Duration {
        self.client.options().idle_timeout
    }

    /// Returns how an error calls a manifest of this repository.
    pub(crate) fn manifest_words(&self, verb: &str, reference: &str) -> String {
        let mark = if reference.contains(':') { '@' } else { ':' };
        format!("{verb} manifest {self}{mark}{reference}")
    }

    /// Returns how an error calls a blob of this repository.
    pub(crate) fn blob_words(&self, verb: &str, digest: &Digest) -> String {
        format!("{verb} blob {self}@{digest}")
    }

    /// Returns an error of this repository.
    pub(crate) fn failed(&self, tried: String, cause: Cause) -> Error {
        Error::new(tried, cause).at(self.side)
    }

    /// Returns the URL of something of this repository: `manifests/latest`.
    pub(crate) fn url(&self, rest: &str, query: Option<&str>) -> Url {
        below(&self.host.base, &format!("/v2/{}/{rest}", self.name), query)
    }

    /// Returns a request that reads.
    pub(crate) fn read(&self, operation: Operation, method: Method, url: Url, tried: String) -> Ask {
        Ask {
            operation,
            method,
            url,
            headers: Vec::new(),
            body: Body::Empty,
            scopes: Scopes::pull(&self.name),
            tried,
            side: self.side,
            retries: self.retries.clone(),
            timeout: self.idle_timeout(),
            follow: true,
        }
    }

    /// Returns a request at a destination, where looking and writing share a token.
    pub(crate) fn write(&self, operation: Operation, method: Method, url: Url, tried: String) -> Ask {
        Ask { scopes: Scopes::push(&self.name), ..self.read(operation, method, url, tried) }
    }

    /// Returns a request that looks, with the token that this side needs anyway.
    pub(crate) fn look(&self, operation: Operation, method: Method, url: Url, tried: String) -> Ask {
        match self.side {
            Some(Side::Destination) => self.write(operation, method, url, tried),
            _ => self.read(operation, method, url, tried),
        }
    }

    pub(crate) async fn send(&self, ask: &Ask) -> Result<Response> {
        self.client.send(&self.host, ask).await
    }

    /// Reads a bad answer into an error, with a hint where the repository is missing.
    pub(crate) async fn refusal(&self, response: Response, ask: &Ask) -> Error {
        let error = response.into_refusal(ask).await;
        if self.side == Some(Side::Destination) && error.has_code("NAME_UNKNOWN") {
            return error.with_hint(Hint::CreateRepository(self.host.name.clone(), self.name.clone()));
        }
        error
    }
}

/// Returns a header of a request.
pub(crate) fn header(name: HeaderName, value: &str) -> Option<(HeaderName, HeaderValue)> {
    HeaderValue::from_str(value).ok().map(|value| (name, value))
}

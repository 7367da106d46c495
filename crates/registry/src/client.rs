//! A client of registries: the distribution protocol with authentication, limits and patience.
//!
//! Owns requests and answers, and the state kept for each registry. Knows manifests and blobs as the protocol
//! does; what a copy of an image consists of is the business of [`crate::copy`].

pub(crate) mod address;
pub(crate) mod endpoint;
pub(crate) mod host;
pub mod login;
pub mod manifests;
pub mod options;
mod pacing;
pub mod pull_limit;
pub mod reach;
pub(crate) mod redirect;
pub(crate) mod refusal;
pub(crate) mod remote;
pub(crate) mod request;
pub(crate) mod retry;
mod tags;
mod trust;
pub(crate) mod wire;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use image::{RegistryHost, RepositoryName};

use crate::auth::{Authenticator, Refused};
use crate::client::host::Host;
use crate::client::options::ClientOptions;
use crate::client::pull_limit::PullLimit;
use crate::client::remote::Remote;
use crate::client::request::{Ask, Response};
use crate::client::retry::{Attempts, Judged};
use crate::client::wire::Wire;
use crate::error::{Cause, Result};

/// How often one request is sent again with something else in `Authorization`: after the challenge, after
/// another scope was asked for, and after an old credential was renewed.
const MOST_RENEWALS: u32 = 3;

/// A client of registries; clones share connections, tokens and limits.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    wire: Wire,
    auth: Authenticator,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Client").field(&self.0.wire.options).finish()
    }
}

impl Client {
    /// Returns a client with these options; connects to nothing yet.
    ///
    /// # Errors
    /// [`Cause::Setup`] where a certificate or a proxy cannot be used.
    pub fn new(options: ClientOptions) -> Result<Self> {
        Ok(Self(Arc::new(Inner { wire: Wire::new(options)?, auth: Authenticator::default() })))
    }

    /// Returns the options it was made with.
    pub fn options(&self) -> &ClientOptions {
        &self.0.wire.options
    }

    /// Returns a repository of a registry to work with.
    ///
    /// # Errors
    /// [`Cause::Setup`] where the options name an endpoint of the registry that is no URL.
    pub fn repository(&self, host: &RegistryHost, name: &RepositoryName) -> Result<Remote> {
        Ok(Remote::new(self.clone(), self.host(host)?, name.clone()))
    }

    /// Returns the allowance of pulls that a registry told last; `None` before its first answer, and for
    /// registries that tell none.
    pub fn pull_limit(&self, host: &RegistryHost) -> Option<PullLimit> {
        self.host(host).ok()?.pull_limit()
    }

    pub(crate) fn host(&self, name: &RegistryHost) -> Result<Arc<Host>> {
        self.0.wire.hosts.get(name, self.options())
    }

    /// Sends a request as who we are until there is an answer that will not get better by waiting.
    ///
    /// Any status but 401, 403 and those that pass is an answer.
    pub(crate) async fn send(&self, host: &Arc<Host>, ask: &Ask) -> Result<Response> {
        let Inner { wire, auth } = &*self.0;
        let mut attempts = Attempts::new(&wire.options.retry);
        let (mut renewals, mut renewed) = (0, false);
        // Held until there is an answer: whoever waits then knows what to present, or that all is refused.
        let _entry = auth.enter(host).await;
        loop {
            if let Some(refused) = host.refused() {
                return Err(refused.clone().at(ask.side));
            }
            let presented = auth.present(wire, host, &ask.scopes, ask.side).await?;
            let outcome = wire.exchange(host, ask, presented.header()).await;
            let response = match attempts.judge(host, ask, outcome).await {
                Judged::Answer(response) => response,
                Judged::Again(pause) => {
                    ask.retries.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(pause).await;
                    continue;
                }
                Judged::Failed(error) => return Err(error),
            };
            if !matches!(response.status(), 401 | 403) {
                return Ok(response);
            }
            let challenge = response.challenge();
            let error = response.into_refusal(ask).await;
            let Cause::Refused(refusal) = error.cause() else { return Err(error) };
            if renewals == MOST_RENEWALS {
                return Err(error);
            }
            renewals += 1;
            let answer = Refused { challenge, refusal, error: &error, renewed };
            let again = auth.refused(wire, host, ask, &presented, answer).await?;
            renewed |= again && presented.is_credential();
            if !again || !ask.body.is_whole() {
                return Err(error);
            }
        }
    }

    /// Returns whether a registry has asked for credentials.
    pub(crate) fn asks_for_credentials(&self, host: &Host) -> bool {
        self.0.auth.is_asked_by(host)
    }

    /// Sends a request once without saying who we are, to a place that a registry named.
    pub(crate) async fn send_unnamed(&self, host: &Arc<Host>, ask: &Ask) -> Result<Response> {
        self.0.wire.exchange(host, ask, None).await
    }
}

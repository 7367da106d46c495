//! What is shared by all requests to one registry: its place, its limits, and when it wants to be left alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use image::RegistryHost;
use reqwest::Url;
use reqwest::header::HeaderMap;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::client::endpoint;
use crate::client::options::{ClientOptions, HostLimits, Operation, UploadForm};
use crate::client::pacing::Pacer;
use crate::client::pull_limit::PullLimit;
use crate::error::{Error, Result};

/// The state of one registry.
pub(crate) struct Host {
    pub(crate) name: RegistryHost,
    pub(crate) base: Url,
    pub(crate) upload_form: UploadForm,
    requests: Arc<Semaphore>,
    uploads: Arc<Semaphore>,
    pacers: HashMap<Operation, Pacer>,
    quiet_until: Mutex<Instant>,
    pull_limit: Mutex<Option<PullLimit>>,
    public: tokio::sync::OnceCell<bool>,
    /// Why nothing more is tried here, once credentials were refused.
    refused: OnceLock<Error>,
}

impl Host {
    fn new(name: &RegistryHost, options: &ClientOptions) -> Result<Self> {
        let HostLimits { requests, uploads, per_second } =
            options.host_limits.get(name).unwrap_or(&options.limits).clone();
        let pacers = per_second
            .into_iter()
            .filter_map(|(what, rate)| Some((what, Pacer::per_second(rate)?)))
            .collect();
        Ok(Self {
            name: name.clone(),
            base: endpoint::base_url(name, options)?,
            upload_form: options.upload_forms.get(name).copied().unwrap_or_default(),
            requests: Arc::new(Semaphore::new(requests.max(1))),
            uploads: Arc::new(Semaphore::new(uploads.max(1))),
            pacers,
            quiet_until: Mutex::new(Instant::now()),
            pull_limit: Mutex::new(None),
            public: tokio::sync::OnceCell::new(),
            refused: OnceLock::new(),
        })
    }

    /// Waits until a request may go out, and returns its place among those under way.
    ///
    /// Bytes of an upload have a place of their own, taken before: see [`Self::upload_place`].
    pub(crate) async fn admit(&self, operation: Operation) -> Option<OwnedSemaphorePermit> {
        let place = match operation {
            Operation::WriteBlob => None,
            _ => self.requests.clone().acquire_owned().await.ok(),
        };
        if let Some(pacer) = self.pacers.get(&operation) {
            pacer.wait().await;
        }
        loop {
            let until = *self.quiet_until.lock().unwrap_or_else(PoisonError::into_inner);
            if until <= Instant::now() {
                return place;
            }
            tokio::time::sleep_until(until).await;
        }
    }

    /// Returns a place among the uploads under way.
    ///
    /// Taken before anything is read for the upload: who holds a place for reading never waits for this
    /// one, so the two cannot wait for each other.
    pub(crate) async fn upload_place(&self) -> Option<OwnedSemaphorePermit> {
        self.uploads.clone().acquire_owned().await.ok()
    }

    /// Lets all requests to this registry wait.
    pub(crate) fn quiet_for(&self, time: Duration) {
        let until = Instant::now() + time;
        let mut quiet = self.quiet_until.lock().unwrap_or_else(PoisonError::into_inner);
        *quiet = (*quiet).max(until);
    }

    /// Keeps what an answer tells of the allowance of pulls.
    pub(crate) fn note_pull_limit(&self, headers: &HeaderMap) {
        if let Some(limit) = PullLimit::read(headers) {
            *self.pull_limit.lock().unwrap_or_else(PoisonError::into_inner) = Some(limit);
        }
    }

    /// Returns the allowance of pulls that was told last.
    pub(crate) fn pull_limit(&self) -> Option<PullLimit> {
        self.pull_limit.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns whether the registry is reached over the public network.
    pub(crate) async fn is_public(&self) -> bool {
        *self.public.get_or_init(|| super::address::is_public(&self.base)).await
    }

    /// Returns why nothing more is tried here, if that is so.
    pub(crate) fn refused(&self) -> Option<&Error> {
        self.refused.get()
    }

    /// Ends all work with this registry: its answer to our credentials will not change.
    pub(crate) fn refuse(&self, error: Error) -> Error {
        self.refused.get_or_init(|| error).clone()
    }
}

/// The registries met so far.
#[derive(Default)]
pub(crate) struct Hosts(Mutex<HashMap<RegistryHost, Arc<Host>>>);

impl Hosts {
    /// Returns the state of a registry, made at its first use.
    pub(crate) fn get(&self, name: &RegistryHost, options: &ClientOptions) -> Result<Arc<Host>> {
        let mut hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(host) = hosts.get(name) {
            return Ok(host.clone());
        }
        let host = Arc::new(Host::new(name, options)?);
        hosts.insert(name.clone(), host.clone());
        Ok(host)
    }
}

//! Pull through: fetches what a rule covers from its upstream registry when it is first asked for.
//!
//! Owns when upstream is asked, that it is asked once however many clients wait, and what becomes of its
//! failures. Bytes are verified by the registry's client before the last of them is handed on. Knows nothing
//! of who may pull.

mod blob;
mod completion;
mod flight;
mod image;
mod referrers;
mod times;
mod upstream;
mod validate;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::image::RegistryHost;
use tokio_util::sync::{CancellationToken, DropGuard};

pub(crate) use blob::{Arrival, Growing, Layer};
use flight::Flights;
pub(crate) use image::ImagePull;
use times::Times;
pub(crate) use upstream::{Failure, FailureKind};

use crate::ecr::Ecr;

/// Where upstream registries answer, where that is not their own host: `quay.io` at `http://127.0.0.1:5001`.
pub type Upstreams = HashMap<RegistryHost, String>;

/// How a server pulls through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullThroughOptions {
    /// Upstream registries that answer elsewhere than under their own name.
    pub upstreams: Upstreams,
    /// After how long a tag is compared with the upstream registry's again.
    pub recheck: Duration,
    /// Whether it does as Amazon ECR does today even where that is worse: a first pull by digest finds nothing,
    /// and an index brings the layers of all its platforms instead of `linux/amd64`'s.
    pub strict: bool,
    /// How long an upstream registry may send nothing before it is asked anew.
    pub idle_timeout: Duration,
    /// How long one request puts up with an upstream registry that asks to slow down.
    pub patience: Duration,
}

impl Default for PullThroughOptions {
    fn default() -> Self {
        Self {
            upstreams: Upstreams::new(),
            recheck: Duration::from_secs(24 * 3600),
            strict: false,
            idle_timeout: Duration::from_secs(30),
            patience: Duration::from_secs(10),
        }
    }
}

/// The pull through of one server.
#[derive(Debug)]
pub(crate) struct PullThrough {
    ecr: Arc<Ecr>,
    options: PullThroughOptions,
    clients: Mutex<HashMap<upstream::ClientKey, registry::Client>>,
    images: Flights<Result<(), Failure>>,
    layers: Flights<Result<blob::Begun, Failure>>,
    arriving: blob::Arriving,
    completion: completion::Completion,
    /// Ends what goes on without a request when the server goes.
    ended: CancellationToken,
    /// When referrers of images were listed.
    referrers: Times,
    /// When upstream failed to say whether a tag has moved.
    failed: Times,
}

impl PullThrough {
    /// Returns the pull through of a registry.
    pub(crate) fn new(ecr: Arc<Ecr>, options: PullThroughOptions) -> Arc<Self> {
        let ended = CancellationToken::new();
        Arc::new(Self {
            ecr,
            options,
            clients: Mutex::default(),
            images: Flights::new(ended.clone()),
            layers: Flights::new(ended.clone()),
            arriving: blob::Arriving::default(),
            completion: completion::Completion::default(),
            ended,
            referrers: Times::default(),
            failed: Times::default(),
        })
    }

    /// Returns what ends all imports when it is dropped.
    pub(crate) fn guard(&self) -> DropGuard {
        self.ended.clone().drop_guard()
    }

    /// Lets work go on without a request, until the server goes.
    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let ended = self.ended.clone();
        tokio::spawn(async move { ended.run_until_cancelled(work).await });
    }
}

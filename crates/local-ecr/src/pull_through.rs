//! Pull through: fetches what a rule covers from its upstream registry when it is first asked for.
//!
//! Owns when upstream is asked, that it is asked once however many clients wait, and what becomes of its
//! failures. Bytes are verified by the registry's client before the last of them is handed on. Knows nothing
//! of who may pull.

mod blob;
mod flight;
mod image;
mod upstream;
mod validate;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::image::RegistryHost;

pub(crate) use blob::{Arrival, Growing, Layer};
use flight::Flights;
pub(crate) use image::ImagePull;
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
    /// Whether a first pull by digest is refused, as Amazon ECR refuses it today.
    pub strict: bool,
}

impl Default for PullThroughOptions {
    fn default() -> Self {
        Self { upstreams: Upstreams::new(), recheck: Duration::from_secs(24 * 3600), strict: false }
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
}

impl PullThrough {
    /// Returns the pull through of a registry.
    pub(crate) fn new(ecr: Arc<Ecr>, options: PullThroughOptions) -> Arc<Self> {
        Arc::new(Self {
            ecr,
            options,
            clients: Mutex::default(),
            images: Flights::default(),
            layers: Flights::default(),
            arriving: blob::Arriving::default(),
        })
    }
}

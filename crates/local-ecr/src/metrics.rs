//! The server's figures, as Prometheus reads them.
//!
//! Labels come from closed sets: nothing that a client chooses becomes one.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric as _, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::pull_through::{Failure, FailureKind};
use crate::storage::BucketRequests;

/// The media type of the figures.
pub(crate) const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Bounds of the time to an answer's head, in seconds.
const SECONDS: [f64; 9] = [0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0, 300.0];

/// What a request was, when it is one that the server knows; a handler puts it beside its response.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct OperationName(String);

impl OperationName {
    /// Returns the operation of a name, which must be one of a closed set.
    pub(crate) fn named(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// Returns the name.
    pub(crate) fn name(&self) -> &str {
        &self.0
    }
}

/// The half of the server that a request went to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Plane {
    /// `POST /`
    Control,
    /// `/v2/`
    Registry,
    /// Downloads, health, figures and what is nothing.
    Other,
}

impl Plane {
    /// Returns the plane of a path.
    pub(crate) fn of(path: &str) -> Self {
        match path {
            "/" => Self::Control,
            path if path == "/v2" || path.starts_with("/v2/") => Self::Registry,
            _ => Self::Other,
        }
    }

    /// Returns the name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Control => "control",
            Self::Registry => "registry",
            Self::Other => "other",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    plane: &'static str,
    operation: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PlaneLabel {
    plane: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabel {
    kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FailureLabels {
    kind: &'static str,
    code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SourceLabel {
    source: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

/// The requests to a bucket, as a figure.
#[derive(Debug)]
struct BucketFigures(Arc<BucketRequests>);

impl Collector for BucketFigures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let help = "Requests to the bucket, each try of its own";
        let mut figure = encoder.encode_descriptor("bucket_requests", help, None, MetricType::Counter)?;
        for (method, outcome, count) in self.0.counts() {
            let labels = [("method", method), ("outcome", outcome)];
            ConstCounter::new(count).encode(figure.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

/// The figures of one server.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    seconds: Family<PlaneLabel, Histogram, fn() -> Histogram>,
    in_flight: Gauge<i64, AtomicI64>,
    refused: Counter,
    received: Family<PlaneLabel, Counter<u64, AtomicU64>>,
    sent: Family<PlaneLabel, Counter<u64, AtomicU64>>,
    blobs: Family<SourceLabel, Counter>,
    fetches: Family<KindLabel, Counter>,
    failures: Family<FailureLabels, Counter>,
    sweeps: Family<OutcomeLabel, Counter>,
}

/// The counters of bytes of one plane.
#[derive(Debug, Clone)]
pub(crate) struct Bytes {
    /// Bytes of requests' bodies.
    pub(crate) received: Counter<u64, AtomicU64>,
    /// Bytes of answers' bodies.
    pub(crate) sent: Counter<u64, AtomicU64>,
}

impl Metrics {
    /// Returns figures that all stand at nothing.
    ///
    /// Those of a bucket are counted where it is asked.
    pub(crate) fn new(bucket: Option<Arc<BucketRequests>>) -> Self {
        let histogram: fn() -> Histogram = || Histogram::new(SECONDS);
        let mut own = Self {
            registry: Registry::with_prefix("local_ecr"),
            requests: Family::default(),
            seconds: Family::new_with_constructor(histogram),
            in_flight: Gauge::default(),
            refused: Counter::default(),
            received: Family::default(),
            sent: Family::default(),
            blobs: Family::default(),
            fetches: Family::default(),
            failures: Family::default(),
            sweeps: Family::default(),
        };
        let registry = &mut own.registry;
        registry.register("requests", "Requests that were answered", own.requests.clone());
        let help = "Time to the head of an answer";
        registry.register_with_unit("request_duration", help, Unit::Seconds, own.seconds.clone());
        registry.register("requests_in_flight", "Requests under way", own.in_flight.clone());
        let help = "Requests refused because too many were under way";
        registry.register("requests_refused", help, own.refused.clone());
        let help = "Bytes of requests' bodies";
        registry.register_with_unit("received", help, Unit::Bytes, own.received.clone());
        registry.register_with_unit("sent", "Bytes of answers' bodies", Unit::Bytes, own.sent.clone());
        let help = "Blobs given out, kept here or as they came from upstream";
        registry.register("blobs_served", help, own.blobs.clone());
        let help = "Images, layers and lists of referrers that upstream registries were asked for";
        registry.register("upstream_fetches", help, own.fetches.clone());
        let help = "Images, layers and lists of referrers that upstream registries did not give";
        registry.register("upstream_failures", help, own.failures.clone());
        registry.register("sweeps", "Sweeps of what nothing needs any more", own.sweeps.clone());
        if let Some(bucket) = bucket {
            registry.register_collector(Box::new(BucketFigures(bucket)));
        }
        own
    }

    /// Returns all figures as text.
    pub(crate) fn text(&self) -> Option<String> {
        let mut out = String::new();
        text::encode(&mut out, &self.registry).ok().map(|()| out)
    }

    /// Notes that a request has begun.
    pub(crate) fn begun(&self) {
        self.in_flight.inc();
    }

    /// Notes that a request, its body and that of its answer are done.
    pub(crate) fn ended(&self) {
        self.in_flight.dec();
    }

    /// Notes that a request found no turn.
    pub(crate) fn refused(&self) {
        self.refused.inc();
    }

    /// Notes an answer with its status, and how long its head took.
    pub(crate) fn answered(
        &self,
        plane: Plane,
        operation: Option<&OperationName>,
        status: u16,
        seconds: f64,
    ) {
        let operation = operation.map_or("other", OperationName::name).to_owned();
        let plane = plane.name();
        self.requests.get_or_create(&RequestLabels { plane, operation, status }).inc();
        self.seconds.get_or_create(&PlaneLabel { plane }).observe(seconds);
    }

    /// Returns the counters of a plane's bytes.
    pub(crate) fn bytes(&self, plane: Plane) -> Bytes {
        let label = PlaneLabel { plane: plane.name() };
        Bytes {
            received: self.received.get_or_create(&label).clone(),
            sent: self.sent.get_or_create(&label).clone(),
        }
    }

    /// Notes that a blob is given out, that was kept here or comes from upstream just now.
    pub(crate) fn blob_served(&self, kept: bool) {
        let source = if kept { "cache" } else { "upstream" };
        self.blobs.get_or_create(&SourceLabel { source }).inc();
    }

    /// Notes that an upstream registry was asked for an `image`, a `layer` or `referrers`, and why it gave none.
    pub(crate) fn fetched(&self, kind: &'static str, failure: Option<&Failure>) {
        self.fetches.get_or_create(&KindLabel { kind }).inc();
        if let Some(failure) = failure {
            self.fetch_failed(kind, failure);
        }
    }

    /// Notes that a sweep has ended.
    pub(crate) fn swept(&self, done: bool) {
        let outcome = if done { "done" } else { "failed" };
        self.sweeps.get_or_create(&OutcomeLabel { outcome }).inc();
    }

    /// Notes why an `image`, a `layer` or `referrers` did not come that an upstream registry had been asked for.
    pub(crate) fn fetch_failed(&self, kind: &'static str, failure: &Failure) {
        let code = match failure.kind {
            FailureKind::NotFound => "NotFound",
            FailureKind::AccessDenied => "AccessDenied",
            FailureKind::TooManyRequests => "TooManyRequests",
            FailureKind::Unavailable => "Unavailable",
            FailureKind::Secret => "Secret",
            FailureKind::Server => "Server",
        };
        self.failures.get_or_create(&FailureLabels { kind, code }).inc();
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

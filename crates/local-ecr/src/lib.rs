//! An Amazon ECR that anyone can run: control plane, registry and pull through, without an AWS account.
//!
//! Owns a server that speaks AWS JSON 1.1 (ECR and, as far as its operations need them, Secrets Manager and
//! STS) and OCI distribution over one state. Knows nothing of workflows or of what its callers prepare.

mod access;
mod clock;
mod constraint;
mod control;
mod distribution;
mod download;
mod ecr;
mod fault;
mod manifest;
mod metrics;
mod pull_through;
mod server;
mod storage;

pub use access::{AccessKeyError, AccessKeys, Authentication};
pub use clock::Clock;
pub use pull_through::{PullThroughOptions, Upstreams};
pub use server::{Config, Handle, Limits, LocalEcr, StartError, Tls, TlsError};
pub use storage::{Data, DataError, S3Location, StorageError};

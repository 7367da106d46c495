//! A client of OCI registries, and copying of images between them without any container engine.
//!
//! Owns the distribution protocol as a client speaks it: authentication, manifests, blobs, uploads, mounts,
//! referrers; and the copy of many images as one job. Knows nothing of AWS or HealthOmics, prints nothing, and
//! reads neither environment variables nor files but those it is given.

pub mod auth;
mod blob;
pub mod client;
pub mod copy;
mod digester;
mod error;
pub mod manifest;
mod platform;
mod secret;
mod shard;

pub use auth::credential::{Anonymous, Credential, CredentialSource, FirstOf, GivenCredentials, Issued};
pub use auth::docker_config::DockerConfig;
pub use blob::{BlobReader, LayerPartUpload, PartRefusal, PartSession};
pub use client::Client;
pub use client::login::Login;
pub use client::manifests::{ManifestHead, Presence};
pub use client::options::{
    ClientOptions, HostLimits, Operation, PlainHttp, Proxies, RetryOptions, UploadForm,
};
pub use client::pull_limit::PullLimit;
pub use client::reach::Reached;
pub use client::remote::Remote;
pub use error::{Cause, Error, Hint, Refusal, Result, Side};
pub use manifest::{Content, Descriptor, Manifest, ManifestError};
pub use platform::{Platform, PlatformChoice, PlatformError};
pub use secret::Secret;
pub use shard::{ShardError, shard};

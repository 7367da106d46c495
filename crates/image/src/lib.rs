//! What a container image is called, and where it lives.
//!
//! Owns the one parser of image references of this workspace, the table of upstream registries, and the
//! mapping of upstream names to names in a private Amazon ECR. Does no I/O, reads no clock, and knows
//! nothing of workflows, of AWS accounts' state or of how an image is fetched.

mod digest;
mod ecr;
mod error;
mod grammar;
mod host;
mod reference;
mod rule;
mod upstream;

pub use digest::{Algorithm, Digest};
pub use ecr::{AccountId, EcrHost, Region};
pub use error::{ImageError, Problem};
pub use host::RegistryHost;
pub use reference::{ImageReference, RepositoryName, Scheme, Tag};
pub use rule::{
    EcrRepositoryPrefix, MappedImage, PullThroughCacheRule, PullThroughCacheRules, UpstreamRepositoryPrefix,
};
pub use upstream::{CopiedRegistry, Credential, Upstream, UpstreamKind, UpstreamRegistry};

//! What omics-ecr does, each operation as data in and data out.
//!
//! Owns all knowledge of AWS HealthOmics: which route an image can take into a private ECR, and the shapes of
//! the maps that HealthOmics and people read. Never prints and never reads environment variables: callers
//! pass what they know.

mod account;
pub mod cache;
pub mod check;
pub mod clone;
mod credential;
pub mod decide;
pub mod doctor;
pub mod drift;
mod error;
pub mod explanation;
pub mod export;
mod finding;
pub mod grant;
mod healthomics;
pub mod map;
mod moment;
mod mutability;
mod platform;
pub mod prepare;
mod prime;
mod private_registry;
pub mod rewrite;
pub mod role;
mod route;
mod scan;
pub mod secret;
mod target;
mod upstream;
pub mod validate;

pub use account::{Account, Looked, RegistryPolicy, RegistryState, RepositoryState};
pub use credential::{CredentialState, SecretName};
pub use error::{OperationError, Result};
pub use finding::{Code, Finding, Fix, Severity};
pub use healthomics::{Access, PrefixAccess, TemplateAccess};
pub use private_registry::PrivateRegistry;
pub use route::{CredentialNeed, Route};
pub use scan::{ImageSummary, Place, ScanReport, ScanRequest, scan};
pub use target::EcrTarget;
pub use upstream::read_upstream;

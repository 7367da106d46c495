//! An AWS account through the SDK, in plain types.
//!
//! Owns the session (who is asked, in which Region, with which credentials), the calls to Amazon ECR, Secrets
//! Manager and STS with complete paging and bounded parallelism, and the one error that says what was tried
//! and who refused. No type of the SDK is part of its interface. Knows nothing of HealthOmics, decides
//! nothing about policies, never prints.

mod arn;
mod call;
pub mod ecr;
mod error;
pub mod iam;
mod paging;
mod secret;
pub mod secrets_manager;
mod session;

pub use arn::{Arn, InvalidArn};
pub use error::{AwsError, Denial, DenialReason, ErrorKind, Hint, Place};
pub use secret::Secret;
pub use session::{ClockReading, Identity, Options, RegionSource, Session, StaticCredentials};

//! The secrets with which ECR signs in upstream: made, replaced and checked.
//!
//! Owns that a secret is tried out upstream before it is written, and that one that is there is replaced only on
//! request. What it says is in no report: plans and reports have its keys and never its values.

mod check;
mod create;
mod login;

pub use self::check::{SecretCheck, check};
pub use self::create::{SecretAction, SecretPlan, SecretReport, SecretRequest, apply, plan};
pub use self::login::LoginOutcome;

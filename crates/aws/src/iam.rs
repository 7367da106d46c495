//! What AWS IAM tells of a role: its trust, its policies, its boundary.
//!
//! Owns the four read operations of IAM that this takes, in IAM's query protocol. They go through the SDK's own runtime
//! (transport, retries, time limits, signature); the service's own crate would cost more to build than all the others
//! together. Changes nothing in an account.

mod answer;
mod call;
mod policy;
mod role;

pub use role::{NamedPolicy, Role};

use crate::session::Session;

/// AWS IAM, as a session's credentials see it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Iam {
    session: Session,
}

impl Iam {
    pub(crate) fn new(session: Session) -> Self {
        Self { session }
    }

    /// Returns the session.
    pub fn session(&self) -> &Session {
        &self.session
    }
}

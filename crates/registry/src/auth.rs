//! Who we are to a registry: challenges, credentials and the tokens they buy.
//!
//! Owns what is sent in `Authorization`, to whom, and for how long. Knows how to ask a token service through
//! the client's wire, and nothing of images.

mod basic;
pub mod challenge;
pub mod credential;
pub mod docker_config;
mod realm;
mod scope;
mod session;
mod token;

pub(crate) use scope::Scopes;
pub(crate) use session::{Authenticator, Refused};

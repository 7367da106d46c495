//! Validations of registries that run in this process.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod accounts;
mod credentials;
mod fixing;
mod permissions;
mod pitfalls;
mod policies;
mod proxy;
mod repositories;
mod rules;
mod templates;

//! Workflows made ready in an account that runs in this process, from registries that stand in for public ones.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

#[path = "../clone/accounts.rs"]
#[allow(dead_code, reason = "every suite takes what it needs")]
mod accounts;
mod failures;
#[path = "../clone/gate.rs"]
mod gate;
mod lock;
mod routes;
mod saved;
mod world;

//! The server as clients see it, against an account in this process.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod annotations;
mod consent;
mod http;
mod install;
mod session;
mod tools;
mod world;

//! Clones between registries that run in this process.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod access;
mod accounts;
mod copying;
mod priming;

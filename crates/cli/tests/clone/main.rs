//! `omics-ecr clone` as people and jobs use it, between registries that run in this process.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod commands;
#[path = "../../../operations/tests/clone/gate.rs"]
mod gate;
#[cfg(unix)]
mod interruption;
mod sources;
mod world;

//! `omics-ecr prepare` and `omics-ecr apply`, as people and programs use them, on a local ECR.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod browser;
mod commands;
#[path = "../../../operations/tests/clone/gate.rs"]
mod gate;
#[cfg(unix)]
mod interruption;
mod project;
#[path = "../clone/world.rs"]
#[allow(dead_code, reason = "every suite takes what it needs")]
mod world;

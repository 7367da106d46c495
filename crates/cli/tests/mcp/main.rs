//! The server as clients see it, against an account in this process.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod annotations;
mod consent;
#[path = "../../../operations/tests/clone/gate.rs"]
mod gate;
mod http;
#[path = "../clone/world.rs"]
#[allow(dead_code, reason = "every suite takes what it needs")]
mod images;
mod install;
mod long;
mod prepare;
mod session;
mod tools;
mod world;

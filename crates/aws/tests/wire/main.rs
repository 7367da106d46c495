//! What goes over the wire, and what is made of the answers, against a scripted server on this machine.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

mod environment;
mod failures;
mod images;
mod layers;
mod registry;
mod repositories;
mod roles;
mod rules;
mod secrets;
mod server;
mod speed;

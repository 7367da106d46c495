//! Clones between registries that run in this process.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod access;
mod accounts;
mod allowance;
mod copying;
mod faults;
mod gate;
mod parts;
mod priming;
mod referrers;

//! Caches in an account that runs in this process, pulled through as HealthOmics would.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod account;
mod creating;
mod credentials;
mod keeping;
mod listing;
mod proxy;
mod refusals;
mod removing;
mod stopping;

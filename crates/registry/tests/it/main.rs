//! The client and the copy engine against registries on loopback: one honest, and all the ways it can lie.
#![allow(unreachable_pub, clippy::unwrap_used, clippy::panic)]

mod authentication;
mod copying;
mod faults;
mod images;
mod lies;
mod parts;
mod platforms;
mod referrers;
mod server;
mod sharing;
mod tls;

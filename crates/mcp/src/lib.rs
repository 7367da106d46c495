//! The operations of omics-ecr as tools of the Model Context Protocol.
//!
//! Owns the server, its tools' names and parameters, and how failures are told to an assistant. Holds no
//! logic of its own: each tool is a thin call into `operations`. Never writes to standard output except the
//! protocol itself.

mod generate_container_registry_map;
mod server;

pub use server::{ServeError, serve_stdio};

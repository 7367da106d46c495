//! The operations of omics-ecr as tools of the Model Context Protocol.
//!
//! Owns the server: its tools' names and parameters, resources, prompts, who may change what and which files may be used,
//! and how failures are told to an assistant. Holds no knowledge of its own: each tool is a thin call into `operations`.
//! Never writes to standard output except the protocol itself.

mod accounts;
mod answer;
mod call;
mod completion;
mod config;
mod consent;
mod http;
mod log;
mod paths;
mod progress;
mod prompts;
mod resources;
mod schema;
mod server;
mod state;
mod stdio;
mod tools;
mod wording;
mod workers;

pub use config::{AccountChoice, Config, Connect, Purpose};
pub use http::{HttpOptions, serve_http};
pub use server::{ServeError, Server};
pub use stdio::serve_stdio;

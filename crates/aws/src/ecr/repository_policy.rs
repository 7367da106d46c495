//! Policies of repositories, as text.

mod delete;
mod get;
mod set;

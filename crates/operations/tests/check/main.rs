//! Checks of images in an account that runs in this process, with registries beside it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

mod answers;
mod causes;
mod drift;
mod images;
mod names;
mod scripted;
mod world;

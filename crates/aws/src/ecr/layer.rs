//! Layers, the slow and the resumable way: ECR's own requests instead of its OCI side.

mod check;
mod complete;
mod download_url;
mod initiate;
mod upload;
mod upload_part;

pub use check::{Layer, LayerAvailability, LayerState};
pub use initiate::StartedUpload;
pub use upload::{LayerUpload, WriteError};
pub use upload_part::PartOutcome;

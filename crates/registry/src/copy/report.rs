//! What came of a job.

use std::time::Duration;

use image::{Digest, ImageReference, RegistryHost};

use crate::error::Error;
use crate::platform::Platform;

/// What came of one image.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// It is there now.
    Copied,
    /// It was there already.
    UpToDate,
    /// The destination's tag stands for another image, and was left alone.
    Conflict {
        /// The digest that the tag stands for.
        existing: Digest,
    },
    /// It is not there, or not known to be.
    Failed(Error),
    /// It was called off before it was there.
    Cancelled,
}

/// The report on one image.
#[derive(Debug, Clone)]
pub struct ImageReport {
    /// Where it comes from.
    pub source: ImageReference,
    /// Where it goes to.
    pub destination: ImageReference,
    /// What came of it.
    pub outcome: Outcome,
    /// The digest that the source's reference stands for.
    pub source_digest: Option<Digest>,
    /// The digest at the destination; another one where one platform was taken out of an index.
    pub destination_digest: Option<Digest>,
    /// The platform, where one was chosen or found.
    pub platform: Option<Platform>,
    /// Bytes of blobs sent.
    pub moved: u64,
    /// Bytes of blobs mounted from elsewhere in the destination.
    pub mounted: u64,
    /// Bytes of blobs that were there.
    pub skipped: u64,
    /// The time it took, waiting for other images included.
    pub duration: Duration,
    /// Tries after the first, of all its requests.
    pub retries: u32,
    /// Referrers that went along.
    pub referrers: usize,
}

impl ImageReport {
    /// Returns whether the destination's digest is another than the source's.
    pub fn digest_changed(&self) -> bool {
        matches!((&self.source_digest, &self.destination_digest), (Some(a), Some(b)) if a != b)
    }

    /// Returns whether the image is where it should be.
    pub fn is_done(&self) -> bool {
        matches!(self.outcome, Outcome::Copied | Outcome::UpToDate)
    }
}

/// The report on a job.
#[derive(Debug, Clone, Default)]
pub struct CopyReport {
    /// The images in the job's order.
    pub images: Vec<ImageReport>,
    /// Mounts that a destination did not make, and the bytes that were sent because of it.
    pub refused_mounts: Vec<RefusedMounts>,
}

/// Mounts that a registry did not make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedMounts {
    /// The registry.
    pub host: RegistryHost,
    /// How many.
    pub count: u64,
    /// Bytes that mounts would have saved.
    pub bytes: u64,
}

impl CopyReport {
    /// Returns whether all images are where they should be.
    pub fn is_done(&self) -> bool {
        self.images.iter().all(ImageReport::is_done)
    }

    /// Returns the bytes of blobs sent, of all images.
    pub fn moved(&self) -> u64 {
        self.images.iter().map(|image| image.moved).sum()
    }
}

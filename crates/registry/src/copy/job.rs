//! What is to be copied, and how.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use image::{ImageReference, RegistryHost, RepositoryName};

use crate::blob::LayerPartUpload;
use crate::platform::PlatformChoice;

/// One image to copy.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ImageCopy {
    /// Where it is.
    pub source: ImageReference,
    /// Where it goes. Without a tag it takes the source's; a digest must be the one that arrives.
    pub destination: ImageReference,
}

/// What is done where the destination's tag stands for another image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Overwrite {
    /// Nothing: the outcome is a conflict.
    #[default]
    Refuse,
    /// The tag moves.
    Allow,
}

/// How images are copied.
#[derive(Clone)]
pub struct CopyOptions {
    /// Which platforms.
    pub platforms: PlatformChoice,
    /// Whether tags may move.
    pub overwrite: Overwrite,
    /// Whether signatures, attestations and whatever else refers to an image go along.
    pub referrers: bool,
    /// Blobs under way at once.
    pub transfers: usize,
    /// Images under way at once.
    pub images: usize,
    /// Whether blobs are taken from other repositories of the destination; without, no image waits for another.
    pub mounts: bool,
    /// Repositories known to be empty, by destination registry: nobody asks what is in them.
    pub new_repositories: HashMap<RegistryHost, HashSet<RepositoryName>>,
    /// Interfaces of parts, by destination registry.
    pub layer_parts: HashMap<RegistryHost, Arc<dyn LayerPartUpload>>,
    /// The size from which on a layer goes in parts where there is an interface for it, in bytes.
    pub parts_from: u64,
}

/// The size from which on a layer goes in parts unless told otherwise, in bytes.
pub const PARTS_FROM: u64 = 4 * 1024 * 1024 * 1024;

impl Default for CopyOptions {
    fn default() -> Self {
        Self {
            platforms: PlatformChoice::default(),
            overwrite: Overwrite::default(),
            referrers: false,
            transfers: 12,
            images: 48,
            mounts: true,
            new_repositories: HashMap::new(),
            layer_parts: HashMap::new(),
            parts_from: PARTS_FROM,
        }
    }
}

impl fmt::Debug for CopyOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CopyOptions")
            .field("platforms", &self.platforms)
            .field("overwrite", &self.overwrite)
            .field("referrers", &self.referrers)
            .field("transfers", &self.transfers)
            .field("images", &self.images)
            .field("mounts", &self.mounts)
            .field("parts_from", &self.parts_from)
            .finish_non_exhaustive()
    }
}

/// Images to copy, as one job.
#[derive(Debug, Clone, Default)]
pub struct CopyJob {
    /// The images.
    pub images: Vec<ImageCopy>,
    /// How they are copied.
    pub options: CopyOptions,
}

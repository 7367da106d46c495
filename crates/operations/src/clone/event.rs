//! What happens during a clone, told to whoever wants to show it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use image::Digest;
use registry::copy::{Event, EventSink, Happening, ItemKind};

/// What happens to one image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Its first bytes are about to go.
    Started,
    /// ECR fetches it.
    Fetching,
    /// All of it is there.
    Finished,
    /// It failed.
    Failed,
}

/// Something that happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CloneEvent {
    /// A source registry told its allowance of pulls.
    PullLimit {
        /// The registry.
        registry: String,
        /// Images that have to be read from it.
        wanted: u64,
        /// How many of them fit now.
        fit: u64,
    },
    /// A repository was made.
    RepositoryCreated(String),
    /// HealthOmics was given access to a repository.
    AccessGranted(String),
    /// Copying begins.
    Copying {
        /// Images to copy.
        images: usize,
        /// The size of all their blobs, those that are shared counted for each image.
        bytes: u64,
    },
    /// So many of those bytes are there or on their way.
    Bytes(u64),
    /// Something happens to an image, named by its place in the plan.
    Image {
        /// Its place.
        image: usize,
        /// What happens.
        stage: Stage,
    },
}

/// Takes events; called from many tasks, so it must be quick.
pub trait CloneSink: Send + Sync {
    /// Takes an event.
    fn event(&self, event: &CloneEvent);
}

impl<F: Fn(&CloneEvent) + Send + Sync> CloneSink for F {
    fn event(&self, event: &CloneEvent) {
        self(event);
    }
}

/// Takes no notice.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl CloneSink for Silent {
    fn event(&self, _: &CloneEvent) {}
}

/// Counts bytes of all copies, so that a blob that begins again does not count twice.
#[derive(Default)]
pub(super) struct Count(Mutex<Counted>);

#[derive(Default)]
struct Counted {
    bytes: u64,
    under_way: HashMap<(usize, Digest), u64>,
}

/// Tells a clone's sink what a copy job tells.
pub(super) struct Teller {
    pub(super) sink: Arc<dyn CloneSink>,
    pub(super) count: Arc<Count>,
    /// The place of each of the job's images in the plan.
    pub(super) places: Vec<usize>,
}

impl EventSink for Teller {
    fn event(&self, event: &Event) {
        match event {
            Event::PullLimit { host, wanted, remaining, .. } => self.sink.event(&CloneEvent::PullLimit {
                registry: host.to_string(),
                wanted: *wanted,
                fit: *wanted.min(remaining),
            }),
            Event::Planned { .. } => {}
            Event::Item { image, item, happening } => {
                let Some(place) = self.places.get(*image).copied() else { return };
                let stage = |stage| self.sink.event(&CloneEvent::Image { image: place, stage });
                match (item.kind, happening) {
                    (ItemKind::Image, Happening::Started) => stage(Stage::Started),
                    (ItemKind::Image, Happening::Finished) => stage(Stage::Finished),
                    (ItemKind::Image, Happening::Failed(_)) => stage(Stage::Failed),
                    (ItemKind::Image | ItemKind::Manifest, _) => {}
                    (ItemKind::Config | ItemKind::Layer, happening) => {
                        let Some(digest) = &item.digest else { return };
                        let bytes = self.count.take(place, digest, item.size, happening);
                        self.sink.event(&CloneEvent::Bytes(bytes));
                    }
                }
            }
        }
    }
}

impl Count {
    /// Takes what happens to a blob and returns all bytes counted.
    fn take(&self, place: usize, digest: &Digest, size: u64, happening: &Happening) -> u64 {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (place, digest.clone());
        let known = counted.under_way.get(&key).copied().unwrap_or(0);
        let now = match happening {
            Happening::Started => Some(0),
            Happening::Advanced(bytes) => Some(known.saturating_add(*bytes).min(size)),
            Happening::Skipped | Happening::Mounted | Happening::Finished | Happening::Failed(_) => None,
        };
        let left = match (now, happening) {
            (Some(now), _) => {
                counted.under_way.insert(key, now);
                now
            }
            (None, happening) => {
                counted.under_way.remove(&key);
                if matches!(happening, Happening::Failed(_)) { 0 } else { size }
            }
        };
        counted.bytes = counted.bytes.saturating_sub(known).saturating_add(left);
        counted.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_that_begins_again_counts_once() {
        let digest: Digest = format!("sha256:{}", "a".repeat(64)).parse().unwrap();
        let count = Count::default();
        let take = |happening| count.take(0, &digest, 100, &happening);
        let told = [
            take(Happening::Started),
            take(Happening::Advanced(60)),
            take(Happening::Started),
            take(Happening::Advanced(30)),
            take(Happening::Finished),
        ];
        assert_eq!(told, [0, 60, 0, 30, 100]);
        assert_eq!(count.take(1, &digest, 7, &Happening::Skipped), 107);
    }
}

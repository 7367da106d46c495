//! What happens while images are copied, told to whoever wants to show it.

use std::sync::Arc;

use image::{Digest, RegistryHost};

use crate::blob::Meter;
use crate::error::Error;

/// What kind of thing something happens to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ItemKind {
    /// A whole image.
    Image,
    /// An image manifest or index.
    Manifest,
    /// A config.
    Config,
    /// A layer.
    Layer,
}

/// A thing that something happens to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub kind: ItemKind,
    /// Its digest, where it is known; of an image the digest that the destination gets.
    pub digest: Option<Digest>,
    /// Its size in bytes; of an image the size of all its blobs.
    pub size: u64,
}

/// What happens.
#[derive(Debug, Clone)]
pub enum Happening {
    /// It was there already.
    Skipped,
    /// It was taken from another repository of the destination.
    Mounted,
    /// Its first byte is about to go; again, where a try failed: bytes told before do not count.
    Started,
    /// So many more bytes went.
    Advanced(u64),
    /// It is there.
    Finished,
    /// It failed for good.
    Failed(Error),
}

/// Something that happens in a job.
#[derive(Debug, Clone)]
pub enum Event {
    /// A registry told its allowance of pulls, before anything that counts was read.
    PullLimit {
        /// The registry.
        host: RegistryHost,
        /// Images that still have to be read from it.
        wanted: u64,
        /// Pulls that are left.
        remaining: u64,
        /// Pulls allowed in a window.
        limit: u64,
    },
    /// The plan stands.
    Planned {
        /// Images that will be copied.
        images: usize,
        /// The size of their distinct blobs in bytes, those that may turn out to be there among them.
        bytes: u64,
    },
    /// Something happens to a part of an image.
    Item {
        /// The image's place in the job.
        image: usize,
        /// What it happens to.
        item: Item,
        /// What happens.
        happening: Happening,
    },
}

/// Takes events; called from many tasks, so it must be quick.
pub trait EventSink: Send + Sync {
    /// Takes an event.
    fn event(&self, event: &Event);
}

impl<F: Fn(&Event) + Send + Sync> EventSink for F {
    fn event(&self, event: &Event) {
        self(event);
    }
}

/// Takes no notice.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl EventSink for Silent {
    fn event(&self, _: &Event) {}
}

/// Tells a sink of one item's bytes.
pub(crate) struct ItemMeter {
    pub(crate) sink: Arc<dyn EventSink>,
    pub(crate) image: usize,
    pub(crate) item: Item,
}

impl ItemMeter {
    /// Tells what happens to the item.
    pub(crate) fn tell(&self, happening: Happening) {
        self.sink.event(&Event::Item { image: self.image, item: self.item.clone(), happening });
    }
}

impl Meter for ItemMeter {
    fn advanced(&self, bytes: u64) {
        self.tell(Happening::Advanced(bytes));
    }

    fn started(&self) {
        self.tell(Happening::Started);
    }
}

//! One blob of one image: skipped, mounted or moved.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use image::{Digest, RegistryHost, RepositoryName};
use tokio::sync::Semaphore;

use crate::blob::{Mounted, UploadSession, upload, upload_in_parts};
use crate::client::Client;
use crate::client::remote::Remote;
use crate::copy::event::{EventSink, Happening, Item, ItemKind, ItemMeter};
use crate::copy::job::CopyOptions;
use crate::copy::leader::{Slots, Turn};
use crate::copy::report::RefusedMounts;
use crate::error::{Cause, Result};
use crate::manifest::Descriptor;

/// Refusals without a success after which nobody waits for a leader any more.
const MOUNTS_GIVEN_UP: u64 = 3;

/// A blob in a repository of a registry.
type Place = (RegistryHost, RepositoryName, Digest);

/// What all images of a running job share.
pub(crate) struct Work {
    pub(crate) client: Client,
    pub(crate) options: CopyOptions,
    pub(crate) sink: Arc<dyn EventSink>,
    pub(crate) slots: Slots,
    pub(crate) transfers: Semaphore,
    /// Layers in parts hold a part in memory each, so few go at once.
    pub(crate) large: Semaphore,
    /// Blobs known to be in a repository.
    settled: Mutex<HashSet<Place>>,
    turns: Mutex<HashMap<Place, Arc<tokio::sync::Mutex<()>>>>,
    mounts: Mutex<HashMap<RegistryHost, Mounts>>,
}

#[derive(Default, Clone, Copy)]
struct Mounts {
    made: u64,
    refused: u64,
    refused_bytes: u64,
}

/// Bytes of one image, by what became of them.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) moved: AtomicU64,
    pub(crate) mounted: AtomicU64,
    pub(crate) skipped: AtomicU64,
}

/// One image's ends and place.
pub(crate) struct Ends {
    pub(crate) source: Remote,
    pub(crate) destination: Remote,
    pub(crate) image: usize,
    /// `None` for what nobody else waits for.
    pub(crate) rank: Option<usize>,
    pub(crate) config: Option<(Digest, Bytes)>,
    pub(crate) tally: Tally,
}

/// What became of a blob.
enum Became {
    Skipped,
    Mounted,
    Moved,
}

impl Work {
    pub(crate) fn new(client: Client, options: CopyOptions, sink: Arc<dyn EventSink>, slots: Slots) -> Self {
        let transfers = Semaphore::new(options.transfers.max(1));
        Self {
            client,
            options,
            sink,
            slots,
            transfers,
            large: Semaphore::new(2),
            settled: Mutex::default(),
            turns: Mutex::default(),
            mounts: Mutex::default(),
        }
    }

    /// Sees to it that a blob is in the destination's repository.
    pub(crate) async fn settle(&self, ends: &Ends, blob: &Descriptor, kind: ItemKind) -> Result<()> {
        let item = Item { kind, digest: Some(blob.digest.clone()), size: blob.size };
        let meter = Arc::new(ItemMeter { sink: self.sink.clone(), image: ends.image, item });
        match self.bring(ends, blob, &meter).await {
            Ok(became) => {
                self.settled().insert(self.place(ends, &blob.digest));
                let (count, happening) = match became {
                    Became::Skipped => (&ends.tally.skipped, Happening::Skipped),
                    Became::Mounted => (&ends.tally.mounted, Happening::Mounted),
                    Became::Moved => (&ends.tally.moved, Happening::Finished),
                };
                count.fetch_add(blob.size, Ordering::Relaxed);
                meter.tell(happening);
                Ok(())
            }
            Err(error) => {
                meter.tell(Happening::Failed(error.clone()));
                Err(error)
            }
        }
    }

    async fn bring(&self, ends: &Ends, blob: &Descriptor, meter: &Arc<ItemMeter>) -> Result<Became> {
        let (destination, digest) = (&ends.destination, &blob.digest);
        if self.settled().contains(&self.place(ends, digest)) {
            return Ok(Became::Skipped);
        }
        let mut session = None;
        if ends.source.registry() == destination.registry() {
            if ends.source.name() == destination.name() {
                return Ok(Became::Skipped);
            }
            if self.options.mounts {
                match self.mount(destination, blob, ends.source.name()).await? {
                    Some(Mounted::Yes) => return Ok(Became::Mounted),
                    Some(Mounted::Instead(instead)) => session = Some(instead),
                    None => {}
                }
            }
        }
        if session.is_none()
            && self.options.mounts
            && let (Some(slot), Some(rank)) = (self.slots.get(destination.registry(), digest), ends.rank)
            && !self.mounts_given_up(destination.registry())
            && let Turn::Take(holder) = slot.turn(rank).await
        {
            if holder == *destination.name() {
                return Ok(Became::Skipped);
            }
            match self.mount(destination, blob, &holder).await? {
                Some(Mounted::Yes) => return Ok(Became::Mounted),
                Some(Mounted::Instead(instead)) => session = Some(instead),
                None => {}
            }
        }
        // Images of one repository that need the same blob: the first one brings it.
        let place = self.place(ends, digest);
        let turn = self.turn(&place);
        let _turn = turn.lock().await;
        if self.settled().contains(&place) {
            return Ok(Became::Skipped);
        }
        if self.may_have_blobs(&place) && destination.has_blob(digest).await? {
            return Ok(Became::Skipped);
        }
        self.send(ends, blob, session, meter).await?;
        self.settled().insert(place);
        Ok(Became::Moved)
    }

    /// Returns whether a repository may have blobs that nobody here brought.
    fn may_have_blobs(&self, (host, repository, _): &Place) -> bool {
        !self.options.new_repositories.get(host).is_some_and(|names| names.contains(repository))
    }

    /// Returns the turn of those that send a blob to a repository.
    fn turn(&self, place: &Place) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.entry(place.clone()).or_default().clone()
    }

    /// Tries a mount; a registry that will have none of it is no failure.
    async fn mount(
        &self,
        destination: &Remote,
        blob: &Descriptor,
        from: &RepositoryName,
    ) -> Result<Option<Mounted>> {
        let answer = match destination.mount(&blob.digest, from).await {
            Ok(answer) => Some(answer),
            Err(error)
                if matches!(error.cause(), Cause::Refused(_)) && destination.host().refused().is_none() =>
            {
                tracing::debug!(%error, "no mount");
                None
            }
            Err(error) => return Err(error),
        };
        let mut mounts = self.mounts.lock().unwrap_or_else(PoisonError::into_inner);
        let mounts = mounts.entry(destination.registry().clone()).or_default();
        match &answer {
            Some(Mounted::Yes) => mounts.made += 1,
            _ => {
                mounts.refused += 1;
                mounts.refused_bytes += blob.size;
            }
        }
        Ok(answer)
    }

    async fn send(
        &self,
        ends: &Ends,
        blob: &Descriptor,
        session: Option<UploadSession>,
        meter: &Arc<ItemMeter>,
    ) -> Result<()> {
        let (source, destination, digest) = (&ends.source, &ends.destination, &blob.digest);
        let _transfer = self.transfers.acquire().await;
        let reader = || {
            let reader = source.blob(digest, blob.size);
            match &ends.config {
                Some((config, bytes)) if config == digest => reader.with_bytes(bytes.clone()),
                _ => reader,
            }
        };
        let parts = self.options.layer_parts.get(destination.registry());
        if let Some(parts) = parts.filter(|_| blob.size >= self.options.parts_from.max(1)) {
            let _large = self.large.acquire().await;
            let _place = destination.host().upload_place().await;
            return upload_in_parts(destination, digest, reader, parts.as_ref(), meter.as_ref()).await;
        }
        let _place = destination.host().upload_place().await;
        let meter: Arc<dyn crate::blob::Meter> = meter.clone();
        upload(destination, digest, blob.size, session, reader, &meter).await
    }

    /// Returns the mounts that registries did not make.
    pub(crate) fn refused_mounts(&self) -> Vec<RefusedMounts> {
        let mounts = self.mounts.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = mounts.iter().filter(|(_, mounts)| mounts.refused > 0).map(|(host, mounts)| {
            RefusedMounts { host: host.clone(), count: mounts.refused, bytes: mounts.refused_bytes }
        });
        refused.collect()
    }

    fn mounts_given_up(&self, host: &RegistryHost) -> bool {
        let mounts = self.mounts.lock().unwrap_or_else(PoisonError::into_inner);
        mounts.get(host).is_some_and(|mounts| mounts.made == 0 && mounts.refused >= MOUNTS_GIVEN_UP)
    }

    fn settled(&self) -> std::sync::MutexGuard<'_, HashSet<Place>> {
        self.settled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn place(&self, ends: &Ends, digest: &Digest) -> Place {
        (ends.destination.registry().clone(), ends.destination.name().clone(), digest.clone())
    }
}

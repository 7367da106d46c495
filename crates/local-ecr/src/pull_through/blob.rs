//! Layers: fetched once and handed to every client while they arrive.

use std::collections::HashMap;
use std::fs::File;
use std::sync::{Arc, Mutex, PoisonError};

use ::image::Digest;
use bytes::Bytes;
use registry::BlobReader;
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use super::PullThrough;
use super::upstream::{Failure, Upstream};
use crate::fault::Fault;
use crate::storage::{BLOB_REPOSITORIES, Blob, ImportFile, LAYERS, Rows, StorageError, below, key};

/// Bytes that are gathered before they are written.
const GATHER: usize = 1 << 18;

/// How far a layer has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// So many of its first bytes are in the file.
    Bytes(u64),
    /// All of it is there, verified and kept.
    Whole,
    /// It will not come.
    Failed,
}

/// A layer on its way: a file that grows, and how far it is.
#[derive(Debug)]
pub(crate) struct Growing {
    /// The layer's size in bytes.
    pub(crate) size: u64,
    /// How far it is.
    pub(crate) arrival: watch::Receiver<Arrival>,
    /// The file.
    pub(crate) file: Arc<File>,
}

/// The layers on their way, by upstream registry and digest.
#[derive(Debug, Default)]
pub(super) struct Arriving(Mutex<HashMap<String, Arc<Growing>>>);

impl Arriving {
    fn get(&self, key: &str) -> Option<Arc<Growing>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    fn put(&self, key: &str, growing: &Arc<Growing>) {
        let growing = Arc::clone(growing);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned(), growing);
    }

    fn remove(&self, key: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

/// What a flight of a layer comes to.
#[derive(Debug, Clone)]
pub(super) enum Begun {
    /// It is on its way.
    Growing(Arc<Growing>),
    /// It came between the question and the flight.
    Kept,
}

/// One layer that is fetched.
struct Fetch {
    key: String,
    repository: String,
    digest: Digest,
    size: u64,
}

/// A layer that can be served.
#[derive(Debug)]
pub(crate) enum Layer {
    /// It is here.
    Kept(Blob),
    /// It is on its way.
    Growing(Arc<Growing>),
}

/// What must be done before a layer can be served.
enum Need {
    /// It is here.
    Nothing(Blob),
    /// No image of the repository names it, only archived ones do, or no rule covers the repository.
    Missing,
    /// It must be fetched, and has so many bytes.
    Fetch(Box<Upstream>, u64),
}

impl PullThrough {
    /// Returns a layer of a repository, fetched from upstream where a rule covers it; `None` where there is
    /// none.
    ///
    /// # Errors
    /// [`Failure`] where upstream had to give the layer and did not.
    pub(crate) async fn layer(
        self: &Arc<Self>,
        repository: &str,
        digest: &Digest,
    ) -> Result<Option<Layer>, Failure> {
        loop {
            let (upstream, size) = match self.layer_need_beside(repository, digest).await? {
                Need::Nothing(blob) => return Ok(Some(Layer::Kept(blob))),
                Need::Missing => return Ok(None),
                Need::Fetch(upstream, size) => (upstream, size),
            };
            let remote = self.remote(&upstream, repository)?;
            let key = key(&[&upstream.rule.upstream_registry_url, &digest.to_string()]);
            let fetch =
                Fetch { key: key.clone(), repository: repository.to_owned(), digest: digest.clone(), size };
            let own = Arc::clone(self);
            let work = move || own.begin(remote.blob(&fetch.digest, size), fetch);
            match self.layers.join(&key, work).await.unwrap_or_else(|| Err(Failure::lost()))? {
                Begun::Growing(growing) => return Ok(Some(Layer::Growing(growing))),
                Begun::Kept => {}
            }
        }
    }

    async fn layer_need_beside(self: &Arc<Self>, repository: &str, digest: &Digest) -> Result<Need, Failure> {
        let (own, name, wanted) = (Arc::clone(self), repository.to_owned(), digest.clone());
        let need = spawn_blocking(move || own.layer_need(&name, &wanted));
        Ok(need.await.map_err(|_| Failure::lost())??)
    }

    fn layer_need(&self, repository: &str, digest: &Digest) -> Result<Need, Fault> {
        let storage = &self.ecr.storage;
        let view = storage.metadata.read()?;
        self.ecr.repository(&view, repository, None)?;
        if self.ecr.is_archived_layer(&view, repository, &digest.to_string())? {
            return Ok(Need::Missing);
        }
        if let Some(blob) = self.ecr.open_layer(&view, repository, digest)? {
            return Ok(Need::Nothing(blob));
        }
        let text = digest.to_string();
        let Some(size) = self.ecr.layer_size(&view, repository, &text)? else { return Ok(Need::Missing) };
        let Some(upstream) = self.governing(&view, repository)? else { return Ok(Need::Missing) };
        let elsewhere = view.any(&BLOB_REPOSITORIES, &below(&[&text]))?;
        drop(view);
        // A change waits for those before it, so none is begun that will not be needed.
        if !elsewhere {
            return Ok(Need::Fetch(Box::new(upstream), size));
        }
        // Another repository has had it already: then this one gets it without asking upstream.
        let _keep = storage.blobs.keep();
        let known = storage.metadata.change(|change| {
            if !change.any(&BLOB_REPOSITORIES, &below(&[&text]))? {
                return Ok(None);
            }
            let blob = storage.blobs.open(change, digest)?.filter(|blob| blob.size() == size);
            if blob.is_some() {
                self.ecr.link_layer(change, repository, &text, size)?;
            }
            Ok::<_, Fault>(blob)
        })?;
        Ok(known.map_or_else(|| Need::Fetch(Box::new(upstream), size), Need::Nothing))
    }

    /// Waits for the first bytes of a layer, and lets the rest arrive beside.
    async fn begin(self: Arc<Self>, mut reader: BlobReader, fetch: Fetch) -> Result<Begun, Failure> {
        if let Some(growing) = self.arriving.get(&fetch.key) {
            return Ok(Begun::Growing(growing));
        }
        if let Need::Nothing(_) = self.layer_need_beside(&fetch.repository, &fetch.digest).await? {
            return Ok(Begun::Kept);
        }
        let first = reader.next().await.map_err(|error| Failure::from(&error));
        self.ecr.metrics.fetched("layer", first.as_ref().err());
        let first = first?;
        let own = Arc::clone(&self);
        let made = spawn_blocking(move || {
            let import = ImportFile::create(&own.ecr.storage)?;
            let file = import.open()?;
            Ok::<_, StorageError>((import, file))
        });
        let (import, file) = made.await.map_err(|_| Failure::lost())?.map_err(Fault::from)?;
        let (progress, arrival) = watch::channel(Arrival::Bytes(0));
        let growing = Arc::new(Growing { size: fetch.size, arrival, file: Arc::new(file) });
        self.arriving.put(&fetch.key, &growing);
        let own = Arc::clone(&self);
        own.spawn(async move {
            let arrived = self.arrive(reader, first, import, &fetch, &progress).await;
            // Whoever asks from now on finds it kept, or asks upstream anew.
            self.arriving.remove(&fetch.key);
            match arrived {
                Ok(()) => progress.send_replace(Arrival::Whole),
                Err(failure) => {
                    tracing::warn!(reason = failure.reason, "a layer did not arrive");
                    self.ecr.metrics.fetch_failed("layer", &failure);
                    progress.send_replace(Arrival::Failed)
                }
            };
        });
        Ok(Begun::Growing(growing))
    }

    async fn arrive(
        &self,
        mut reader: BlobReader,
        first: Option<Bytes>,
        mut import: ImportFile,
        fetch: &Fetch,
        progress: &watch::Sender<Arrival>,
    ) -> Result<(), Failure> {
        let mut written = 0;
        let mut gathered: Vec<Bytes> = Vec::new();
        let mut waiting = 0;
        let mut next = first;
        let mut over = false;
        while !over {
            match next.take() {
                Some(piece) => {
                    waiting += piece.len();
                    gathered.push(piece);
                }
                None => over = true,
            }
            if waiting > 0 && (over || waiting >= GATHER || written == 0) {
                let chunks = std::mem::take(&mut gathered);
                let work = spawn_blocking(move || import.append(&chunks).map(|()| import));
                import = work.await.map_err(|_| Failure::lost())?.map_err(Fault::from)?;
                written += waiting as u64;
                waiting = 0;
                progress.send_replace(Arrival::Bytes(written));
            }
            if !over {
                next = reader.next().await.map_err(|error| Failure::from(&error))?;
            }
        }
        self.keep(import, fetch).await
    }

    /// Makes what has arrived a layer of the repository; the reader has verified its digest.
    async fn keep(&self, import: ImportFile, fetch: &Fetch) -> Result<(), Failure> {
        let ecr = Arc::clone(&self.ecr);
        let (repository, digest, size) = (fetch.repository.clone(), fetch.digest.clone(), fetch.size);
        let kept = spawn_blocking(move || {
            let _keep = ecr.storage.blobs.keep();
            let stored = import.adopt(&ecr.storage, &digest, size)?;
            ecr.storage.link(stored, |change, _| {
                ecr.repository(change, &repository, None)?;
                let text = digest.to_string();
                if !change.has(&LAYERS, &key(&[&repository, &text]))? {
                    ecr.link_layer(change, &repository, &text, size)?;
                }
                Ok::<_, Fault>(())
            })
        });
        Ok(kept.await.map_err(|_| Failure::lost())??)
    }
}

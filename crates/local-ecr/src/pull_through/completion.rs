//! Completion: the manifests and layers that an image still lacks come in beside the pull of its manifest, so that
//! an image is whole whether or not a client fetches its layers.

use std::collections::HashSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use registry::{Descriptor, Manifest, Platform};
use tokio::sync::{Semaphore, watch};
use tokio::task::spawn_blocking;

use super::PullThrough;
use super::blob::{Arrival, Layer};
use super::upstream::Failure;
use crate::fault::Fault;
use crate::storage::{IMAGES, LAYERS, Rows, key};

/// Most manifests of an index that come with it.
const MOST_CHILDREN: usize = 100;
/// Manifests of an index that are fetched at a time.
const CHILDREN_AT_A_TIME: usize = 8;
/// Layers that come in at a time without a client that waits for them; those that one waits for come beside.
const LAYERS_AT_A_TIME: usize = 3;
/// How long a client that pulled a manifest may ask for layers before others come in beside.
const HEAD_START: Duration = Duration::from_millis(200);
/// Deepest index of indexes.
const DEEPEST: usize = 3;
/// Most images that are remembered as whole; forgetting one costs a look at its rows.
const MOST_REMEMBERED: usize = 50_000;

/// What is known of images that came through rules.
#[derive(Debug)]
pub(super) struct Completion {
    /// Those that are whole, or becoming so, by repository and digest.
    known: Mutex<HashSet<String>>,
    turns: Semaphore,
    /// How many images become whole right now.
    under_way: watch::Sender<usize>,
}

/// One image that becomes whole.
struct UnderWay(watch::Sender<usize>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl Default for Completion {
    fn default() -> Self {
        Self {
            known: Mutex::default(),
            turns: Semaphore::new(LAYERS_AT_A_TIME),
            under_way: watch::Sender::new(0),
        }
    }
}

impl Completion {
    /// Notes that somebody cares for an image; returns whether nobody did before.
    fn take(&self, image: &str) -> bool {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_REMEMBERED {
            known.clear();
        }
        known.insert(image.to_owned())
    }

    fn forget(&self, image: &str) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(image);
    }

    fn begin(&self) -> UnderWay {
        self.under_way.send_modify(|count| *count += 1);
        UnderWay(self.under_way.clone())
    }

    fn has(&self, image: &str) -> bool {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).contains(image)
    }
}

type Work<'a> = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 'a>>;

impl PullThrough {
    /// Returns whether an image is whole or becoming so, as far as is remembered.
    pub(super) fn is_complete(&self, repository: &str, digest: &str) -> bool {
        self.completion.has(&key(&[repository, digest]))
    }

    /// Forgets that an image is whole.
    pub(super) fn forget_complete(&self, repository: &str, digest: &str) {
        self.completion.forget(&key(&[repository, digest]));
    }

    /// Begins to fetch what an image lacks; where that fails, the next pull of the image begins anew.
    pub(super) fn complete_beside(self: &Arc<Self>, repository: &str, digest: String) {
        let image = key(&[repository, &digest]);
        if !self.completion.take(&image) {
            return;
        }
        let (own, repository) = (Arc::clone(self), repository.to_owned());
        let under_way = self.completion.begin();
        self.spawn(async move {
            let _under_way = under_way;
            tokio::time::sleep(HEAD_START).await;
            if let Err(failure) = own.complete(&repository, &digest, DEEPEST).await {
                tracing::warn!(repository, digest, reason = failure.reason, "an image is not whole yet");
                own.completion.forget(&image);
            }
        });
    }

    /// Waits until no image is becoming whole any more.
    pub(crate) async fn completed(&self) {
        let mut under_way = self.completion.under_way.subscribe();
        // The sender lives as long as this.
        let _ = under_way.wait_for(|count| *count == 0).await;
    }

    fn complete<'a>(self: &'a Arc<Self>, repository: &'a str, digest: &'a str, depth: usize) -> Work<'a> {
        Box::pin(async move {
            let Some(manifest) = self.stored_manifest(repository, digest).await? else { return Ok(()) };
            let children: Vec<_> = manifest.manifests().iter().take(MOST_CHILDREN).map(name_of).collect();
            let fetches = children.into_iter().map(|child| self.bring_manifest(repository, child));
            let fetched: Vec<_> = stream::iter(fetches).buffer_unordered(CHILDREN_AT_A_TIME).collect().await;
            let chosen: Vec<_> = chosen(manifest.manifests(), self.options.strict).map(name_of).collect();
            if depth > 0 {
                for child in chosen {
                    self.complete(repository, &child, depth - 1).await?;
                }
            }
            let layers: Vec<_> = manifest.blobs().map(|blob| blob.digest.clone()).collect();
            let layers = layers.into_iter().map(|layer| self.bring_layer(repository, layer));
            stream::iter(layers).buffer_unordered(LAYERS_AT_A_TIME).try_collect::<Vec<()>>().await?;
            fetched.into_iter().collect()
        })
    }

    /// Returns a manifest that the repository has.
    async fn stored_manifest(
        self: &Arc<Self>,
        repository: &str,
        digest: &str,
    ) -> Result<Option<Manifest>, Failure> {
        let (own, image) = (Arc::clone(self), key(&[repository, digest]));
        let read = spawn_blocking(move || {
            let view = own.ecr.storage.metadata.read()?;
            let (Some(row), Some(bytes)) = (view.get(&IMAGES, &image)?, view.manifest(&image)?) else {
                return Ok(None);
            };
            // What was pushed here may be of a kind that no upstream registry is asked for.
            Ok::<_, Fault>(Manifest::read(Bytes::from(bytes), Some(&row.media_type)).ok())
        });
        Ok(read.await.map_err(|_| Failure::lost())??)
    }

    /// Fetches a manifest by its digest unless it is there, in a flight that clients who ask for it join.
    pub(super) async fn bring_manifest(
        self: &Arc<Self>,
        repository: &str,
        reference: String,
    ) -> Result<(), Failure> {
        let flight = key(&[repository, &reference]);
        let (own, repository) = (Arc::clone(self), repository.to_owned());
        let work = move || async move {
            let (reading, name, image) =
                (Arc::clone(&own), repository.clone(), key(&[&repository, &reference]));
            let found = spawn_blocking(move || {
                let view = reading.ecr.storage.metadata.read()?;
                if view.has(&IMAGES, &image)? {
                    return Ok::<_, Fault>(None);
                }
                reading.governing(&view, &name)
            });
            let Some(upstream) = found.await.map_err(|_| Failure::lost())?? else { return Ok(()) };
            let read = own.remote(&upstream, &repository)?.read_manifest(&reference).await;
            let read = read.map_err(|error| Failure::from(&error));
            own.ecr.metrics.fetched("image", read.as_ref().err());
            let manifest = read?;
            own.store(move |own, change| own.put(change, &repository, None, &manifest)).await
        };
        self.images.join(&flight, work).await.unwrap_or_else(|| Err(Failure::lost()))
    }

    /// Waits until a layer is here, and fetches it where it is not.
    async fn bring_layer(self: &Arc<Self>, repository: &str, digest: ::image::Digest) -> Result<(), Failure> {
        let (own, layer) = (Arc::clone(self), key(&[repository, &digest.to_string()]));
        let there =
            spawn_blocking(move || Ok::<_, Fault>(own.ecr.storage.metadata.read()?.has(&LAYERS, &layer)?));
        if there.await.map_err(|_| Failure::lost())?? {
            return Ok(());
        }
        let _turn = self.completion.turns.acquire().await.map_err(|_| Failure::lost())?;
        let Some(Layer::Growing(growing)) = self.layer(repository, &digest).await? else { return Ok(()) };
        let mut arrival = growing.arrival.clone();
        let over = arrival.wait_for(|arrival| !matches!(arrival, Arrival::Bytes(_))).await;
        match over.map(|arrival| *arrival) {
            Ok(Arrival::Whole) => Ok(()),
            _ => Err(Failure::lost()),
        }
    }
}

fn name_of(descriptor: &Descriptor) -> String {
    descriptor.digest.to_string()
}

/// Returns those of an index's manifests whose layers come with it: all where ECR is to be followed, and else
/// the ones for `linux/amd64`, or all where there is none.
fn chosen(manifests: &[Descriptor], all: bool) -> impl Iterator<Item = &Descriptor> {
    let wanted = Platform::linux_amd64();
    let fits = move |child: &Descriptor| child.platform.as_ref().is_some_and(|own| wanted.accepts(own));
    let all = all || !manifests.iter().any(&fits);
    manifests.iter().filter(move |child| all || fits(child)).take(MOST_CHILDREN)
}

//! Referrers: signatures and SBOMs of upstream, asked for when somebody lists what refers to an image.

use std::sync::Arc;
use std::time::Duration;

use ::image::Digest;
use tokio::task::spawn_blocking;

use super::PullThrough;
use super::upstream::{Failure, FailureKind, Upstream};
use crate::fault::Fault;
use crate::storage::{IMAGES, REFERRERS, REPOSITORIES, Rows, below, key};

/// How long a list of referrers is good, as in ECR.
const FRESH: Duration = Duration::from_secs(6 * 3600);
/// Most referrers of one image that are taken.
const MOST: usize = 200;
impl PullThrough {
    /// Makes sure that what refers to an image upstream is in a repository that a rule made, not older than six
    /// hours. Where upstream fails, lists that are known stay as they are.
    ///
    /// # Errors
    /// [`Failure`] where upstream had to be asked, did not answer, and nothing is known yet.
    pub(crate) async fn ensure_referrers(
        self: &Arc<Self>,
        repository: &str,
        subject: &Digest,
    ) -> Result<(), Failure> {
        let list = key(&[repository, &subject.to_string()]);
        let checked = self.referrers.age(&list, self.ecr.clock.now());
        if checked.is_some_and(|age| age < FRESH) {
            return Ok(());
        }
        let (own, name, below) =
            (Arc::clone(self), repository.to_owned(), below(&[repository, &subject.to_string()]));
        let read = spawn_blocking(move || {
            let view = own.ecr.storage.metadata.read()?;
            if !view.get(&REPOSITORIES, &name)?.is_some_and(|row| row.pulled_through) {
                return Ok(None);
            }
            let known = view.any(&REFERRERS, &below)?;
            Ok::<_, Fault>(own.governing(&view, &name)?.map(|upstream| (upstream, known)))
        });
        let Some((upstream, known)) = read.await.map_err(|_| Failure::lost())?? else { return Ok(()) };
        let (own, name, wanted, noted) =
            (Arc::clone(self), repository.to_owned(), subject.clone(), list.clone());
        let work = move || async move {
            own.import_referrers(upstream, &name, &wanted).await?;
            own.referrers.note(&noted, own.ecr.clock.now());
            Ok(())
        };
        let flight = key(&["referrers", &list]);
        match self.images.join(&flight, work).await.unwrap_or_else(|| Err(Failure::lost())) {
            Err(failure) if known || checked.is_some() => {
                tracing::warn!(
                    repository,
                    reason = failure.reason,
                    "upstream failed, known referrers are listed"
                );
                Ok(())
            }
            other => other,
        }
    }

    async fn import_referrers(
        self: &Arc<Self>,
        upstream: Upstream,
        repository: &str,
        subject: &Digest,
    ) -> Result<(), Failure> {
        let remote = self.remote(&upstream, repository)?;
        let named = match remote.referrers(subject).await.map_err(|error| Failure::from(&error)) {
            Err(failure) if failure.kind == FailureKind::NotFound => {
                // That nothing refers to the image is an answer like another.
                self.ecr.metrics.fetched("referrers", None);
                return Ok(());
            }
            named => {
                self.ecr.metrics.fetched("referrers", named.as_ref().err());
                named?
            }
        };
        for descriptor in named.into_iter().take(MOST) {
            let (own, image) = (Arc::clone(self), key(&[repository, &descriptor.digest.to_string()]));
            let there = spawn_blocking(move || {
                Ok::<_, Fault>(own.ecr.storage.metadata.read()?.has(&IMAGES, &image)?)
            });
            if there.await.map_err(|_| Failure::lost())?? {
                continue;
            }
            let read = remote.read_manifest(&descriptor.digest.to_string()).await;
            let read = read.map_err(|error| Failure::from(&error));
            self.ecr.metrics.fetched("image", read.as_ref().err());
            let manifest = read?;
            // A list may name anything; only what says itself that it refers is taken.
            if manifest.subject.as_ref().is_none_or(|own| own.digest != *subject) {
                continue;
            }
            let (name, digest) = (repository.to_owned(), manifest.digest.to_string());
            self.store(move |own, change| own.put(change, &name, None, &manifest)).await?;
            self.complete_beside(repository, digest);
        }
        Ok(())
    }
}

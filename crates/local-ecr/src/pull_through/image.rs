//! Images: when upstream is asked for one, and how it comes into a repository.

use std::sync::Arc;
use std::time::Duration;

use ::image::Digest;
use registry::client::manifests::Presence;
use tokio::task::spawn_blocking;

use super::PullThrough;
use super::upstream::{Failure, FailureKind, Upstream};
use crate::ecr::identity::Caller;
use crate::ecr::image::{ImageId, Push, is_referenced};
use crate::ecr::template::{Purpose, governing};
use crate::fault::Fault;
use crate::manifest::Manifest;
use crate::storage::{Change, IMAGES, REPOSITORIES, RepositoryRow, Rows, TAGS, View, key};

/// How long a client waits for upstream where an older image can be served.
const STALE_PATIENCE: Duration = Duration::from_secs(3);
/// How long upstream is not asked about a tag again after it failed.
const REST: Duration = Duration::from_secs(60);

/// A pull of an image that upstream may have to be asked for.
#[derive(Debug, Clone)]
pub(crate) struct ImagePull {
    /// The repository.
    pub(crate) repository: String,
    /// The image.
    pub(crate) id: ImageId,
    /// Who pulls.
    pub(crate) caller: Caller,
}

/// What must be done before an image can be served.
enum Need {
    /// Nothing: no rule governs the repository, or what it has is good.
    Nothing,
    /// The image of a digest is there, and parts of it may still be missing.
    Complete(String),
    /// A tag is there but may have moved upstream.
    Recheck(Upstream, String),
    /// The image must be fetched.
    Fetch(Upstream),
}

impl PullThrough {
    /// Makes sure that an image, if a rule covers it, is in its repository and fresh.
    ///
    /// Where upstream fails and an older image is there, that one stays.
    ///
    /// # Errors
    /// [`Failure`] where upstream had to give the image and did not.
    pub(crate) async fn ensure_image(self: &Arc<Self>, pull: &ImagePull) -> Result<(), Failure> {
        let need = self.need_beside(pull).await?;
        if matches!(need, Need::Nothing) || !self.may_import(pull).await? {
            // As ECR does: who may not import sees what is there and no more.
            return Ok(());
        }
        let reference = match pull.id.image_digest.as_ref().or(pull.id.image_tag.as_ref()) {
            Some(reference) => reference.clone(),
            None => return Ok(()),
        };
        // With a tag beside it, the tag is what upstream can be asked for as ECR does.
        let reference = pull.id.image_tag.clone().unwrap_or(reference);
        let (upstream, known) = match need {
            Need::Nothing => return Ok(()),
            Need::Complete(digest) => {
                self.complete_beside(&pull.repository, digest);
                return Ok(());
            }
            Need::Recheck(upstream, known) => (upstream, Some(known)),
            Need::Fetch(upstream) => (upstream, None),
        };
        let flight = key(&[&pull.repository, &reference]);
        let (own, asked, stale) = (Arc::clone(self), pull.clone(), known.is_some());
        let work = move || async move {
            // Another flight may have ended between the question and this one.
            match own.need_beside(&asked).await? {
                Need::Nothing | Need::Complete(_) => Ok(()),
                Need::Recheck(..) | Need::Fetch(_) => {
                    let ecr = Arc::clone(&own.ecr);
                    let imported = own.import(upstream, asked.repository, reference, known).await;
                    ecr.metrics.fetched("image", imported.as_ref().err());
                    imported
                }
            }
        };
        let join = async { self.images.join(&flight, work).await.unwrap_or_else(|| Err(Failure::lost())) };
        if !stale {
            return join.await;
        }
        let now = self.ecr.clock.now();
        if self.failed.age(&flight, now).is_some_and(|age| age < REST) {
            return Ok(());
        }
        let reason = match tokio::time::timeout(STALE_PATIENCE, join).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(failure)) => failure.reason,
            // The work goes on beside; a later pull finds what it brought.
            Err(_) => "it does not answer in time".to_owned(),
        };
        tracing::warn!(repository = pull.repository, reason, "upstream failed, the cached image is served");
        self.failed.note(&flight, now);
        Ok(())
    }

    async fn need_beside(self: &Arc<Self>, pull: &ImagePull) -> Result<Need, Failure> {
        let (own, asked) = (Arc::clone(self), pull.clone());
        let need = spawn_blocking(move || own.need(&asked));
        Ok(need.await.map_err(|_| Failure::lost())??)
    }

    async fn may_import(self: &Arc<Self>, pull: &ImagePull) -> Result<bool, Failure> {
        let (own, asked) = (Arc::clone(self), pull.clone());
        let may = spawn_blocking(move || {
            let view = own.ecr.storage.metadata.read()?;
            own.ecr.may_import(&view, &asked.caller, &asked.repository)
        });
        Ok(may.await.map_err(|_| Failure::lost())??)
    }

    fn need(&self, pull: &ImagePull) -> Result<Need, Fault> {
        let view = self.ecr.storage.metadata.read()?;
        let repository = &pull.repository;
        if let Some(tag) = &pull.id.image_tag {
            let row = view.get(&TAGS, &key(&[repository, tag]))?;
            if let Some(row) = row {
                let now = self.ecr.clock.now();
                // A tag without a time of its own was pushed here and is not upstream's.
                let fresh = row.checked_at.is_none_or(|at| at.age(now) < self.options.recheck);
                let kept = view.get(&REPOSITORIES, repository)?.is_some_and(|own| own.keeps_tag(tag));
                if fresh || kept {
                    return self.rest(&view, repository, &row.digest);
                }
                return Ok(match self.governing(&view, repository) {
                    Ok(Some(upstream)) => Need::Recheck(upstream, row.digest),
                    // Without a usable rule what is cached stays as it is.
                    Ok(None) | Err(_) => Need::Nothing,
                });
            }
        }
        if let Some(digest) = &pull.id.image_digest {
            if digest.parse::<Digest>().is_err() {
                return Ok(Need::Nothing);
            }
            if pull.id.image_tag.is_none() && view.has(&IMAGES, &key(&[repository, digest]))? {
                return self.rest(&view, repository, digest);
            }
            // What an index names comes with it, also where clients are faster than its import.
            if self.options.strict && !is_referenced(&view, repository, digest)? {
                return Ok(Need::Nothing);
            }
        }
        Ok(self.governing(&view, repository)?.map_or(Need::Nothing, Need::Fetch))
    }

    /// Returns what an image that is there needs: parts of one that came through a rule may be missing.
    fn rest(&self, view: &View, repository: &str, digest: &str) -> Result<Need, Fault> {
        let through = view.get(&REPOSITORIES, repository)?.is_some_and(|row| row.pulled_through);
        if !through || self.is_complete(repository, digest) {
            return Ok(Need::Nothing);
        }
        Ok(Need::Complete(digest.to_owned()))
    }

    /// Fetches what a tag or digest names, or finds that a tag still names what is known.
    async fn import(
        self: Arc<Self>,
        upstream: Upstream,
        repository: String,
        reference: String,
        known: Option<String>,
    ) -> Result<(), Failure> {
        let remote = self.remote(&upstream, &repository)?;
        if let Some(known) = known
            && let Ok(Presence::Present(digest)) = remote.check_manifest(&reference).await
            && digest.to_string() == known
        {
            return self.store(move |own, change| own.touch(change, &repository, &reference)).await;
        }
        let manifest = remote.read_manifest(&reference).await.map_err(|error| Failure::from(&error))?;
        let tag = (!reference.contains(':')).then(|| reference.clone());
        let (name, digest) = (repository.clone(), manifest.digest.to_string());
        self.store(move |own, change| own.put(change, &name, tag.as_deref(), &manifest)).await?;
        // It may have been whole before it was deleted.
        self.forget_complete(&repository, &digest);
        self.complete_beside(&repository, digest);
        Ok(())
    }

    /// Carries out a change beside the async code and commits it.
    pub(super) async fn store(
        self: &Arc<Self>,
        mut work: impl FnMut(&Self, &Change) -> Result<(), Fault> + Send + 'static,
    ) -> Result<(), Failure> {
        let own = Arc::clone(self);
        let stored = spawn_blocking(move || own.ecr.storage.metadata.change(|change| work(&own, change)));
        Ok(stored.await.map_err(|_| Failure::lost())??)
    }

    /// Notes that a tag was compared with upstream just now.
    fn touch(&self, change: &Change, repository: &str, tag: &str) -> Result<(), Fault> {
        let tag_key = key(&[repository, tag]);
        if let Some(mut row) = change.get(&TAGS, &tag_key)? {
            row.checked_at = Some(self.ecr.clock.now());
            change.put(&TAGS, &tag_key, &row)?;
        }
        Ok(())
    }

    /// Puts a manifest as it came into a repository, which the template for it creates where it is missing.
    pub(super) fn put(
        &self,
        change: &Change,
        repository: &str,
        tag: Option<&str>,
        manifest: &registry::Manifest,
    ) -> Result<(), Fault> {
        let row = self.repository_for(change, repository)?;
        let push = Push {
            repository,
            bytes: &manifest.bytes,
            media_type: Some(&manifest.media_type),
            tag,
            digest: Some(&manifest.digest),
        };
        let read = Manifest::read(push.bytes, push.media_type)?;
        self.ecr.store_image(change, &row, &push, read)?;
        tag.map_or(Ok(()), |tag| self.touch(change, repository, tag))
    }

    fn repository_for(&self, change: &Change, repository: &str) -> Result<RepositoryRow, Fault> {
        if let Some(row) = change.get(&REPOSITORIES, repository)? {
            return Ok(row);
        }
        let now = self.ecr.clock.now();
        let mut row = match governing(change, repository, Purpose::PullThroughCache)? {
            Some(template) => template.repository(now),
            None => RepositoryRow { created_at: now, ..RepositoryRow::default() },
        };
        row.pulled_through = true;
        self.ecr.create_repository(change, repository, &row)?;
        Ok(row)
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        use crate::fault::Code;
        let code = match failure.kind {
            FailureKind::NotFound => Code::ImageNotFound,
            FailureKind::TooManyRequests => Code::LimitExceeded,
            FailureKind::AccessDenied => Code::AccessDenied,
            FailureKind::Server => Code::Server,
            FailureKind::Unavailable | FailureKind::Secret => Code::UnableToGetUpstreamImage,
        };
        Self::new(code, failure.reason)
    }
}

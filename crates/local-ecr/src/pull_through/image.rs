//! Images: when upstream is asked for one, and how it comes into a repository.

use std::sync::Arc;

use ::image::Digest;
use registry::Remote;
use registry::client::manifests::Presence;
use tokio::task::spawn_blocking;

use super::PullThrough;
use super::upstream::{Failure, FailureKind, Upstream};
use crate::ecr::identity::Caller;
use crate::ecr::image::{ImageId, Push};
use crate::ecr::template::{Purpose, governing};
use crate::fault::Fault;
use crate::manifest::Manifest;
use crate::storage::{Change, IMAGES, REPOSITORIES, RepositoryRow, Rows, TAGS, key};

/// Most manifests of an index that are fetched with it.
const MOST_CHILDREN: usize = 100;
/// Children of an index that are fetched at a time.
const CHILDREN_AT_A_TIME: usize = 8;

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
        if !matches!(need, Need::Nothing) && !self.may_import(pull).await? {
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
            Need::Recheck(upstream, known) => (upstream, Some(known)),
            Need::Fetch(upstream) => (upstream, None),
        };
        let flight = key(&[&pull.repository, &reference]);
        let (own, asked, stale) = (Arc::clone(self), pull.clone(), known.is_some());
        let work = move || async move {
            // Another flight may have ended between the question and this one.
            match own.need_beside(&asked).await? {
                Need::Nothing => Ok(()),
                Need::Recheck(..) | Need::Fetch(_) => {
                    own.import(upstream, asked.repository, reference, known).await
                }
            }
        };
        match self.images.join(&flight, work).await.unwrap_or_else(|| Err(Failure::lost())) {
            Err(failure) if stale => {
                tracing::warn!(
                    repository = pull.repository,
                    reason = failure.reason,
                    "upstream failed, the cached image is served"
                );
                Ok(())
            }
            other => other,
        }
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
                    return Ok(Need::Nothing);
                }
                return Ok(match self.governing(&view, repository) {
                    Ok(Some(upstream)) => Need::Recheck(upstream, row.digest),
                    // Without a usable rule what is cached stays as it is.
                    Ok(None) | Err(_) => Need::Nothing,
                });
            }
        } else if let Some(digest) = &pull.id.image_digest
            && (self.options.strict
                || digest.parse::<Digest>().is_err()
                || view.has(&IMAGES, &key(&[repository, digest]))?)
        {
            return Ok(Need::Nothing);
        }
        Ok(self.governing(&view, repository)?.map_or(Need::Nothing, Need::Fetch))
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
        let children: Vec<Digest> =
            manifest.manifests().iter().map(|child| child.digest.clone()).take(MOST_CHILDREN).collect();
        let name = repository.clone();
        self.store(move |own, change| own.put(change, &name, tag.as_deref(), &manifest)).await?;
        if !children.is_empty() {
            tokio::spawn(self.import_children(remote, repository, children));
        }
        Ok(())
    }

    /// Fetches the manifests of an index, each in a flight that clients who ask for it meanwhile join.
    async fn import_children(self: Arc<Self>, remote: Remote, repository: String, children: Vec<Digest>) {
        let mut tasks = tokio::task::JoinSet::new();
        for child in children {
            if tasks.len() >= CHILDREN_AT_A_TIME {
                tasks.join_next().await;
            }
            let (own, remote, repository) = (Arc::clone(&self), remote.clone(), repository.clone());
            tasks.spawn(async move {
                let reference = child.to_string();
                let flight = key(&[&repository, &reference]);
                let flights = Arc::clone(&own);
                let work = || async move {
                    let read = remote.read_manifest(&reference).await;
                    let manifest = read.map_err(|error| Failure::from(&error))?;
                    own.store(move |own, change| own.put(change, &repository, None, &manifest)).await
                };
                if let Some(Err(failure)) = flights.images.join(&flight, work).await {
                    tracing::debug!(reason = failure.reason, "a manifest of an index was not fetched");
                }
            });
        }
        while tasks.join_next().await.is_some() {}
    }

    /// Carries out a change beside the async code and commits it.
    async fn store(
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
    fn put(
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

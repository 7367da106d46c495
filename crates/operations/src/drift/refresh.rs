//! Renews cached tags: the old image is kept under a tag of ours, the tag is deleted and brought anew, and put back
//! where that fails.

use std::time::Duration;

use aws::ecr::{ImageId, ImageLookup, NewManifest};
use futures_util::{StreamExt as _, stream};
use image::{Digest, ImageReference, RepositoryName};
use schemars::JsonSchema;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::plan::{CachedTag, DriftPlan, DriftState};
use crate::error::{OperationError, Result};
use crate::prime::Prime;
use crate::private_registry::PrivateRegistry;

/// What the tag begins with under which an old image is kept meanwhile.
pub(super) const KEEPER: &str = "omics-ecr-kept-";

/// Tags that are renewed at once.
const AT_ONCE: usize = 4;

/// The first pause while ECR still lacks parts of an image; later ones double.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// Pauses until it is taken for certain that ECR lacks them.
const SETTLING: u32 = 6;

/// What became of a tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum RefreshOutcome {
    /// It stands for what upstream has now; the old image is still there by its digest.
    Refreshed {
        /// The digest by now.
        digest: String,
    },
    /// It was left as it was.
    Left {
        /// Why.
        error: OperationError,
    },
    /// Upstream did not give the new image, and the tag stands for the old one again.
    Restored {
        /// What failed.
        error: OperationError,
    },
    /// Upstream did not give the new image, and the old one could not be put back under its tag.
    Lost {
        /// What failed.
        error: OperationError,
        /// The tag under which the old image is.
        kept_as: String,
    },
}

impl RefreshOutcome {
    /// Returns the outcome in a word, as tables show it.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Refreshed { .. } => "refreshed",
            Self::Left { .. } => "left",
            Self::Restored { .. } => "restored",
            Self::Lost { .. } => "lost",
        }
    }

    /// Returns what failed.
    pub fn error(&self) -> Option<&OperationError> {
        match self {
            Self::Refreshed { .. } => None,
            Self::Left { error } | Self::Restored { error } | Self::Lost { error, .. } => Some(error),
        }
    }
}

/// A tag that was to be renewed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RefreshedTag {
    /// The repository.
    pub repository: String,
    /// The tag.
    pub tag: String,
    /// The digest that it stood for.
    pub before: String,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: RefreshOutcome,
    /// What was left undone behind a refresh that worked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "OperationError")]
    pub left_over: Option<OperationError>,
}

/// What a refresh did.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RefreshReport {
    /// The version of this shape: `1`.
    pub schema_version: u32,
    /// The host of the private registry.
    pub registry: String,
    /// The tags that were to be renewed.
    pub tags: Vec<RefreshedTag>,
    /// Whether it was called off before all of them were.
    pub cancelled: bool,
}

impl RefreshReport {
    /// Returns whether every tag was renewed.
    pub fn is_done(&self) -> bool {
        let refreshed = |tag: &RefreshedTag| matches!(tag.outcome, RefreshOutcome::Refreshed { .. });
        !self.cancelled && self.tags.iter().all(refreshed)
    }
}

/// Renews the tags that a plan replaces; a tag that was begun is ended even where the token is cancelled meanwhile.
///
/// A tag is deleted only after upstream was seen to have its image, and while the old image is kept under a tag of ours;
/// `patience` is how long an import may take.
pub async fn refresh(
    registry: &PrivateRegistry,
    plan: &DriftPlan,
    patience: Duration,
    cancel: &CancellationToken,
) -> RefreshReport {
    let one = async |tag: &CachedTag| {
        if cancel.is_cancelled() {
            return None;
        }
        let renewing = Renewing::of(registry, tag, patience);
        let (outcome, left_over) = match renewing {
            Ok(renewing) => renewing.run().await,
            Err(error) => (RefreshOutcome::Left { error }, None),
        };
        let (repository, name) = (tag.repository.clone(), tag.tag.clone());
        Some(RefreshedTag { repository, tag: name, before: tag.digest.clone(), outcome, left_over })
    };
    let tags: Vec<Option<RefreshedTag>> =
        stream::iter(plan.replacements()).map(one).buffered(AT_ONCE).collect().await;
    let cancelled = tags.iter().any(Option::is_none);
    RefreshReport {
        schema_version: 1,
        registry: plan.registry.clone(),
        tags: tags.into_iter().flatten().collect(),
        cancelled,
    }
}

/// Returns whether ECR lacks parts of an image.
fn is_settling(error: &aws::AwsError) -> bool {
    error.code().is_some_and(|code| {
        code.starts_with("LayersNotFound") || code.starts_with("ReferencedImagesNotFound")
    })
}

struct Renewing<'a> {
    registry: &'a PrivateRegistry,
    name: String,
    rule: String,
    repository: RepositoryName,
    tag: String,
    upstream: ImageReference,
    old: Digest,
    new: Digest,
    patience: Duration,
}

impl<'a> Renewing<'a> {
    fn of(registry: &'a PrivateRegistry, tag: &CachedTag, patience: Duration) -> Result<Self> {
        let name = format!("{}:{}", tag.repository, tag.tag);
        let wrong =
            |error: image::ImageError| OperationError::new(format!("cannot refresh `{name}`")).refused(error);
        let DriftState::Moved { upstream_digest, .. } = &tag.state else {
            return Err(
                OperationError::new(format!("cannot refresh `{name}`")).refused("it has not moved upstream")
            );
        };
        Ok(Self {
            registry,
            rule: tag.rule.clone(),
            repository: tag.repository.parse().map_err(wrong)?,
            tag: tag.tag.clone(),
            upstream: tag.upstream.parse().map_err(wrong)?,
            old: tag.digest.parse().map_err(wrong)?,
            new: upstream_digest.parse().map_err(wrong)?,
            patience,
            name,
        })
    }

    fn failed(&self) -> OperationError {
        OperationError::new(format!("cannot refresh `{}`", self.name))
    }

    /// Returns the tag of ours that keeps the old image.
    fn keeper(&self) -> String {
        format!("{KEEPER}{}", self.old.encoded().chars().take(32).collect::<String>())
    }

    async fn run(&self) -> (RefreshOutcome, Option<OperationError>) {
        let old = match self.prepare().await {
            Ok(old) => old,
            Err(error) => return (RefreshOutcome::Left { error }, None),
        };
        let keeper = self.keeper();
        let kept = NewManifest { tag: Some(keeper.clone()), ..old.clone() };
        if let Err(error) = self.put(&kept).await {
            let hint = match is_settling(&error) {
                true => format!(
                    "nothing was deleted: ECR has not got all of the old image, which could not be put back; pull it once, \
                     `omics-ecr check --prime {}`",
                    self.name
                ),
                false => "nothing was deleted: allow `ecr:PutImage`, by which the old image is kept meanwhile, to whoever \
                          runs this"
                    .to_owned(),
            };
            let error = self.failed().refused(error.answer()).hint(hint);
            return (RefreshOutcome::Left { error }, None);
        }
        if let Err(error) = self.delete_tag(&self.tag).await {
            let left_over = self.delete_tag(&keeper).await.err();
            return (RefreshOutcome::Left { error }, left_over);
        }
        match self.import().pull(self.registry, self.patience).await {
            Ok(primed) => {
                let left_over = self.release(&keeper, &primed.digest).await.err();
                (RefreshOutcome::Refreshed { digest: primed.digest.to_string() }, left_over)
            }
            Err(failure) => self.put_back(&old, keeper, failure.error).await,
        }
    }

    /// Sees that upstream still has the new image and ECR the old one, and returns the old manifest.
    async fn prepare(&self) -> Result<NewManifest> {
        let client = self.registry.client();
        let remote = client.repository(self.upstream.host(), self.upstream.repository())?;
        let head = remote.head_manifest(&self.tag).await?;
        if head.status != 200 || head.digest.as_ref() != Some(&self.new) {
            return Err(self
                .failed()
                .refused(format!(
                    "upstream has another image than when it was compared (HTTP {})",
                    head.status
                ))
                .hint("compare again"));
        }
        let ecr = self.registry.ecr();
        match ecr.image(&self.repository, &ImageId::tag(&self.tag)).await? {
            ImageLookup::Found(detail) if detail.digest == self.old => {}
            _ => {
                let words = "its tag stands for another image than when it was compared";
                return Err(self.failed().refused(words).hint("compare again"));
            }
        }
        let found = ecr.manifests(&self.repository, &[ImageId::digest(self.old.clone())]).await?.found;
        let manifest = found.into_iter().next().ok_or_else(|| {
            self.failed()
                .refused("ECR does not give the old manifest, without which nothing could be put back")
        })?;
        Ok(NewManifest {
            text: manifest.text,
            media_type: manifest.media_type,
            tag: Some(self.tag.clone()),
            digest: Some(self.old.clone()),
        })
    }

    fn import(&self) -> Prime {
        Prime {
            image: self.upstream.clone(),
            rule: self.rule.clone(),
            repository: self.repository.clone(),
            tag: self.tag.clone(),
            pinned: None,
            upstream: Some(self.new.clone()),
        }
    }

    async fn delete_tag(&self, tag: &str) -> Result<()> {
        let deleted = self.registry.ecr().delete_images(&self.repository, &[ImageId::tag(tag)]).await?;
        match deleted.failures.into_iter().next() {
            None => Ok(()),
            Some(failure) => {
                let reason = failure.reason.unwrap_or_default();
                Err(self
                    .failed()
                    .refused(format!("ECR answered {:?} to deleting the tag: {reason}", failure.code)))
            }
        }
    }

    /// Takes our tag off the old image and leaves the image: deleting its last tag would delete it too, so the tag goes
    /// to the new image first.
    async fn release(&self, keeper: &str, new: &Digest) -> Result<()> {
        let ecr = self.registry.ecr();
        let found = ecr.manifests(&self.repository, &[ImageId::digest(new.clone())]).await?.found;
        let Some(manifest) = found.into_iter().next() else {
            return Err(self.failed().refused(format!("the tag `{keeper}` stays on the old image")));
        };
        let moved = NewManifest {
            text: manifest.text,
            media_type: manifest.media_type,
            tag: Some(keeper.to_owned()),
            digest: Some(new.clone()),
        };
        self.put(&moved).await?;
        self.delete_tag(keeper).await
    }

    /// Writes a manifest, and waits for a while where ECR is still bringing parts of its image.
    async fn put(&self, manifest: &NewManifest) -> std::result::Result<(), aws::AwsError> {
        let ecr = self.registry.ecr();
        let mut pause = FIRST_PAUSE;
        for _ in 0..SETTLING {
            match ecr.put_image(&self.repository, manifest).await {
                Err(error) if is_settling(&error) => tokio::time::sleep(pause).await,
                outcome => return outcome.map(drop),
            }
            pause *= 2;
        }
        ecr.put_image(&self.repository, manifest).await.map(drop)
    }

    async fn put_back(
        &self,
        old: &NewManifest,
        keeper: String,
        error: OperationError,
    ) -> (RefreshOutcome, Option<OperationError>) {
        match self.put(old).await {
            Ok(_) => {
                let left_over = self.delete_tag(&keeper).await.err();
                (RefreshOutcome::Restored { error }, left_over)
            }
            Err(refused) => {
                let hint = format!(
                    "the old image is under the tag `{keeper}`, and {refused}: put it back with `aws ecr put-image`",
                    refused = refused.answer()
                );
                (RefreshOutcome::Lost { error: error.hint(hint), kept_as: keeper }, None)
            }
        }
    }
}

//! Images that a pull through cache rule fetches: asked for by tag, and waited for until all of them is there.

use std::collections::HashSet;
use std::time::Duration;

use aws::ecr::{FailureCode, ImageId, ImageLookup, LayerState};
use aws::{AwsError, ErrorKind};
use bytes::Bytes;
use image::{Digest, ImageReference, RepositoryName};
use registry::client::manifests::Presence;
use registry::{Manifest, Platform, Side};
use tokio::time::Instant;

use crate::error::{OperationError, Result};
use crate::platform;
use crate::private_registry::PrivateRegistry;

/// The first pause between two looks; later ones grow by half.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// The longest pause between two looks.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How often ECR may say that it cannot have an image before that is believed.
const DOUBTS: u32 = 4;

/// An image that a rule covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Prime {
    /// The image upstream.
    pub(crate) image: ImageReference,
    /// The rule's ECR repository prefix.
    pub(crate) rule: String,
    /// The repository that the rule fills.
    pub(crate) repository: RepositoryName,
    /// The tag it is pulled by.
    pub(crate) tag: String,
    /// The digest that was asked for.
    pub(crate) pinned: Option<Digest>,
    /// The digest that the tag stands for upstream, where that could be asked.
    pub(crate) upstream: Option<Digest>,
}

/// What a look at both sides tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Look {
    /// ECR has it.
    UpToDate(Digest),
    /// It has to be pulled; with its platforms, where they were read.
    Pull(Vec<Platform>),
    /// The rule does not lead to the digest that was asked for.
    Elsewhere(String),
    /// It cannot be had.
    Refused(OperationError),
}

/// An image that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Primed {
    /// Its digest.
    pub(crate) digest: Digest,
    /// Its platforms.
    pub(crate) platforms: Vec<Platform>,
}

/// Why ECR did not get an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PrimeFailure {
    /// What was tried, and who refused.
    pub(crate) error: OperationError,
    /// What ECR calls it, where it answered with a code.
    pub(crate) code: Option<FailureCode>,
}

impl From<OperationError> for PrimeFailure {
    fn from(error: OperationError) -> Self {
        Self { error, code: None }
    }
}

impl From<AwsError> for PrimeFailure {
    fn from(error: AwsError) -> Self {
        OperationError::from(error).into()
    }
}

impl From<registry::Error> for PrimeFailure {
    fn from(error: registry::Error) -> Self {
        OperationError::from(error).into()
    }
}

impl Prime {
    /// Looks at upstream and at ECR; makes ECR fetch nothing.
    ///
    /// Upstream may refuse us and still let ECR in by the rule's credential, so its refusal is no failure.
    ///
    /// # Errors
    /// What ECR refuses.
    pub(crate) async fn look(&mut self, registry: &PrivateRegistry) -> Result<Look> {
        let mut platforms = Vec::new();
        let upstream = registry.client().repository(self.image.host(), self.image.repository());
        if let Ok(upstream) = upstream.map(|upstream| upstream.on(Side::Source)) {
            // Reading a manifest counts against Docker Hub's limit of pulls, asking for it does not.
            let found = match self.image.host().is_docker_hub() {
                true => upstream.check_manifest(&self.tag).await.map(|presence| match presence {
                    Presence::Present(digest) => Some(Some((digest, Vec::new()))),
                    Presence::Absent => Some(None),
                    Presence::Unknown => None,
                }),
                false => match upstream.read_manifest_if_there(&self.tag).await {
                    Ok(Some(manifest)) => {
                        let platforms = platform::of(&upstream, &manifest).await.unwrap_or_default();
                        Ok(Some(Some((manifest.digest, platforms))))
                    }
                    Ok(None) => Ok(Some(None)),
                    Err(error) => Err(error),
                },
            };
            match found {
                Ok(Some(Some((digest, read)))) => {
                    self.upstream = Some(digest);
                    platforms = read;
                }
                Ok(Some(None)) => {
                    return Ok(Look::Refused(
                        OperationError::new(format!("cannot find `{}` at the source", self.image))
                            .refused(format!("{} has no such image", self.image.host()))
                            .hint("see which tags there are"),
                    ));
                }
                Ok(None) | Err(_) => {}
            }
        }
        if let (Some(pinned), Some(upstream)) = (&self.pinned, &self.upstream)
            && pinned != upstream
        {
            return Ok(Look::Elsewhere(format!(
                "upstream the tag `{}` stands for {upstream} by now",
                self.tag
            )));
        }
        if !platform::runs(&platforms) {
            return Ok(Look::Refused(self.no_platform(&platforms)));
        }
        let id = ImageId::tag(&self.tag);
        match registry.ecr().image(&self.repository, &id).await? {
            ImageLookup::Found(detail) if self.wanted() == Some(&detail.digest) => {
                Ok(Look::UpToDate(detail.digest))
            }
            _ => Ok(Look::Pull(platforms)),
        }
    }

    /// Makes ECR fetch the image and returns it when its manifests and layers are there.
    ///
    /// # Errors
    /// What ECR or upstream refuse, another digest than the one wanted, no linux/amd64, and patience that ends.
    pub(crate) async fn pull(
        &self,
        registry: &PrivateRegistry,
        patience: Duration,
    ) -> std::result::Result<Primed, PrimeFailure> {
        let deadline = Instant::now() + patience;
        let (mut pause, mut doubts, mut asked) = (FIRST_PAUSE, 0, HashSet::new());
        loop {
            let waiting_for = match self.step(registry, &mut asked).await? {
                Progress::There(primed) => return Ok(primed),
                Progress::Coming(what) => what,
                Progress::Doubtful(error) => {
                    doubts += 1;
                    if doubts >= DOUBTS {
                        return Err(error);
                    }
                    "ECR has not got it from upstream".to_owned()
                }
            };
            if Instant::now() + pause > deadline {
                let error = OperationError::new(self.tried())
                    .refused(format!("after {} s {waiting_for}", patience.as_secs()))
                    .hint("run again: what ECR has fetched stays");
                return Err(error.into());
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 3 / 2).min(LONGEST_PAUSE);
        }
    }

    async fn step(
        &self,
        registry: &PrivateRegistry,
        asked: &mut HashSet<Digest>,
    ) -> std::result::Result<Progress, PrimeFailure> {
        let ecr = registry.ecr();
        let answer = ecr.manifests(&self.repository, &[ImageId::tag(&self.tag)]).await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(self.not_made(&error).into()),
            Err(error) => return Err(error.into()),
        };
        let Some(found) = answer.found.into_iter().next() else {
            let failure = answer.failures.into_iter().next();
            let words = match &failure {
                Some(failure) => {
                    let reason = failure.reason.as_deref().unwrap_or("no reason was given");
                    format!("ECR answered {:?}: {reason}", failure.code)
                }
                None => "ECR answered nothing".to_owned(),
            };
            let error = OperationError::new(self.tried()).refused(words);
            let code = failure.map(|failure| failure.code);
            if code == Some(FailureCode::UpstreamAccessDenied) {
                let error = error.hint(format!("see that the credential of rule `{}` is right", self.rule));
                return Err(PrimeFailure { error, code });
            }
            let error = error.hint(match code {
                Some(FailureCode::UpstreamUnavailable) => "run again when the upstream registry answers",
                Some(FailureCode::UpstreamTooManyRequests) => {
                    "run again later: the upstream registry takes no more pulls from this rule now"
                }
                _ => {
                    "see that the image exists, and allow `ecr:BatchImportUpstreamImage` to whoever runs this"
                }
            });
            return Ok(Progress::Doubtful(PrimeFailure { error, code }));
        };
        if let Some(wanted) = self.wanted().filter(|wanted| **wanted != found.digest) {
            let error = OperationError::new(self.tried())
                .refused(format!("ECR has {} under this tag, where upstream has {wanted}", found.digest))
                .hint("ECR compares a tag with upstream once in 24 hours: wait, or copy it with a target of your own");
            return Err(error.into());
        }
        let root = self.read(&found.text, found.media_type.as_deref())?;
        let mut platforms = platform::of_index(&root).unwrap_or_default();
        if !platform::runs(&platforms) {
            return Err(self.no_platform(&platforms).into());
        }
        let image = match self.runnable(&root) {
            None => root,
            Some(child) => {
                let id = ImageId::digest(child.clone());
                let found = ecr.manifests(&self.repository, &[id]).await?.found;
                match found.into_iter().next() {
                    Some(child) => self.read(&child.text, child.media_type.as_deref())?,
                    None => {
                        return Ok(Progress::Coming(format!("the image {child} of its index is missing")));
                    }
                }
            }
        };
        let layers: Vec<Digest> = image.blobs().map(|blob| blob.digest.clone()).collect();
        let there = ecr.layers(&self.repository, &layers).await?.layers;
        let there: HashSet<&Digest> = there
            .iter()
            .filter(|layer| layer.state == LayerState::Available)
            .map(|layer| &layer.digest)
            .collect();
        let missing: Vec<&Digest> = layers.iter().filter(|layer| !there.contains(layer)).collect();
        if !missing.is_empty() {
            for layer in &missing {
                if asked.insert((*layer).clone()) {
                    // ECR may fetch a layer only when it is asked for; what it answers shows at the next look.
                    ecr.layer_url(&self.repository, layer).await.ok();
                }
            }
            return Ok(Progress::Coming(format!("{} of {} layers are missing", missing.len(), layers.len())));
        }
        if !matches!(ecr.image(&self.repository, &ImageId::tag(&self.tag)).await?, ImageLookup::Found(_)) {
            return Ok(Progress::Coming("ECR does not list it".to_owned()));
        }
        if platforms.is_empty() {
            let remote = registry.client().repository(registry.host(), &self.repository)?;
            platforms = platform::of(&remote.on(Side::Destination), &image).await?;
            if !platform::runs(&platforms) {
                return Err(self.no_platform(&platforms).into());
            }
        }
        Ok(Progress::There(Primed { digest: found.digest, platforms }))
    }

    /// Returns the digest that has to arrive, where it is known.
    fn wanted(&self) -> Option<&Digest> {
        self.pinned.as_ref().or(self.upstream.as_ref())
    }

    /// Returns the image of an index that HealthOmics runs; `None` for what is an image itself.
    fn runnable(&self, root: &Manifest) -> Option<Digest> {
        let wanted = Platform::linux_amd64();
        let fits = |child: &&registry::Descriptor| {
            child.platform.as_ref().is_none_or(|platform| wanted.accepts(platform))
        };
        root.manifests().iter().find(fits).map(|child| child.digest.clone())
    }

    fn read(&self, text: &str, media_type: Option<&str>) -> Result<Manifest> {
        Manifest::read(Bytes::copy_from_slice(text.as_bytes()), media_type)
            .map_err(|error| OperationError::new(self.tried()).refused(error))
    }

    fn tried(&self) -> String {
        format!("cannot pull `{}` through the rule `{}`", self.image, self.rule)
    }

    fn no_platform(&self, platforms: &[Platform]) -> OperationError {
        OperationError::new(self.tried())
            .refused(format!("it has no linux/amd64, only {}", platform::words(platforms)))
            .hint("HealthOmics runs linux/amd64 alone: name a tag or an image that has it")
    }

    /// Returns the error of a repository that ECR did not make: it hides a missing right behind these words.
    fn not_made(&self, error: &AwsError) -> OperationError {
        OperationError::new(self.tried()).refused(error.answer()).hint(
            "allow `ecr:CreateRepository` and `ecr:BatchImportUpstreamImage` to whoever runs this: without them ECR says that \
             the repository does not exist",
        )
    }
}

enum Progress {
    There(Primed),
    /// Not yet; what is missing.
    Coming(String),
    /// ECR says no, and may say otherwise later.
    Doubtful(PrimeFailure),
}

//! What ECR has of the images of one repository, read without having anything imported.
//!
//! Tags are asked for with `DescribeImages` alone. Manifests, layers and configs are read only of images that are
//! there, by digest, so that no rule goes upstream for them.

use std::collections::{BTreeSet, HashMap, HashSet};

use aws::ecr::{Ecr, ImageDetail, ImageId, ImageStatus, LayerState};
use aws::{AwsError, ErrorKind};
use bytes::Bytes;
use image::{Digest, RepositoryName};
use registry::manifest::Content;
use registry::{Manifest, Platform, Side};
use serde::Deserialize;

use super::report::Evidence;
use crate::error::{OperationError, Result};
use crate::platform;
use crate::private_registry::PrivateRegistry;

/// Largest config that is read, in bytes.
const LARGEST_CONFIG: u64 = 4 << 20;

/// What ECR has of an image.
#[derive(Debug, Clone)]
pub(crate) enum Stored {
    /// The image.
    There(Box<Found>),
    /// The repository is there, and has no such image.
    NoImage,
    /// There is no such repository.
    NoRepository,
    /// ECR could not be asked.
    Unknown(OperationError),
}

/// An image that is there.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// What ECR lists of it.
    pub(crate) detail: ImageDetail,
    /// What it is made of; an error where that could not be read, and none where nobody asked.
    pub(crate) contents: Option<Result<Contents>>,
}

impl Found {
    /// Returns whether it can be pulled as it is.
    pub(crate) fn is_active(&self) -> bool {
        !matches!(self.detail.status, ImageStatus::Archived | ImageStatus::Activating)
    }
}

/// What an image is made of.
#[derive(Debug, Clone, Default)]
pub(crate) struct Contents {
    /// Its platforms; empty where nothing tells them.
    pub(crate) platforms: Vec<Platform>,
    /// What the image for linux/amd64 takes, in bytes; none where there is no such image.
    pub(crate) size_bytes: Option<u64>,
    /// What is missing in ECR, in words.
    pub(crate) missing: Option<String>,
    /// Its ENTRYPOINT, word by word.
    pub(crate) entrypoint: Vec<String>,
    /// Its USER.
    pub(crate) user: Option<String>,
    /// What it is, where it is no container image.
    pub(crate) artifact: Option<String>,
}

/// The part of an image's config that says how it starts.
#[derive(Deserialize, Default)]
struct Config {
    #[serde(default)]
    config: Start,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct Start {
    entrypoint: Option<Vec<String>>,
    user: Option<String>,
}

/// What was seen of a repository's images, with what was asked.
#[derive(Debug, Default)]
pub(crate) struct Looks {
    /// What ECR has, by what was asked for.
    pub(crate) images: HashMap<ImageId, Stored>,
    /// What was asked and answered about each.
    pub(crate) evidence: HashMap<ImageId, Vec<Evidence>>,
}

/// A repository of a registry.
pub(crate) struct Looker<'a> {
    /// The registry.
    pub(crate) registry: &'a PrivateRegistry,
    /// Its control plane.
    pub(crate) ecr: &'a Ecr,
    /// The repository.
    pub(crate) repository: &'a RepositoryName,
    /// Whether manifests and configs are read, which ECR notes as a pull.
    pub(crate) contents: bool,
}

impl Looker<'_> {
    /// Looks at images, each named by tag or by digest.
    pub(crate) async fn look(&self, ids: &[ImageId]) -> Looks {
        let mut looks = Looks::default();
        let lookup = match self.ecr.images_named(self.repository, ids).await {
            Ok(lookup) => lookup,
            Err(error) => {
                let is_missing = error.kind() == ErrorKind::NotFound;
                for id in ids {
                    let stored = match is_missing {
                        true => Stored::NoRepository,
                        false => Stored::Unknown(error.clone().into()),
                    };
                    looks.note(id, self.describe(id), error.answer());
                    looks.images.insert(id.clone(), stored);
                }
                return looks;
            }
        };
        let mut found: HashMap<ImageId, ImageDetail> = HashMap::new();
        for id in ids {
            match lookup.found.iter().find(|detail| is(detail, id)) {
                Some(detail) => {
                    let pushed = detail.pushed.and_then(crate::moment::rfc3339);
                    let pushed = pushed.map(|at| format!(", pushed {at}")).unwrap_or_default();
                    looks.note(id, self.describe(id), format!("{}{pushed}", detail.digest));
                    found.insert(id.clone(), detail.clone());
                }
                None => {
                    looks.note(id, self.describe(id), "ImageNotFoundException: no such image");
                    looks.images.insert(id.clone(), Stored::NoImage);
                }
            }
        }
        let mut contents = match self.contents {
            true => self.contents(&found, &mut looks).await,
            false => HashMap::new(),
        };
        for (id, detail) in found {
            let contents = contents.remove(&id);
            looks.images.insert(id, Stored::There(Box::new(Found { detail, contents })));
        }
        looks
    }

    fn describe(&self, id: &ImageId) -> String {
        format!("ECR DescribeImages {}{id}", self.repository)
    }

    /// Reads what the images are made of: all manifests in one go, those for linux/amd64 that indexes name in a second,
    /// all layers in a third, and the configs.
    async fn contents(
        &self,
        found: &HashMap<ImageId, ImageDetail>,
        looks: &mut Looks,
    ) -> HashMap<ImageId, Result<Contents>> {
        let readable = |detail: &&ImageDetail| detail.status == ImageStatus::Active;
        let roots: BTreeSet<Digest> =
            found.values().filter(readable).map(|detail| detail.digest.clone()).collect();
        let manifests = match self.manifests(roots).await {
            Ok(manifests) => manifests,
            Err(error) => return self.all_failed(found, &error, looks),
        };
        let children: BTreeSet<Digest> = manifests.values().filter_map(runnable).collect();
        let children = match self.manifests(children).await {
            Ok(children) => children,
            Err(error) => return self.all_failed(found, &error, looks),
        };
        let images = || manifests.values().chain(children.values()).filter(|manifest| !manifest.is_index());
        let layers: BTreeSet<Digest> = images()
            .flat_map(Manifest::blobs)
            .filter(|blob| !blob.foreign)
            .map(|blob| blob.digest.clone())
            .collect();
        let layers: Vec<Digest> = layers.into_iter().collect();
        let there: HashSet<Digest> = match self.ecr.layers(self.repository, &layers).await {
            Ok(answer) => {
                let there = answer.layers.into_iter().filter(|layer| layer.state == LayerState::Available);
                there.map(|layer| layer.digest).collect()
            }
            Err(error) => return self.all_failed(found, &error, looks),
        };
        let one = async |(id, detail): (&ImageId, &ImageDetail)| {
            let Some(root) = manifests.get(&detail.digest) else { return (id.clone(), None) };
            let mut evidence = vec![self.manifest_evidence(root)];
            let contents = self.one(root, &children, &there, &mut evidence).await;
            (id.clone(), Some((contents, evidence)))
        };
        let mut all = HashMap::new();
        for (id, read) in self.ecr.session().each(found, one).await {
            if let Some((contents, evidence)) = read {
                looks.evidence.entry(id.clone()).or_default().extend(evidence);
                all.insert(id, contents);
            }
        }
        all
    }

    fn all_failed(
        &self,
        found: &HashMap<ImageId, ImageDetail>,
        error: &AwsError,
        looks: &mut Looks,
    ) -> HashMap<ImageId, Result<Contents>> {
        for id in found.keys() {
            looks.note(id, format!("ECR, {}", error.tried()), error.answer());
        }
        let failed = OperationError::from(error.clone());
        found.keys().map(|id| (id.clone(), Err(failed.clone()))).collect()
    }

    async fn manifests(
        &self,
        digests: BTreeSet<Digest>,
    ) -> std::result::Result<HashMap<Digest, Manifest>, AwsError> {
        if digests.is_empty() {
            return Ok(HashMap::new());
        }
        let ids: Vec<ImageId> = digests.into_iter().map(ImageId::digest).collect();
        let answer = self.ecr.manifests(self.repository, &ids).await?;
        let read = |found: aws::ecr::Manifest| {
            let bytes = Bytes::from(found.text.into_bytes());
            let manifest = Manifest::read(bytes, found.media_type.as_deref()).ok()?;
            Some((found.digest, manifest))
        };
        Ok(answer.found.into_iter().filter_map(read).collect())
    }

    fn manifest_evidence(&self, root: &Manifest) -> Evidence {
        let asked = format!("ECR BatchGetImage {}@{}", self.repository, root.digest);
        let platforms = platform::of_index(root).map(|all| format!(" for {}", platform::words(&all)));
        Evidence::new(asked, format!("{}{}", root.media_type, platforms.unwrap_or_default()))
    }

    async fn one(
        &self,
        root: &Manifest,
        children: &HashMap<Digest, Manifest>,
        there: &HashSet<Digest>,
        evidence: &mut Vec<Evidence>,
    ) -> Result<Contents> {
        let mut contents = Contents {
            platforms: platform::of_index(root).unwrap_or_default(),
            artifact: root.artifact_type.clone(),
            ..Contents::default()
        };
        let image = match (root.is_index(), runnable(root)) {
            (false, _) => root,
            (true, None) => return Ok(contents),
            (true, Some(child)) => match children.get(&child) {
                Some(image) => image,
                None => {
                    contents.missing = Some(format!("the image {child} of the index"));
                    return Ok(contents);
                }
            },
        };
        let blobs: Vec<_> = image.blobs().filter(|blob| !blob.foreign).collect();
        contents.size_bytes = Some(blobs.iter().map(|blob| blob.size).fold(0, u64::saturating_add));
        let missing = blobs.iter().filter(|blob| !there.contains(&blob.digest)).count();
        evidence.push(Evidence::new(
            format!("ECR BatchCheckLayerAvailability {}, {} layers", self.repository, blobs.len()),
            format!("{} available", blobs.len() - missing),
        ));
        if missing > 0 {
            contents.missing = Some(format!("{missing} of {} layers", blobs.len()));
        }
        let Content::Image { config, .. } = &image.content else { return Ok(contents) };
        if !is_config(&config.media_type) {
            contents.artifact.get_or_insert_with(|| config.media_type.clone());
            return Ok(contents);
        }
        if there.contains(&config.digest) {
            let remote = self.registry.client().repository(self.registry.host(), self.repository)?;
            let bytes =
                remote.on(Side::Source).read_blob(&config.digest, config.size, LARGEST_CONFIG).await?;
            let asked = format!("ECR blob {}@{}", self.repository, config.digest);
            let platform = serde_json::from_slice::<Platform>(&bytes).ok().filter(|own| !own.is_unknown());
            let words = platform.as_ref().map_or("no platform".to_owned(), Platform::to_string);
            evidence.push(Evidence::new(asked, format!("config of an image for {words}")));
            if !root.is_index() {
                contents.platforms.extend(platform);
            }
            let start = serde_json::from_slice::<Config>(&bytes).unwrap_or_default().config;
            contents.entrypoint = start.entrypoint.unwrap_or_default();
            contents.user = start.user.filter(|user| !user.is_empty());
        }
        Ok(contents)
    }
}

impl Looks {
    fn note(&mut self, id: &ImageId, asked: String, answered: impl Into<String>) {
        self.evidence.entry(id.clone()).or_default().push(Evidence::new(asked, answered));
    }
}

fn is(detail: &ImageDetail, id: &ImageId) -> bool {
    match (&id.digest, &id.tag) {
        (Some(digest), _) => *digest == detail.digest,
        (None, Some(tag)) => detail.tags.contains(tag),
        (None, None) => false,
    }
}

/// Returns the image of an index that HealthOmics runs.
fn runnable(manifest: &Manifest) -> Option<Digest> {
    let wanted = Platform::linux_amd64();
    let fits = |child: &&registry::Descriptor| {
        child.platform.as_ref().is_none_or(|platform| wanted.accepts(platform)) && !child.is_index()
    };
    manifest.manifests().iter().find(fits).map(|child| child.digest.clone())
}

/// Returns whether a config is that of a container image.
fn is_config(media_type: &str) -> bool {
    matches!(
        media_type,
        "application/vnd.oci.image.config.v1+json" | "application/vnd.docker.container.image.v1+json"
    )
}

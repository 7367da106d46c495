//! The manifests that a copy consists of.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use image::Digest;

use crate::client::remote::Remote;
use crate::error::{Cause, Error, Hint, Result};
use crate::manifest::{Content, Descriptor, Manifest};
use crate::platform::{Platform, PlatformChoice};

/// Deepest nesting of indexes that is followed.
const DEEPEST: usize = 4;

/// Most manifests of one image.
const MOST_MANIFESTS: usize = 1000;

/// Largest config that is read to learn an image's platform, in bytes.
const LARGEST_CONFIG: u64 = 4 * 1024 * 1024;

/// Largest config that is kept until it is sent, in bytes.
const LARGEST_KEPT: usize = 256 * 1024;

/// Media types of configs that tell a platform.
const IMAGE_CONFIGS: [&str; 2] =
    ["application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"];

/// What is copied for one image: manifests, children before parents.
#[derive(Debug, Clone)]
pub struct Graph {
    /// The manifests; the last one is the root.
    pub manifests: Vec<Arc<Manifest>>,
    /// The platform, where one was chosen or found.
    pub platform: Option<Platform>,
    /// The config's bytes, where they were read on the way.
    pub(crate) config: Option<(Digest, Bytes)>,
}

impl Graph {
    /// Returns the manifest that the destination's tag will stand for.
    pub fn root(&self) -> Option<&Arc<Manifest>> {
        self.manifests.last()
    }

    /// Returns each distinct blob of some manifests.
    pub(crate) fn blobs_of<'a>(
        manifests: impl IntoIterator<Item = &'a Arc<Manifest>>,
    ) -> Vec<&'a Descriptor> {
        let mut seen = HashSet::new();
        manifests
            .into_iter()
            .flat_map(|manifest| manifest.blobs())
            .filter(|blob| seen.insert(&blob.digest))
            .collect()
    }

    /// Returns each distinct blob.
    pub fn blobs(&self) -> Vec<&Descriptor> {
        Self::blobs_of(&self.manifests)
    }
}

/// Reads the manifests that a choice of platforms takes, from a root that was read.
///
/// # Errors
/// [`Cause::NoPlatform`] with the platforms that are there; what reading a manifest fails of.
pub(crate) async fn read(source: &Remote, root: Arc<Manifest>, choice: &PlatformChoice) -> Result<Graph> {
    match choice {
        PlatformChoice::One(wanted) => {
            let (manifest, named) = choose(source, root, wanted).await?;
            let (found, config) = match named {
                Some(platform) => (Some(platform), None),
                None => platform_of(source, &manifest, wanted).await?,
            };
            Ok(Graph { manifests: vec![manifest], platform: found, config })
        }
        PlatformChoice::All => {
            let mut manifests = Vec::new();
            let mut seen = HashSet::new();
            collect(source, root, 0, &mut seen, &mut manifests).await?;
            Ok(Graph { manifests, platform: None, config: None })
        }
    }
}

/// Returns the descriptor of an index that a platform means.
pub(crate) fn pick<'a>(index: &'a Manifest, wanted: &Platform) -> Option<&'a Descriptor> {
    let fits = |descriptor: &&Descriptor| descriptor.platform.as_ref().is_some_and(|p| wanted.accepts(p));
    // The plain one goes before variants like `amd64/v3`, which not every machine runs.
    let plain = |descriptor: &&Descriptor| {
        fits(descriptor) && descriptor.platform.as_ref().is_some_and(|p| p.variant == wanted.variant)
    };
    let manifests = index.manifests();
    manifests.iter().find(plain).or_else(|| manifests.iter().find(fits)).or_else(|| match manifests {
        // An index of one image that names no platform can only mean that one.
        [only] if only.platform.is_none() => Some(only),
        _ => None,
    })
}

/// Goes down to the one manifest of a platform; with the platform, where an index named it.
async fn choose(
    source: &Remote,
    root: Arc<Manifest>,
    wanted: &Platform,
) -> Result<(Arc<Manifest>, Option<Platform>)> {
    let (mut manifest, mut named) = (root, None);
    for _ in 0..DEEPEST {
        if !manifest.is_index() {
            return Ok((manifest, named));
        }
        let Some(child) = pick(&manifest, wanted) else {
            let known = manifest.manifests().iter().filter_map(|child| child.platform.clone());
            let mut available: Vec<Platform> = known.filter(|platform| !platform.is_unknown()).collect();
            available.sort();
            available.dedup();
            return Err(no_platform(source, &manifest.digest, wanted, available));
        };
        named = child.platform.clone();
        let digest = child.digest.to_string();
        manifest = Arc::new(source.read_manifest(&digest).await?);
    }
    Err(too_deep(source, &manifest.digest))
}

fn no_platform(source: &Remote, digest: &Digest, wanted: &Platform, available: Vec<Platform>) -> Error {
    let cause = Cause::NoPlatform { wanted: wanted.clone(), available: available.clone() };
    source
        .failed(format!("choose a platform of {source}@{digest}"), cause)
        .with_hint(Hint::ChoosePlatform(available))
}

fn too_deep(source: &Remote, digest: &Digest) -> Error {
    let words =
        format!("indexes are nested more than {DEEPEST} deep or name more than {MOST_MANIFESTS} manifests");
    source.failed(source.manifest_words("read", &digest.to_string()), Cause::Content(words))
}

/// Reads an image's platform from its config, with the config's bytes if they are few.
async fn platform_of(
    source: &Remote,
    manifest: &Manifest,
    wanted: &Platform,
) -> Result<(Option<Platform>, Option<(Digest, Bytes)>)> {
    let Content::Image { config, .. } = &manifest.content else { return Ok((None, None)) };
    if !IMAGE_CONFIGS.contains(&config.media_type.as_str()) {
        // An artifact, which runs nowhere by itself.
        return Ok((None, None));
    }
    let bytes = source.read_blob(&config.digest, config.size, LARGEST_CONFIG).await?;
    let platform = serde_json::from_slice::<Platform>(&bytes).ok().filter(|platform| !platform.is_unknown());
    if let Some(found) = platform.as_ref().filter(|found| !wanted.accepts(found)) {
        return Err(no_platform(source, &manifest.digest, wanted, vec![found.clone()]));
    }
    let kept = (bytes.len() <= LARGEST_KEPT).then(|| (config.digest.clone(), bytes));
    Ok((platform, kept))
}

/// Collects a manifest after everything it names.
fn collect<'a>(
    source: &'a Remote,
    manifest: Arc<Manifest>,
    depth: usize,
    seen: &'a mut HashSet<Digest>,
    found: &'a mut Vec<Arc<Manifest>>,
) -> BoxFuture<'a, Result<()>> {
    Box::pin(async move {
        if depth > DEEPEST || seen.len() >= MOST_MANIFESTS {
            return Err(too_deep(source, &manifest.digest));
        }
        seen.insert(manifest.digest.clone());
        let wanted: Vec<&Descriptor> =
            manifest.manifests().iter().filter(|child| !seen.contains(&child.digest)).collect();
        let references: Vec<String> = wanted.iter().map(|child| child.digest.to_string()).collect();
        for group in references.chunks(8) {
            let reads = group.iter().map(|digest| source.read_manifest(digest));
            for child in futures_util::future::try_join_all(reads).await? {
                if !seen.contains(&child.digest) {
                    collect(source, Arc::new(child), depth + 1, seen, found).await?;
                }
            }
        }
        found.push(manifest);
        Ok(())
    })
}

//! The proof: what ECR itself says of each image after everything was done.

use std::collections::{BTreeMap, HashMap};

use aws::ecr::{ImageDetail, ImageId, ImageStatus};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use image::{Digest, ImageReference, RepositoryName};
use registry::{Manifest, Platform, Side};

use crate::error::{OperationError, Result};
use crate::platform;
use crate::private_registry::PrivateRegistry;

/// Repositories that are asked at once, and configs that are read at once.
const AT_ONCE: usize = 16;

/// An image that should be there.
#[derive(Debug, Clone)]
pub(super) struct Claim {
    /// Its place in the plan.
    pub(super) index: usize,
    /// Its name in the private registry.
    pub(super) destination: ImageReference,
    /// The digest that it should have, where that is known.
    pub(super) digest: Option<Digest>,
    /// Its platforms, where whoever brought it knows them; what was there before is read.
    pub(super) platforms: Option<Vec<Platform>>,
}

/// What ECR says of an image.
#[derive(Debug, Clone)]
pub(super) struct Proof {
    /// Its digest.
    pub(super) digest: Digest,
    /// Its platforms.
    pub(super) platforms: Vec<Platform>,
    /// Its size in bytes, where ECR tells it.
    pub(super) size_bytes: Option<u64>,
}

/// Asks ECR for all images and returns what it says, by their places.
pub(super) async fn verify(registry: &PrivateRegistry, claims: Vec<Claim>) -> HashMap<usize, Result<Proof>> {
    let mut by_repository: BTreeMap<RepositoryName, Vec<Claim>> = BTreeMap::new();
    for claim in claims {
        by_repository.entry(claim.destination.repository().clone()).or_default().push(claim);
    }
    stream::iter(by_repository)
        .map(|(repository, claims)| async move { verify_repository(registry, &repository, claims).await })
        .buffer_unordered(AT_ONCE)
        .flat_map(stream::iter)
        .collect()
        .await
}

async fn verify_repository(
    registry: &PrivateRegistry,
    repository: &RepositoryName,
    claims: Vec<Claim>,
) -> Vec<(usize, Result<Proof>)> {
    let ecr = registry.ecr();
    let ids: Vec<ImageId> = claims.iter().map(id).collect();
    let found = match ecr.images_named(repository, &ids).await {
        Ok(lookup) => lookup.found,
        Err(error) => {
            let error = OperationError::from(error);
            return claims.into_iter().map(|claim| (claim.index, Err(error.clone()))).collect();
        }
    };
    let unknown: Vec<ImageId> = claims.iter().filter(|claim| claim.platforms.is_none()).map(id).collect();
    let manifests = match unknown.is_empty() {
        true => Vec::new(),
        false => ecr.manifests(repository, &unknown).await.map(|answer| answer.found).unwrap_or_default(),
    };
    let texts: HashMap<Digest, (String, Option<String>)> = manifests
        .into_iter()
        .map(|manifest| (manifest.digest, (manifest.text, manifest.media_type)))
        .collect();
    let (found, texts) = (&found, &texts);
    stream::iter(claims)
        .map(async |claim| {
            let proof = match find(&claim, found) {
                Ok(detail) => prove(registry, &claim, detail, texts).await,
                Err(error) => Err(error),
            };
            (claim.index, proof)
        })
        .buffered(AT_ONCE)
        .collect()
        .await
}

fn id(claim: &Claim) -> ImageId {
    match (claim.destination.tag(), claim.destination.digest().or(claim.digest.as_ref())) {
        (Some(tag), _) => ImageId::tag(tag.as_str()),
        (None, Some(digest)) => ImageId::digest(digest.clone()),
        (None, None) => ImageId::tag("latest"),
    }
}

fn find<'a>(claim: &Claim, found: &'a [ImageDetail]) -> Result<&'a ImageDetail> {
    let wanted = id(claim);
    let matches = |detail: &&ImageDetail| match (&wanted.tag, &wanted.digest) {
        (Some(tag), _) => detail.tags.contains(tag),
        (None, digest) => digest.as_ref() == Some(&detail.digest),
    };
    let tried = || OperationError::new(format!("cannot find `{}` in ECR", claim.destination));
    let Some(detail) = found.iter().find(matches) else {
        return Err(tried().refused("ECR has no such image").hint("run again: only what is missing is sent"));
    };
    if let Some(digest) = claim.digest.as_ref().filter(|digest| **digest != detail.digest) {
        let words = format!("ECR has {} there, where {digest} should be", detail.digest);
        return Err(tried().refused(words).hint("see who else writes this tag"));
    }
    match detail.status {
        ImageStatus::Archived => Err(tried().refused("it is archived").hint("restore it in ECR")),
        _ => Ok(detail),
    }
}

async fn prove(
    registry: &PrivateRegistry,
    claim: &Claim,
    detail: &ImageDetail,
    texts: &HashMap<Digest, (String, Option<String>)>,
) -> Result<Proof> {
    let platforms = match &claim.platforms {
        Some(platforms) => platforms.clone(),
        None => {
            let name = &claim.destination;
            let remote = registry.client().repository(registry.host(), name.repository())?;
            let remote = remote.on(Side::Destination);
            let manifest = match texts.get(&detail.digest) {
                Some((text, media_type)) => Manifest::read(
                    Bytes::copy_from_slice(text.as_bytes()),
                    media_type.as_deref(),
                )
                .map_err(|error| {
                    OperationError::new(format!("cannot read the manifest of `{name}`")).refused(error)
                })?,
                None => remote.read_manifest(&detail.digest.to_string()).await?,
            };
            platform::of(&remote, &manifest).await?
        }
    };
    Ok(Proof { digest: detail.digest.clone(), platforms, size_bytes: detail.size_bytes })
}

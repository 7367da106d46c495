//! Images: pushing, finding and deleting manifests, and moving tags.

use image::{Algorithm, Digest};
use serde::{Deserialize, Serialize};
use sha2::Digest as _;

use super::Ecr;
use crate::constraint;
use crate::fault::{Code, Fault};
use crate::manifest::{Manifest, ManifestError};
use crate::storage::{
    Change, DescriptorRow, IMAGE_TAGS, IMAGES, ImageRow, LAYER_USERS, LAYERS, PARENTS, REFERRERS,
    RepositoryRow, Rows, TAGS, TagRow, below, key,
};

/// Most tags of an image.
const MOST_TAGS: usize = 1000;

/// ECR's identifier of an image.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImageId {
    /// The digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) image_digest: Option<String>,
    /// The tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) image_tag: Option<String>,
}

/// ECR's answer about one image of a batch that it could not serve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImageFailure {
    /// What was asked for.
    pub(crate) image_id: ImageId,
    /// A value of `ImageFailureCode`.
    pub(crate) failure_code: &'static str,
    /// The reason in words.
    pub(crate) failure_reason: String,
}

/// A manifest on its way into a repository.
#[derive(Debug)]
pub(crate) struct Push<'a> {
    /// The repository, which exists.
    pub(crate) repository: &'a str,
    /// The manifest's bytes.
    pub(crate) bytes: &'a [u8],
    /// The media type that the request says.
    pub(crate) media_type: Option<&'a str>,
    /// The tag to set.
    pub(crate) tag: Option<&'a str>,
    /// The digest that the manifest must have.
    pub(crate) digest: Option<&'a Digest>,
}

/// A manifest that has come into a repository.
#[derive(Debug)]
pub(crate) struct Pushed {
    /// Its digest.
    pub(crate) digest: Digest,
    /// What it says.
    pub(crate) manifest: Manifest,
    /// Whether the repository had it, with the tag, before.
    pub(crate) known: bool,
}

/// Returns the digest of a manifest's bytes.
pub(crate) fn digest_of(bytes: &[u8], algorithm: Algorithm) -> Option<Digest> {
    match algorithm {
        Algorithm::Sha256 => Some(Digest::from_sha256(&sha2::Sha256::digest(bytes).into())),
        Algorithm::Sha512 => crate::storage::to_digest(algorithm, &sha2::Sha512::digest(bytes)),
    }
}

impl From<ManifestError> for Fault {
    fn from(error: ManifestError) -> Self {
        if error == ManifestError::NoMediaType {
            return Self::new(Code::InvalidParameter, error.to_string());
        }
        Self::parameter("ImageManifest", error)
    }
}

impl Ecr {
    /// Puts a manifest into a repository and sets its tag.
    ///
    /// # Errors
    /// As `PutImage`: a manifest that is none, another digest, layers or images that are not there, a tag
    /// that must not move. That the very same image is there is no error here.
    pub(crate) fn push_image(
        &self,
        change: &Change,
        row: &RepositoryRow,
        push: &Push<'_>,
    ) -> Result<Pushed, Fault> {
        let manifest = Manifest::read(push.bytes, push.media_type)?;
        self.check_named(change, push.repository, &manifest)?;
        self.store_image(change, row, push, manifest)
    }

    /// Puts a manifest into a repository as [`Self::push_image`], before what it names is there: a rule
    /// fetches that when it is asked for.
    pub(crate) fn store_image(
        &self,
        change: &Change,
        row: &RepositoryRow,
        push: &Push<'_>,
        manifest: Manifest,
    ) -> Result<Pushed, Fault> {
        let algorithm = push.digest.map_or(Algorithm::Sha256, Digest::algorithm);
        let digest = digest_of(push.bytes, algorithm)
            .ok_or_else(|| Fault::new(Code::Server, "a manifest could not be hashed"))?;
        if let Some(expected) = push.digest.filter(|expected| **expected != digest) {
            return Err(Fault::new(
                Code::ImageDigestDoesNotMatch,
                format!("The image digest '{expected}' does not match the manifest's digest '{digest}'"),
            ));
        }
        let text = digest.to_string();
        let image_key = key(&[push.repository, &text]);
        let known = change.has(&IMAGES, &image_key)?;
        // Whoever pushes an archived image brings it back.
        let restored = known && self.set_archived(change, push.repository, &text, false)?;
        let tag_known = self.set_tag(change, row, push.repository, push.tag, &text)?;
        if !known {
            let image = ImageRow {
                media_type: manifest.media_type.clone(),
                artifact_type: manifest.artifact_type.clone(),
                manifest_size: push.bytes.len() as u64,
                pushed_at: self.clock.now(),
                pulled_at: None,
                blobs: manifest.blobs.clone(),
                children: manifest.children.clone(),
                subject: manifest.subject.clone(),
                annotations: manifest.annotations.clone(),
                ..ImageRow::default()
            };
            change.put(&IMAGES, &image_key, &image)?;
            change.put_manifest(&image_key, push.bytes)?;
            for blob in &image.blobs {
                change.put(&LAYER_USERS, &key(&[push.repository, &blob.digest, &text]), &())?;
            }
            for child in &image.children {
                change.put(&PARENTS, &key(&[push.repository, &child.digest, &text]), &())?;
            }
            if let Some(subject) = &image.subject {
                change.put(&REFERRERS, &key(&[push.repository, subject, &text]), &())?;
            }
        }
        Ok(Pushed { digest, manifest, known: known && tag_known && !restored })
    }

    fn check_named(&self, change: &Change, repository: &str, manifest: &Manifest) -> Result<(), Fault> {
        let missing = |named: &[DescriptorRow], is_there: &dyn Fn(&str) -> Result<bool, Fault>| {
            let mut missing = Vec::new();
            for descriptor in named {
                if !is_there(&key(&[repository, &descriptor.digest]))? {
                    missing.push(descriptor.digest.clone());
                }
            }
            Ok::<_, Fault>(missing.join(", "))
        };
        let layers = missing(&manifest.blobs, &|key| Ok(change.has(&LAYERS, key)?))?;
        if !layers.is_empty() {
            let text = format!(
                "The following layers do not exist in the repository with name '{repository}' in the registry \
                 with id '{}': [{layers}]",
                self.registry_id()
            );
            return Err(Fault::new(Code::LayersNotFound, text));
        }
        let images = missing(&manifest.children, &|key| Ok(change.has(&IMAGES, key)?))?;
        if !images.is_empty() {
            let text = format!(
                "The following images do not exist in the repository with name '{repository}' in the registry \
                 with id '{}': [{images}]",
                self.registry_id()
            );
            return Err(Fault::new(Code::ReferencedImagesNotFound, text));
        }
        Ok(())
    }

    /// Sets a tag if one is given; returns whether it stood there already (or none is given).
    fn set_tag(
        &self,
        change: &Change,
        row: &RepositoryRow,
        repository: &str,
        tag: Option<&str>,
        digest: &str,
    ) -> Result<bool, Fault> {
        let Some(tag) = tag else { return Ok(true) };
        constraint::IMAGE_TAG.check("imageTag", tag)?;
        let tag_key = key(&[repository, tag]);
        if let Some(old) = change.get(&TAGS, &tag_key)? {
            if old.digest == digest {
                return Ok(true);
            }
            if row.keeps_tag(tag) {
                return Err(Fault::new(
                    Code::ImageTagAlreadyExists,
                    format!(
                        "The image tag '{tag}' already exists in the '{repository}' repository and cannot be \
                         overwritten because the tag is immutable."
                    ),
                ));
            }
            change.remove(&IMAGE_TAGS, &key(&[repository, &old.digest, tag]))?;
        }
        if change.all(&IMAGE_TAGS, &below(&[repository, digest]))?.len() >= MOST_TAGS {
            let text = format!("The maximum limit of {MOST_TAGS} tags per image has been reached");
            return Err(Fault::new(Code::LimitExceeded, text));
        }
        change.put(&TAGS, &tag_key, &TagRow { digest: digest.to_owned(), checked_at: None })?;
        change.put(&IMAGE_TAGS, &key(&[repository, digest, tag]), &())?;
        Ok(false)
    }

    /// Puts an image of a repository into the archive, or brings it back; returns whether that changed anything.
    pub(crate) fn set_archived(
        &self,
        change: &Change,
        repository: &str,
        digest: &str,
        archived: bool,
    ) -> Result<bool, Fault> {
        let image_key = key(&[repository, digest]);
        let Some(mut row) = change.get(&IMAGES, &image_key)?.filter(|row| row.archived != archived) else {
            return Ok(false);
        };
        row.archived = archived;
        let at = if archived { &mut row.archived_at } else { &mut row.activated_at };
        *at = Some(self.clock.now());
        change.put(&IMAGES, &image_key, &row)?;
        Ok(true)
    }

    /// Removes a tag and nothing else; returns whether it was there.
    pub(crate) fn remove_tag(&self, change: &Change, repository: &str, tag: &str) -> Result<bool, Fault> {
        let tag_key = key(&[repository, tag]);
        let Some(row) = change.get(&TAGS, &tag_key)? else { return Ok(false) };
        change.remove(&TAGS, &tag_key)?;
        change.remove(&IMAGE_TAGS, &key(&[repository, &row.digest, tag]))?;
        Ok(true)
    }

    /// Removes an image with its tags; returns whether it was there.
    pub(crate) fn remove_image(
        &self,
        change: &Change,
        repository: &str,
        digest: &str,
    ) -> Result<bool, Fault> {
        let image_key = key(&[repository, digest]);
        let Some(image) = change.get(&IMAGES, &image_key)? else { return Ok(false) };
        for (tag, ()) in change.all(&IMAGE_TAGS, &below(&[repository, digest]))? {
            self.remove_tag(change, repository, &tag)?;
        }
        for blob in &image.blobs {
            change.remove(&LAYER_USERS, &key(&[repository, &blob.digest, digest]))?;
        }
        for child in &image.children {
            change.remove(&PARENTS, &key(&[repository, &child.digest, digest]))?;
        }
        if let Some(subject) = &image.subject {
            change.remove(&REFERRERS, &key(&[repository, subject, digest]))?;
        }
        change.remove(&IMAGES, &image_key)?;
        change.remove_manifest(&image_key)?;
        Ok(true)
    }
}

/// Returns whether an index of the repository names an image.
pub(crate) fn is_referenced(rows: &impl Rows, repository: &str, digest: &str) -> Result<bool, Fault> {
    Ok(rows.any(&PARENTS, &below(&[repository, digest]))?)
}

/// Returns the tags of an image.
pub(crate) fn tags_of(rows: &impl Rows, repository: &str, digest: &str) -> Result<Vec<String>, Fault> {
    let tags = rows.all(&IMAGE_TAGS, &below(&[repository, digest]))?;
    Ok(tags.into_iter().map(|(tag, ())| tag).collect())
}

impl ImageId {
    /// Returns the identifier of a digest.
    pub(crate) fn of_digest(digest: &str) -> Self {
        Self { image_digest: Some(digest.to_owned()), image_tag: None }
    }

    /// Returns the identifier of a digest and a tag.
    pub(crate) fn new(digest: &str, tag: &str) -> Self {
        Self { image_digest: Some(digest.to_owned()), image_tag: Some(tag.to_owned()) }
    }

    /// Returns a failure about this image.
    pub(crate) fn failure(&self, code: &'static str, reason: impl Into<String>) -> ImageFailure {
        ImageFailure { image_id: self.clone(), failure_code: code, failure_reason: reason.into() }
    }

    /// Returns what is wrong with the identifier itself, if anything is.
    pub(crate) fn check(&self) -> Result<(), ImageFailure> {
        if self.image_digest.is_none() && self.image_tag.is_none() {
            let reason = "Invalid request parameters: both tag and digest cannot be null";
            return Err(self.failure("MissingDigestAndTag", reason));
        }
        if self.image_digest.as_ref().is_some_and(|digest| !constraint::DIGEST.holds(digest)) {
            let reason = "Invalid request parameters: image digest should satisfy the regex \
                          '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'";
            return Err(self.failure("InvalidImageDigest", reason));
        }
        if self.image_tag.as_ref().is_some_and(|tag| !constraint::IMAGE_TAG.holds(tag)) {
            let reason = "Invalid request parameters: image tag should satisfy the regex \
                          '[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}'";
            return Err(self.failure("InvalidImageTag", reason));
        }
        Ok(())
    }

    /// Returns the digest of the image that this names.
    pub(crate) fn resolve(
        &self,
        rows: &impl Rows,
        repository: &str,
    ) -> Result<Result<String, ImageFailure>, Fault> {
        if let Err(failure) = self.check() {
            return Ok(Err(failure));
        }
        let missing = || Ok(Err(self.failure("ImageNotFound", "Requested image not found")));
        let tagged = match &self.image_tag {
            Some(tag) => match rows.get(&TAGS, &key(&[repository, tag]))? {
                Some(row) => Some(row.digest),
                None => return missing(),
            },
            None => None,
        };
        let digest = match (&self.image_digest, tagged) {
            (Some(digest), Some(tagged)) if *digest != tagged => {
                let reason = "Image tag and digest do not refer to the same image";
                return Ok(Err(self.failure("ImageTagDoesNotMatchDigest", reason)));
            }
            (Some(digest), _) => digest.clone(),
            (None, Some(tagged)) => tagged,
            (None, None) => return missing(),
        };
        if !rows.has(&IMAGES, &key(&[repository, &digest]))? {
            return missing();
        }
        Ok(Ok(digest))
    }
}

impl ImageRow {
    /// Returns the size that ECR says: config and layers of an image in bytes.
    pub(crate) fn own_size(&self) -> u64 {
        self.blobs.iter().map(|blob| blob.size).sum()
    }

    /// Returns the size that ECR says; of an index the size of its largest image.
    pub(crate) fn size(&self, rows: &impl Rows, repository: &str) -> Result<u64, Fault> {
        if self.children.is_empty() {
            return Ok(self.own_size());
        }
        let mut largest = 0;
        for child in &self.children {
            let child = rows.get(&IMAGES, &key(&[repository, &child.digest]))?;
            largest = largest.max(child.map_or(0, |child| child.own_size()));
        }
        Ok(largest)
    }
}

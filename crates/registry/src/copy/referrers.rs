//! What refers to an image, signatures and attestations, copied after it.
//!
//! Spec: end-12a, the referrers of a manifest, with the tag of the same content where a registry lacks it.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use image::Digest;
use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use serde_json::{Value, json};

use crate::client::options::Operation;
use crate::client::remote::Remote;
use crate::copy::event::ItemKind;
use crate::copy::image::write;
use crate::copy::transfer::{Ends, Work};
use crate::digester;
use crate::error::{Cause, Result};
use crate::manifest::{Descriptor, LARGEST_MANIFEST, Manifest, OCI_INDEX};

/// Deepest chain of referrers of referrers.
const DEEPEST: usize = 3;

/// Most referrers of one manifest that are copied.
const MOST: usize = 200;

/// Most manifests of one image that are looked at for referrers.
const MOST_SUBJECTS: usize = 1000;

/// The tag that lists the referrers of a digest where a registry has no interface for them.
fn fallback_tag(digest: &Digest) -> String {
    let text = format!("{}-{}", digest.algorithm().name(), digest.encoded());
    text.chars().take(128).collect()
}

impl Remote {
    /// Returns what refers to a manifest; nothing where the registry knows of none.
    ///
    /// # Errors
    /// What the network or the registry refuses, and answers that are no index.
    pub async fn referrers(&self, digest: &Digest) -> Result<Vec<Descriptor>> {
        let url = self.url(&format!("referrers/{digest}"), None);
        let tried = self.manifest_words("list the referrers of", &digest.to_string());
        let mut ask = self.look(Operation::ListReferrers, Method::GET, url, tried);
        ask.headers.push((ACCEPT, HeaderValue::from_static(OCI_INDEX)));
        let response = self.send(&ask).await?;
        let index = match response.status() {
            200 => {
                let kind = response.header(CONTENT_TYPE).map(str::to_owned);
                let bytes = response.read_capped(&ask, LARGEST_MANIFEST).await?;
                let index = Manifest::read(bytes, kind.as_deref());
                Some(index.map_err(|error| ask.failed(Cause::Content(error.to_string())))?)
            }
            _ => self.read_manifest_if_there(&fallback_tag(digest)).await?,
        };
        Ok(index.map(|index| index.manifests().to_vec()).unwrap_or_default())
    }
}

/// A referrer that the destination lacks, though it has what is referred to.
#[derive(Debug, Clone)]
pub struct MissingReferrer {
    /// What it refers to.
    pub subject: Digest,
    /// The referrer itself.
    pub manifest: Arc<Manifest>,
}

/// Returns what refers to an image at the source and not at the destination, which has the image.
///
/// Each manifest of an index may have referrers of its own, and referrers may have some.
///
/// # Errors
/// What reading from either side fails of.
pub(crate) async fn missing(
    source: &Remote,
    destination: &Remote,
    root: &Digest,
) -> Result<Vec<MissingReferrer>> {
    let mut found = Vec::new();
    let mut known = HashSet::from([root.clone()]);
    let mut subjects = vec![(root.clone(), 0)];
    let mut indexes = vec![root.clone()];
    while let Some(digest) = indexes.pop() {
        let manifest = destination.read_manifest(&digest.to_string()).await?;
        for child in manifest.manifests() {
            if subjects.len() < MOST_SUBJECTS && known.insert(child.digest.clone()) {
                subjects.push((child.digest.clone(), 0));
                if child.is_index() {
                    indexes.push(child.digest.clone());
                }
            }
        }
    }
    while let Some((subject, depth)) = subjects.pop() {
        let (there, here) = tokio::try_join!(source.referrers(&subject), destination.referrers(&subject))?;
        for named in there.into_iter().take(MOST) {
            if here.iter().any(|own| own.digest == named.digest) {
                if depth + 1 < DEEPEST && known.insert(named.digest.clone()) {
                    subjects.push((named.digest, depth + 1));
                }
            } else if let Some(manifest) = read_referrer(source, &named.digest, &subject).await? {
                found.push(MissingReferrer { subject: subject.clone(), manifest: Arc::new(manifest) });
            }
        }
    }
    Ok(found)
}

/// Reads a referrer; `None` where it does not say itself that it refers, as a list may name anything.
async fn read_referrer(source: &Remote, digest: &Digest, subject: &Digest) -> Result<Option<Manifest>> {
    let manifest = source.read_manifest(&digest.to_string()).await?;
    let refers = manifest.subject.as_ref().is_some_and(|named| named.digest == *subject);
    Ok(refers.then_some(manifest))
}

/// Copies a referrer, and what refers to it; returns how many.
pub(crate) async fn copy_referrer(
    work: &Work,
    ends: &Ends,
    subject: &Digest,
    manifest: &Manifest,
    depth: usize,
) -> Result<usize> {
    let (config, layers): (Vec<_>, Vec<_>) = manifest.blobs().enumerate().partition(|(index, _)| *index == 0);
    for (kind, blobs) in [(ItemKind::Config, config), (ItemKind::Layer, layers)] {
        for (_, blob) in blobs {
            work.settle(ends, blob, kind).await?;
        }
    }
    if !write(work, ends, manifest, None).await? {
        list_in_tag(&ends.destination, subject, manifest).await?;
    }
    Ok(1 + copy_referrers(work, ends, &manifest.digest, depth + 1).await?)
}

/// Copies what refers to a manifest that is at the destination; returns how many.
pub(crate) fn copy_referrers<'a>(
    work: &'a Work,
    ends: &'a Ends,
    digest: &'a Digest,
    depth: usize,
) -> BoxFuture<'a, Result<usize>> {
    Box::pin(async move {
        if depth >= DEEPEST {
            return Ok(0);
        }
        let mut count = 0;
        for named in ends.source.referrers(digest).await?.iter().take(MOST) {
            if let Some(manifest) = read_referrer(&ends.source, &named.digest, digest).await? {
                count += copy_referrer(work, ends, digest, &manifest, depth).await?;
            }
        }
        Ok(count)
    })
}

/// Names a referrer in the tag that lists them, for a registry that keeps no track itself.
async fn list_in_tag(destination: &Remote, subject: &Digest, manifest: &Manifest) -> Result<()> {
    let tag = fallback_tag(subject);
    let old = destination.read_manifest_if_there(&tag).await?;
    let mut index: Value = old
        .and_then(|old| serde_json::from_slice(&old.bytes).ok())
        .unwrap_or_else(|| json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}));
    let Some(listed) = index.get_mut("manifests").and_then(Value::as_array_mut) else { return Ok(()) };
    let digest = manifest.digest.to_string();
    if listed.iter().any(|entry| entry.get("digest").and_then(Value::as_str) == Some(digest.as_str())) {
        return Ok(());
    }
    let document: Value = serde_json::from_slice(&manifest.bytes).unwrap_or_default();
    let mut entry = json!({
        "mediaType": manifest.media_type,
        "digest": digest,
        "size": manifest.bytes.len(),
    });
    // As the specification says: the type of artifact, or the config's where none is named.
    let config_type = document.get("config").and_then(|config| config.get("mediaType"));
    for (name, value) in [
        ("artifactType", document.get("artifactType").or(config_type)),
        ("annotations", document.get("annotations")),
    ] {
        if let (Some(value), Some(entry)) = (value, entry.as_object_mut()) {
            entry.insert(name.to_owned(), value.clone());
        }
    }
    listed.push(entry);
    let bytes = Bytes::from(index.to_string());
    let digest = digester::sha256(&bytes);
    destination.write_manifest(&tag, bytes, OCI_INDEX, &digest).await.map(|_| ())
}

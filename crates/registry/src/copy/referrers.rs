//! What refers to an image, signatures and attestations, copied after it.
//!
//! Spec: end-12a, the referrers of a manifest, with the tag of the same content where a registry lacks it.

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
            let reference = named.digest.to_string();
            let manifest = ends.source.read_manifest(&reference).await?;
            // A list may name anything; only what says itself that it refers is taken.
            if manifest.subject.as_ref().is_none_or(|subject| subject.digest != *digest) {
                continue;
            }
            let (config, layers): (Vec<_>, Vec<_>) =
                manifest.blobs().enumerate().partition(|(index, _)| *index == 0);
            for (kind, blobs) in [(ItemKind::Config, config), (ItemKind::Layer, layers)] {
                for (_, blob) in blobs {
                    work.settle(ends, blob, kind).await?;
                }
            }
            if !write(work, ends, &manifest, None).await? {
                list_in_tag(&ends.destination, digest, &manifest).await?;
            }
            count += 1 + copy_referrers(work, ends, &manifest.digest, depth + 1).await?;
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

//! Images to copy: small, of bytes that are the same each time.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use registry::copy::{CopyJob, CopyOptions, CopyReport, ImageCopy, Silent, copy};
use registry::{Client, ClientOptions, RetryOptions};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use crate::server::Registry;

pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

pub fn digest_of(bytes: &[u8]) -> String {
    let sum = Sha256::digest(bytes);
    let digits: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{digits}")
}

/// Bytes that differ by seed.
pub fn bytes(seed: u64, length: usize) -> Bytes {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut content = Vec::with_capacity(length + 8);
    while content.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        content.extend_from_slice(&state.to_le_bytes());
    }
    content.truncate(length);
    Bytes::from(content)
}

/// Puts a blob into a repository; returns its descriptor.
pub fn put_blob(registry: &Registry, repository: &str, kind: &str, content: &Bytes) -> Value {
    let digest = digest_of(content);
    registry.with(|state| state.blobs.insert((repository.to_owned(), digest.clone()), content.clone()));
    json!({"mediaType": kind, "digest": digest, "size": content.len()})
}

/// Puts a manifest into a repository under its digest and a tag; returns its descriptor.
pub fn put_manifest(
    registry: &Registry,
    repository: &str,
    tag: Option<&str>,
    kind: &str,
    document: &Value,
) -> Value {
    // Spaces that no serialiser would write show whether the bytes are kept.
    let body = Bytes::from(format!(" {document} \n"));
    let digest = digest_of(&body);
    registry.with(|state| {
        for reference in tag.into_iter().chain([digest.as_str()]) {
            let key = (repository.to_owned(), reference.to_owned());
            state.manifests.insert(key, (kind.to_owned(), body.clone()));
        }
    });
    json!({"mediaType": kind, "digest": digest, "size": body.len()})
}

/// Puts an image of layers for a platform; returns its descriptor.
pub fn put_image(
    registry: &Registry,
    repository: &str,
    tag: Option<&str>,
    platform: &str,
    layers: &[Bytes],
) -> Value {
    let (os, architecture) = platform.split_once('/').unwrap();
    let config = json!({"os": os, "architecture": architecture, "of": repository});
    let config = put_blob(registry, repository, OCI_CONFIG, &Bytes::from(config.to_string()));
    let layers: Vec<Value> =
        layers.iter().map(|layer| put_blob(registry, repository, OCI_LAYER, layer)).collect();
    let document = json!({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": layers});
    put_manifest(registry, repository, tag, OCI_MANIFEST, &document)
}

/// Puts an index of images, one a platform; returns its descriptor.
pub fn put_index(registry: &Registry, repository: &str, tag: &str, platforms: &[&str]) -> Value {
    let mut manifests = Vec::new();
    for (number, platform) in platforms.iter().enumerate() {
        let layer = bytes(1000 + number as u64, 3000);
        let mut child = put_image(registry, repository, None, platform, &[layer]);
        let (os, architecture) = platform.split_once('/').unwrap();
        child["platform"] = json!({"os": os, "architecture": architecture});
        manifests.push(child);
    }
    let document = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests});
    put_manifest(registry, repository, Some(tag), OCI_INDEX, &document)
}

/// Options with pauses that fit a test.
pub fn quick() -> ClientOptions {
    ClientOptions {
        idle_timeout: Duration::from_millis(400),
        retry: RetryOptions {
            attempts: 4,
            first_delay: Duration::from_millis(10),
            longest_delay: Duration::from_millis(50),
            patience: Duration::from_secs(4),
        },
        ..ClientOptions::default()
    }
}

/// A job of pairs like `("team/tool:1", "mirror/tool:1")`.
pub fn job(source: &Registry, destination: &Registry, pairs: &[(&str, &str)]) -> CopyJob {
    let images = pairs.iter().map(|(from, to)| ImageCopy {
        source: source.reference(from),
        destination: destination.reference(to),
    });
    CopyJob { images: images.collect(), options: CopyOptions::default() }
}

pub async fn run_with(options: ClientOptions, job: &CopyJob) -> CopyReport {
    let client = Client::new(options).unwrap();
    copy(&client, job, Arc::new(Silent), &CancellationToken::new()).await
}

pub async fn run(job: &CopyJob) -> CopyReport {
    run_with(quick(), job).await
}

/// Two registries, the first with an image `team/tool:1` of a small and a larger layer.
pub async fn pair() -> (Registry, Registry) {
    let (source, destination) = (Registry::start().await, Registry::start().await);
    put_image(&source, "team/tool", Some("1"), "linux/amd64", &[bytes(1, 5000), bytes(2, 700_000)]);
    (source, destination)
}

//! Images to push into a registry.

use aws::ecr::NewRepository;
use local_ecr::Handle;
use serde_json::{Value, json};
use sha2::Digest as _;

use crate::world::session;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// Puts images into a registry.
pub(crate) struct Pusher {
    http: reqwest::Client,
    endpoint: String,
    session: aws::Session,
}

/// Returns the digest of bytes.
fn digest(bytes: &[u8]) -> String {
    let sum = sha2::Sha256::digest(bytes);
    format!("sha256:{}", sum.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

impl Pusher {
    pub(crate) async fn new(handle: &Handle) -> Self {
        rustls::crypto::ring::default_provider().install_default().unwrap_or_default();
        let session = session(handle.region().as_str(), &handle.endpoint()).await;
        Self { http: reqwest::Client::new(), endpoint: handle.endpoint(), session }
    }

    /// Pushes an image of a platform whose content hangs on `seed`; returns its digest.
    pub(crate) async fn image(&self, name: &str, platform: &str, seed: &str) -> String {
        self.image_with(name, platform, seed, json!({})).await
    }

    /// Pushes an image that starts as `start` says.
    pub(crate) async fn image_with(&self, name: &str, platform: &str, seed: &str, start: Value) -> String {
        let (repository, tag) = name.rsplit_once(':').unwrap();
        let (os, architecture) = platform.split_once('/').unwrap();
        let config = json!({ "os": os, "architecture": architecture, "config": start, "seed": seed });
        let (config, layer) = (config.to_string(), format!("a layer of {seed}").repeat(40));
        let mut descriptors = Vec::new();
        for (kind, blob) in [(CONFIG, &config), ("application/vnd.oci.image.layer.v1.tar+gzip", &layer)] {
            self.blob(repository, blob).await;
            descriptors
                .push(json!({ "mediaType": kind, "digest": digest(blob.as_bytes()), "size": blob.len() }));
        }
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "config": descriptors[0], "layers": [descriptors[1]],
        });
        self.manifest(repository, tag, MANIFEST, &manifest.to_string()).await
    }

    /// Pushes an index of an image for each platform; returns its digest.
    pub(crate) async fn index(&self, name: &str, platforms: &[&str], seed: &str) -> String {
        let (repository, tag) = name.rsplit_once(':').unwrap();
        let mut manifests = Vec::new();
        for platform in platforms {
            let (os, architecture) = platform.split_once('/').unwrap();
            let child = self.image(&format!("{repository}:{tag}-{architecture}"), platform, seed).await;
            let url = format!("{}/v2/{repository}/manifests/{child}", self.endpoint);
            let size = self.http.get(url).send().await.unwrap().bytes().await.unwrap().len();
            manifests.push(json!({
                "mediaType": MANIFEST, "digest": child, "size": size,
                "platform": { "os": os, "architecture": architecture },
            }));
        }
        let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests });
        self.manifest(repository, tag, INDEX, &index.to_string()).await
    }

    /// Takes a tag away.
    pub(crate) async fn delete(&self, name: &str) {
        let (repository, tag) = name.rsplit_once(':').unwrap();
        let id = aws::ecr::ImageId::tag(tag);
        let deleted = self.session.ecr().delete_images(&repository.parse().unwrap(), &[id]).await.unwrap();
        assert!(deleted.failures.is_empty());
    }

    async fn blob(&self, repository: &str, text: &str) {
        // It may be there from the blob before.
        self.session.ecr().create_repository(&NewRepository::new(repository.parse().unwrap())).await.ok();
        let url =
            format!("{}/v2/{repository}/blobs/uploads/?digest={}", self.endpoint, digest(text.as_bytes()));
        assert_eq!(self.http.post(url).body(text.to_owned()).send().await.unwrap().status(), 201);
    }

    async fn manifest(&self, repository: &str, tag: &str, kind: &str, text: &str) -> String {
        let url = format!("{}/v2/{repository}/manifests/{tag}", self.endpoint);
        let put = self.http.put(url).header("content-type", kind).body(text.to_owned());
        assert_eq!(put.send().await.unwrap().status(), 201);
        digest(text.as_bytes())
    }
}

//! Manifests and indexes as they were received: bytes, media type, digest, and what they name.
//!
//! Owns their reading. The bytes are never written anew: a digest is over them as they came.

use bytes::Bytes;
use image::Digest;
use serde::Deserialize;

use crate::digester;
use crate::platform::Platform;

/// Largest manifest that is read, in bytes; what registries allow at most.
pub const LARGEST_MANIFEST: u64 = 4 * 1024 * 1024;

/// Most content that one manifest may name; real ones name some hundred at most.
const MOST_NAMED: usize = 10_000;

/// The media type of an OCI image manifest.
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// The media type of an OCI image index.
pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// The media type of a Docker image manifest, version 2 schema 2.
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// The media type of a Docker manifest list.
pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// What is said to be accepted: all four types, so that no registry converts between them.
pub(crate) const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, \
     application/vnd.oci.image.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.list.v2+json, \
     application/vnd.docker.distribution.manifest.v2+json";

/// A piece of content: its media type, digest and size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptor {
    /// The media type.
    pub media_type: String,
    /// The digest.
    pub digest: Digest,
    /// The size in bytes.
    pub size: u64,
    /// The platform, where an index names one.
    pub platform: Option<Platform>,
    /// The type of artifact, where one is named.
    pub artifact_type: Option<String>,
    /// Whether the content lives elsewhere by licence and is not pushed with the image.
    pub foreign: bool,
}

/// What a manifest names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// An image or artifact: a config and layers.
    Image {
        /// The config.
        config: Descriptor,
        /// The layers, lowest first.
        layers: Vec<Descriptor>,
    },
    /// An image index.
    Index {
        /// The manifests in their order.
        manifests: Vec<Descriptor>,
    },
}

/// A manifest or index as received.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// The bytes as they came.
    pub bytes: Bytes,
    /// The media type.
    pub media_type: String,
    /// The digest, computed over the bytes.
    pub digest: Digest,
    /// What it names.
    pub content: Content,
    /// The manifest it is attached to, for a referrer.
    pub subject: Option<Descriptor>,
    /// The type of artifact, where it is one.
    pub artifact_type: Option<String>,
}

/// Bytes that are no manifest we can copy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// Not JSON of the form.
    #[error("the manifest does not parse: {0}")]
    Form(String),
    /// Another type of document.
    #[error(
        "the manifest is of type `{0}`, which is none of the image manifests and indexes of OCI and Docker"
    )]
    Type(String),
    /// Schema 1, which has no config and cannot be verified layer by layer.
    #[error("the manifest is of Docker's schema 1, which registries no longer take; push the image anew")]
    Schema1,
    /// Both an image and an index, so that readers differ on what it is.
    #[error("the manifest names both layers and manifests")]
    Ambiguous,
    /// More named than any image has.
    #[error("the manifest names more than {MOST_NAMED} pieces of content")]
    Many,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    #[serde(default)]
    schema_version: u32,
    media_type: Option<String>,
    artifact_type: Option<String>,
    config: Option<RawDescriptor>,
    layers: Option<Vec<RawDescriptor>>,
    manifests: Option<Vec<RawDescriptor>>,
    subject: Option<RawDescriptor>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawDescriptor {
    #[serde(default)]
    media_type: String,
    digest: String,
    size: u64,
    platform: Option<Platform>,
    artifact_type: Option<String>,
    #[serde(default)]
    urls: Vec<String>,
}

impl Descriptor {
    fn read(raw: RawDescriptor) -> Result<Self, ManifestError> {
        let digest = raw.digest.parse().map_err(|error| ManifestError::Form(format!("{error}")))?;
        let foreign = !raw.urls.is_empty()
            && (raw.media_type.contains("foreign") || raw.media_type.contains("nondistributable"));
        Ok(Self {
            media_type: raw.media_type,
            digest,
            size: raw.size,
            platform: raw.platform,
            artifact_type: raw.artifact_type,
            foreign,
        })
    }

    /// Returns whether it names an image index.
    pub fn is_index(&self) -> bool {
        self.media_type == OCI_INDEX || self.media_type == DOCKER_LIST
    }
}

fn read_all(raw: Vec<RawDescriptor>) -> Result<Vec<Descriptor>, ManifestError> {
    if raw.len() > MOST_NAMED {
        return Err(ManifestError::Many);
    }
    raw.into_iter().map(Descriptor::read).collect()
}

impl Manifest {
    /// Returns the manifest that received bytes are; `content_type` is the answer's header.
    ///
    /// The digest is computed here. A header that says nothing (`application/json`) gives way to the
    /// document's own media type, and a document without one is told by its form.
    ///
    /// # Errors
    /// [`ManifestError`] where the bytes are no manifest or index of OCI or Docker's schema 2.
    pub fn read(bytes: Bytes, content_type: Option<&str>) -> Result<Self, ManifestError> {
        let digest = digester::sha256(&bytes);
        let document: Document =
            serde_json::from_slice(&bytes).map_err(|error| ManifestError::Form(error.to_string()))?;
        if document.schema_version == 1 {
            return Err(ManifestError::Schema1);
        }
        if document.layers.is_some() && document.manifests.is_some() {
            return Err(ManifestError::Ambiguous);
        }
        let told = content_type
            .map(|text| text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
            .filter(|text| text.starts_with("application/vnd."))
            .or(document.media_type);
        let subject = document.subject.map(Descriptor::read).transpose()?;
        let (content, plain) = match (document.manifests, document.config) {
            (Some(manifests), _) => (Content::Index { manifests: read_all(manifests)? }, OCI_INDEX),
            (None, Some(config)) => {
                let layers = read_all(document.layers.unwrap_or_default())?;
                (Content::Image { config: Descriptor::read(config)?, layers }, OCI_MANIFEST)
            }
            (None, None) => {
                return Err(match told {
                    Some(told) => ManifestError::Type(told.chars().take(120).collect()),
                    None => ManifestError::Form("it names neither config nor manifests".to_owned()),
                });
            }
        };
        let media_type = told.unwrap_or_else(|| plain.to_owned());
        let fits = match content {
            Content::Index { .. } => media_type == OCI_INDEX || media_type == DOCKER_LIST,
            Content::Image { .. } => media_type == OCI_MANIFEST || media_type == DOCKER_MANIFEST,
        };
        if !fits {
            return Err(ManifestError::Type(media_type.chars().take(120).collect()));
        }
        Ok(Self { bytes, media_type, digest, content, subject, artifact_type: document.artifact_type })
    }

    /// Returns the blobs it needs: config first, then the layers that are pushed with an image.
    pub fn blobs(&self) -> impl Iterator<Item = &Descriptor> {
        let (config, layers) = match &self.content {
            Content::Image { config, layers } => (Some(config), layers.as_slice()),
            Content::Index { .. } => (None, [].as_slice()),
        };
        config.into_iter().chain(layers).filter(|blob| !blob.foreign)
    }

    /// Returns the manifests it names; none for an image.
    pub fn manifests(&self) -> &[Descriptor] {
        match &self.content {
            Content::Index { manifests } => manifests,
            Content::Image { .. } => &[],
        }
    }

    /// Returns whether it is an index.
    pub fn is_index(&self) -> bool {
        matches!(self.content, Content::Index { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn descriptor(kind: &str) -> String {
        format!(r#"{{"mediaType":"{kind}","digest":"sha256:{}","size":3}}"#, "a".repeat(64))
    }

    fn image(extra: &str) -> Bytes {
        let config = descriptor("application/vnd.oci.image.config.v1+json");
        let layer = descriptor("application/vnd.oci.image.layer.v1.tar+gzip");
        Bytes::from(format!(r#"{{"schemaVersion":2,{extra}"config":{config},"layers":[{layer}]}}"#))
    }

    #[test]
    fn the_header_wins_then_the_document_then_its_form() {
        let docker = format!(r#""mediaType":"{DOCKER_MANIFEST}","#);
        let read = |bytes, header| Manifest::read(bytes, header).unwrap().media_type;
        assert_eq!(read(image(&docker), Some(DOCKER_MANIFEST)), DOCKER_MANIFEST);
        assert_eq!(read(image(&docker), Some("application/json")), DOCKER_MANIFEST);
        assert_eq!(read(image(&docker), None), DOCKER_MANIFEST);
        assert_eq!(read(image(""), Some("text/plain; charset=utf-8")), OCI_MANIFEST);
        assert_eq!(read(image(""), Some(&format!("{OCI_MANIFEST}; charset=utf-8"))), OCI_MANIFEST);
    }

    #[test]
    fn an_index_is_told_from_an_image() {
        let child = descriptor(OCI_MANIFEST);
        let bytes = Bytes::from(format!(r#"{{"schemaVersion":2,"manifests":[{child}]}}"#));
        let index = Manifest::read(bytes.clone(), Some(OCI_INDEX)).unwrap();
        assert!(index.is_index() && index.manifests().len() == 1 && index.blobs().count() == 0);
        assert!(matches!(Manifest::read(bytes, Some(OCI_MANIFEST)), Err(ManifestError::Type(_))));
    }

    #[test]
    fn what_is_no_manifest_is_refused() {
        let read = |text: &str| Manifest::read(Bytes::copy_from_slice(text.as_bytes()), None).unwrap_err();
        assert!(matches!(read("<html>"), ManifestError::Form(_)));
        assert!(matches!(read("{}"), ManifestError::Form(_)));
        assert!(matches!(read(r#"{"schemaVersion":1,"fsLayers":[]}"#), ManifestError::Schema1));
        assert!(matches!(read(r#"{"layers":[],"manifests":[]}"#), ManifestError::Ambiguous));
        let bad = r#"{"config":{"mediaType":"x","digest":"sha256:../../etc","size":1},"layers":[]}"#;
        assert!(matches!(read(bad), ManifestError::Form(_)));
        assert!(matches!(read(&"[".repeat(100_000)), ManifestError::Form(_)));
    }

    #[test]
    fn foreign_layers_are_not_among_the_blobs() {
        let config = descriptor("application/vnd.oci.image.config.v1+json");
        let foreign = format!(
            r#"{{"mediaType":"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip","digest":"sha256:{}","size":9,"urls":["https://example.com/x"]}}"#,
            "b".repeat(64)
        );
        let bytes = Bytes::from(format!(r#"{{"config":{config},"layers":[{foreign}]}}"#));
        let manifest = Manifest::read(bytes, Some(DOCKER_MANIFEST)).unwrap();
        assert_eq!(manifest.blobs().count(), 1);
    }
}

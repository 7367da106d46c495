//! Reads what a manifest names: config, layers, manifests of an index, subject, annotations.
//!
//! Knows the media types that ECR takes. The bytes themselves are never changed.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::storage::DescriptorRow;

/// Most bytes of a manifest.
pub(crate) const LARGEST: usize = 4 << 20;

/// An OCI image manifest.
pub(crate) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// An OCI image index.
pub(crate) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
const OCI_ARTIFACT: &str = "application/vnd.oci.artifact.manifest.v1+json";
const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const DOCKER_SIGNED: &str = "application/vnd.docker.distribution.manifest.v1+prettyjws";
const DOCKER_FIRST: &str = "application/vnd.docker.distribution.manifest.v1+json";

/// The media types that are taken, the ones preferred first.
pub(crate) const MEDIA_TYPES: [&str; 7] =
    [OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST, OCI_ARTIFACT, DOCKER_SIGNED, DOCKER_FIRST];

/// What a manifest says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Manifest {
    /// Its media type.
    pub(crate) media_type: String,
    /// The artifact type, or the media type of the config.
    pub(crate) artifact_type: Option<String>,
    /// The config and the layers that a registry keeps, each once.
    pub(crate) blobs: Vec<DescriptorRow>,
    /// The manifests of an index.
    pub(crate) children: Vec<DescriptorRow>,
    /// The digest of the manifest it refers to.
    pub(crate) subject: Option<String>,
    /// Its annotations.
    pub(crate) annotations: BTreeMap<String, String>,
}

/// Why bytes are no manifest that is taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ManifestError {
    /// Neither the bytes nor the request say what it is.
    #[error("image manifest mediatype not provided in manifest or parameter")]
    NoMediaType,
    /// The bytes say another media type than the request.
    #[error("manifest media type in manifest does not match the media type of the request: {0}")]
    OtherMediaType(String),
    /// A media type that is not taken.
    #[error("unsupported manifest media type: {0}")]
    MediaType(String),
    /// The bytes are not the JSON they should be.
    #[error("Invalid JSON syntax")]
    Json,
    /// A descriptor is wrong.
    #[error("invalid descriptor: {0}")]
    Descriptor(String),
    /// More bytes than a manifest may have.
    #[error("manifest is larger than {LARGEST} bytes")]
    Large,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    schema_version: Option<i64>,
    media_type: Option<String>,
    artifact_type: Option<String>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
    blobs: Option<Vec<Descriptor>>,
    manifests: Option<Vec<Descriptor>>,
    fs_layers: Option<Vec<FsLayer>>,
    subject: Option<Descriptor>,
    annotations: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    #[serde(default)]
    media_type: String,
    digest: String,
    #[serde(default)]
    size: u64,
    #[serde(default)]
    urls: Vec<String>,
}

#[derive(Deserialize)]
struct FsLayer {
    #[serde(rename = "blobSum")]
    blob_sum: String,
}

impl Descriptor {
    fn row(self) -> Result<DescriptorRow, ManifestError> {
        let digest: image::Digest =
            self.digest.parse().map_err(|_| ManifestError::Descriptor(self.digest.clone()))?;
        Ok(DescriptorRow { digest: digest.to_string(), media_type: self.media_type, size: self.size })
    }

    /// Returns whether the bytes lie elsewhere and a registry need not have them.
    fn is_foreign(&self) -> bool {
        !self.urls.is_empty()
            || self.media_type.contains("nondistributable")
            || self.media_type.contains(".foreign.")
    }
}

impl Manifest {
    /// Reads a manifest of the media type that the request says, if it says one.
    pub(crate) fn read(bytes: &[u8], media_type: Option<&str>) -> Result<Self, ManifestError> {
        if bytes.len() > LARGEST {
            return Err(ManifestError::Large);
        }
        let document: Document = serde_json::from_slice(bytes).map_err(|_| ManifestError::Json)?;
        let media_type = document.media_type(media_type)?;
        if !MEDIA_TYPES.contains(&media_type.as_str()) {
            return Err(ManifestError::MediaType(media_type));
        }
        let config_type = document.config.as_ref().map(|config| config.media_type.clone());
        let mut blobs: Vec<DescriptorRow> = Vec::new();
        let named = document.config.into_iter().chain(document.layers.into_iter().flatten());
        for descriptor in named.chain(document.blobs.into_iter().flatten()) {
            if !descriptor.is_foreign() {
                blobs.push(descriptor.row()?);
            }
        }
        for layer in document.fs_layers.into_iter().flatten() {
            let descriptor =
                Descriptor { media_type: String::new(), digest: layer.blob_sum, size: 0, urls: Vec::new() };
            blobs.push(descriptor.row()?);
        }
        let mut seen = std::collections::HashSet::new();
        blobs.retain(|blob| seen.insert(blob.digest.clone()));
        let children: Result<_, _> = document.manifests.into_iter().flatten().map(Descriptor::row).collect();
        Ok(Self {
            artifact_type: document.artifact_type.filter(|given| !given.is_empty()).or(config_type),
            media_type,
            blobs,
            children: children?,
            subject: document.subject.map(Descriptor::row).transpose()?.map(|subject| subject.digest),
            annotations: document.annotations.unwrap_or_default(),
        })
    }
}

impl Document {
    /// Returns the media type by what the request says, what the manifest says, and its shape.
    fn media_type(&self, said: Option<&str>) -> Result<String, ManifestError> {
        match (said, self.media_type.as_deref()) {
            (Some(said), Some(own)) if said != own => Err(ManifestError::OtherMediaType(own.to_owned())),
            (Some(said), _) => Ok(said.to_owned()),
            (None, Some(own)) => Ok(own.to_owned()),
            (None, None) if self.schema_version == Some(1) && self.fs_layers.is_some() => {
                Ok(DOCKER_SIGNED.to_owned())
            }
            (None, None) => Err(ManifestError::NoMediaType),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUM: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const OTHER: &str = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    #[test]
    fn an_image_names_config_and_layers_once_and_no_foreign_ones() {
        let text = format!(
            r#"{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}",
              "config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{SUM}","size":7}},
              "layers":[{{"mediaType":"x","digest":"{OTHER}","size":3}},{{"mediaType":"x","digest":"{OTHER}","size":3}},
              {{"mediaType":"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip","digest":"{SUM}","size":1}}],
              "annotations":{{"a":"b"}}}}"#
        );
        let manifest = Manifest::read(text.as_bytes(), None).expect("it is a manifest");
        let digests: Vec<_> = manifest.blobs.iter().map(|blob| blob.digest.as_str()).collect();
        assert_eq!(digests, [SUM, OTHER]);
        assert_eq!(manifest.artifact_type.as_deref(), Some("application/vnd.oci.image.config.v1+json"));
        assert_eq!(manifest.annotations["a"], "b");
    }

    #[test]
    fn what_is_no_manifest_is_refused_with_a_reason() {
        assert_eq!(Manifest::read(b"{", None), Err(ManifestError::Json));
        assert_eq!(Manifest::read(b"[]", None), Err(ManifestError::Json));
        assert_eq!(Manifest::read(b"{}", None), Err(ManifestError::NoMediaType));
        assert_eq!(
            Manifest::read(b"{}", Some("text/html")),
            Err(ManifestError::MediaType("text/html".into()))
        );
        let two = format!(r#"{{"mediaType":"{OCI_MANIFEST}"}}"#);
        assert!(matches!(
            Manifest::read(two.as_bytes(), Some(OCI_INDEX)),
            Err(ManifestError::OtherMediaType(_))
        ));
        let path =
            format!(r#"{{"mediaType":"{OCI_MANIFEST}","layers":[{{"digest":"sha256:../../x","size":1}}]}}"#);
        assert!(matches!(Manifest::read(path.as_bytes(), None), Err(ManifestError::Descriptor(_))));
        let deep = "[".repeat(100_000);
        assert_eq!(Manifest::read(deep.as_bytes(), None), Err(ManifestError::Json));
        assert_eq!(Manifest::read(&vec![b' '; LARGEST + 1], None), Err(ManifestError::Large));
    }
}

//! Tiny images, built in memory: a base layer that all of them share, a layer with one program, and a config.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use operations::OperationError;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// Something that a registry hands out by its digest.
#[derive(Debug, Clone)]
pub(super) struct Content {
    /// `sha256:...`
    pub(super) digest: String,
    /// The media type.
    pub(super) media_type: &'static str,
    /// The bytes.
    pub(super) bytes: Vec<u8>,
}

/// An image and all it consists of.
#[derive(Debug)]
pub(super) struct BuiltImage {
    /// Its manifests; the last one is what the tag stands for.
    pub(super) manifests: Vec<Content>,
    /// Its configs and layers.
    pub(super) blobs: Vec<Content>,
}

impl BuiltImage {
    /// Builds an image that holds a program of this name, for each architecture; several make an index.
    ///
    /// # Errors
    /// When a layer cannot be packed.
    pub(super) fn build(name: &str, program: &str, architectures: &[&str]) -> operations::Result<Self> {
        let mut image = Self { manifests: Vec::new(), blobs: Vec::new() };
        let mut platforms = Vec::new();
        for architecture in architectures {
            let manifest = image.add(name, program, architecture).map_err(|error| {
                OperationError::new(format!("cannot build the image `{name}`")).refused(error)
            })?;
            let mut platform = manifest.descriptor();
            platform["platform"] = json!({ "os": "linux", "architecture": architecture });
            platforms.push(platform);
            image.manifests.push(manifest);
        }
        if platforms.len() > 1 {
            let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": platforms });
            image.manifests.push(Content::new(INDEX, index.to_string().into_bytes()));
        }
        Ok(image)
    }

    fn add(&mut self, name: &str, program: &str, architecture: &str) -> std::io::Result<Content> {
        let files: [(&str, u32, String); 2] = [
            ("etc/os-release", 0o644, "ID=demo\nPRETTY_NAME=\"A base that images share\"\n".to_owned()),
            (program, 0o755, format!("#!/bin/sh\necho '{name} for {architecture}'\n")),
        ];
        let (mut layers, mut plain) = (Vec::new(), Vec::new());
        for (path, mode, text) in files {
            let path = if path.contains('/') { path.to_owned() } else { format!("usr/local/bin/{path}") };
            let tar = tar(&path, mode, text.as_bytes())?;
            plain.push(digest(&tar));
            let mut packed = GzEncoder::new(Vec::new(), Compression::default());
            packed.write_all(&tar)?;
            layers.push(Content::new(LAYER, packed.finish()?));
        }
        let config = json!({
            "architecture": architecture,
            "os": "linux",
            "config": { "Env": ["PATH=/usr/local/bin:/usr/bin:/bin"], "Cmd": ["/bin/sh"] },
            "rootfs": { "type": "layers", "diff_ids": plain },
        });
        let config = Content::new(CONFIG, config.to_string().into_bytes());
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": config.descriptor(),
            "layers": layers.iter().map(Content::descriptor).collect::<Vec<_>>(),
        });
        self.blobs.push(config);
        self.blobs.extend(layers);
        Ok(Content::new(MANIFEST, manifest.to_string().into_bytes()))
    }
}

impl Content {
    fn new(media_type: &'static str, bytes: Vec<u8>) -> Self {
        Self { digest: digest(&bytes), media_type, bytes }
    }

    fn descriptor(&self) -> Value {
        json!({ "mediaType": self.media_type, "digest": self.digest, "size": self.bytes.len() })
    }
}

/// Returns an archive with one file in it, the same for the same content.
fn tar(path: &str, mode: u32, content: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut header = tar::Header::new_ustar();
    header.set_size(content.len() as u64);
    header.set_mode(mode);
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_data(&mut header, path, content)?;
    archive.into_inner()
}

fn digest(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = "sha256:".to_owned();
    for byte in Sha256::digest(bytes) {
        // A string takes whatever is written to it.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail")]

    use std::io::Read as _;

    use super::*;

    #[test]
    fn a_layer_unpacks_to_what_the_config_says() {
        let image = BuiltImage::build("bwa:1", "bwa", &["amd64"]).unwrap();
        let [config, base, program] = image.blobs.as_slice() else { panic!("three blobs") };
        let config: Value = serde_json::from_slice(&config.bytes).unwrap();
        for (layer, diff_id) in
            [base, program].into_iter().zip(config["rootfs"]["diff_ids"].as_array().unwrap())
        {
            let mut plain = Vec::new();
            flate2::read::GzDecoder::new(layer.bytes.as_slice()).read_to_end(&mut plain).unwrap();
            assert_eq!(digest(&plain), diff_id.as_str().unwrap());
            assert_eq!(tar::Archive::new(plain.as_slice()).entries().unwrap().count(), 1);
        }
    }

    #[test]
    fn images_share_their_base_and_several_platforms_make_an_index() {
        let one = BuiltImage::build("bwa:1", "bwa", &["amd64"]).unwrap();
        let other = BuiltImage::build("ubuntu:1", "ubuntu", &["amd64", "arm64"]).unwrap();
        assert_eq!(one.blobs[1].digest, other.blobs[1].digest);
        let index: Value = serde_json::from_slice(&other.manifests[2].bytes).unwrap();
        assert_eq!(index["manifests"][1]["platform"]["architecture"], "arm64");
    }
}

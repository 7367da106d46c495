//! Manifests and indexes. The first line of an input is the header that came with it.

use bytes::Bytes;
use registry::Manifest;
use sha2::Digest as _;

use super::{Form, Target, gist, hold, mark};

pub(super) const TARGET: Target = Target {
    name: "manifest",
    about: "manifests and indexes: the `Content-Type`, a line end, the body",
    form: Form::Json,
    waits: false,
    tokens: &[
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        "application/json",
        "schemaVersion",
        "mediaType",
        "artifactType",
        "config",
        "layers",
        "manifests",
        "subject",
        "digest",
        "size",
        "urls",
        "platform",
        "architecture",
        "os",
        "variant",
        "os.version",
        "annotations",
        "data",
        "amd64",
        "arm64",
        "linux",
        "sha256:",
        "sha512:",
        "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        "18446744073709551615",
    ],
    check,
};

fn check(input: &[u8]) -> Result<u64, String> {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or_default();
    let (header, body) = (input.get(..end).unwrap_or_default(), input.get(end + 1..).unwrap_or_default());
    let header = std::str::from_utf8(header).ok().filter(|header| !header.is_empty());
    let bytes = Bytes::copy_from_slice(body);
    let manifest = match Manifest::read(bytes.clone(), header) {
        Ok(manifest) => manifest,
        Err(error) => return Ok(mark(gist(&error))),
    };
    let sum = sha2::Sha256::digest(body).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    hold(manifest.bytes == bytes, || "bytes: not as received".to_owned())?;
    hold(manifest.digest.to_string() == format!("sha256:{sum}"), || format!("digest: {}", manifest.digest))?;
    let (blobs, children) = (manifest.blobs().count(), manifest.manifests().len());
    hold(if manifest.is_index() { blobs == 0 } else { children == 0 }, || {
        "content: of both kinds".to_owned()
    })?;
    let known = manifest.media_type.starts_with("application/vnd.") && manifest.media_type.contains("+json");
    hold(known, || format!("type: `{}`", manifest.media_type))?;
    let again =
        Manifest::read(bytes, Some(&manifest.media_type)).map_err(|error| format!("again: {error}"))?;
    hold(again.content == manifest.content && again.media_type == manifest.media_type, || {
        "again: it is read otherwise with its own type".to_owned()
    })?;
    let platforms = manifest.manifests().iter().filter(|child| child.platform.is_some()).count();
    Ok(mark((
        manifest.is_index(),
        blobs.min(5),
        children.min(5),
        platforms.min(3),
        manifest.subject.is_some(),
    )))
}

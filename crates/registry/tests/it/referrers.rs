//! Signatures and what else refers to an image.

use bytes::Bytes;
use hyper::Method;
use serde_json::json;

use crate::images::{OCI_MANIFEST, bytes, digest_of, job, put_blob, put_image, put_manifest, run};
use crate::server::Registry;

/// Puts an image with a signature; returns the digests of both.
fn signed(registry: &Registry) -> (String, String) {
    let mut subject = put_image(registry, "tool", Some("1"), "linux/amd64", &[bytes(1, 500)]);
    let config = put_blob(registry, "tool", "application/vnd.oci.empty.v1+json", &Bytes::from_static(b"{}"));
    let layer = put_blob(registry, "tool", "application/vnd.example.signature", &bytes(2, 300));
    let digest = subject["digest"].take().as_str().unwrap().to_owned();
    subject["digest"] = json!(digest);
    let document = json!({
        "schemaVersion": 2, "mediaType": OCI_MANIFEST, "artifactType": "application/vnd.example.signature",
        "config": config, "layers": [layer], "subject": subject, "annotations": {"by": "me"},
    });
    let signature = put_manifest(registry, "tool", None, OCI_MANIFEST, &document);
    (digest, signature["digest"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn referrers_go_along_when_asked() {
    let (source, destination) = (Registry::start().await, Registry::start().await);
    let (_, signature) = signed(&source);
    let mut job = job(&source, &destination, &[("tool:1", "mirror:1")]);
    assert!(run(&job).await.is_done());
    assert!(destination.manifest("mirror", &signature).is_none());
    destination.with(|state| state.manifests.clear());
    job.options.referrers = true;
    let report = run(&job).await;
    assert!(report.is_done() && report.images[0].referrers == 1, "{report:?}");
    assert_eq!(destination.manifest("mirror", &signature), source.manifest("tool", &signature));
    assert_eq!(destination.count(&Method::PUT, "/manifests/sha256-"), 0);
}

#[tokio::test]
async fn registries_that_keep_no_track_get_the_tag_that_lists_referrers() {
    let (source, destination) = (Registry::start().await, Registry::start().await);
    let (subject, signature) = signed(&source);
    let tag = subject.replace(':', "-");
    let listed = json!({"mediaType": OCI_MANIFEST, "digest": signature, "size": 1});
    let index = json!({"schemaVersion": 2, "manifests": [listed]});
    put_manifest(&source, "tool", Some(&tag), crate::images::OCI_INDEX, &index);
    for registry in [&source, &destination] {
        registry.with(|state| state.no_referrers = true);
    }
    let mut job = job(&source, &destination, &[("tool:1", "mirror:1")]);
    job.options.referrers = true;
    assert!(run(&job).await.is_done());
    let index: serde_json::Value =
        serde_json::from_slice(&destination.manifest("mirror", &tag).unwrap()).unwrap();
    let entry = &index["manifests"][0];
    assert_eq!(entry["digest"], json!(signature));
    assert_eq!(entry["artifactType"], json!("application/vnd.example.signature"));
    assert_eq!(entry["annotations"]["by"], json!("me"));
    let bytes = destination.manifest("mirror", &signature).unwrap();
    assert_eq!(digest_of(&bytes), signature);
}

//! Images.

use std::time::{Duration, UNIX_EPOCH};

use aws::ErrorKind;
use aws::ecr::{FailureCode, ImageId, ImageLookup, ImageStatus, NewManifest, PutOutcome, TagFilter};
use image::{Digest, RepositoryName};
use serde_json::{Value, json};

use crate::server::{Reply, Server};

fn repository() -> RepositoryName {
    "quay/bwa".parse().unwrap()
}

fn digest(n: u8) -> Digest {
    Digest::from_sha256(&[n; 32])
}

fn detail(n: u8, tags: &[&str]) -> Value {
    json!({
        "registryId": "123456789012", "repositoryName": "quay/bwa", "imageDigest": digest(n).to_string(),
        "imageTags": tags, "imageSizeInBytes": 123_456_789_012_i64, "imagePushedAt": 1.7e9,
        "imageManifestMediaType": "application/vnd.oci.image.index.v1+json",
        "lastRecordedPullTime": 1_700_000_100, "imageStatus": "ARCHIVED"
    })
}

#[tokio::test]
async fn an_image_is_described_by_tag() {
    let server =
        Server::start(|_| Reply::json(json!({ "imageDetails": [detail(1, &["1.0", "latest"])] }))).await;
    let ecr = server.session().await.ecr();
    let ImageLookup::Found(found) = ecr.image(&repository(), &ImageId::tag("1.0")).await.unwrap() else {
        panic!("it is there")
    };
    assert_eq!((found.digest.clone(), found.size_bytes), (digest(1), Some(123_456_789_012)));
    assert_eq!(found.tags, ["1.0", "latest"]);
    assert_eq!(found.status, ImageStatus::Archived);
    assert_eq!(found.pushed, Some(UNIX_EPOCH + Duration::from_secs(1_700_000_000)));
    assert_eq!(found.last_pulled, Some(UNIX_EPOCH + Duration::from_secs(1_700_000_100)));
    assert_eq!(
        server.seen()[0].json(),
        json!({ "repositoryName": "quay/bwa", "imageIds": [{ "imageTag": "1.0" }] })
    );
}

#[tokio::test]
async fn no_image_and_no_repository_are_different_answers() {
    for (code, answer) in [
        ("ImageNotFoundException", ImageLookup::NoImage),
        ("RepositoryNotFoundException", ImageLookup::NoRepository),
    ] {
        let server = Server::start(move |_| Reply::error(400, code, "none")).await;
        let lookup = server.session().await.ecr().image(&repository(), &ImageId::digest(digest(1))).await;
        assert_eq!(lookup.unwrap(), answer);
    }
}

#[tokio::test]
async fn many_images_are_asked_for_a_hundred_at_a_time_and_once_each() {
    let server = Server::start(|request| {
        let ids = request.json()["imageIds"].as_array().unwrap().clone();
        assert!(ids.len() <= 100);
        let tags: Vec<&str> = ids.iter().map(|id| id["imageTag"].as_str().unwrap()).collect();
        if tags.contains(&"t7") {
            return Reply::error(400, "ImageNotFoundException", "none");
        }
        // All tags point to one of four images.
        let details: Vec<Value> = (0..4).map(|n| detail(n, &["x"])).collect();
        Reply::json(json!({ "imageDetails": details }))
    })
    .await;
    let ids: Vec<ImageId> = (0..230).map(|n| ImageId::tag(format!("t{n}"))).collect();
    let lookup = server.session().await.ecr().images_named(&repository(), &ids).await.unwrap();
    assert_eq!(lookup.missing, [ImageId::tag("t7")]);
    assert_eq!(lookup.found.len(), 4);
}

#[tokio::test]
async fn every_page_of_images_is_read() {
    let server = Server::start(|request| {
        let second = request.json().get("nextToken").is_some();
        let next = if second { Value::Null } else { json!("n") };
        match request.operation().as_str() {
            "DescribeImages" => {
                assert_eq!(request.json()["filter"]["imageStatus"], "ANY");
                Reply::json(json!({ "imageDetails": [detail(u8::from(second), &[])], "nextToken": next }))
            }
            _ => {
                assert_eq!(request.json()["filter"]["tagStatus"], "TAGGED");
                let id = json!({ "imageDigest": digest(3).to_string(), "imageTag": format!("{second}") });
                Reply::json(json!({ "imageIds": [id], "nextToken": next }))
            }
        }
    })
    .await;
    let ecr = server.session().await.ecr();
    let images = ecr.images(&repository()).await.unwrap();
    assert_eq!(images.iter().map(|image| image.digest.clone()).collect::<Vec<_>>(), [digest(0), digest(1)]);
    let ids = ecr.image_ids(&repository(), TagFilter::Tagged).await.unwrap();
    assert_eq!(
        ids.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [format!(":false@{}", digest(3)), format!(":true@{}", digest(3))]
    );
}

#[tokio::test]
async fn manifests_come_byte_for_byte_and_failures_with_their_code() {
    let text = "{\n   \"schemaVersion\": 2 }\n";
    let server = Server::start(move |_| {
        Reply::json(json!({
            "images": [{
                "registryId": "123456789012", "repositoryName": "quay/bwa",
                "imageId": { "imageDigest": digest(1).to_string(), "imageTag": "1.0" },
                "imageManifest": text, "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json"
            }],
            "failures": [
                { "imageId": { "imageTag": "a" }, "failureCode": "UpstreamTooManyRequests", "failureReason": "slow" },
                { "imageId": { "imageDigest": "nonsense" }, "failureCode": "InvalidImageDigest" },
                { "imageId": { "imageTag": "c" }, "failureCode": "SomethingNew" }
            ]
        }))
    })
    .await;
    let ids = [ImageId::tag("1.0"), ImageId::tag("a"), ImageId::digest(digest(9)), ImageId::tag("c")];
    let manifests = server.session().await.ecr().manifests(&repository(), &ids).await.unwrap();
    assert_eq!(manifests.found[0].text, text);
    assert_eq!(manifests.found[0].digest, digest(1));
    assert_eq!(manifests.found[0].image.tag.as_deref(), Some("1.0"));
    let codes: Vec<FailureCode> = manifests.failures.iter().map(|failure| failure.code.clone()).collect();
    assert_eq!(
        codes,
        [
            FailureCode::UpstreamTooManyRequests,
            FailureCode::InvalidImageDigest,
            FailureCode::Other("SomethingNew".into())
        ]
    );
    assert_eq!(manifests.failures[0].reason.as_deref(), Some("slow"));
    let accepted = server.seen()[0].json()["acceptedMediaTypes"].as_array().unwrap().len();
    assert_eq!(accepted, 4, "ECR translates into a type that is accepted, and the digest would change");
}

#[tokio::test]
async fn an_upstream_that_fails_is_an_error_with_the_words_of_ecr() {
    let server =
        Server::start(|_| Reply::error(400, "UnableToGetUpstreamImageException", "denied by quay.io")).await;
    let error =
        server.session().await.ecr().manifests(&repository(), &[ImageId::tag("1.0")]).await.unwrap_err();
    assert_eq!(error.code(), Some("UnableToGetUpstreamImageException"));
    assert_eq!(error.tried(), "cannot get image `quay/bwa:1.0` in us-east-1");
    assert!(error.to_string().contains("denied by quay.io"), "{error}");
}

#[tokio::test]
async fn an_image_that_is_there_already_is_a_success() {
    let manifest = NewManifest {
        text: "{}".into(),
        media_type: Some("application/vnd.oci.image.manifest.v1+json".into()),
        tag: Some("1.0".into()),
        digest: Some(digest(1)),
    };
    let server = Server::in_turn([
        Reply::json(json!({ "image": {} })),
        Reply::error(400, "ImageAlreadyExistsException", "Image with digest and tag already exists"),
        Reply::error(400, "ImageTagAlreadyExistsException", "the tag is immutable"),
        Reply::error(400, "ReferencedImagesNotFoundException", "push the images first"),
    ])
    .await;
    let ecr = server.session().await.ecr();
    assert_eq!(ecr.put_image(&repository(), &manifest).await.unwrap(), PutOutcome::Stored);
    assert_eq!(ecr.put_image(&repository(), &manifest).await.unwrap(), PutOutcome::AlreadyThere);
    assert_eq!(ecr.put_image(&repository(), &manifest).await.unwrap_err().kind(), ErrorKind::Conflict);
    assert_eq!(ecr.put_image(&repository(), &manifest).await.unwrap_err().kind(), ErrorKind::NotFound);
    let sent = server.seen()[0].json();
    assert_eq!((&sent["imageManifest"], &sent["imageTag"]), (&json!("{}"), &json!("1.0")));
    assert_eq!(sent["imageDigest"], digest(1).to_string());
}

#[tokio::test]
async fn images_are_deleted_with_what_could_not_be() {
    let server = Server::start(|_| {
        Reply::json(json!({
            "imageIds": [{ "imageTag": "a", "imageDigest": digest(1).to_string() }],
            "failures": [{ "imageId": { "imageDigest": digest(2).to_string() },
                           "failureCode": "ImageReferencedByManifestList" }]
        }))
    })
    .await;
    let ids = [ImageId::tag("a"), ImageId::digest(digest(2))];
    let outcome = server.session().await.ecr().delete_images(&repository(), &ids).await.unwrap();
    assert_eq!(outcome.deleted, [ImageId { tag: Some("a".into()), digest: Some(digest(1)) }]);
    assert_eq!(outcome.failures[0].code, FailureCode::ImageReferencedByManifestList);
    assert_eq!(outcome.failures[0].image, ImageId::digest(digest(2)));
}

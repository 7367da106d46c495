//! Pulls through rules, against an upstream registry of our own.

mod client;
mod upstream;

use std::time::Duration;

use client::{code, digest};
use local_ecr::Clock;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use upstream::{comes_true, start};

fn ask(tag: &str) -> Value {
    json!({ "repositoryName": "quay/bio/tool", "imageIds": [{ "imageTag": tag }] })
}

#[tokio::test]
async fn a_pull_fetches_once_and_is_warm_then() {
    let (server, upstream) = start(|_| ()).await;
    let image = upstream.put_image("bio/tool", "1.0", b"layer bytes");
    let pulled = server.get("quay/bio/tool/manifests/1.0").await;
    assert_eq!(pulled.status(), StatusCode::OK);
    assert_eq!(pulled.headers()["docker-content-digest"], image.as_str());
    let blob = format!("quay/bio/tool/blobs/{}", digest(b"layer bytes"));
    let head = server.v2(Method::HEAD, &blob).send().await.expect("an answer");
    assert_eq!(head.headers()["content-length"], "11");
    assert_eq!(server.get(&blob).await.text().await.expect("text"), "layer bytes");
    upstream.with(|content| content.fails = Some(StatusCode::INTERNAL_SERVER_ERROR));
    assert_eq!(server.get("quay/bio/tool/manifests/1.0").await.status(), StatusCode::OK);
    assert!(
        comes_true(async || server.get(&blob).await.text().await.is_ok_and(|text| text == "layer bytes"))
            .await
    );
    assert_eq!(upstream.gets("bio/tool/manifests/1.0"), 1);
    assert_eq!(upstream.gets(&format!("bio/tool/blobs/{}", digest(b"layer bytes"))), 1);
}

#[tokio::test]
async fn batch_get_image_pulls_and_the_template_shapes_the_repository() {
    let (server, upstream) = start(|_| ()).await;
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"omics.amazonaws.com"},"Action":"ecr:BatchGetImage"}]}"#;
    for (prefix, team) in [("ROOT", "root"), ("quay", "quay"), ("quay/other", "other")] {
        let template = json!({ "prefix": prefix, "appliedFor": ["PULL_THROUGH_CACHE"], "imageTagMutability": "IMMUTABLE",
            "repositoryPolicy": policy, "resourceTags": [{ "Key": "team", "Value": team }] });
        server.ecr("CreateRepositoryCreationTemplate", template).await;
    }
    let image = upstream.put_image("bio/tool", "1.0", b"layer");
    assert_eq!(
        server.refused("DescribeImages", json!({ "repositoryName": "quay/bio/tool" })).await,
        "RepositoryNotFoundException"
    );
    let answer = server.ecr("BatchGetImage", ask("1.0")).await;
    assert_eq!(answer["images"][0]["imageId"]["imageDigest"], image);
    assert_eq!(answer["failures"], json!([]));
    let made = server.ecr("DescribeRepositories", json!({ "repositoryNames": ["quay/bio/tool"] })).await;
    assert_eq!(made["repositories"][0]["imageTagMutability"], "IMMUTABLE");
    let arn = &made["repositories"][0]["repositoryArn"];
    let tags = server.ecr("ListTagsForResource", json!({ "resourceArn": arn })).await;
    assert_eq!(tags["tags"][0]["Value"], "quay");
    let own = server.ecr("GetRepositoryPolicy", json!({ "repositoryName": "quay/bio/tool" })).await;
    assert_eq!(own["policyText"], policy);
    let details = server.ecr("DescribeImages", json!({ "repositoryName": "quay/bio/tool" })).await;
    assert_eq!(details["imageDetails"][0]["imageTags"], json!(["1.0"]));
    let layers = json!({ "repositoryName": "quay/bio/tool", "layerDigests": [digest(b"layer")] });
    let layers = server.ecr("BatchCheckLayerAvailability", layers).await;
    assert_eq!(layers["layers"][0]["layerSize"], 5);
    let layer = json!({ "repositoryName": "quay/bio/tool", "layerDigest": digest(b"layer") });
    let url = server.ecr("GetDownloadUrlForLayer", layer).await;
    let url = url["downloadUrl"].as_str().expect("a URL");
    assert_eq!(server.http.get(url).send().await.expect("an answer").text().await.expect("text"), "layer");
}

#[tokio::test]
async fn an_index_brings_its_images() {
    let (server, upstream) = start(|_| ()).await;
    let images = [upstream.put_image("bio/tool", "a", b"one"), upstream.put_image("bio/tool", "b", b"two")];
    let index = upstream.put_index("bio/tool", "1.0", &[&images[0], &images[1]]);
    let answer = server.ecr("BatchGetImage", ask("1.0")).await;
    assert_eq!(answer["images"][0]["imageId"]["imageDigest"], index);
    let three = comes_true(async || {
        let listed = server.ecr("ListImages", json!({ "repositoryName": "quay/bio/tool" })).await;
        listed["imageIds"].as_array().is_some_and(|ids| ids.len() == 3)
    });
    assert!(three.await);
    for image in &images {
        assert_eq!(server.get(&format!("quay/bio/tool/manifests/{image}")).await.status(), StatusCode::OK);
        assert_eq!(upstream.gets(&format!("bio/tool/manifests/{image}")), 1);
    }
}

#[tokio::test]
async fn many_cold_clients_cost_one_fetch() {
    let (server, upstream) = start(|_| ()).await;
    let layer: Vec<u8> =
        (0..4_000_000u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    upstream.put_image("bio/tool", "1.0", &layer);
    upstream.with(|content| content.pause = Duration::from_millis(1));
    let server = std::sync::Arc::new(server);
    let blob = format!("quay/bio/tool/blobs/{}", digest(&layer));
    let clients: Vec<_> = (0..16)
        .map(|_| {
            let (server, blob) = (std::sync::Arc::clone(&server), blob.clone());
            tokio::spawn(async move {
                assert_eq!(server.get("quay/bio/tool/manifests/1.0").await.status(), StatusCode::OK);
                digest(&server.get(&blob).await.bytes().await.expect("bytes"))
            })
        })
        .collect();
    for client in clients {
        assert_eq!(client.await.expect("no panic"), digest(&layer));
    }
    assert_eq!(upstream.gets("bio/tool/manifests/1.0"), 1);
    assert_eq!(upstream.gets(&format!("bio/tool/blobs/{}", digest(&layer))), 1);
    let part =
        server.v2(Method::GET, &blob).header("range", "bytes=3999990-").send().await.expect("an answer");
    assert_eq!(part.bytes().await.expect("bytes"), layer[3_999_990..]);
}

#[tokio::test]
async fn content_that_lies_is_never_kept() {
    let (server, upstream) = start(|_| ()).await;
    let layer = vec![1; 300_000];
    upstream.put_image("bio/tool", "1.0", &layer);
    let path = format!("bio/tool/blobs/{}", digest(&layer));
    let mut poisoned = layer.clone();
    poisoned[150_000] = 2;
    upstream.with(|content| content.bodies.insert(path.clone(), ("x".to_owned(), poisoned.into())));
    assert_eq!(server.get("quay/bio/tool/manifests/1.0").await.status(), StatusCode::OK);
    let pulled = server.get(&format!("quay/{path}")).await;
    assert!(!pulled.status().is_success() || pulled.bytes().await.is_err(), "no client gets the whole of it");
    upstream.put_blob("bio/tool", &layer);
    let good = comes_true(async || {
        let again = server.get(&format!("quay/{path}")).await;
        again.status().is_success() && again.bytes().await.is_ok_and(|bytes| bytes == layer)
    });
    assert!(good.await);
    let lying = upstream.put_image("bio/tool", "2.0", b"x");
    let other = client::manifest(b"other", &[]);
    let body = (client::MANIFEST.to_owned(), other.into());
    upstream.with(|content| content.bodies.insert(format!("bio/tool/manifests/{lying}"), body));
    let refused = server.get(&format!("quay/bio/tool/manifests/{lying}")).await;
    assert_eq!(refused.status(), StatusCode::BAD_GATEWAY);
}

#[tokio::test]
async fn a_tag_is_compared_again_after_a_day_and_kept_when_upstream_is_down() {
    let clock = Clock::system();
    let (server, upstream) = start(|config| config.clock = clock.clone()).await;
    let old = upstream.put_image("bio/tool", "latest", b"old");
    let digest_now = async || {
        server.ecr("BatchGetImage", ask("latest")).await["images"][0]["imageId"]["imageDigest"].clone()
    };
    assert_eq!(digest_now().await, old);
    let new = upstream.put_image("bio/tool", "latest", b"new");
    assert_eq!(digest_now().await, old, "fresh for a day");
    clock.advance(Duration::from_secs(24 * 3600 + 1));
    upstream.with(|content| content.fails = Some(StatusCode::SERVICE_UNAVAILABLE));
    assert_eq!(digest_now().await, old, "upstream is down");
    let begun = std::time::Instant::now();
    assert_eq!(digest_now().await, old);
    assert!(begun.elapsed() < Duration::from_secs(1), "nobody waits for it again at once");
    upstream.with(|content| content.fails = None);
    clock.advance(Duration::from_secs(61));
    assert_eq!(digest_now().await, new);
    let asked = upstream.gets("bio/tool/manifests/latest");
    clock.advance(Duration::from_secs(24 * 3600 + 1));
    assert_eq!(digest_now().await, new);
    assert_eq!(upstream.gets("bio/tool/manifests/latest"), asked, "HEAD is enough where nothing moved");
}

#[tokio::test]
async fn a_first_pull_by_digest_works_unless_strict() {
    for strict in [false, true] {
        let (server, upstream) = start(|config| config.pull_through.strict = strict).await;
        let image = upstream.put_image("bio/tool", "1.0", b"layer");
        let pulled = server.get(&format!("quay/bio/tool/manifests/{image}")).await;
        assert_eq!(pulled.status(), if strict { StatusCode::NOT_FOUND } else { StatusCode::OK });
    }
}

#[tokio::test]
async fn failures_of_upstream_have_ecrs_names() {
    let (server, upstream) = start(|_| ()).await;
    assert_eq!(server.refused("BatchGetImage", ask("1.0")).await, "RepositoryNotFoundException");
    for (status, name, http) in [
        (StatusCode::FORBIDDEN, "UpstreamAccessDenied", StatusCode::FORBIDDEN),
        (StatusCode::BAD_REQUEST, "UpstreamUnavailable", StatusCode::BAD_GATEWAY),
    ] {
        upstream.with(|content| content.fails = Some(status));
        let answer = server.ecr("BatchGetImage", ask("1.0")).await;
        assert_eq!(answer["failures"][0]["failureCode"], name);
        assert_eq!(server.get("quay/bio/tool/manifests/1.0").await.status(), http);
    }
    upstream.with(|content| content.fails = None);
    upstream.put_image("bio/tool", "1.0", b"x");
    server.ecr("BatchGetImage", ask("1.0")).await;
    let missing = server.ecr("BatchGetImage", ask("2.0")).await;
    assert_eq!(missing["failures"][0]["failureCode"], "ImageNotFound");
    assert_eq!(code(server.get("quay/bio/tool/manifests/2.0").await).await, "MANIFEST_UNKNOWN");
    assert_eq!(code(server.get("other/tool/manifests/1").await).await, "NAME_UNKNOWN");
}

#[tokio::test]
async fn the_rules_secret_opens_the_upstream_registry() {
    let (server, upstream) = start(|_| ()).await;
    upstream.with(|content| content.login = Some(("me".to_owned(), "token".to_owned())));
    upstream.put_image("library/ubuntu", "22.04", b"layer");
    let rule = |arn: &Value| json!({ "ecrRepositoryPrefix": "hub", "upstreamRegistryUrl": "registry-1.docker.io", "credentialArn": arn });
    let secret = |token: &str| json!({ "username": "me", "accessToken": token }).to_string();
    let (_, made) = server
        .secrets(
            "CreateSecret",
            json!({ "Name": "ecr-pullthroughcache/hub", "SecretString": secret("wrong") }),
        )
        .await;
    server.ecr("CreatePullThroughCacheRule", rule(&made["ARN"])).await;
    let pull = json!({ "repositoryName": "hub/library/ubuntu", "imageIds": [{ "imageTag": "22.04" }] });
    let denied = server.ecr("BatchGetImage", pull.clone()).await;
    assert_eq!(denied["failures"][0]["failureCode"], "UpstreamAccessDenied");
    let validate = || server.ecr("ValidatePullThroughCacheRule", json!({ "ecrRepositoryPrefix": "hub" }));
    let invalid = validate().await;
    assert_eq!(invalid["isValid"], false);
    assert!(invalid["failure"].as_str().is_some_and(|text| text.contains("401")), "{invalid}");

    server
        .secrets(
            "PutSecretValue",
            json!({ "SecretId": "ecr-pullthroughcache/hub", "SecretString": secret("token") }),
        )
        .await;
    assert_eq!(validate().await["isValid"], true);
    assert_eq!(server.ecr("BatchGetImage", pull.clone()).await["failures"], json!([]));
    assert_eq!(
        server
            .get(&format!("hub/library/ubuntu/blobs/{}", digest(b"layer")))
            .await
            .text()
            .await
            .expect("text"),
        "layer"
    );

    server
        .secrets("PutSecretValue", json!({ "SecretId": "ecr-pullthroughcache/hub", "SecretString": "{}" }))
        .await;
    let other = json!({ "repositoryName": "hub/library/debian", "imageIds": [{ "imageTag": "12" }] });
    assert_eq!(server.refused("BatchGetImage", other).await, "UnableToGetUpstreamImageException");
    let invalid = validate().await;
    assert!(invalid["failure"].as_str().is_some_and(|text| text.contains("accessToken")), "{invalid}");
}

#[tokio::test]
async fn prefixes_map_names_both_ways() {
    let (server, upstream) = start(|_| ()).await;
    upstream.put_image("bio/tool", "1", b"a");
    let rule = json!({ "ecrRepositoryPrefix": "quay/short", "upstreamRegistryUrl": "quay.io", "upstreamRepositoryPrefix": "bio" });
    server.ecr("CreatePullThroughCacheRule", rule).await;
    assert_eq!(
        server.get("quay/short/tool/manifests/1").await.status(),
        StatusCode::OK,
        "the longest prefix wins"
    );
    let rule = json!({ "ecrRepositoryPrefix": "ROOT", "upstreamRegistryUrl": "quay.io" });
    server.ecr("CreatePullThroughCacheRule", rule).await;
    assert_eq!(server.get("bio/tool/manifests/1").await.status(), StatusCode::OK);
    let layer = format!("bio/tool/blobs/{}", digest(b"a"));
    assert!(comes_true(async || upstream.gets(&layer) == 1).await);
    assert_eq!(server.get(&layer).await.text().await.expect("text"), "a");
    assert_eq!(upstream.gets(&layer), 1, "one repository has it from the other");
}

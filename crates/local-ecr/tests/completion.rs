//! What comes with a pull through a rule: the layers nobody fetched, the images of an index, what refers to one.

mod client;
mod upstream;

use std::time::Duration;

use client::{code, digest, start_with};
use local_ecr::{Clock, Data};
use reqwest::StatusCode;
use serde_json::{Value, json};
use upstream::{comes_true, start};

fn ask(tag: &str) -> Value {
    json!({ "repositoryName": "quay/bio/tool", "imageIds": [{ "imageTag": tag }] })
}

fn blob(bytes: &[u8]) -> String {
    format!("bio/tool/blobs/{}", digest(bytes))
}

#[tokio::test]
async fn an_image_becomes_whole_without_a_client_that_fetches_it() {
    let (server, upstream) = start(|_| ()).await;
    upstream.put_image("bio/tool", "1.0", b"layer");
    server.ecr("BatchGetImage", ask("1.0")).await;
    let whole = || upstream.gets(&blob(b"layer")) == 1 && upstream.gets(&blob(b"{}")) == 1;
    assert!(comes_true(async || whole()).await, "both blobs were asked for");
    upstream.with(|content| content.fails = Some(StatusCode::SERVICE_UNAVAILABLE));
    let pulled = comes_true(async || {
        let layer = server.get(&format!("quay/{}", blob(b"layer"))).await;
        layer.status().is_success() && layer.text().await.is_ok_and(|text| text == "layer")
    });
    assert!(pulled.await, "the layer is here while upstream is down");
}

#[tokio::test]
async fn layers_come_for_the_platform_that_runs_or_for_all_as_in_ecr() {
    for strict in [false, true] {
        let (server, upstream) = start(|config| config.pull_through.strict = strict).await;
        let arm = upstream.put_image("bio/tool", "arm", b"for arm");
        let amd = upstream.put_image("bio/tool", "amd", b"for amd");
        upstream.put_platforms("bio/tool", "1.0", &[("arm64", &arm), ("amd64", &amd)]);
        server.ecr("BatchGetImage", ask("1.0")).await;
        assert!(comes_true(async || upstream.gets(&blob(b"for amd")) == 1).await);
        if strict {
            assert!(comes_true(async || upstream.gets(&blob(b"for arm")) == 1).await);
        } else {
            tokio::time::sleep(Duration::from_millis(200)).await;
            assert_eq!(upstream.gets(&blob(b"for arm")), 0);
            let layer = server.get(&format!("quay/{}", blob(b"for arm"))).await;
            assert_eq!(layer.text().await.expect("text"), "for arm", "it comes when it is asked for");
        }
    }
}

#[tokio::test]
async fn an_index_without_the_platform_brings_all_it_names() {
    let (server, upstream) = start(|_| ()).await;
    let arm = upstream.put_image("bio/tool", "arm", b"for arm");
    upstream.put_platforms("bio/tool", "1.0", &[("arm64", &arm)]);
    server.ecr("BatchGetImage", ask("1.0")).await;
    assert!(comes_true(async || upstream.gets(&blob(b"for arm")) == 1).await);
}

#[tokio::test]
async fn what_an_index_names_can_be_pulled_at_once_also_strictly() {
    let (server, upstream) = start(|config| config.pull_through.strict = true).await;
    let image = upstream.put_image("bio/tool", "amd", b"layer");
    let other = upstream.put_image("bio/tool", "other", b"other");
    upstream.put_platforms("bio/tool", "1.0", &[("amd64", &image)]);
    assert_eq!(server.get("quay/bio/tool/manifests/1.0").await.status(), StatusCode::OK);
    assert_eq!(server.get(&format!("quay/bio/tool/manifests/{image}")).await.status(), StatusCode::OK);
    assert_eq!(server.get(&format!("quay/bio/tool/manifests/{other}")).await.status(), StatusCode::NOT_FOUND);
    let both = json!({ "repositoryName": "quay/bio/tool", "imageIds": [{ "imageTag": "other", "imageDigest": other }] });
    let answer = server.ecr("BatchGetImage", both).await;
    assert_eq!(answer["failures"][0]["failureCode"], "ImageNotFound", "nor with a tag beside the digest");
}

#[tokio::test]
async fn what_a_stop_left_out_comes_with_the_next_pull() {
    let folder = tempfile::tempdir().expect("a folder");
    let (server, upstream) = start(|config| config.data = Data::Folder(folder.path().to_owned())).await;
    let layer = vec![7; 400_000];
    let (path, encoded) = (blob(&layer), digest(&layer).trim_start_matches("sha256:").to_owned());
    upstream.put_image("bio/tool", "1.0", &layer);
    upstream.with(|content| content.pause = Duration::from_millis(100));
    assert_eq!(server.get("quay/bio/tool/manifests/1.0").await.status(), StatusCode::OK);
    assert!(comes_true(async || upstream.gets(&path) == 1).await, "the layer is on its way");
    server.handle.stop().await;
    upstream.with(|content| content.pause = Duration::ZERO);

    let mut config = client::config();
    config.data = Data::Folder(folder.path().to_owned());
    config.pull_through.upstreams.insert("quay.io".parse().expect("a host"), upstream.url.clone());
    let mut again = None;
    // The old server's tasks let go of the folder when they are done.
    for _ in 0..100 {
        if let Ok(handle) = local_ecr::LocalEcr::start(config.clone()).await {
            again = Some(handle);
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let server = client::Server { handle: again.expect("it starts again"), http: client::http_client() };
    assert_eq!(server.get("quay/bio/tool/manifests/1.0").await.status(), StatusCode::OK);
    assert_eq!(upstream.gets("bio/tool/manifests/1.0"), 1, "the tag is still fresh");
    let file = folder.path().join("blobs/sha256").join(&encoded[..2]).join(encoded);
    assert!(comes_true(async || file.exists()).await);
}

#[tokio::test]
async fn an_image_that_was_deleted_comes_whole_again() {
    let (server, upstream) = start(|_| ()).await;
    upstream.put_image("bio/tool", "1.0", b"layer");
    server.ecr("BatchGetImage", ask("1.0")).await;
    // Asked for is not yet stored, and what is on its way is not fetched twice.
    server.handle.completed().await;
    assert_eq!(upstream.gets(&blob(b"layer")), 1);
    server.ecr("DeleteRepository", json!({ "repositoryName": "quay/bio/tool", "force": true })).await;
    server.ecr("BatchGetImage", ask("1.0")).await;
    server.handle.completed().await;
    assert_eq!(upstream.gets(&blob(b"layer")), 2);
}

#[tokio::test]
async fn a_download_url_is_refused_where_upstream_refuses_the_layer() {
    let (server, upstream) = start(|_| ()).await;
    upstream.put_image("bio/tool", "1.0", b"layer");
    upstream.with(|content| content.bodies.remove(&blob(b"layer")));
    server.ecr("BatchGetImage", ask("1.0")).await;
    let layer = json!({ "repositoryName": "quay/bio/tool", "layerDigest": digest(b"layer") });
    upstream.with(|content| content.fails = Some(StatusCode::FORBIDDEN));
    assert_eq!(
        server.refused("GetDownloadUrlForLayer", layer.clone()).await,
        "UnableToGetUpstreamLayerException"
    );
    upstream.with(|content| content.fails = None);
    upstream.put_blob("bio/tool", b"layer");
    let url = server.ecr("GetDownloadUrlForLayer", layer).await;
    let bytes = server.http.get(url["downloadUrl"].as_str().expect("a URL")).send().await.expect("an answer");
    assert_eq!(bytes.text().await.expect("text"), "layer");
}

#[tokio::test]
async fn referrers_come_from_upstream_and_are_good_for_six_hours() {
    let clock = Clock::system();
    let (server, upstream) = start(|config| config.clock = clock.clone()).await;
    let image = upstream.put_image("bio/tool", "1.0", b"layer");
    server.ecr("BatchGetImage", ask("1.0")).await;
    let list = async || {
        let subject = json!({ "repositoryName": "quay/bio/tool", "subjectId": { "imageDigest": image } });
        server.ecr("ListImageReferrers", subject).await["referrers"].clone()
    };
    assert_eq!(list().await, json!([]), "upstream knows of none");
    let signature = upstream.put_signature("bio/tool", &image, b"signed");
    assert_eq!(list().await, json!([]), "fresh for six hours");
    clock.advance(Duration::from_secs(6 * 3600 + 1));
    assert_eq!(list().await[0]["digest"], signature);
    let pulled: Value = server
        .get(&format!("quay/bio/tool/referrers/{image}?artifactType=application/vnd.example.signature"))
        .await
        .json()
        .await
        .expect("JSON");
    assert_eq!(pulled["manifests"][0]["digest"], signature);
    let layer = server.get(&format!("quay/{}", blob(b"signed"))).await;
    assert_eq!(layer.text().await.expect("text"), "signed");
    clock.advance(Duration::from_secs(6 * 3600 + 1));
    upstream.with(|content| content.fails = Some(StatusCode::SERVICE_UNAVAILABLE));
    assert_eq!(list().await[0]["digest"], signature, "known referrers outlive upstream");
}

#[tokio::test]
async fn referrers_that_cannot_be_known_are_an_error_and_not_an_empty_list() {
    let (server, upstream) = start(|_| ()).await;
    let image = upstream.put_image("bio/tool", "1.0", b"layer");
    server.ecr("BatchGetImage", ask("1.0")).await;
    upstream.with(|content| content.fails = Some(StatusCode::FORBIDDEN));
    let subject = json!({ "repositoryName": "quay/bio/tool", "subjectId": { "imageDigest": image } });
    assert_eq!(
        server.refused("ListImageReferrers", subject).await,
        "UnableToListUpstreamImageReferrersException"
    );
    let listed = server.get(&format!("quay/bio/tool/referrers/{image}")).await;
    assert_eq!(listed.status(), StatusCode::FORBIDDEN);
    assert_eq!(code(listed).await, "DENIED");
    let own = start_with(client::config()).await;
    own.repository("team").await;
    let listed = own.get(&format!("team/referrers/{image}")).await;
    assert_eq!(listed.status(), StatusCode::OK, "what no rule made has no upstream to ask");
}

#[tokio::test]
async fn token_services_and_redirected_blobs_work() {
    let (server, upstream) = start(|_| ()).await;
    let store = upstream::Upstream::start().await;
    upstream.put_image("bio/tool", "1.0", b"layer");
    for bytes in [b"layer".as_slice(), b"{}"] {
        store.put_blob("bio/tool", bytes);
    }
    upstream.with(|content| {
        content.token = true;
        content.blobs_at = Some(store.url.clone());
    });
    let rule = json!({ "ecrRepositoryPrefix": "public", "upstreamRegistryUrl": "public.ecr.aws" });
    server.ecr("CreatePullThroughCacheRule", rule).await;
    assert_eq!(
        server.ecr("ValidatePullThroughCacheRule", json!({ "ecrRepositoryPrefix": "public" })).await["isValid"],
        true
    );
    for prefix in ["quay", "public"] {
        assert_eq!(server.get(&format!("{prefix}/bio/tool/manifests/1.0")).await.status(), StatusCode::OK);
        let layer = server.get(&format!("{prefix}/{}", blob(b"layer"))).await;
        assert_eq!(layer.text().await.expect("text"), "layer");
    }
}

#[tokio::test]
async fn a_tag_that_must_not_move_stays() {
    let clock = Clock::system();
    let (server, upstream) = start(|config| config.clock = clock.clone()).await;
    let template =
        json!({ "prefix": "quay", "appliedFor": ["PULL_THROUGH_CACHE"], "imageTagMutability": "IMMUTABLE" });
    server.ecr("CreateRepositoryCreationTemplate", template).await;
    let old = upstream.put_image("bio/tool", "1.0", b"old");
    server.ecr("BatchGetImage", ask("1.0")).await;
    upstream.put_image("bio/tool", "1.0", b"new");
    clock.advance(Duration::from_secs(25 * 3600));
    let again = server.ecr("BatchGetImage", ask("1.0")).await;
    assert_eq!(again["images"][0]["imageId"]["imageDigest"], old);
}

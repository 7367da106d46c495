//! Several servers on one bucket are one registry.

#![allow(clippy::expect_used, reason = "helpers of tests")]

mod bucket;
mod client;

use bucket::Bucket;
use client::{MANIFEST, Server, config, digest, manifest, start_with};
use local_ecr::{Data, S3Location};
use reqwest::{Method, StatusCode, header};
use serde_json::json;

async fn server(bucket: &Bucket) -> Server {
    let mut config = config();
    let location = S3Location::new("images", "one/registry").expect("a place");
    let location = location.with_region("us-east-1").with_endpoint(&bucket.endpoint);
    config.data = Data::S3(location.with_credentials("key", "secret", None));
    start_with(config).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_server_takes_the_other_gives() {
    let bucket = Bucket::start().await;
    let (one, two) = (server(&bucket).await, server(&bucket).await);
    one.repository("aa").await;
    let image = two.push_image("aa", "1", b"layer").await;
    let pulled = one.get("aa/manifests/1").await;
    assert_eq!(pulled.status(), StatusCode::OK);
    assert_eq!(digest(&pulled.bytes().await.expect("bytes")), image);
    let path = format!("aa/blobs/{}", digest(b"layer"));
    assert_eq!(one.get(&path).await.text().await.expect("text"), "layer");
    let part = one.v2(Method::GET, &path).header(header::RANGE, "bytes=1-3").send().await.expect("an answer");
    assert_eq!(
        (part.status(), part.text().await.expect("text").as_str()),
        (StatusCode::PARTIAL_CONTENT, "aye")
    );

    let token = one.ecr("GetAuthorizationToken", json!({})).await;
    let token = token["authorizationData"][0]["authorizationToken"].as_str().expect("a token").to_owned();
    let ping = two.v2(Method::GET, "").header("authorization", format!("Basic {token}")).send().await;
    assert_eq!(ping.expect("an answer").status(), StatusCode::OK, "a token of one is good at the other");
    assert_eq!(
        two.refused("CreateRepository", json!({ "repositoryName": "aa" })).await,
        "RepositoryAlreadyExistsException"
    );

    two.ecr("DeleteRepository", json!({ "repositoryName": "aa", "force": true })).await;
    assert_eq!(one.get("aa/manifests/1").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(bucket.count("/blobs/"), 0, "blobs of no repository are removed");

    let figures = one.http.get(format!("{}/metrics", one.handle.endpoint())).send().await.expect("an answer");
    let figures = figures.text().await.expect("text");
    for line in [
        "local_ecr_bucket_requests_total{method=\"PUT\",outcome=\"done\"} ",
        "local_ecr_bucket_requests_total{method=\"GET\",outcome=\"refused\"} ",
        "local_ecr_blobs_served_total{source=\"cache\"} 2",
    ] {
        assert!(figures.contains(line), "{line} is not in {figures}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_in_pieces_needs_no_server_of_its_own() {
    let bucket = Bucket::start().await;
    let servers = [server(&bucket).await, server(&bucket).await];
    servers[0].repository("aa").await;
    let begun = servers[0].v2(Method::POST, "aa/blobs/uploads/").send().await.expect("an answer");
    let place = begun.headers()["location"].to_str().expect("text").trim_start_matches("/v2/").to_owned();
    let bytes: Vec<u8> = (0..15_000_000_u32).map(|number| (number % 253) as u8).collect();
    for (turn, piece) in
        [&bytes[..7_500_000], &bytes[7_500_000..7_500_100], &bytes[7_500_100..]].iter().enumerate()
    {
        let sent = servers[turn % 2].v2(Method::PATCH, &place).body(piece.to_vec()).send().await;
        assert_eq!(sent.expect("an answer").status(), StatusCode::ACCEPTED);
    }
    let status = servers[1].get(&place).await;
    assert_eq!(status.headers()["range"], "0-14999999");
    let last = servers[1].v2(Method::PUT, &format!("{place}?digest={}", digest(&bytes))).send().await;
    assert_eq!(last.expect("an answer").status(), StatusCode::CREATED);
    let read = servers[0].get(&format!("aa/blobs/{}", digest(&bytes))).await;
    assert!(read.bytes().await.expect("bytes") == bytes, "the bytes are those that were sent");
    assert_eq!(servers[0].get(&place).await.status(), StatusCode::NOT_FOUND, "the upload is over");
    assert_eq!((bucket.count("/uploads/"), bucket.count("/multipart/")), (0, 0));

    let begun = servers[1].v2(Method::POST, "aa/blobs/uploads/").send().await.expect("an answer");
    let place = begun.headers()["location"].to_str().expect("text").trim_start_matches("/v2/").to_owned();
    let wrong =
        servers[0].v2(Method::PUT, &format!("{place}?digest={}", digest(b"these"))).body("those").send();
    assert_eq!(wrong.await.expect("an answer").status(), StatusCode::BAD_REQUEST);
    assert_eq!(
        servers[1].get(&format!("aa/blobs/{}", digest(b"these"))).await.status(),
        StatusCode::NOT_FOUND
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_at_both_servers_lose_nothing() {
    let bucket = Bucket::start().await;
    let servers = [server(&bucket).await, server(&bucket).await];
    servers[0].repository("aa").await;
    for blob in [b"{}".as_slice(), b"layer"] {
        servers[0].push_blob("aa", blob).await;
    }
    let (first, second) = tokio::join!(write(&servers[0], "one"), write(&servers[1], "two"));
    assert_eq!(first + second, 20, "each repository that both wanted to create has one creator");
    let late = server(&bucket).await;
    for server in servers.iter().chain([&late]) {
        let arn = "arn:aws:ecr:us-east-1:000000000000:repository/aa";
        let tags = server.ecr("ListTagsForResource", json!({ "resourceArn": arn })).await;
        assert_eq!(tags["tags"].as_array().expect("tags").len(), 40);
        let images = server.ecr("ListImages", json!({ "repositoryName": "aa", "maxResults": 1000 })).await;
        assert_eq!(images["imageIds"].as_array().expect("images").len(), 40);
    }
}

/// Writes to a server twenty times; returns how many of the repositories that another one wants, too, it made.
async fn write(server: &Server, name: &str) -> usize {
    let mut created = 0;
    for round in 0..20 {
        let contested = json!({ "repositoryName": format!("both/{round}") });
        created += usize::from(server.ecr_any("CreateRepository", contested).await.0 == StatusCode::OK);
        let arn = "arn:aws:ecr:us-east-1:000000000000:repository/aa";
        let tag = json!({ "Key": format!("{name}-{round}"), "Value": "x" });
        server.ecr("TagResource", json!({ "resourceArn": arn, "tags": [tag] })).await;
        let text = manifest(b"{}", &[b"layer"]);
        let pushed = server.push_manifest("aa", &format!("{name}-{round}"), MANIFEST, &text).await;
        assert_eq!(pushed.status(), StatusCode::CREATED);
    }
    created
}

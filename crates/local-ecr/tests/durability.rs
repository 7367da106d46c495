//! What a data folder holds after its server is gone.

mod client;

use client::{config, digest, start_with};
use local_ecr::{Data, LocalEcr, StartError};
use reqwest::{Method, StatusCode};
use serde_json::json;

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = config();
    config.data = Data::Folder(folder.path().join("data"));
    let server = start_with(config.clone()).await;
    server.repository("aa").await;
    let image = server.push_image("aa", "1", b"layer").await;
    let token = server.ecr("GetAuthorizationToken", json!({})).await;
    let begun = server.v2(Method::POST, "aa/blobs/uploads/").send().await.expect("an answer");
    let location = begun.headers()["location"].to_str().expect("text").trim_start_matches("/v2/").to_owned();
    server.v2(Method::PATCH, &location).body("half").send().await.expect("an answer");
    assert!(
        matches!(LocalEcr::start(config.clone()).await, Err(StartError::Storage(_))),
        "one server a folder"
    );
    server.handle.stop().await;

    // What a kill between two steps leaves: a half upload and a blob without a row.
    let stray = folder.path().join("data/blobs/sha256/ab");
    std::fs::create_dir_all(&stray).expect("a folder");
    let stray = stray.join("ab".repeat(32));
    std::fs::write(&stray, "stray").expect("a file");

    let server = start_with(config).await;
    let pulled = server.get("aa/manifests/1").await;
    assert_eq!(digest(&pulled.bytes().await.expect("bytes")), image);
    let blob = server.get(&format!("aa/blobs/{}", digest(b"layer"))).await;
    assert_eq!(blob.text().await.expect("text"), "layer");
    assert_eq!(server.get(&location).await.status(), StatusCode::NOT_FOUND);
    let uploads = std::fs::read_dir(folder.path().join("data/uploads")).expect("a folder");
    assert_eq!(uploads.count(), 0, "half uploads are swept");
    for _ in 0..100 {
        if !stray.exists() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(!stray.exists(), "blobs of no repository are swept");
    let token = token["authorizationData"][0]["authorizationToken"].as_str().expect("a token").to_owned();
    let ping = server.v2(Method::GET, "").header("authorization", format!("Basic {token}")).send().await;
    assert_eq!(ping.expect("an answer").status(), StatusCode::OK, "tokens outlive a restart");
}

#[tokio::test]
async fn a_deleted_repository_leaves_no_blobs_but_shared_ones() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = config();
    config.data = Data::Folder(folder.path().to_owned());
    let server = start_with(config).await;
    for name in ["aa", "bb"] {
        server.repository(name).await;
        server.push_image(name, "1", b"shared").await;
    }
    server.push_image("aa", "2", b"own").await;
    let file = |bytes: &[u8]| {
        let digest = digest(bytes);
        let encoded = digest.trim_start_matches("sha256:");
        folder.path().join("blobs/sha256").join(&encoded[..2]).join(encoded)
    };
    assert!(file(b"own").exists() && file(b"shared").exists());
    assert_eq!(
        server.refused("DeleteRepository", json!({ "repositoryName": "aa" })).await,
        "RepositoryNotEmptyException"
    );
    server.ecr("DeleteRepository", json!({ "repositoryName": "aa", "force": true })).await;
    assert!(!file(b"own").exists() && file(b"shared").exists());
    assert_eq!(server.get("bb/manifests/1").await.status(), StatusCode::OK);
    assert_eq!(server.get("aa/manifests/1").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_server_that_runs_for_long_sweeps_again_and_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = config();
    config.data = Data::Folder(folder.path().join("data"));
    config.limits.sweep = std::time::Duration::from_millis(50);
    let server = start_with(config.clone()).await;
    let place = folder.path().join("data/blobs/sha256/cd");
    for round in 0..2 {
        std::fs::create_dir_all(&place).expect("a folder");
        let stray = place.join("cd".repeat(32));
        std::fs::write(&stray, "stray").expect("a file");
        let begun = std::time::Instant::now();
        while stray.exists() {
            assert!(begun.elapsed() < std::time::Duration::from_secs(20), "round {round}");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }
    // No sweep holds the folder behind the end of its server.
    server.handle.stop().await;
    start_with(config).await.handle.stop().await;
}

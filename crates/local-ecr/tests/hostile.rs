//! Requests that no good client makes: each gets an error of its plane, and nothing is stored.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail"
)]

mod client;

use std::path::Path;
use std::time::Duration;

use client::{Server, config, digest, start_with};
use local_ecr::Data;
use proptest::prelude::*;
use proptest::test_runner::{Config as Cases, TestRunner};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Operations of ECR that harm is tried with.
const OPERATIONS: [&str; 20] = [
    "BatchCheckLayerAvailability",
    "BatchDeleteImage",
    "BatchGetImage",
    "CompleteLayerUpload",
    "CreatePullThroughCacheRule",
    "CreateRepository",
    "CreateRepositoryCreationTemplate",
    "DescribeImages",
    "DescribePullThroughCacheRules",
    "DescribeRepositories",
    "GetAuthorizationToken",
    "GetDownloadUrlForLayer",
    "ListImageReferrers",
    "ListImages",
    "PutImage",
    "PutRegistryPolicy",
    "SetRepositoryPolicy",
    "TagResource",
    "UploadLayerPart",
    "ValidatePullThroughCacheRule",
];
/// Members of requests.
const MEMBERS: [&str; 24] = [
    "repositoryName",
    "repositoryNames",
    "registryId",
    "imageIds",
    "imageId",
    "layerDigest",
    "layerDigests",
    "uploadId",
    "partFirstByte",
    "partLastByte",
    "layerPartBlob",
    "imageManifest",
    "imageTag",
    "imageDigest",
    "policyText",
    "ecrRepositoryPrefix",
    "upstreamRegistryUrl",
    "credentialArn",
    "maxResults",
    "nextToken",
    "subjectId",
    "tags",
    "prefix",
    "appliedFor",
];

/// Sends bytes as they are, and returns what comes back.
async fn raw(server: &Server, request: &[u8]) -> String {
    let mut stream = tokio::net::TcpStream::connect(server.handle.address()).await.expect("a connection");
    stream.write_all(request).await.expect("it takes bytes");
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer));
    read.await.expect("the server does not wait for ever").unwrap_or_default();
    String::from_utf8_lossy(&answer).into_owned()
}

/// Returns the files below a folder that are not its database.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_none_or(|extension| extension != "redb") {
            found.push(path);
        }
    }
    found
}

async fn kept() -> (Server, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = config();
    config.data = Data::Folder(folder.path().join("data"));
    config.limits.idle = Duration::from_millis(300);
    let server = start_with(config).await;
    server.repository("team/tool").await;
    (server, folder)
}

#[tokio::test]
async fn paths_that_lead_elsewhere_are_refused_in_the_registrys_form() {
    let (server, folder) = kept().await;
    let sum = "a".repeat(64);
    let paths = [
        "/v2/../../etc/passwd/manifests/1".to_owned(),
        "/v2/%2e%2e/%2e%2e/etc/manifests/1".to_owned(),
        "/v2/team/..%2f..%2fetc/blobs/uploads/".to_owned(),
        "/v2/team/tool/manifests/..".to_owned(),
        "/v2/team/tool/manifests/%2e%2e%2f%2e%2e%2fmetadata.redb".to_owned(),
        "/v2/team/tool/blobs/sha256:../../metadata.redb".to_owned(),
        format!("/v2/team/tool/blobs/sha256:..%2f{sum}"),
        format!("/v2/team/tool/blobs/md5:{sum}"),
        format!("/v2/team/tool/blobs/sha256:{}", "A".repeat(64)),
        "/v2/team/tool/blobs/uploads/..%2f..%2fmetadata.redb".to_owned(),
        "/v2/team/tool/blobs/uploads/00000000-0000-0000-0000-000000000000".to_owned(),
        "/v2/team/tool/blobs/%00".to_owned(),
        "/v2/team/tool/manifests/%ff%fe".to_owned(),
        "/v2/team/tool/referrers/x".to_owned(),
        format!("/v2/{}/manifests/1", "a/".repeat(900)),
        "/v2/_catalog".to_owned(),
        "/v2/team/tool/nothing/1".to_owned(),
    ];
    for path in &paths {
        for method in ["GET", "PUT", "PATCH", "POST", "DELETE", "OPTIONS"] {
            let request = format!(
                "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{{}}"
            );
            let answer = raw(&server, request.as_bytes()).await;
            assert!(answer.starts_with("HTTP/1.1 4"), "{method} {path}: {answer}");
            let body: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap_or_default())
                .unwrap_or_else(|_| panic!("{method} {path}: {answer}"));
            assert!(body["errors"][0]["code"].is_string(), "{method} {path}: {answer}");
        }
    }
    assert_eq!(files(&folder.path().join("data")), Vec::<std::path::PathBuf>::new());
    assert_eq!(files(folder.path()).len(), 0);
}

#[tokio::test]
async fn content_that_is_not_what_it_says_is_not_stored() {
    let (server, folder) = kept().await;
    let other = format!("team/tool/blobs/uploads/?digest={}", digest(b"other"));
    let wrong = server.v2(Method::POST, &other).body("bytes").send().await.expect("an answer");
    assert_eq!(wrong.status(), StatusCode::BAD_REQUEST);
    assert_eq!(client::code(wrong).await, "DIGEST_INVALID");
    let manifest = client::manifest(b"{}", &[b"never pushed"]);
    let wrong = server.push_manifest("team/tool", &digest(b"other"), client::MANIFEST, &manifest).await;
    assert!(wrong.status().is_client_error());
    let incomplete = server.push_manifest("team/tool", "1", client::MANIFEST, &manifest).await;
    assert_eq!(client::code(incomplete).await, "MANIFEST_BLOB_UNKNOWN");
    let large = format!("{{\"schemaVersion\":2,\"padding\":\"{}\"}}", "x".repeat(4 << 20));
    let large = server.push_manifest("team/tool", "1", client::MANIFEST, &large).await;
    assert!(large.status().is_client_error());
    assert!(!client::code(large).await.is_empty());
    let deep = "[".repeat(1 << 20);
    let deep = server.push_manifest("team/tool", "1", client::MANIFEST, &deep).await;
    assert_eq!(client::code(deep).await, "MANIFEST_INVALID");
    let listed = server.ecr("ListImages", json!({ "repositoryName": "team/tool" })).await;
    assert_eq!(listed["imageIds"], json!([]));
    assert_eq!(files(folder.path()).len(), 0, "neither a blob nor an upload is left");
}

#[tokio::test]
async fn a_client_that_stands_still_is_not_waited_for() {
    let (server, _folder) = kept().await;
    let head = format!(
        "POST /v2/team/tool/blobs/uploads/?digest={} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 100\r\n\r\nhalf",
        digest(b"x")
    );
    let answer = raw(&server, head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    let head = "POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-amz-target: AmazonEC2ContainerRegistry_V20150921.ListImages\r\ncontent-length: 100\r\n\r\n{";
    let answer = raw(&server, head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("__type"), "{answer}");
}

#[tokio::test]
async fn targets_and_bodies_that_are_none_are_refused_by_name() {
    let (server, _folder) = kept().await;
    for target in
        ["", "x", "AmazonEC2ContainerRegistry_V20150921.", "AmazonEC2ContainerRegistry_V20150921.No"]
    {
        let (status, answer) = server.json(target, json!({})).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{target}: {answer}");
        assert_eq!(answer["__type"], "UnknownOperationException");
    }
    let (status, answer) =
        server.ecr_any("StartReplicationBackfill", json!({ "repositoryName": "team/tool" })).await;
    assert_eq!(status, StatusCode::NOT_IMPLEMENTED);
    assert!(answer["message"].as_str().is_some_and(|text| text.contains("StartReplicationBackfill")));
    let large = json!({ "repositoryName": "x".repeat(29 << 20) });
    let (status, answer) = server.ecr_any("CreateRepository", large).await;
    assert_eq!((status, &answer["__type"]), (StatusCode::BAD_REQUEST, &json!("InvalidParameterException")));
}

/// Any JSON, with texts that look like what is asked for.
fn value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        "[ -~]{0,40}",
        "\\PC{0,20}",
        Just("team/tool".to_owned()),
        Just("../../etc/passwd".to_owned()),
        Just("ROOT".to_owned()),
        Just("000000000000".to_owned()),
        Just("arn:aws:ecr:us-east-1:000000000000:repository/team/tool".to_owned()),
        Just("{\"Version\":\"2012-10-17\",\"Statement\":[]}".to_owned()),
        Just(format!("sha256:{}", "a".repeat(64))),
        Just("a".repeat(5000)),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map(proptest::sample::select(&MEMBERS[..]), inner, 0..4).prop_map(
                |members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
            ),
        ]
    })
}

#[test]
fn no_request_of_the_control_plane_breaks_the_server() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (server, _folder) = runtime.block_on(kept());
    let operation = proptest::sample::select(&OPERATIONS[..]);
    let body = proptest::collection::hash_map(proptest::sample::select(&MEMBERS[..]), value(), 0..6);
    let mut runner = TestRunner::new(Cases { cases: 600, ..Cases::default() });
    let tried = runner.run(&(operation, body), |(operation, body)| {
        let (status, answer) = runtime.block_on(server.ecr_any(operation, json!(body)));
        prop_assert!(status.as_u16() < 500, "{operation} {body:?}: {answer}");
        let told = answer["__type"].is_string() && answer["message"].is_string();
        prop_assert!(status == StatusCode::OK || told, "{operation} {body:?}: {answer}");
        Ok(())
    });
    tried.expect("every answer has the form of the service");
}

#[test]
fn no_path_of_the_registry_breaks_the_server() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (server, _folder) = runtime.block_on(kept());
    let name = "(team/tool|[a-z0-9._%/A-Z-]{0,30})";
    let rest =
        "(manifests|blobs|referrers|tags|blobs/uploads)/([a-z0-9:._%-]{0,40}|sha256:[0-9a-f]{64}|list)";
    let query = "(\\?(digest|mount|from|n|last|tag|artifactType)=[ -~&&[^ #]]{0,30})?";
    let path = format!("/v2/{name}/{rest}{query}");
    let path = proptest::string::string_regex(&path).expect("a pattern");
    let method = proptest::sample::select(vec!["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE"]);
    let mut runner = TestRunner::new(Cases { cases: 600, ..Cases::default() });
    let tried = runner.run(&(method, path), |(method, path)| {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
        );
        let answer = runtime.block_on(raw(&server, request.as_bytes()));
        let status = answer.split(' ').nth(1).and_then(|text| text.parse::<u16>().ok()).unwrap_or_default();
        prop_assert!((200..500).contains(&status), "{method} {path}: {answer}");
        let refused = status >= 400 && method != "HEAD" && !answer.ends_with("\r\n\r\n");
        prop_assert!(!refused || answer.contains("\"errors\""), "{method} {path}: {answer}");
        Ok(())
    });
    tried.expect("every answer has the form of the registry");
}

#[tokio::test]
async fn web_pages_of_elsewhere_reach_nothing() {
    let server = client::start().await;
    let operation = |name: &str, header: (&'static str, &'static str)| {
        let request = server.http.post(server.handle.endpoint()).header(header.0, header.1);
        request
            .header("x-amz-target", format!("AmazonEC2ContainerRegistry_V20150921.{name}"))
            .body(r#"{"repositoryName":"aa"}"#)
    };
    for header in [("origin", "https://evil.example"), ("origin", "null"), ("host", "evil.example:5327")] {
        let refused = operation("CreateRepository", header).send().await.unwrap();
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{header:?}");
        let body: Value = refused.json().await.unwrap();
        assert_eq!(body["__type"], "AccessDeniedException", "{body}");
        assert!(body["message"].as_str().unwrap().contains(header.1), "{body}");
        for (path, status) in [("/v2/", StatusCode::FORBIDDEN), ("/health", StatusCode::FORBIDDEN)] {
            let url = format!("{}{path}", server.handle.endpoint());
            let answer = server.http.get(url).header(header.0, header.1).send().await.unwrap();
            assert_eq!(answer.status(), status, "{path} {header:?}");
        }
    }
    let none = server.ecr("DescribeRepositories", json!({})).await;
    assert_eq!(none["repositories"], json!([]));
    let own = operation("CreateRepository", ("origin", "http://localhost:3000")).send().await.unwrap();
    assert_eq!(own.status(), StatusCode::OK);

    let mut config = client::config();
    config.url = Some("https://ecr.example.org".to_owned());
    let named = client::start_with(config).await;
    let health = format!("http://{}/health", named.handle.address());
    let answer = named.http.get(&health).header("host", "ecr.example.org").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK, "the URL that clients use is its name");
    let answer = named.http.get(&health).header("host", "ecr.example.net").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
}

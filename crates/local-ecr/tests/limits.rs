//! How much a server takes, how long it waits, and what it counts.

mod client;
mod upstream;

use std::time::{Duration, Instant};

use client::{Server, code, config, digest, start, start_with};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use upstream::Upstream;

/// Opens a connection and sends the beginning of something.
#[allow(clippy::expect_used, reason = "only tests use it")]
async fn begin(server: &Server, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.handle.address()).await.expect("a connection");
    stream.write_all(text.as_bytes()).await.expect("it is taken");
    stream
}

/// Returns what a connection gives until its server closes it.
#[allow(clippy::expect_used, reason = "only tests use it")]
async fn rest(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut bytes)).await;
    // A connection that is cut gives an error, or just ends.
    let _ = read.expect("the server closes it");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Returns a figure of the server by its name and labels.
#[allow(clippy::expect_used, reason = "only tests use it")]
async fn figure(server: &Server, name: &str) -> Option<f64> {
    let text = server.http.get(format!("{}/metrics", server.handle.endpoint())).send().await;
    let text = text.expect("an answer").text().await.expect("text");
    text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}

/// Waits until a figure has a value.
#[allow(clippy::panic, reason = "only tests use it")]
async fn wait_for(server: &Server, name: &str, value: f64) {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(20) {
        if figure(server, name).await == Some(value) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{name} does not come to {value}: {:?}", figure(server, name).await);
}

#[tokio::test]
async fn heads_and_bodies_that_do_not_come_are_not_waited_for() {
    let mut config = config();
    config.limits.head = Duration::from_millis(300);
    config.limits.idle = Duration::from_millis(300);
    let server = start_with(config).await;
    let silent = begin(&server, "").await;
    let half = begin(&server, "GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ").await;
    let body = begin(&server, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{").await;
    let blob = begin(
        &server,
        "POST /v2/aa/blobs/uploads/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n",
    )
    .await;
    assert_eq!(rest(silent).await, "");
    rest(half).await;
    let answer = rest(body).await;
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("SerializationException"), "{answer}");
    assert!(rest(blob).await.starts_with("HTTP/1.1 404"), "there is no such repository");
    let used = begin(&server, "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    let begun = Instant::now();
    assert!(rest(used).await.starts_with("HTTP/1.1 200"));
    assert!(begun.elapsed() >= Duration::from_millis(250), "a connection stays open for the next request");
}

#[tokio::test]
async fn an_answer_that_is_not_taken_is_cut() {
    let mut config = config();
    config.limits.idle = Duration::from_millis(300);
    let server = start_with(config).await;
    server.repository("aa").await;
    // More than the buffers between both ends hold.
    let blob = vec![7; 16 << 20];
    assert_eq!(server.push_blob("aa", &blob).await.status(), StatusCode::CREATED);
    let request = format!("GET /v2/aa/blobs/{} HTTP/1.1\r\nHost: localhost\r\n\r\n", digest(&blob));
    let stream = begin(&server, &request).await;
    wait_for(
        &server,
        "local_ecr_requests_total{plane=\"registry\",operation=\"GetBlob\",status=\"200\"}",
        1.0,
    )
    .await;
    // What asks is one itself.
    wait_for(&server, "local_ecr_requests_in_flight", 1.0).await;
    let taken = rest(stream).await.len();
    assert!(taken < blob.len(), "{taken} bytes came");
}

#[tokio::test]
async fn more_requests_than_the_limit_are_refused_after_a_while() {
    let mut config = config();
    config.limits.concurrency = 1;
    config.limits.wait = Duration::from_millis(200);
    let server = start_with(config).await;
    server.repository("aa").await;
    let upload = server.v2(Method::POST, "aa/blobs/uploads/").send().await.expect("an answer");
    let location = upload.headers()["location"].to_str().expect("text").to_owned();
    drop(upload);
    let slow = begin(
        &server,
        &format!("PATCH {location} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n1"),
    )
    .await;
    wait_for(&server, "local_ecr_requests_in_flight", 2.0).await;
    let refused = server.get("").await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.headers()["retry-after"], "1");
    assert!(refused.headers().contains_key("x-amzn-requestid"));
    assert_eq!(code(refused).await, "TOOMANYREQUESTS");
    assert_eq!(server.refused("DescribeRegistry", json!({})).await, "ThrottlingException");
    assert_eq!(
        figure(&server, "local_ecr_requests_refused_total").await,
        Some(2.0),
        "figures come all the same"
    );
    drop(slow);
    wait_for(&server, "local_ecr_requests_in_flight", 1.0).await;
    assert_eq!(server.get("").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn bodies_have_a_largest_size() {
    let mut config = config();
    config.limits.memory = 1 << 10;
    let server = start_with(config).await;
    let large = json!({ "repositoryName": "a".repeat(2 << 20) });
    assert_eq!(server.refused("CreateRepository", large).await, "InvalidParameterException");
    let pieces = (0..64).map(|_| Ok::<_, std::io::Error>(vec![b' '; 64 << 10]));
    let chunked = server
        .http
        .post(server.handle.endpoint())
        .header("x-amz-target", "AmazonEC2ContainerRegistry_V20150921.DescribeRegistry")
        .body(reqwest::Body::wrap_stream(futures_util::stream::iter(pieces)));
    // The server answers before it has read all, and may close the connection under the client.
    if let Ok(response) = chunked.send().await {
        let answer: Value = response.json().await.expect("JSON");
        assert_eq!(answer["__type"], "InvalidParameterException", "{answer}");
    }
    let several = (0..8).map(|_| server.ecr("DescribeRegistry", json!({})));
    futures_util::future::join_all(several).await;
}

#[tokio::test]
async fn figures_tell_operations_bytes_blobs_and_upstream() {
    let upstream = Upstream::start().await;
    upstream.put_image("bio/tool", "1", b"layer");
    let mut config = config();
    config.pull_through.upstreams.insert("quay.io".parse().expect("a host"), upstream.url.clone());
    let server = start_with(config).await;
    let rule = json!({ "ecrRepositoryPrefix": "quay", "upstreamRegistryUrl": "quay.io" });
    server.ecr("CreatePullThroughCacheRule", rule).await;
    assert_eq!(server.get("quay/bio/tool/manifests/1").await.status(), StatusCode::OK);
    for _ in 0..3 {
        let blob = server.get(&format!("quay/bio/tool/blobs/{}", digest(b"layer"))).await;
        assert_eq!(blob.text().await.expect("text"), "layer");
    }
    // The config that nobody asks for comes by itself.
    server.handle.completed().await;
    assert_eq!(server.get("quay/bio/none/manifests/1").await.status(), StatusCode::NOT_FOUND);
    let unknown = server.json("AmazonEC2ContainerRegistry_V20150921.Invented", json!({})).await;
    assert_eq!(unknown.0, StatusCode::BAD_REQUEST);
    for (name, value) in [
        ("local_ecr_requests_total{plane=\"registry\",operation=\"GetBlob\",status=\"200\"}", 3.0),
        (
            "local_ecr_requests_total{plane=\"control\",operation=\"CreatePullThroughCacheRule\",status=\"200\"}",
            1.0,
        ),
        ("local_ecr_requests_total{plane=\"control\",operation=\"other\",status=\"400\"}", 1.0),
        ("local_ecr_upstream_fetches_total{kind=\"image\"}", 2.0),
        ("local_ecr_upstream_fetches_total{kind=\"layer\"}", 2.0),
        ("local_ecr_upstream_failures_total{kind=\"image\",code=\"NotFound\"}", 1.0),
        ("local_ecr_blobs_served_total{source=\"upstream\"}", 1.0),
        ("local_ecr_blobs_served_total{source=\"cache\"}", 2.0),
        ("local_ecr_requests_in_flight", 1.0),
    ] {
        assert_eq!(figure(&server, name).await, Some(value), "{name}");
    }
    let sent = figure(&server, "local_ecr_sent_bytes_total{plane=\"registry\"}").await.expect("a figure");
    assert!(sent > 15.0, "{sent}");
}

#[tokio::test]
async fn every_answer_has_its_own_id_and_the_server_says_what_it_is() {
    let server = start().await;
    let mut ids = std::collections::HashSet::new();
    for path in ["v2/", "health", "health/ready", "metrics", "nothing", "layers/x", "v2/a/b/c"] {
        let response = server.http.get(format!("{}/{path}", server.handle.endpoint())).send().await;
        let response = response.expect("an answer");
        assert!(ids.insert(response.headers()["x-amzn-requestid"].clone()), "{path}");
    }
    let health = server.http.get(format!("{}/health", server.handle.endpoint())).send().await;
    let health: Value = health.expect("an answer").json().await.expect("JSON");
    assert_eq!(health["account"], "000000000000");
    assert_eq!(
        (&health["region"], &health["endpoint"]),
        (&json!("us-east-1"), &json!(server.handle.endpoint()))
    );
}

#[tokio::test]
async fn a_stop_lets_answers_end_and_takes_no_more() {
    let server = start().await;
    server.repository("aa").await;
    let blob = vec![7; 8 << 20];
    assert_eq!(server.push_blob("aa", &blob).await.status(), StatusCode::CREATED);
    let mut answer = server.get(&format!("aa/blobs/{}", digest(&blob))).await;
    let first = answer.chunk().await.expect("bytes").expect("bytes").len();
    let url = server.handle.endpoint();
    let stop = tokio::spawn(server.handle.stop());
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(server.http.get(url).send().await.is_err(), "no new connection");
    let mut taken = first;
    while let Some(piece) = answer.chunk().await.expect("bytes") {
        taken += piece.len();
    }
    assert_eq!(taken, blob.len());
    stop.await.expect("it stops");
}

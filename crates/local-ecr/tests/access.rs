//! Credentials of the registry, and who the control plane takes a caller for.

mod client;

use std::time::Duration;

use client::{code, config, digest, start, start_with};
use local_ecr::{Authentication, Clock, LocalEcr, StartError};
use reqwest::{Method, StatusCode};
use serde_json::json;

#[tokio::test]
async fn the_registry_takes_the_token_until_it_expires() {
    let clock = Clock::system();
    let mut config = config();
    config.authentication = Authentication::Required;
    config.clock = clock.clone();
    let server = start_with(config).await;
    server.repository("aa").await;
    let ping = server.get("").await;
    assert_eq!(ping.status(), StatusCode::UNAUTHORIZED);
    assert!(ping.headers()["www-authenticate"].to_str().expect("text").starts_with("Basic realm="));
    let data = server.ecr("GetAuthorizationToken", json!({})).await;
    let data = &data["authorizationData"][0];
    assert_eq!(data["proxyEndpoint"], server.handle.endpoint());
    let token = data["authorizationToken"].as_str().expect("a token").to_owned();
    let ping = || server.v2(Method::GET, "").header("authorization", format!("Basic {token}")).send();
    assert_eq!(ping().await.expect("an answer").status(), StatusCode::OK);
    clock.advance(Duration::from_secs(12 * 3600 + 1));
    let late = ping().await.expect("an answer");
    assert_eq!(late.status(), StatusCode::FORBIDDEN);
    assert_eq!(code(late).await, "DENIED");
    for (user, password) in [("AWS", "wrong"), ("someone", "x")] {
        let refused = server.v2(Method::GET, "").basic_auth(user, Some(password)).send().await;
        assert_eq!(refused.expect("an answer").status(), StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn a_download_url_needs_no_login_and_lasts_an_hour() {
    let clock = Clock::system();
    let mut config = config();
    config.clock = clock.clone();
    let server = start_with(config).await;
    server.repository("team/tool").await;
    server.push_image("team/tool", "1", b"layer").await;
    let layer = json!({ "repositoryName": "team/tool", "layerDigest": digest(b"layer") });
    let url =
        server.ecr("GetDownloadUrlForLayer", layer).await["downloadUrl"].as_str().expect("a URL").to_owned();
    let get = |url: String| server.http.get(url).send();
    assert_eq!(get(url.clone()).await.expect("an answer").text().await.expect("text"), "layer");
    for changed in [
        url.replace("team", "other"),
        url.replace("expires=", "expires=9"),
        url.replace("signature=", "signature=A"),
    ] {
        assert_eq!(get(changed).await.expect("an answer").status(), StatusCode::FORBIDDEN);
    }
    clock.advance(Duration::from_secs(3601));
    assert_eq!(get(url).await.expect("an answer").status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn sts_says_who_asks() {
    let server = start().await;
    let ask = |action: &str, key: &str| {
        server
            .http
            .post(server.handle.endpoint())
            .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
            .header(
                "authorization",
                format!("AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/sts/aws4_request"),
            )
            .body(format!("Action={action}&Version=2011-06-15"))
            .send()
    };
    let own = ask("GetCallerIdentity", "test").await.expect("an answer").text().await.expect("text");
    assert!(own.contains("<Account>000000000000</Account>") && own.contains(":root</Arn>"), "{own}");
    let service = ask("GetCallerIdentity", "omics.amazonaws.com").await.expect("an answer");
    assert!(service.text().await.expect("text").contains("omics.amazonaws.com"));
    let other = ask("AssumeRole", "test").await.expect("an answer");
    assert_eq!(other.status(), StatusCode::BAD_REQUEST);
    assert!(other.text().await.expect("text").contains("<Code>InvalidAction</Code>"));
}

#[tokio::test]
async fn only_loopback_addresses_are_taken() {
    let mut config = config();
    config.address = "0.0.0.0:0".parse().expect("an address");
    assert!(matches!(LocalEcr::start(config).await, Err(StartError::Unguarded(_))));
}

#[tokio::test]
async fn a_server_is_ready_at_once_and_stops() {
    let server = start().await;
    let health = server.http.get(format!("{}/health", server.handle.endpoint())).send().await;
    assert_eq!(health.expect("an answer").status(), StatusCode::OK);
    let url = server.handle.endpoint();
    server.handle.stop().await;
    assert!(server.http.get(url).send().await.is_err());
}

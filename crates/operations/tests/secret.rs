//! Secrets that ECR can sign in upstream with: tried out, written, and never shown.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]
#![allow(dead_code, reason = "the account is shared with the tests of caches")]

#[path = "cache/account.rs"]
mod account;

use account::World;
use aws::Secret;
use operations::cache::{CacheOptions, Outcome};
use operations::read_upstream;
use operations::secret::{self, LoginOutcome, SecretAction, SecretReport, SecretRequest};
use registry::ClientOptions;
use serde_json::json;

/// Returns the options of a client that finds the upstream registry in the place of Docker Hub.
fn options(world: &World) -> ClientOptions {
    let mut options = ClientOptions::default();
    options.endpoints.insert("docker.io".parse().unwrap(), world.upstream.endpoint());
    options
}

async fn create(world: &World, token: &Secret, replace: bool) -> SecretReport {
    let mut request = SecretRequest::new("docker-hub", "docker.io", "AWS", token.clone()).unwrap();
    request.replace = replace;
    let plan = secret::plan(&world.account, request, &options(world)).await;
    assert!(!serde_json::to_string(&plan).unwrap().contains(token.expose()));
    secret::apply(&world.account, plan).await
}

#[tokio::test]
async fn a_login_is_tried_out_and_then_serves_a_rule() {
    let world = World::with_login().await;
    world.push("library/python", "3.9").await;
    let (_, token) = world.login().await;
    let report = create(&world, &token, false).await;
    assert_eq!((report.outcome, &report.login), (Outcome::Done, &LoginOutcome::Taken), "{report:#?}");
    let checked = secret::check(&world.account, "docker-hub", None, &options(&world)).await;
    assert!(checked.is_usable() && matches!(checked.login, LoginOutcome::NotTried { .. }), "{checked:#?}");
    let cache = CacheOptions { credential: report.arn.clone(), ..CacheOptions::default() };
    assert!(world.create("docker.io", cache).await.is_done());
    world.pull_as_healthomics("docker-hub/library/python", "3.9").await.unwrap();

    let checked = secret::check(&world.account, "docker-hub", None, &options(&world)).await;
    assert_eq!(checked.rules, ["docker-hub"], "the registry is that of the rule");
    assert_eq!(checked.login, LoginOutcome::Taken);

    let before = world.snapshot().await;
    assert_eq!(create(&world, &token, true).await.outcome, Outcome::NotNeeded);
    assert_eq!(world.snapshot().await, before);
}

#[tokio::test]
async fn a_login_that_upstream_refuses_is_not_written() {
    let world = World::with_login().await;
    let report = create(&world, &Secret::new("wrong-token"), false).await;
    assert_eq!(report.outcome, Outcome::Failed);
    assert!(
        matches!(&report.login, LoginOutcome::Refused { reason } if reason.contains("401")),
        "{report:#?}"
    );
    assert!(world.account.secrets().list("").await.unwrap().is_empty());
}

#[tokio::test]
async fn an_upstream_registry_that_cannot_be_asked_is_no_yes() {
    let world = World::with_login().await;
    let request = SecretRequest::new("docker-hub", "docker.io", "AWS", Secret::new("token")).unwrap();
    let mut options = ClientOptions::default();
    options.endpoints.insert("docker.io".parse().unwrap(), "http://127.0.0.1:9".to_owned());
    options.retry.attempts = 1;
    let plan = secret::plan(&world.account, request.clone(), &options).await;
    let SecretAction::Refused { error } = &plan.action else { panic!("{plan:#?}") };
    assert!(error.hint.as_deref().unwrap().contains("--no-check"));
    let mut unchecked = request;
    unchecked.check = false;
    let plan = secret::plan(&world.account, unchecked, &options).await;
    assert!(plan.has_changes() && matches!(plan.login, LoginOutcome::NotTried { .. }));
}

#[tokio::test]
async fn a_secret_that_is_there_is_replaced_only_on_request() {
    let world = World::with_login().await;
    world.secret_of("ecr-pullthroughcache/docker-hub", r#"{"user": "old"}"#).await;
    let (_, token) = world.login().await;
    let refused = create(&world, &token, false).await;
    assert!(refused.error.unwrap().hint.unwrap().contains("--replace"));
    assert_eq!(create(&world, &token, true).await.outcome, Outcome::Done);
    let upstream = read_upstream("docker.io").unwrap();
    let checked = secret::check(&world.account, "docker-hub", Some(&upstream), &options(&world)).await;
    assert!(checked.is_usable() && checked.login == LoginOutcome::Taken, "{checked:#?}");
}

#[tokio::test]
async fn a_secret_under_a_key_of_ones_own_gets_the_default_key() {
    let world = World::with_login().await;
    let arn = world.secret("ecr-pullthroughcache/docker-hub").await;
    let key = aws::secrets_manager::SecretUpdate {
        kms_key_id: Some("arn:aws:kms:us-east-1:123456789012:key/1".to_owned()),
        ..aws::secrets_manager::SecretUpdate::default()
    };
    world.account.secrets().update(&arn, &key).await.unwrap();
    let checked = secret::check(&world.account, &arn, None, &options(&world)).await;
    assert!(!checked.is_usable() && checked.kms_key.is_some(), "{checked:#?}");
    let (_, token) = world.login().await;
    assert_eq!(create(&world, &token, true).await.outcome, Outcome::Done);
    assert!(secret::check(&world.account, &arn, None, &options(&world)).await.is_usable());
}

#[tokio::test]
async fn what_is_wrong_with_a_secret_is_told_without_its_value() {
    let world = World::with_login().await;
    world
        .secret_of("ecr-pullthroughcache/keys", &json!({"user": "me", "token": "hunter2"}).to_string())
        .await;
    for (secret, code) in [
        ("keys", "OE205"),
        ("not-there", "OE203"),
        ("arn:aws:secretsmanager:eu-west-1:123456789012:secret:ecr-pullthroughcache/x-AbCdEf", "OE202"),
        ("arn:aws:secretsmanager:us-east-1:123456789012:secret:docker-hub-creds", "OE201"),
    ] {
        let checked = secret::check(&world.account, secret, None, &options(&world)).await;
        assert!(!checked.is_usable(), "{secret}");
        assert_eq!(checked.findings[0].code.id(), code, "{checked:#?}");
        assert!(!serde_json::to_string(&checked).unwrap().contains("hunter2"));
    }
    let wrong =
        world.secret_of("ecr-pullthroughcache/wrong", r#"{"username":"AWS","accessToken":"wrong"}"#).await;
    let upstream = read_upstream("docker.io").unwrap();
    let checked = secret::check(&world.account, &wrong, Some(&upstream), &options(&world)).await;
    assert_eq!(checked.findings[0].code.id(), "OE208", "{checked:#?}");
}

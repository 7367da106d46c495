//! Secrets are looked at before ECR is asked for a rule.

use operations::cache::{Action, CacheOptions, CachePlan, Step, StepKind};
use serde_json::json;

use crate::account::{World, outcomes};
use crate::proxy::Way;

fn with(credential: &str) -> CacheOptions {
    CacheOptions { credential: Some(credential.to_owned()), ..CacheOptions::default() }
}

/// Returns why the rule is refused.
fn refusal(plan: &CachePlan) -> String {
    let rule = plan.steps.iter().find(|step| step.kind == StepKind::Rule).unwrap();
    match rule {
        Step { action: Action::Refused { error }, .. } => {
            format!(
                "{} {}",
                error.refused.clone().unwrap_or_default(),
                error.hint.clone().unwrap_or_default()
            )
        }
        other => panic!("{other:#?}"),
    }
}

#[tokio::test]
async fn a_secret_that_ecr_cannot_use_is_refused_before_anything_is_written() {
    let world = World::start().await;
    world.secret_of("ecr-pullthroughcache/keys", r#"{"user":"me","token":"hunter2"}"#).await;
    world.secret_of("ecr-pullthroughcache/text", "me:hunter2").await;
    let before = world.snapshot().await;
    for (credential, words) in [
        ("nothing-of-that-name", "there is no secret"),
        ("keys", "`username` and `accessToken`"),
        ("text", "not JSON"),
        (
            "arn:aws:secretsmanager:us-east-1:999999999999:secret:ecr-pullthroughcache/x-AbCdEf",
            "account 999999999999",
        ),
        (
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:ecr-pullthroughcache/x-AbCdEf",
            "in eu-west-1",
        ),
    ] {
        let plan = world.plan("docker.io", with(credential)).await;
        assert!(plan.is_refused() && refusal(&plan).contains(words), "{credential}: {}", refusal(&plan));
        assert!(!refusal(&plan).contains("hunter2"));
        let report = operations::cache::apply(&world.account, plan).await;
        assert!(!report.is_done(), "{report:#?}");
        assert_eq!(outcomes(&report)[0].1, "not done");
    }
    assert_eq!(world.snapshot().await, before);
}

#[tokio::test]
async fn a_secret_under_a_key_of_ones_own_is_refused() {
    let world = World::start().await;
    let arn = world
        .secret_of("ecr-pullthroughcache/kms", &json!({"username": "a", "accessToken": "b"}).to_string())
        .await;
    let update = aws::secrets_manager::SecretUpdate {
        kms_key_id: Some("arn:aws:kms:us-east-1:123456789012:key/1".to_owned()),
        ..aws::secrets_manager::SecretUpdate::default()
    };
    world.account.secrets().update(&arn, &update).await.unwrap();
    let plan = world.plan("docker.io", with(&arn)).await;
    assert!(refusal(&plan).contains("default key"), "{}", refusal(&plan));
}

#[tokio::test]
async fn a_value_that_may_not_be_read_is_told_and_is_not_fatal() {
    let world = World::with_login().await;
    let arn = world.secret("ecr-pullthroughcache/hub").await;
    let way = Way::without(&world, &["GetSecretValue"]).await;
    let request = operations::cache::CacheRequest::new("docker.io", with(&arn)).unwrap();
    let plan = operations::cache::plan(&way.account, request).await.unwrap();
    assert!(plan.findings.iter().any(|finding| finding.code.id() == "OE207"), "{plan:#?}");
    assert!(operations::cache::apply(&way.account, plan).await.is_done());
}

#[tokio::test]
async fn a_login_that_upstream_refuses_is_reported_in_ecrs_words() {
    let world = World::with_login().await;
    let wrong = json!({"username": "AWS", "accessToken": "wrong"}).to_string();
    let arn = world.secret_of("ecr-pullthroughcache/hub", &wrong).await;
    let report = world.create("docker.io", with(&arn)).await;
    assert!(!report.is_done());
    let step = report.steps.iter().find(|step| step.kind == StepKind::Validation).unwrap();
    let error = step.error.as_ref().unwrap();
    assert!(error.refused.as_deref().unwrap().contains("401"), "{error:#?}");
    assert_eq!(outcomes(&report)[2], ("rule", "done"), "what was done is told too");
}

#[tokio::test]
async fn another_secret_is_an_update_and_the_same_one_is_nothing() {
    let world = World::with_login().await;
    let one = world.secret("ecr-pullthroughcache/one").await;
    let two = world.secret("ecr-pullthroughcache/two").await;
    assert!(world.create("docker.io", with(&one)).await.is_done());
    let plan = world.plan("docker.io", with(&two)).await;
    let rule = plan.steps.iter().find(|step| step.kind == StepKind::Rule).unwrap();
    assert!(matches!(rule.action, Action::Update { .. }), "{rule:#?}");
    assert!(operations::cache::apply(&world.account, plan).await.is_done());
    assert_eq!(world.ecr().rule("docker-hub").await.unwrap().unwrap().credential_arn, Some(two.clone()));
    let without_suffix = &two[..two.len() - 7];
    assert!(!world.plan("docker.io", with(without_suffix)).await.has_changes());
}

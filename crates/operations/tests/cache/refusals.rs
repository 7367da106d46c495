//! What cannot be done is said before anything is.

use operations::cache::{self, Action, CacheOptions, StepKind};
use serde_json::json;

use crate::account::{World, outcomes};

fn prefix(text: &str) -> CacheOptions {
    CacheOptions { prefix: Some(text.parse().unwrap()), ..CacheOptions::default() }
}

#[tokio::test]
async fn a_prefix_that_has_a_rule_for_another_registry_is_replaced_only_on_request() {
    let world = World::start().await;
    assert!(world.create("quay.io", prefix("mirror")).await.is_done());
    world.push("biocontainers/bwa", "1").await;
    let before = world.snapshot().await;
    let plan = world.plan("public.ecr.aws", prefix("mirror")).await;
    let rule = plan.steps.iter().find(|step| step.kind == StepKind::Rule).unwrap();
    let Action::Refused { error } = &rule.action else { panic!("{rule:#?}") };
    assert!(error.refused.as_deref().unwrap().contains("quay.io"), "{error:#?}");
    assert!(error.hint.as_deref().unwrap().contains("--replace"));
    let report = cache::apply(&world.account, plan).await;
    assert!(!report.is_done());
    assert_eq!(world.snapshot().await, before, "no permission is written for a rule that is not ours");

    let replace = CacheOptions { replace: true, ..prefix("mirror") };
    let plan = world.plan("public.ecr.aws", replace.clone()).await;
    assert!(plan.steps.iter().any(|step| matches!(step.action, Action::Replace { .. })));
    assert!(cache::apply(&world.account, plan).await.is_done());
    assert_eq!(world.ecr().rule("mirror").await.unwrap().unwrap().upstream_registry_url, "public.ecr.aws");
    assert!(!world.plan("public.ecr.aws", replace).await.has_changes());
}

#[tokio::test]
async fn another_upstream_prefix_cannot_be_updated_either() {
    let world = World::start().await;
    assert!(world.create("quay.io", CacheOptions::default()).await.is_done());
    let part =
        CacheOptions { upstream_prefix: Some("biocontainers".parse().unwrap()), ..CacheOptions::default() };
    assert!(world.plan("quay.io", part.clone()).await.is_refused());
    let plan = world.plan("quay.io", CacheOptions { replace: true, ..part }).await;
    assert!(plan.has_changes() && !plan.is_refused());
}

#[tokio::test]
async fn a_policy_that_would_be_too_long_is_refused_before_anything_is_written() {
    let world = World::start().await;
    let padding = "x".repeat(9_900);
    let long = json!({"Version": "2012-10-17", "Statement": [{"Sid": "Long", "Effect": "Allow",
        "Principal": {"AWS": "999999999999"}, "Action": "ecr:ReplicateImage",
        "Resource": format!("arn:aws:ecr:us-east-1:123456789012:repository/{padding}")}]});
    world.ecr().put_registry_policy(&long.to_string()).await.unwrap();
    let before = world.snapshot().await;
    let report = world.create("quay.io", CacheOptions::default()).await;
    assert_eq!(
        outcomes(&report),
        [("creation template", "not done"), ("registry policy", "failed"), ("rule", "not done")]
    );
    let words = report.steps[1].error.as_ref().unwrap().refused.clone().unwrap();
    assert!(words.contains("10240"), "{words}");
    assert_eq!(world.snapshot().await, before);
}

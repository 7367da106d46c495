//! A step that fails stops the rest, the report tells what was done, and running again completes it.

use operations::cache::{self, CacheOptions, CachePlan, CacheReport, CacheRequest};

use crate::account::{World, outcomes};
use crate::proxy::Way;

async fn plan(way: &Way, options: CacheOptions) -> operations::Result<CachePlan> {
    cache::plan(&way.account, CacheRequest::new("quay.io", options).unwrap()).await
}

async fn create(way: &Way) -> CacheReport {
    let plan = plan(way, CacheOptions::default()).await.unwrap();
    cache::apply(&way.account, plan).await
}

#[tokio::test]
async fn each_step_may_fail_and_running_again_completes_it() {
    for (operation, expected) in [
        ("CreateRepositoryCreationTemplate", ["failed", "not done", "not done"]),
        ("PutRegistryPolicy", ["done", "failed", "not done"]),
        ("CreatePullThroughCacheRule", ["done", "done", "failed"]),
    ] {
        let world = World::start().await;
        world.push("biocontainers/bwa", "1").await;
        let way = Way::without(&world, &[operation]).await;
        let report = create(&way).await;
        assert!(!report.is_done(), "{operation}: {report:#?}");
        let found: Vec<&str> = outcomes(&report).into_iter().map(|(_, outcome)| outcome).collect();
        assert_eq!(found, expected, "{operation}");
        let failed = report.steps.iter().find_map(|step| step.error.as_ref()).unwrap();
        assert!(failed.hint.as_deref().unwrap().contains(&format!("ecr:{operation}")), "{failed:#?}");
        way.open();
        let report = create(&way).await;
        assert!(report.is_done(), "{report:#?}");
        world.pull_as_healthomics("quay/biocontainers/bwa", "1").await.unwrap();
    }
}

#[tokio::test]
async fn what_could_not_be_looked_at_is_not_called_absent_and_nothing_is_written() {
    for operation in
        ["GetRegistryPolicy", "DescribeRepositoryCreationTemplates", "DescribePullThroughCacheRules"]
    {
        let world = World::start().await;
        let way = Way::without(&world, &[operation]).await;
        let before = world.snapshot().await;
        let report = create(&way).await;
        assert!(!report.is_done(), "{operation}");
        let error = report.steps.iter().find_map(|step| step.error.as_ref()).unwrap();
        assert!(error.refused.as_deref().unwrap().contains("AccessDenied"), "{operation}: {error:#?}");
        assert_eq!(world.snapshot().await, before, "{operation}");
    }
    let world = World::start().await;
    let way = Way::without(
        &world,
        &["GetRegistryPolicy", "DescribeRepositoryCreationTemplates", "DescribePullThroughCacheRules"],
    )
    .await;
    assert!(plan(&way, CacheOptions::default()).await.is_err(), "nothing could be looked at");
}

#[tokio::test]
async fn repositories_are_granted_each_for_itself() {
    let world = World::start().await;
    for name in ["quay/old/one", "quay/old/two"] {
        world.ecr().create_repository(&aws::ecr::NewRepository::new(name.parse().unwrap())).await.unwrap();
    }
    let deny = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Closed","Effect":"Deny","Principal":{"Service":"omics.amazonaws.com"},"Action":"ecr:BatchGetImage"}]}"#;
    world.ecr().set_repository_policy(&"quay/old/one".parse().unwrap(), deny).await.unwrap();
    let options = CacheOptions { grant_existing: true, ..CacheOptions::default() };
    let report = world.create("quay.io", options).await;
    assert!(!report.is_done());
    let found: Vec<_> =
        report.steps[3..].iter().map(|step| (step.object.as_str(), step.outcome.label())).collect();
    assert_eq!(found, [("quay/old/one", "failed"), ("quay/old/two", "done")]);
    assert!(report.steps[3].error.as_ref().unwrap().refused.as_deref().unwrap().contains("Closed"));
    let kept = world.ecr().repository_policy(&"quay/old/one".parse().unwrap()).await.unwrap();
    assert_eq!(kept.as_deref(), Some(deny), "a Deny is nobody's to remove");
}

#[tokio::test]
async fn a_rule_that_cannot_be_made_anew_is_put_back() {
    let world = World::start().await;
    assert!(world.create("quay.io", CacheOptions::default()).await.is_done());
    let arn = world.secret("ecr-pullthroughcache/hub").await;
    let options = CacheOptions {
        prefix: Some("quay".parse().unwrap()),
        credential: Some(arn.clone()),
        replace: true,
        ..CacheOptions::default()
    };
    let plan = world.plan("ghcr.io", options).await;
    // The secret goes between plan and application.
    let value = aws::Secret::new("{}");
    world.account.secrets().put_value(&arn, &value).await.unwrap();
    let report = cache::apply(&world.account, plan).await;
    assert!(!report.is_done());
    let rule = world.ecr().rule("quay").await.unwrap().unwrap();
    assert_eq!(rule.upstream_registry_url, "quay.io", "{report:#?}");
    let words = report.steps[2].error.as_ref().unwrap().refused.clone().unwrap();
    assert!(words.contains("the old rule was put back"), "{words}");
}

#[tokio::test]
async fn a_login_that_may_not_be_tried_is_unknown_and_not_failed() {
    let world = World::with_login().await;
    let arn = world.secret("ecr-pullthroughcache/docker-hub").await;
    let way = Way::without(&world, &["ValidatePullThroughCacheRule"]).await;
    let options = CacheOptions { credential: Some(arn), ..CacheOptions::default() };
    let request = CacheRequest::new("docker.io", options).unwrap();
    let plan = cache::plan(&way.account, request).await.unwrap();
    let report = cache::apply(&way.account, plan).await;
    assert_eq!(outcomes(&report)[3], ("login upstream", "could not look"), "{report:#?}");
    assert!(report.is_done(), "{report:#?}");
    let told = report.findings.iter().find(|finding| finding.code.id() == "OE209").unwrap();
    assert!(told.hint.as_deref().unwrap().contains("ecr:ValidatePullThroughCacheRule"));
}

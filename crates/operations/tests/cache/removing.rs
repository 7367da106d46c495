//! Removing a cache takes away the rule, and on request what is entirely ours.

use operations::cache::{self, CacheOptions, CacheRemovalReport, RemovalRequest};
use serde_json::json;

use crate::account::World;

async fn remove(world: &World, prefix: &str, all: bool) -> CacheRemovalReport {
    let request = RemovalRequest { prefix: prefix.parse().unwrap(), with_template: all, with_grant: all };
    let plan = cache::plan_removal(&world.account, request).await.unwrap();
    cache::apply_removal(&world.account, plan).await
}

fn outcomes(report: &CacheRemovalReport) -> Vec<&'static str> {
    report.steps.iter().map(|step| step.outcome.label()).collect()
}

#[tokio::test]
async fn the_rule_goes_and_the_repositories_stay() {
    let world = World::start().await;
    world.push("biocontainers/bwa", "1").await;
    assert!(world.create("quay.io", CacheOptions::default()).await.is_done());
    world.pull_as_healthomics("quay/biocontainers/bwa", "1").await.unwrap();
    let report = remove(&world, "quay", false).await;
    assert!(report.is_done(), "{report:#?}");
    assert_eq!(report.repositories, Some(1));
    assert!(report.findings.iter().any(|finding| finding.message.contains("1 repository is below it")));
    assert!(world.ecr().rules().await.unwrap().is_empty());
    assert!(world.template("quay").await.is_some() && world.policy().await.is_some());
    world.pull_as_healthomics("quay/biocontainers/bwa", "1").await.unwrap();
    assert_eq!(outcomes(&remove(&world, "quay", false).await), ["not needed"]);
}

#[tokio::test]
async fn all_that_is_ours_goes_on_request() {
    let world = World::start().await;
    assert!(world.create("quay.io", CacheOptions::default()).await.is_done());
    let other = world.create("public.ecr.aws", CacheOptions::default()).await;
    assert!(other.is_done());
    assert_eq!(outcomes(&remove(&world, "quay", true).await), ["done", "done", "done"]);
    assert!(world.template("quay").await.is_none());
    let policy = world.policy().await.unwrap().to_string();
    assert!(policy.contains("ecr-public/*") && !policy.contains("quay"), "{policy}");
    assert_eq!(outcomes(&remove(&world, "ecr-public", true).await), ["done", "done", "done"]);
    assert_eq!(world.policy().await, None, "a policy without statements is none");
}

#[tokio::test]
async fn what_others_wrote_stays() {
    let world = World::start().await;
    let other = json!({"Sid": "Other", "Effect": "Allow", "Principal": {"AWS": "999999999999"},
        "Action": "ecr:ReplicateImage", "Resource": "*"});
    let policy = json!({"Version": "2012-10-17", "Statement": [other]});
    world.ecr().put_registry_policy(&policy.to_string()).await.unwrap();
    assert!(world.create("quay.io", CacheOptions::default()).await.is_done());
    let update = aws::ecr::TemplateUpdate {
        tag_mutability: Some(aws::ecr::TagMutability::Immutable),
        ..aws::ecr::TemplateUpdate::default()
    };
    world.ecr().update_template("quay", &update).await.unwrap();
    let report = remove(&world, "quay", true).await;
    assert_eq!(outcomes(&report), ["done", "not needed", "done"], "{report:#?}");
    assert!(world.template("quay").await.is_some(), "it has settings of somebody's own");
    assert_eq!(world.policy().await, Some(policy));
}

#[tokio::test]
async fn what_another_rule_needs_stays() {
    let world = World::start().await;
    let prefix = |text: &str| CacheOptions { prefix: Some(text.parse().unwrap()), ..CacheOptions::default() };
    assert!(world.create("quay.io", prefix("mirror")).await.is_done());
    assert!(world.create("public.ecr.aws", prefix("mirror/public")).await.is_done());
    let report = remove(&world, "mirror", true).await;
    assert_eq!(outcomes(&report), ["done", "not needed", "not needed"], "{report:#?}");
    let list = cache::list(&world.account).await.unwrap();
    assert!(list.rules[0].healthomics.all == operations::Access::Accessible, "{list:#?}");
}

#[tokio::test]
async fn a_rule_counts_the_repositories_that_it_fills_and_no_others() {
    let world = World::start().await;
    let prefix = |text: &str| CacheOptions { prefix: Some(text.parse().unwrap()), ..CacheOptions::default() };
    assert!(world.create("quay.io", prefix("ROOT")).await.is_done());
    assert!(world.create("public.ecr.aws", prefix("public")).await.is_done());
    for name in ["tools/one", "public/two", "public/three"] {
        let new = aws::ecr::NewRepository::new(name.parse().unwrap());
        world.ecr().create_repository(&new).await.unwrap();
    }
    for (prefix, expected) in [("ROOT", 1), ("public", 2), ("public/none", 0)] {
        let request =
            RemovalRequest { prefix: prefix.parse().unwrap(), with_template: false, with_grant: false };
        let plan = cache::plan_removal(&world.account, request).await.unwrap();
        assert_eq!(plan.repositories, Some(expected), "{prefix}");
    }
}

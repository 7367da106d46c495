//! Plans in files: carried out as they were shown, and refused when the account or the images have changed.

use aws::ecr::{AppliedFor, NewRepository, NewRule, TagMutability, Template};
use operations::export::{self, Export, ExportScope};
use operations::prepare::{PrepareOptions, SavedPlan};

use crate::world::World;

const QUAY: &str = "quay.io/biocontainers/bwa:1";

#[tokio::test]
async fn a_plan_is_the_same_while_nothing_changes_and_says_what_changed() {
    let world = World::start().await;
    world.image("biocontainers/bwa:1", 1).await;
    let request = world.request(&[QUAY], PrepareOptions::default());
    let written = serde_json::to_string(&SavedPlan::of(&world.plan(&request).await)).unwrap();
    let saved = SavedPlan::read(&written).unwrap();
    assert_eq!(saved.differences(&world.plan(&saved.request).await), []);

    // What the plan does not hang on may change.
    let ecr = world.account.session().ecr();
    ecr.create_repository(&NewRepository::new("other/thing".parse().unwrap())).await.unwrap();
    assert_eq!(saved.differences(&world.plan(&saved.request).await), []);

    let theirs = r#"{"Version":"2012-10-17","Statement":[{"Sid":"theirs","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::999999999999:root"},"Action":"ecr:CreateRepository","Resource":"*"}]}"#;
    ecr.put_registry_policy(theirs).await.unwrap();
    let words: Vec<String> =
        saved.differences(&world.plan(&saved.request).await).iter().map(|one| one.words()).collect();
    assert_eq!(words.len(), 1, "{words:?}");
    assert!(words[0].contains("registry policy") && words[0].contains("theirs"), "{words:?}");
    ecr.delete_registry_policy().await.unwrap();

    let moved = world.image("biocontainers/bwa:1", 2).await;
    let words: Vec<String> =
        saved.differences(&world.plan(&saved.request).await).iter().map(|one| one.words()).collect();
    assert_eq!(words.len(), 1, "{words:?}");
    assert!(words[0].contains(QUAY) && words[0].contains(&moved), "{words:?}");
}

#[tokio::test]
async fn a_plan_that_was_carried_out_is_not_that_plan_any_more() {
    let world = World::start().await;
    world.image("biocontainers/bwa:1", 1).await;
    let plan = world.plan(&world.request(&[QUAY], PrepareOptions::default())).await;
    let saved = SavedPlan::of(&plan);
    assert!(world.apply(plan).await.is_done());
    let words: Vec<String> =
        saved.differences(&world.plan(&saved.request).await).iter().map(|one| one.words()).collect();
    assert!(words.iter().any(|line| line.contains("rule `quay`")), "{words:?}");
}

/// Returns the kinds and the properties of what is exported.
fn resources(export: &Export) -> Vec<(String, serde_json::Value)> {
    let document = export.cloudformation();
    let resources = document["Resources"].as_object().unwrap().values();
    resources.map(|one| (one["Type"].as_str().unwrap().to_owned(), one["Properties"].clone())).collect()
}

#[tokio::test]
async fn what_is_exported_of_a_plan_is_what_carrying_it_out_makes() {
    let world = World::start().await;
    world.secret("ecr-pullthroughcache/hub").await;
    for (name, seed) in [("biocontainers/bwa:1", 1), ("library/python:3.9", 3), ("lts/ubuntu:22.04", 5)] {
        world.image(name, seed).await;
    }
    // A rule that is there without a template, a template that governs all others, and a policy of somebody's.
    let ecr = world.account.session().ecr();
    let rule = NewRule {
        ecr_repository_prefix: "ecr-public".parse().unwrap(),
        upstream_registry_url: "public.ecr.aws".to_owned(),
        upstream_registry: None,
        upstream_repository_prefix: None,
        credential_arn: None,
        custom_role_arn: None,
    };
    ecr.create_rule(&rule).await.unwrap();
    let mut root = Template::new("ROOT", vec![AppliedFor::PullThroughCache, AppliedFor::Replication]);
    root.tag_mutability = TagMutability::ImmutableExcept(vec!["dev-*".to_owned()]);
    root.resource_tags.insert("team".to_owned(), "genomics".to_owned());
    root.custom_role_arn = Some("arn:aws:iam::123456789012:role/ecr-templates".to_owned());
    ecr.create_template(&root).await.unwrap();
    let theirs = r#"{"Version":"2012-10-17","Statement":[{"Sid":"theirs","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::999999999999:root"},"Action":"ecr:ReplicateImage","Resource":"*"}]}"#;
    ecr.put_registry_policy(theirs).await.unwrap();

    let mut options = PrepareOptions { source_account: Some("own".to_owned()), ..PrepareOptions::default() };
    options.credentials.insert("docker.io".to_owned(), "ecr-pullthroughcache/hub".to_owned());
    let plan =
        world.plan(&world.request(&[QUAY, "python:3.9", "public.ecr.aws/lts/ubuntu:22.04"], options)).await;
    let text = serde_json::to_string(&SavedPlan::of(&plan)).unwrap();
    let of_plan = resources(&export::of_plan(&SavedPlan::read(&text).unwrap()).unwrap());
    let kinds: std::collections::BTreeSet<&str> = of_plan.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds.len(), 3, "{kinds:?}");
    assert!(of_plan.len() >= 5, "{of_plan:#?}");

    let report = world.apply(plan).await;
    assert!(report.is_done(), "{report:#?}");
    let there = resources(&export::of_account(&world.account, &ExportScope::default()).await.unwrap());
    for one in &of_plan {
        assert!(there.contains(one), "{one:#?} is not among {there:#?}");
    }
    let again = export::of_plan(&SavedPlan::of(
        &world.plan(&world.request(&[QUAY], PrepareOptions::default())).await,
    ));
    assert!(again.is_err());
}

//! A cache that is made is one that HealthOmics can pull through.

use operations::Access;
use operations::cache::{self, Action, CacheOptions, CacheRequest, SourceAccount, StepKind};
use serde_json::json;

use crate::account::{World, a_moment, outcomes};

#[tokio::test]
async fn healthomics_pulls_through_what_was_made_and_a_second_time_changes_nothing() {
    let world = World::start().await;
    world.push("biocontainers/bwa", "0.7.17").await;
    assert!(world.pull_as_healthomics("quay/biocontainers/bwa", "0.7.17").await.is_err());

    let plan = world.plan("https://quay.io/", CacheOptions::default()).await;
    assert!(plan.has_changes() && world.policy().await.is_none(), "planning writes nothing");
    let report = cache::apply(&world.account, plan).await;
    assert!(report.is_done(), "{report:#?}");
    assert_eq!(
        outcomes(&report),
        [("creation template", "done"), ("registry policy", "done"), ("rule", "done")]
    );
    assert_eq!(report.healthomics.all, Access::Accessible);
    world.pull_as_healthomics("quay/biocontainers/bwa", "0.7.17").await.unwrap();

    let policy = world.policy().await.unwrap();
    assert_eq!(
        policy["Statement"][0]["Resource"],
        json!(["arn:aws:ecr:us-east-1:123456789012:repository/quay/*"])
    );
    assert_eq!(
        policy["Statement"][0]["Action"],
        json!(["ecr:CreateRepository", "ecr:BatchImportUpstreamImage"])
    );

    let before = world.snapshot().await;
    a_moment().await;
    let again = world.create("quay.io", CacheOptions::default()).await;
    assert!(again.is_done(), "{again:#?}");
    assert!(outcomes(&again).iter().all(|(_, outcome)| *outcome == "not needed"), "{again:#?}");
    assert!(!world.plan("quay", CacheOptions::default()).await.has_changes());
    assert_eq!(world.snapshot().await, before);
}

#[tokio::test]
async fn docker_hub_is_pulled_through_with_a_secret_named_by_its_name() {
    let world = World::with_login().await;
    world.push("library/python", "3.9").await;
    let arn = world.secret("ecr-pullthroughcache/docker-hub").await;
    let options = CacheOptions { credential: Some("docker-hub".to_owned()), ..CacheOptions::default() };
    let report = world.create("docker.io", options.clone()).await;
    assert!(report.is_done(), "{report:#?}");
    assert_eq!(outcomes(&report)[3], ("login upstream", "done"));
    let rule = world.ecr().rule("docker-hub").await.unwrap().unwrap();
    assert_eq!(rule.upstream_registry_url, "registry-1.docker.io");
    assert_eq!(rule.credential_arn, Some(arn.clone()), "the full ARN is given to ECR");
    world.pull_as_healthomics("docker-hub/library/python", "3.9").await.unwrap();

    let before = world.snapshot().await;
    a_moment().await;
    let again = world.create("index.docker.io", CacheOptions { credential: Some(arn), ..options }).await;
    assert!(again.is_done());
    assert_eq!(world.snapshot().await, before);
}

#[tokio::test]
async fn a_prefix_and_a_part_of_the_upstream_registry_can_be_chosen() {
    let world = World::start().await;
    world.push("biocontainers/bwa", "1").await;
    let options = CacheOptions {
        prefix: Some("bio".parse().unwrap()),
        upstream_prefix: Some("biocontainers".parse().unwrap()),
        ..CacheOptions::default()
    };
    let report = world.create("quay", options).await;
    assert!(report.is_done(), "{report:#?}");
    world.pull_as_healthomics("bio/bwa", "1").await.unwrap();
}

#[tokio::test]
async fn root_is_a_prefix_too() {
    let world = World::start().await;
    world.push("biocontainers/bwa", "1").await;
    let options = CacheOptions { prefix: Some("ROOT".parse().unwrap()), ..CacheOptions::default() };
    let report = world.create("quay.io", options.clone()).await;
    assert!(report.is_done(), "{report:#?}");
    world.pull_as_healthomics("biocontainers/bwa", "1").await.unwrap();
    assert!(!world.plan("quay.io", options).await.has_changes());
}

#[tokio::test]
async fn grants_are_bound_to_an_account_on_request() {
    let world = World::start().await;
    world.push("biocontainers/bwa", "1").await;
    let options = CacheOptions { source_account: Some(SourceAccount::Own), ..CacheOptions::default() };
    let report = world.create("quay.io", options.clone()).await;
    assert!(report.is_done(), "{report:#?}");
    let bound = json!({"StringEquals": {"aws:SourceAccount": "123456789012"}});
    assert_eq!(world.policy().await.unwrap()["Statement"][0]["Condition"], bound);
    let template = world.template("quay").await.unwrap().repository_policy.unwrap();
    assert!(template.contains("aws:SourceAccount"), "{template}");
    world.pull_as_healthomics("quay/biocontainers/bwa", "1").await.unwrap();
    assert!(!world.plan("quay.io", options).await.has_changes());

    let other = CacheOptions {
        prefix: Some("other".parse().unwrap()),
        source_account: Some(SourceAccount::Of("210987654321".parse().unwrap())),
        ..CacheOptions::default()
    };
    let report = world.create("quay.io", other).await;
    assert!(!report.is_done(), "the statement stays bound to the account it was bound to: {report:#?}");
}

#[tokio::test]
async fn a_bond_that_is_asked_for_later_is_added_to_our_statements() {
    let world = World::start().await;
    assert!(world.create("quay.io", CacheOptions::default()).await.is_done());
    let options = CacheOptions { source_account: Some(SourceAccount::Own), ..CacheOptions::default() };
    let report = world.create("quay.io", options.clone()).await;
    assert!(report.is_done(), "{report:#?}");
    assert!(world.policy().await.unwrap()["Statement"][0]["Condition"].is_object());
    assert!(!world.plan("quay.io", options).await.has_changes());
}

#[tokio::test]
async fn repositories_that_are_there_are_listed_and_opened_on_request() {
    let world = World::start().await;
    let ecr = world.ecr();
    let theirs = json!({"Version": "2012-10-17", "Statement": [{"Sid": "Team", "Effect": "Allow",
        "Principal": {"Service": ["lambda.amazonaws.com"]}, "Action": "ecr:BatchGetImage"}]});
    for name in ["quay/old/one", "quay/old/two", "other/three"] {
        ecr.create_repository(&aws::ecr::NewRepository::new(name.parse().unwrap())).await.unwrap();
    }
    let one = "quay/old/one".parse().unwrap();
    ecr.set_repository_policy(&one, &theirs.to_string()).await.unwrap();

    let report = world.create("quay.io", CacheOptions::default()).await;
    assert!(report.is_done(), "a template changes nothing that is there, and that is no failure");
    let names: Vec<&str> = report.closed_repositories.iter().map(|closed| closed.name.as_str()).collect();
    assert_eq!(names, ["quay/old/one", "quay/old/two"]);
    assert!(matches!(report.closed_repositories[0].access, Access::NotAccessible { .. }));
    assert!(
        report
            .findings
            .iter()
            .any(|finding| finding.hint.as_deref().is_some_and(|hint| hint.contains("--grant-existing")))
    );

    let options = CacheOptions { grant_existing: true, ..CacheOptions::default() };
    let report = world.create("quay.io", options.clone()).await;
    assert!(report.is_done() && report.closed_repositories.is_empty(), "{report:#?}");
    let text = ecr.repository_policy(&one).await.unwrap().unwrap();
    let policy: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(policy["Statement"][0], theirs["Statement"][0], "what others wrote stays");
    assert_eq!(policy["Statement"][1]["Principal"]["Service"], "omics.amazonaws.com");
    assert_eq!(ecr.repository_policy(&"other/three".parse().unwrap()).await.unwrap(), None);
    assert!(!world.plan("quay.io", options).await.has_changes());
}

#[tokio::test]
async fn chainguard_becomes_a_rule_and_healthomics_takes_nothing_through_it() {
    let world = World::start().await;
    let arn = world.secret("ecr-pullthroughcache/chainguard").await;
    let options = CacheOptions { credential: Some(arn), ..CacheOptions::default() };
    let plan = world.plan("cgr.dev", options).await;
    assert!(plan.findings.iter().any(|finding| finding.code.id() == "OE104"), "{plan:#?}");
    assert!(
        plan.steps
            .iter()
            .any(|step| step.kind == StepKind::Rule && matches!(step.action, Action::Create { .. }))
    );
}

#[tokio::test]
async fn a_credential_that_the_registry_does_not_take_is_left_out_with_a_warning() {
    let world = World::start().await;
    let options = CacheOptions { credential: Some("some".to_owned()), ..CacheOptions::default() };
    let report = world.create("public.ecr.aws", options).await;
    assert!(report.is_done(), "{report:#?}");
    assert!(report.findings.iter().any(|finding| finding.code.id() == "OE105"));
    assert_eq!(world.ecr().rule("ecr-public").await.unwrap().unwrap().credential_arn, None);
}

#[tokio::test]
async fn a_rule_that_has_a_credential_needs_none_again() {
    let world = World::with_login().await;
    let arn = world.secret("ecr-pullthroughcache/docker-hub").await;
    let none = CacheOptions::default;
    let refused = CacheRequest::renewed(&world.account, "docker.io", none()).await.unwrap_err();
    assert!(refused.hint.unwrap().contains("omics-ecr secret create"));
    let options = CacheOptions { credential: Some(arn.clone()), ..none() };
    assert!(world.create("docker.io", options).await.is_done());
    let before = world.snapshot().await;
    a_moment().await;
    let request = CacheRequest::renewed(&world.account, "docker.io", none()).await.unwrap();
    let plan = cache::plan(&world.account, request).await.unwrap();
    assert!(!plan.has_changes(), "{plan:#?}");
    assert!(cache::apply(&world.account, plan).await.is_done());
    assert_eq!(world.snapshot().await, before);
    let elsewhere = CacheOptions { prefix: Some("other".parse().unwrap()), ..none() };
    assert!(CacheRequest::renewed(&world.account, "docker.io", elsewhere).await.is_err());
    let hub = CacheOptions { prefix: Some("docker-hub".parse().unwrap()), ..none() };
    assert!(CacheRequest::renewed(&world.account, "ghcr.io", hub).await.is_err(), "it is another registry's");
}

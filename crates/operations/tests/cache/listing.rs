//! The list of rules says what HealthOmics may do below each, and why not.

use aws::ecr::{AppliedFor, NewRule, Template};
use operations::cache::{self, CacheOptions, SourceAccount};
use operations::{Access, CredentialState};

use crate::account::World;
use crate::proxy::Way;

fn rule(prefix: &str, url: &str, credential: Option<&str>) -> NewRule {
    NewRule {
        ecr_repository_prefix: prefix.parse().unwrap(),
        upstream_registry_url: url.to_owned(),
        upstream_registry: None,
        upstream_repository_prefix: None,
        credential_arn: credential.map(str::to_owned),
        custom_role_arn: None,
    }
}

#[tokio::test]
async fn every_rule_has_its_verdict_and_the_state_of_its_secret() {
    let world = World::with_login().await;
    let arn = world.secret("ecr-pullthroughcache/hub").await;
    let options = CacheOptions { credential: Some(arn.clone()), ..CacheOptions::default() };
    assert!(world.create("docker.io", options).await.is_done());
    world.ecr().create_rule(&rule("quay", "quay.io", None)).await.unwrap();
    let list = cache::list(&world.account).await.unwrap();
    let [hub, quay] = &list.rules[..] else { panic!("{list:#?}") };
    assert_eq!((hub.prefix.as_str(), hub.upstream.as_str()), ("docker-hub", "registry-1.docker.io"));
    assert_eq!(hub.credential, CredentialState::Named { arn });
    assert_eq!(hub.healthomics.all, Access::Accessible);
    assert!(hub.created.as_deref().unwrap().ends_with('Z'));
    assert_eq!(quay.credential, CredentialState::NotNeeded);
    assert!(matches!(&quay.healthomics.all, Access::NotAccessible { .. }), "a rule alone is of no use");
    let finding = list.findings.iter().find(|finding| finding.subject == "quay").unwrap();
    assert!(finding.hint.as_deref().unwrap().contains("omics-ecr cache create quay.io --prefix quay"));
}

#[tokio::test]
async fn a_template_for_replication_alone_opens_nothing_and_one_without_policy_is_told_as_such() {
    let world = World::start().await;
    let judge = async |applied_for, policy: Option<&str>| {
        let world = World::start().await;
        world.ecr().create_rule(&rule("quay", "quay.io", None)).await.unwrap();
        let grant = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"omics.amazonaws.com"},"Action":["ecr:Batch*","ecr:Create*"],"Resource":"*"}]}"#;
        world.ecr().put_registry_policy(grant).await.unwrap();
        let template = Template {
            repository_policy: policy.map(str::to_owned),
            ..Template::new("quay", vec![applied_for])
        };
        world.ecr().create_template(&template).await.unwrap();
        cache::list(&world.account).await.unwrap().rules.remove(0).healthomics
    };
    let open = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"omics.amazonaws.com"},"Action":["ecr:BatchGet*","ecr:GetDownloadUrlForLayer","ecr:BatchCheck*"]}]}"#;
    let replicas = judge(AppliedFor::Replication, Some(open)).await;
    assert_eq!(replicas.registry_policy, Access::Accessible, "actions with stars are granted");
    assert!(replicas.all.reason().unwrap().contains("no repository creation template"), "{replicas:#?}");
    let bare = judge(AppliedFor::PullThroughCache, None).await;
    assert_eq!(bare.templates[0].prefix.as_deref(), Some("quay"), "it is there, and gives nothing");
    assert!(matches!(bare.all, Access::NotAccessible { .. }));
    assert_eq!(judge(AppliedFor::PullThroughCache, Some(open)).await.all, Access::Accessible);
    drop(world);
}

#[tokio::test]
async fn more_rules_than_a_page_has_are_all_listed() {
    let world = World::start().await;
    for number in 0..50 {
        let prefix = format!("mirror-{number:02}");
        world.ecr().create_rule(&rule(&prefix, "quay.io", None)).await.unwrap();
    }
    assert_eq!(cache::list(&world.account).await.unwrap().rules.len(), 50);
    let plan = world.plan("public.ecr.aws", CacheOptions::default()).await;
    assert!(plan.is_refused(), "ECR keeps 50 rules at most");
}

#[tokio::test]
async fn what_could_not_be_looked_at_is_unknown() {
    let world = World::with_login().await;
    let arn = world.secret("ecr-pullthroughcache/hub").await;
    let options = CacheOptions { credential: Some(arn), ..CacheOptions::default() };
    assert!(world.create("docker.io", options).await.is_done());
    let way = Way::without(&world, &["GetRegistryPolicy", "DescribeSecret"]).await;
    let list = cache::list(&way.account).await.unwrap();
    assert!(matches!(list.rules[0].healthomics.registry_policy, Access::Unknown { .. }), "{list:#?}");
    assert!(matches!(list.rules[0].credential, CredentialState::Unknown { .. }));
    let way = Way::without(&world, &["DescribePullThroughCacheRules"]).await;
    assert!(cache::list(&way.account).await.is_err());
}

#[tokio::test]
async fn what_is_open_to_runs_of_another_account_depends() {
    let world = World::start().await;
    let theirs = SourceAccount::Of("210987654321".parse().unwrap());
    let options = CacheOptions { source_account: Some(theirs), ..CacheOptions::default() };
    assert!(world.create("quay.io", options).await.is_done());
    let list = cache::list(&world.account).await.unwrap();
    let Access::Depends { reason } = &list.rules[0].healthomics.all else { panic!("{list:#?}") };
    assert!(reason.contains("210987654321"), "{reason}");
    assert_eq!(list.findings[0].severity, operations::Severity::Warning);
    let fix = list.findings[0].fix.as_ref().unwrap();
    assert_eq!(fix.tool.as_deref(), Some("CreateECRPullThroughCache"));
}

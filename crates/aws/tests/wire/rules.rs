//! Pull through cache rules.

use aws::ErrorKind;
use aws::ecr::{NewRule, RuleUpdate, RuleVerdict};
use serde_json::{Value, json};

use crate::server::{Reply, Server};

#[tokio::test]
async fn every_page_of_rules_is_read_and_an_absent_upstream_prefix_is_root() {
    let server = Server::start(|request| match request.json()["nextToken"].as_str() {
        None => Reply::json(json!({
            "pullThroughCacheRules": [{
                "ecrRepositoryPrefix": "quay", "upstreamRegistryUrl": "quay.io", "registryId": "123456789012",
                "createdAt": 1.7e9
            }],
            "nextToken": "more"
        })),
        Some(_) => Reply::json(json!({
            "pullThroughCacheRules": [{
                "ecrRepositoryPrefix": "team/hub", "upstreamRegistryUrl": "registry-1.docker.io",
                "registryId": "123456789012", "upstreamRegistry": "docker-hub",
                "upstreamRepositoryPrefix": "biocontainers",
                "credentialArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:ecr-pullthroughcache/h-AbCdEf"
            }, {
                "ecrRepositoryPrefix": "ROOT", "upstreamRegistryUrl": "new.example.com",
                "upstreamRegistry": "some-future-registry", "upstreamRepositoryPrefix": "ROOT"
            }]
        })),
    })
    .await;
    let rules = server.session().await.ecr().rules().await.unwrap();
    assert_eq!(rules.len(), 3);
    assert!(rules[0].names.upstream_repository_prefix.is_root());
    assert_eq!((rules[0].upstream_registry.as_deref(), rules[0].credential_arn.as_deref()), (None, None));
    assert_eq!(rules[1].names.upstream.as_str(), "docker.io", "one name for Docker Hub in this house");
    assert_eq!(rules[1].upstream_registry_url, "registry-1.docker.io", "and ECR's as ECR has it");
    assert_eq!(rules[1].names.upstream_repository_prefix.as_str(), "biocontainers");
    assert!(rules[2].names.ecr_repository_prefix.is_root());
    assert_eq!(rules[2].upstream_registry.as_deref(), Some("some-future-registry"));
}

#[tokio::test]
async fn an_unknown_rule_is_an_answer() {
    let server =
        Server::start(|_| Reply::error(400, "PullThroughCacheRuleNotFoundException", "no such rule")).await;
    let ecr = server.session().await.ecr();
    assert_eq!(ecr.rule("quay").await.unwrap(), None);
    assert!(!ecr.delete_rule("quay").await.unwrap());
    let error = ecr.validate_rule("quay").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_rule_is_made_as_asked() {
    let server = Server::start(|_| {
        Reply::json(json!({ "ecrRepositoryPrefix": "quay", "upstreamRegistryUrl": "quay.io", "registryId": "123456789012" }))
    })
    .await;
    let new = NewRule {
        ecr_repository_prefix: "quay".parse().unwrap(),
        upstream_registry_url: "quay.io".into(),
        upstream_registry: Some("quay".into()),
        upstream_repository_prefix: Some("ROOT".parse().unwrap()),
        credential_arn: None,
        custom_role_arn: None,
    };
    let ecr = server.session().await.ecr();
    let rule = ecr.create_rule(&new).await.unwrap();
    assert_eq!((rule.stored_prefix.as_str(), rule.names.upstream.as_str()), ("quay", "quay.io"));
    let expected = json!({ "ecrRepositoryPrefix": "quay", "upstreamRegistryUrl": "quay.io", "upstreamRegistry": "quay" });
    assert_eq!(server.seen()[0].json(), expected);

    let below = NewRule { upstream_repository_prefix: Some("biocontainers".parse().unwrap()), ..new };
    ecr.create_rule(&below).await.unwrap();
    assert_eq!(server.seen()[1].json()["upstreamRepositoryPrefix"], "biocontainers");
}

#[tokio::test]
async fn an_update_that_changes_nothing_is_not_sent() {
    let server = Server::start(|_| Reply::json(json!({}))).await;
    let ecr = server.session().await.ecr();
    let error = ecr.update_rule("hub", &RuleUpdate::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(server.seen().is_empty());
    let update = RuleUpdate { credential_arn: Some("arn:x".into()), custom_role_arn: None };
    ecr.update_rule("hub", &update).await.unwrap();
    assert_eq!(server.seen()[0].json(), json!({ "ecrRepositoryPrefix": "hub", "credentialArn": "arn:x" }));
}

#[tokio::test]
async fn a_rule_that_does_not_work_is_an_answer_with_its_reason() {
    for (answer, verdict) in [
        (json!({ "isValid": true }), RuleVerdict::Valid),
        (json!({ "isValid": false, "failure": "bad login" }), RuleVerdict::Invalid("bad login".into())),
        (json!({ "isValid": false, "failure": Value::Null }), RuleVerdict::Invalid(String::new())),
    ] {
        let server = Server::start(move |_| Reply::json(answer.clone())).await;
        assert_eq!(server.session().await.ecr().validate_rule("hub").await.unwrap(), verdict);
    }
}

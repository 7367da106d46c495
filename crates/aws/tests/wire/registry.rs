//! The registry as a whole: token, policy, settings, templates.

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use aws::ErrorKind;
use aws::ecr::{AccountSetting, AppliedFor, Encryption, TagMutability, Template, TemplateUpdate};
use serde_json::json;

use crate::server::{Reply, Server};

#[tokio::test]
async fn the_authorization_token_is_split_and_never_shown() {
    let server = Server::start(|_| {
        Reply::json(json!({ "authorizationData": [{
            "authorizationToken": "QVdTOmh1bnRlcjI=",
            "expiresAt": 1_700_043_200.25,
            "proxyEndpoint": "https://123456789012.dkr.ecr.us-east-1.amazonaws.com"
        }] }))
    })
    .await;
    let token = server.session().await.ecr().authorization_token().await.unwrap();
    assert_eq!((token.user.as_str(), token.password.expose()), ("AWS", "hunter2"));
    assert_eq!(token.basic.expose(), "QVdTOmh1bnRlcjI=");
    assert_eq!(token.proxy_endpoint, "https://123456789012.dkr.ecr.us-east-1.amazonaws.com");
    assert_eq!(token.expires, Some(UNIX_EPOCH + Duration::from_millis(1_700_043_200_250)));
    let shown = format!("{token:?}");
    assert!(!shown.contains("hunter2") && !shown.contains("QVdT"), "{shown}");
    assert_eq!(server.seen()[0].json(), json!({}), "one's own registry needs no id");
}

#[tokio::test]
async fn a_token_that_is_none_is_an_error_that_does_not_show_it() {
    for token in ["!!!", "bm9jb2xvbg=="] {
        let server = Server::start(move |_| {
            Reply::json(
                json!({ "authorizationData": [{ "authorizationToken": token, "proxyEndpoint": "x" }] }),
            )
        })
        .await;
        let error = server.session().await.ecr().authorization_token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Other);
        assert!(!format!("{error} {error:?}").contains(token), "{error:?}");
    }
    let server = Server::start(|_| Reply::json(json!({ "authorizationData": [] }))).await;
    let error = server.session().await.ecr().authorization_token().await.unwrap_err();
    assert!(error.to_string().contains("`authorizationData` is missing"), "{error}");
}

#[tokio::test]
async fn the_registry_policy_is_text_or_absent() {
    let server = Server::start(|request| match request.operation().as_str() {
        "PutRegistryPolicy" => {
            assert_eq!(request.json(), json!({ "policyText": "{ }" }));
            Reply::json(json!({ "registryId": "123456789012", "policyText": "{ }" }))
        }
        _ => Reply::error(400, "RegistryPolicyNotFoundException", "Registry policy does not exist"),
    })
    .await;
    let ecr = server.session().await.ecr();
    assert_eq!(ecr.registry_policy().await.unwrap(), None);
    ecr.put_registry_policy("{ }").await.unwrap();
    assert!(!ecr.delete_registry_policy().await.unwrap());
}

#[tokio::test]
async fn settings_are_read_and_written_by_name() {
    let server = Server::start(|request| {
        let body = request.json();
        match (request.operation().as_str(), body["name"].as_str().unwrap()) {
            ("GetAccountSetting", "BLOB_MOUNTING") => {
                Reply::json(json!({ "name": "BLOB_MOUNTING", "value": "DISABLED" }))
            }
            ("GetAccountSetting", "REGISTRY_POLICY_SCOPE") => {
                Reply::json(json!({ "name": "REGISTRY_POLICY_SCOPE", "value": "V2" }))
            }
            ("PutAccountSetting", "BLOB_MOUNTING") if body["value"] == "ENABLED" => Reply::json(json!({})),
            other => Reply::error(400, "InvalidParameterException", &format!("{other:?}")),
        }
    })
    .await;
    let ecr = server.session().await.ecr();
    assert_eq!(ecr.account_setting(AccountSetting::BlobMounting).await.unwrap(), "DISABLED");
    assert_eq!(ecr.account_setting(AccountSetting::RegistryPolicyScope).await.unwrap(), "V2");
    ecr.put_account_setting(AccountSetting::BlobMounting, "ENABLED").await.unwrap();
    let error = ecr.put_account_setting(AccountSetting::BlobMounting, "MAYBE").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn the_registry_tells_what_it_replicates() {
    let server = Server::start(|_| {
        Reply::json(json!({
            "registryId": "123456789012",
            "replicationConfiguration": { "rules": [{
                "destinations": [{ "region": "eu-west-1", "registryId": "210987654321" }],
                "repositoryFilters": [{ "filter": "prod", "filterType": "PREFIX_MATCH" }]
            }] }
        }))
    })
    .await;
    let registry = server.session().await.ecr().registry().await.unwrap();
    assert_eq!(registry.account.as_str(), "123456789012");
    assert_eq!(registry.replication[0].prefixes, ["prod"]);
    assert_eq!(registry.replication[0].destinations[0].region.as_str(), "eu-west-1");
}

#[tokio::test]
async fn templates_are_read_made_changed_and_deleted() {
    let stored = json!({
        "prefix": "quay",
        "description": "",
        "encryptionConfiguration": { "encryptionType": "AES256" },
        "resourceTags": [{ "Key": "a", "Value": "b" }],
        "imageTagMutability": "MUTABLE",
        "repositoryPolicy": "{}",
        "appliedFor": ["PULL_THROUGH_CACHE", "SOMETHING_NEW"],
        "createdAt": 1.7e9, "updatedAt": 1.7e9
    });
    let answer = stored.clone();
    let server = Server::start(move |request| match request.operation().as_str() {
        "DescribeRepositoryCreationTemplates" => match request.json()["prefixes"][0].as_str() {
            None if request.json().get("nextToken").is_none() => {
                Reply::json(json!({ "repositoryCreationTemplates": [answer], "nextToken": "n" }))
            }
            Some("none") => Reply::json(json!({ "repositoryCreationTemplates": [] })),
            _ => Reply::json(json!({ "repositoryCreationTemplates": [answer] })),
        },
        "DeleteRepositoryCreationTemplate" => Reply::error(400, "TemplateNotFoundException", "none"),
        _ => Reply::json(json!({ "repositoryCreationTemplate": answer })),
    })
    .await;
    let ecr = server.session().await.ecr();
    let all = ecr.templates().await.unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(all[0].applied_for, [AppliedFor::PullThroughCache, AppliedFor::Other("SOMETHING_NEW".into())]);
    assert_eq!((all[0].description.as_ref(), all[0].repository_policy.as_deref()), (None, Some("{}")));
    assert_eq!(all[0].resource_tags, BTreeMap::from([("a".to_owned(), "b".to_owned())]));
    assert_eq!(ecr.template("none").await.unwrap(), None);
    assert_eq!(ecr.template("quay").await.unwrap().unwrap().prefix, "quay");
    assert!(!ecr.delete_template("none").await.unwrap());

    let mut new = Template::new("quay", vec![AppliedFor::PullThroughCache]);
    new.repository_policy = Some("{}".into());
    ecr.create_template(&new).await.unwrap();
    assert_eq!(
        server.seen().last().unwrap().json(),
        json!({
            "prefix": "quay", "appliedFor": ["PULL_THROUGH_CACHE"], "repositoryPolicy": "{}",
            "imageTagMutability": "MUTABLE", "encryptionConfiguration": { "encryptionType": "AES256" }
        })
    );

    let update = TemplateUpdate { repository_policy: Some("{\"a\":1}".into()), ..TemplateUpdate::default() };
    ecr.update_template("quay", &update).await.unwrap();
    assert_eq!(
        server.seen().last().unwrap().json(),
        json!({ "prefix": "quay", "repositoryPolicy": "{\"a\":1}" }),
        "what is not to be changed is not sent"
    );
    let update = TemplateUpdate {
        applied_for: Some(vec![AppliedFor::PullThroughCache, AppliedFor::Replication]),
        tag_mutability: Some(TagMutability::Immutable),
        encryption: Some(Encryption::KmsDsse(Some("k".into()))),
        resource_tags: Some(BTreeMap::new()),
        ..TemplateUpdate::default()
    };
    ecr.update_template("quay", &update).await.unwrap();
    assert_eq!(
        server.seen().last().unwrap().json(),
        json!({
            "prefix": "quay", "appliedFor": ["PULL_THROUGH_CACHE", "REPLICATION"], "imageTagMutability": "IMMUTABLE",
            "encryptionConfiguration": { "encryptionType": "KMS_DSSE", "kmsKey": "k" }, "resourceTags": []
        })
    );
}

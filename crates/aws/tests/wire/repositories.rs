//! Repositories and their policies.

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use aws::ErrorKind;
use aws::ecr::{Encryption, NewRepository, TagMutability};
use image::RepositoryName;
use serde_json::{Value, json};

use crate::server::{Reply, Server};

fn repository(name: &str) -> Value {
    json!({
        "repositoryArn": format!("arn:aws:ecr:us-east-1:123456789012:repository/{name}"),
        "registryId": "123456789012",
        "repositoryName": name,
        "repositoryUri": format!("123456789012.dkr.ecr.us-east-1.amazonaws.com/{name}"),
        "createdAt": 1_700_000_000.5,
        "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": [{ "filterType": "WILDCARD", "filter": "latest*" }],
        "imageScanningConfiguration": { "scanOnPush": true },
        "encryptionConfiguration": { "encryptionType": "KMS", "kmsKey": "arn:aws:kms:us-east-1:1:key/k" }
    })
}

fn name(name: &str) -> RepositoryName {
    name.parse().unwrap()
}

#[tokio::test]
async fn every_page_of_repositories_is_read() {
    let server = Server::start(|request| {
        let body = request.json();
        assert_eq!(body["maxResults"], 1000);
        let (first, next) = match body["nextToken"].as_str() {
            None => (0, json!("two")),
            Some("two") => (1, json!("three")),
            Some("three") => (2, Value::Null),
            other => panic!("{other:?}"),
        };
        Reply::json(json!({ "repositories": [repository(&format!("r{first}"))], "nextToken": next }))
    })
    .await;
    let session = server.session().await;
    let all = session.ecr().repositories().await.unwrap();
    assert_eq!(all.iter().map(|r| r.name.as_str()).collect::<Vec<_>>(), ["r0", "r1", "r2"]);
    let first = &all[0];
    assert_eq!(first.uri, "123456789012.dkr.ecr.us-east-1.amazonaws.com/r0");
    assert_eq!(first.created, Some(UNIX_EPOCH + Duration::from_millis(1_700_000_000_500)));
    assert_eq!(first.tag_mutability, TagMutability::ImmutableExcept(vec!["latest*".into()]));
    assert_eq!(first.encryption, Encryption::Kms(Some("arn:aws:kms:us-east-1:1:key/k".into())));
    assert!(first.scan_on_push);

    let request = &server.seen()[0];
    assert_eq!(request.header("x-amz-target"), "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories");
    let authorization = request.header("authorization");
    assert!(authorization.starts_with("AWS4-HMAC-SHA256 Credential=AKIDTEST/"), "{authorization}");
    assert!(authorization.contains("/us-east-1/ecr/aws4_request"), "{authorization}");
    assert!(!authorization.contains("sesame"));
    assert!(request.header("user-agent").contains("app/omics-ecr"), "{:?}", request.headers);
}

#[tokio::test]
async fn a_list_that_never_ends_is_an_error() {
    let server = Server::start(|_| Reply::json(json!({ "repositories": [], "nextToken": "again" }))).await;
    let error = server.session().await.ecr().repositories().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Other);
    assert!(error.to_string().contains("its pages never end"), "{error}");
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn an_unknown_repository_is_an_answer() {
    let server =
        Server::start(|_| Reply::error(400, "RepositoryNotFoundException", "The repository does not exist"))
            .await;
    let ecr = server.session().await.ecr();
    assert_eq!(ecr.repository(&name("nothing")).await.unwrap(), None);
    assert_eq!(server.seen().len(), 1, "an answer is not asked for twice");
}

#[tokio::test]
async fn unknown_names_among_many_are_found_out() {
    // ECR fails the whole request for one unknown name.
    let server = Server::start(|request| {
        let names: Vec<String> = serde_json::from_value(request.json()["repositoryNames"].clone()).unwrap();
        assert!((1..=100).contains(&names.len()));
        if names.iter().any(|name| name.starts_with("gone")) {
            return Reply::error(
                400,
                "RepositoryNotFoundException",
                "The repository with name 'x' does not exist",
            );
        }
        Reply::json(json!({ "repositories": names.iter().map(|name| repository(name)).collect::<Vec<_>>() }))
    })
    .await;
    let mut names: Vec<RepositoryName> = (0..250).map(|n| name(&format!("r{n}"))).collect();
    names.insert(17, name("gone/a"));
    names.insert(180, name("gone/b"));
    names.push(name("r3"));
    let lookup = server.session().await.ecr().repositories_named(&names).await.unwrap();
    assert_eq!(lookup.found.len(), 250, "each once");
    let mut missing: Vec<&str> = lookup.missing.iter().map(RepositoryName::as_str).collect();
    missing.sort_unstable();
    assert_eq!(missing, ["gone/a", "gone/b"]);
    assert!(server.seen().len() < 40, "{} requests", server.seen().len());
}

#[tokio::test]
async fn a_repository_is_made_as_asked() {
    let server = Server::start(|_| Reply::json(json!({ "repository": repository("new/one") }))).await;
    let new = NewRepository {
        tag_mutability: TagMutability::MutableExcept(vec!["v*".into()]),
        encryption: Encryption::Kms(None),
        scan_on_push: Some(true),
        tags: BTreeMap::from([("team".to_owned(), "genomics".to_owned())]),
        ..NewRepository::new(name("new/one"))
    };
    let made = server.session().await.ecr().create_repository(&new).await.unwrap();
    assert_eq!(made.arn, "arn:aws:ecr:us-east-1:123456789012:repository/new/one");
    assert_eq!(
        server.seen()[0].json(),
        json!({
            "repositoryName": "new/one",
            "tags": [{ "Key": "team", "Value": "genomics" }],
            "imageTagMutability": "MUTABLE_WITH_EXCLUSION",
            "imageTagMutabilityExclusionFilters": [{ "filterType": "WILDCARD", "filter": "v*" }],
            "imageScanningConfiguration": { "scanOnPush": true },
            "encryptionConfiguration": { "encryptionType": "KMS" }
        })
    );
}

#[tokio::test]
async fn a_repository_that_exists_is_a_conflict() {
    let server = Server::start(|_| Reply::error(400, "RepositoryAlreadyExistsException", "it exists")).await;
    let session = server.session().await;
    let error = session.ecr().create_repository(&NewRepository::new(name("x"))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(
        error.to_string(),
        "cannot create repository `x` in us-east-1: ECR answered RepositoryAlreadyExistsException (HTTP 400, request \
         11111111-2222-3333-4444-555555555555): it exists"
    );
}

#[tokio::test]
async fn a_policy_comes_back_as_it_is_stored() {
    let text = "{\n  \"Version\" : \"2012-10-17\", \"Statement\": [] }";
    let server = Server::start(move |request| match request.operation().as_str() {
        "GetRepositoryPolicy" if request.json()["repositoryName"] == "with" => {
            Reply::json(json!({ "policyText": text }))
        }
        "GetRepositoryPolicy" | "DeleteRepositoryPolicy" => {
            Reply::error(400, "RepositoryPolicyNotFoundException", "there is none")
        }
        "SetRepositoryPolicy" => {
            assert_eq!(request.json()["policyText"], text);
            assert_eq!(request.json().get("force"), None);
            Reply::json(json!({}))
        }
        other => panic!("{other}"),
    })
    .await;
    let ecr = server.session().await.ecr();
    assert_eq!(ecr.repository_policy(&name("with")).await.unwrap().as_deref(), Some(text));
    assert_eq!(ecr.repository_policy(&name("without")).await.unwrap(), None);
    ecr.set_repository_policy(&name("with"), text).await.unwrap();
    assert!(!ecr.delete_repository_policy(&name("without")).await.unwrap());
}

#[tokio::test]
async fn the_registry_of_another_account_is_asked_by_its_id() {
    let server = Server::start(|_| Reply::error(400, "RepositoryNotFoundException", "none")).await;
    let ecr = server.session().await.ecr_of("210987654321".parse().unwrap());
    let error = ecr.repository_policy(&name("x")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.tried().contains("of account 210987654321"), "{}", error.tried());
    assert_eq!(server.seen()[0].json()["registryId"], "210987654321");

    let error = ecr.registry_policy().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid, "ECR has no way to ask that");
    assert_eq!(server.seen().len(), 1);
}

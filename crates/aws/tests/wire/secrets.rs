//! Secrets.

use std::collections::BTreeMap;

use aws::secrets_manager::{NewSecret, SecretUpdate};
use aws::{ErrorKind, Secret};
use serde_json::json;

use crate::server::{Reply, Server};

const ARN: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:ecr-pullthroughcache/hub-AbCdEf";

#[tokio::test]
async fn a_secret_is_described_by_name_and_absence_is_an_answer() {
    let server = Server::start(|request| match request.json()["SecretId"].as_str().unwrap() {
        "ecr-pullthroughcache/hub" => Reply::json(json!({
            "ARN": ARN, "Name": "ecr-pullthroughcache/hub", "LastChangedDate": 1.7e9, "DeletedDate": 1.7e9,
            "KmsKeyId": "alias/mine", "Tags": [{ "Key": "a", "Value": "b" }]
        })),
        _ => {
            Reply::error(400, "ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
        }
    })
    .await;
    let secrets = server.session().await.secrets_manager();
    let found = secrets.describe("ecr-pullthroughcache/hub").await.unwrap().unwrap();
    assert_eq!((found.arn.as_str(), found.kms_key_id.as_deref()), (ARN, Some("alias/mine")));
    assert!(found.deleted.is_some() && !found.rotated);
    assert_eq!(secrets.describe("other").await.unwrap(), None);
    assert!(secrets.value("other").await.unwrap().is_none());
    let request = &server.seen()[0];
    assert_eq!(request.header("x-amz-target"), "secretsmanager.DescribeSecret");
    assert!(request.header("authorization").contains("/us-east-1/secretsmanager/aws4_request"));
}

#[tokio::test]
async fn a_value_is_read_and_never_shown() {
    let server = Server::start(|_| {
        let text = json!({ "username": "me", "accessToken": "hunter2" }).to_string();
        Reply::json(json!({ "ARN": ARN, "Name": "x", "SecretString": text }))
    })
    .await;
    let value = server.session().await.secrets_manager().value("x").await.unwrap().unwrap();
    assert_eq!(value.field("accessToken").unwrap().unwrap().expose(), "hunter2");
    let mut keys = value.keys().unwrap();
    keys.sort_unstable();
    assert_eq!(keys, ["accessToken", "username"]);
    assert!(!format!("{value:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_secret_that_waits_for_its_deletion_is_a_conflict() {
    let server = Server::start(|_| {
        Reply::error(
            400,
            "InvalidRequestException",
            "You can't perform this operation on the secret because it was marked for deletion.",
        )
    })
    .await;
    let error = server.session().await.secrets_manager().value("x").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
}

#[tokio::test]
async fn secrets_are_made_written_and_changed() {
    let server = Server::start(|_| Reply::json(json!({ "ARN": ARN, "Name": "x", "VersionId": "v" }))).await;
    let secrets = server.session().await.secrets_manager();
    let new = NewSecret {
        name: "ecr-pullthroughcache/hub".into(),
        value: Secret::new("{}"),
        description: Some("login".into()),
        tags: BTreeMap::new(),
    };
    assert_eq!(secrets.create(&new).await.unwrap(), ARN);
    assert_eq!(secrets.put_value(ARN, &Secret::new("{\"a\":1}")).await.unwrap(), ARN);
    let update =
        SecretUpdate { kms_key_id: Some("alias/aws/secretsmanager".into()), ..SecretUpdate::default() };
    assert_eq!(secrets.update(ARN, &update).await.unwrap(), ARN);
    let mut sent: Vec<_> = server.seen().iter().map(|request| request.json()).collect();
    for body in &mut sent {
        assert!(body.as_object_mut().unwrap().remove("ClientRequestToken").is_some(), "a retry writes once");
    }
    assert_eq!(
        sent,
        [
            json!({ "Name": "ecr-pullthroughcache/hub", "SecretString": "{}", "Description": "login" }),
            json!({ "SecretId": ARN, "SecretString": "{\"a\":1}" }),
            json!({ "SecretId": ARN, "KmsKeyId": "alias/aws/secretsmanager" }),
        ]
    );
}

#[tokio::test]
async fn no_error_shows_a_value() {
    let server = Server::start(|_| Reply::error(400, "ResourceExistsException", "it exists")).await;
    let new = NewSecret {
        name: "x".into(),
        value: Secret::new("hunter2"),
        description: None,
        tags: BTreeMap::new(),
    };
    let error = server.session().await.secrets_manager().create(&new).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(!format!("{error} {error:?} {new:?}").contains("hunter2"));
}

#[tokio::test]
async fn secrets_below_a_prefix_are_listed_from_all_pages() {
    let server = Server::start(|request| {
        let body = request.json();
        assert_eq!(body["Filters"], json!([{ "Key": "name", "Values": ["ecr-pullthroughcache/"] }]));
        match body["NextToken"].as_str() {
            None => Reply::json(json!({
                "SecretList": [
                    { "ARN": "arn:1", "Name": "ecr-pullthroughcache/a" },
                    { "ARN": "arn:2", "Name": "ECR-PullThroughCache/B" }
                ],
                "NextToken": "n"
            })),
            Some(_) => {
                Reply::json(json!({ "SecretList": [{ "ARN": "arn:3", "Name": "ecr-pullthroughcache/c" }] }))
            }
        }
    })
    .await;
    let list = server.session().await.secrets_manager().list("ecr-pullthroughcache/").await.unwrap();
    assert_eq!(list.iter().map(|entry| entry.arn.as_str()).collect::<Vec<_>>(), ["arn:1", "arn:3"]);
}

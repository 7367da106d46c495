//! Credentials of rules, in every state that ECR refuses.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws::secrets_manager::SecretUpdate;
use operations::validate::{ValidateReport, Verdict};
use operations::{Code, Severity};
use serde_json::{Value, json};

use crate::accounts::{Account, assert_one, import_below, read, report};
use crate::proxy::{Alter, Behaviour};

/// Returns an account in which GHCR is ready, with the ARN of the rule's secret.
async fn ghcr() -> (Account, String) {
    let account = Account::with_upstream().await;
    assert!(account.has_upstream());
    let arn = account.ghcr().await;
    account.registry_policy(json!([import_below("ghcr")])).await;
    account.template("ghcr", Some(json!([read()]))).await;
    (account, arn)
}

fn alone(report: &ValidateReport) {
    assert_eq!(report.findings.len(), 1, "{:#?}", report.findings);
    assert_eq!(report.verdict, Verdict::Problems);
}

/// Validates with another credential in the rule's answer.
async fn with_credential(account: &Account, credential: Value) -> ValidateReport {
    let alter: Alter = Arc::new(move |mut answer| {
        match &credential {
            Value::Null => {
                answer["pullThroughCacheRules"][0].as_object_mut().unwrap().remove("credentialArn");
            }
            arn => answer["pullThroughCacheRules"][0]["credentialArn"] = arn.clone(),
        }
        answer
    });
    let altered = BTreeMap::from([("DescribePullThroughCacheRules", alter)]);
    let (_proxy, session) = account.behind(Behaviour { altered, ..Behaviour::default() }).await;
    report(&session, &[]).await
}

#[tokio::test]
async fn a_credential_that_works_is_not_read() {
    let (account, _) = ghcr().await;
    let (proxy, session) = account.behind(Behaviour::default()).await;
    let report = report(&session, &[]).await;
    assert_eq!(report.verdict, Verdict::Ok, "{:#?}", report.findings);
    assert_eq!(report.prefixes[0].credential.label(), "works");
    let counts = proxy.counts();
    assert_eq!(counts.get("ValidatePullThroughCacheRule"), Some(&1));
    assert_eq!(counts.get("GetSecretValue"), None, "the value of a secret that works stays unread");
}

#[tokio::test]
async fn a_rule_without_the_credential_that_it_needs() {
    let (account, _) = ghcr().await;
    let report = with_credential(&account, Value::Null).await;
    assert_one(&report, Code::CredentialMissing, Severity::Error, "ghcr", &["even for public images"]);
    assert_eq!(report.prefixes[0].credential.label(), "missing");
    alone(&report);
}

#[tokio::test]
async fn a_secret_with_a_name_that_ecr_may_not_read() {
    let (account, _) = ghcr().await;
    let arn = json!("arn:aws:secretsmanager:us-east-1:123456789012:secret:docker-hub-creds");
    let report = with_credential(&account, arn).await;
    assert_one(
        &report,
        Code::SecretName,
        Severity::Error,
        "ghcr",
        &["docker-hub-creds", "ecr-pullthroughcache/"],
    );
    alone(&report);
}

#[tokio::test]
async fn a_secret_of_another_region_or_account() {
    let (account, _) = ghcr().await;
    let secret = "secret:ecr-pullthroughcache/ghcr-AbCdEf";
    let region = json!(format!("arn:aws:secretsmanager:eu-west-1:123456789012:{secret}"));
    let report = with_credential(&account, region).await;
    assert_one(&report, Code::SecretElsewhere, Severity::Error, "ghcr", &["eu-west-1", "us-east-1"]);
    let other = json!(format!("arn:aws:secretsmanager:us-east-1:999999999999:{secret}"));
    let report = with_credential(&account, other).await;
    assert_one(&report, Code::SecretElsewhere, Severity::Error, "ghcr", &["999999999999"]);
    alone(&report);
}

#[tokio::test]
async fn a_secret_that_is_gone() {
    let (account, arn) = ghcr().await;
    let body = json!({ "SecretId": arn, "ForceDeleteWithoutRecovery": true });
    account.post("secretsmanager.DeleteSecret", body).await;
    let report = account.validate().await;
    assert_one(&report, Code::SecretMissing, Severity::Error, "ghcr", &["no secret", "ECR says"]);
    alone(&report);
}

#[tokio::test]
async fn a_secret_that_waits_for_its_deletion() {
    let (account, arn) = ghcr().await;
    account.post("secretsmanager.DeleteSecret", json!({ "SecretId": arn })).await;
    let report = account.validate().await;
    assert_one(&report, Code::SecretDeleted, Severity::Error, "ghcr", &["waits for its deletion"]);
    let fix = report.findings[0].fix.as_ref().unwrap();
    assert!(fix.command.starts_with("aws secretsmanager restore-secret"), "{fix:?}");
    alone(&report);
}

#[tokio::test]
async fn a_secret_with_other_keys() {
    let (account, arn) = ghcr().await;
    let value = json!({ "username": "me", "password": "very-secret" }).to_string();
    account.session.secrets_manager().put_value(&arn, &value.into()).await.unwrap();
    let report = account.validate().await;
    assert_one(&report, Code::SecretContent, Severity::Error, "ghcr", &["lacks `accessToken`", "`password`"]);
    assert!(!format!("{report:?}").contains("very-secret"));
    alone(&report);
    account.session.secrets_manager().put_value(&arn, &"{username: me}".to_owned().into()).await.unwrap();
    let report = account.validate().await;
    assert_one(&report, Code::SecretContent, Severity::Error, "ghcr", &["not JSON"]);
}

#[tokio::test]
async fn a_secret_under_a_key_of_ones_own() {
    let (account, arn) = ghcr().await;
    let update = SecretUpdate {
        kms_key_id: Some("arn:aws:kms:us-east-1:123456789012:key/1234abcd".to_owned()),
        ..SecretUpdate::default()
    };
    account.session.secrets_manager().update(&arn, &update).await.unwrap();
    let report = account.validate().await;
    assert_one(&report, Code::SecretKey, Severity::Error, "ghcr", &["1234abcd", "aws/secretsmanager"]);
    alone(&report);
}

#[tokio::test]
async fn a_token_that_the_upstream_refuses_is_told_in_ecrs_words() {
    let (account, _) = ghcr().await;
    let alter: Alter = Arc::new(|mut answer| {
        answer["isValid"] = json!(false);
        answer["failure"] = json!("the upstream registry answered 401 Unauthorized");
        answer
    });
    let altered = BTreeMap::from([("ValidatePullThroughCacheRule", alter)]);
    let (_proxy, session) = account.behind(Behaviour { altered, ..Behaviour::default() }).await;
    let report = report(&session, &[]).await;
    assert_one(&report, Code::LoginRefused, Severity::Error, "ghcr", &["401 Unauthorized"]);
    assert_eq!(report.prefixes[0].credential.label(), "broken");
    alone(&report);
}

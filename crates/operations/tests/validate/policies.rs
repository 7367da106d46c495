//! The registry policy: missing, too narrow, forbidding, hanging, broad, unreadable, long.

use std::collections::BTreeMap;
use std::sync::Arc;

use operations::validate::{ValidateReport, Verdict};
use operations::{Code, Severity};
use serde_json::{Value, json};

use crate::accounts::{
    ACCOUNT, Account, assert_one, below, document, import_below, of, one, read, report, serious,
};
use crate::proxy::{Alter, Behaviour};

/// Validates a prefix `quay` with a template, under a registry policy of these statements.
async fn under(statements: Value) -> ValidateReport {
    let account = Account::start().await;
    account.rule("quay", "quay.io").await;
    account.template("quay", Some(json!([read()]))).await;
    account.registry_policy(statements).await;
    account.validate().await
}

/// Validates a ready prefix, with another registry policy or scope in ECR's answers.
async fn answering(operation: &'static str, alter: Alter) -> ValidateReport {
    let account = Account::start().await;
    account.ready("quay", "quay.io").await;
    let altered = BTreeMap::from([(operation, alter)]);
    let (_proxy, session) = account.behind(Behaviour { altered, ..Behaviour::default() }).await;
    report(&session, &[]).await
}

/// Returns the change of an answer that puts another policy into it.
fn policy_text(text: impl Into<String>) -> Alter {
    let text = text.into();
    Arc::new(move |mut answer| {
        answer["policyText"] = json!(text);
        answer
    })
}

#[tokio::test]
async fn no_policy_is_told_once_with_all_prefixes() {
    let account = Account::start().await;
    for (prefix, url) in [("quay", "quay.io"), ("k8s", "registry.k8s.io")] {
        account.rule(prefix, url).await;
        account.template(prefix, Some(json!([read()]))).await;
    }
    let report = account.validate().await;
    assert_one(&report, Code::NoRegistryPolicy, Severity::Error, "registry policy", &["`k8s`", "`quay`"]);
    assert_eq!(serious(&report), ["OE301"]);
}

#[tokio::test]
async fn a_missing_action_is_named() {
    let mut statement = import_below("quay");
    statement["Action"] = json!("ecr:BatchImportUpstreamImage");
    let report = under(json!([statement])).await;
    assert_one(
        &report,
        Code::ImportNotGranted,
        Severity::Error,
        "quay",
        &["no statement grants ecr:CreateRepository"],
    );
    let finding = one(&report, Code::ImportNotGranted);
    assert!(!finding.message.contains("grants ecr:BatchImport"), "{finding:#?}");
}

#[tokio::test]
async fn the_trap_of_guards_is_named_with_its_key_and_its_remedy() {
    for (operator, key, value) in [
        ("StringNotEquals", "aws:PrincipalOrgID", "o-a1b2c3d4e5"),
        ("StringNotEquals", "aws:SourceVpce", "vpce-0a1b2c3d"),
        ("StringNotEqualsIgnoreCase", "aws:SourceVpc", "vpc-0a1b2c3d"),
    ] {
        let guard = json!({ "Sid": "guard", "Effect": "Deny", "Principal": "*", "Action": "ecr:*", "Resource": "*",
            "Condition": { operator: { key: value } } });
        let report = under(json!([import_below("quay"), guard])).await;
        let denials = of(&report, Code::ImportDenied);
        assert!(!denials.is_empty() && report.verdict == Verdict::Problems, "{report:#?}");
        for finding in denials {
            assert!(finding.message.contains("statement 2 (`guard`) of the registry policy"), "{finding:#?}");
            assert!(finding.message.contains(&format!("have no `{key}`")), "{finding:#?}");
            let hint = finding.hint.as_ref().unwrap();
            assert!(hint.contains(r#""aws:PrincipalIsAWSService": "false""#), "{finding:#?}");
        }
    }
}

#[tokio::test]
async fn a_guard_with_the_remedy_stops_nobody() {
    let guard = json!({ "Effect": "Deny", "Principal": "*", "Action": "ecr:*", "Resource": "*",
        "Condition": { "StringNotEquals": { "aws:PrincipalOrgID": "o-a1b2c3d4e5" },
            "Bool": { "aws:PrincipalIsAWSService": "false" } } });
    let report = under(json!([import_below("quay"), guard])).await;
    assert_eq!(report.verdict, Verdict::Ok, "{:#?}", report.findings);
}

#[tokio::test]
async fn a_deny_of_reads_closes_repositories_whatever_they_grant() {
    let account = Account::start().await;
    account.ready("quay", "quay.io").await;
    let deny = json!({ "Sid": "noreads", "Effect": "Deny", "Principal": "*", "Action": "ecr:BatchGetImage",
        "Resource": "*" });
    account.registry_policy(json!([import_below("quay"), deny])).await;
    for name in ["quay/a", "quay/b", "quay/c"] {
        account.repository(name, Some(json!([read()]))).await;
    }
    let report = account.validate().await;
    let told = of(&report, Code::ImportDenied);
    assert!(told.iter().any(|finding| finding.message.contains("3 repositories")), "{told:#?}");
    assert!(of(&report, Code::Access).is_empty(), "it is one statement's doing, and told once: {report:#?}");
    assert_eq!(report.prefixes[0].repositories.unwrap().closed, 3);
}

#[tokio::test]
async fn what_only_a_run_tells_is_never_called_allowed() {
    let mut statement = import_below("quay");
    statement["Condition"] =
        json!({ "ArnLike": { "aws:SourceArn": "arn:aws:omics:us-east-1:123456789012:workflow/1" } });
    let report = under(json!([statement])).await;
    assert_one(&report, Code::ImportDepends, Severity::Warning, "quay", &["aws:SourceArn"]);
    assert_eq!(report.prefixes[0].healthomics.all.label(), "depends");
    let mut statement = import_below("quay");
    statement["Resource"] = json!(below("quay/biocontainers"));
    let report = under(json!([statement])).await;
    assert_one(&report, Code::ImportDepends, Severity::Warning, "quay", &["which resource"]);
}

#[tokio::test]
async fn broad_grants_work_and_are_told() {
    let public = json!({ "Effect": "Allow", "Principal": "*", "Action": "ecr:*", "Resource": "*" });
    let report = under(json!([public])).await;
    assert_eq!(report.verdict, Verdict::Ok);
    let words: Vec<&str> =
        of(&report, Code::BroadGrant).iter().map(|finding| finding.message.as_str()).collect();
    assert!(words.iter().any(|words| words.contains("to everybody")), "{words:?}");
    assert!(words.iter().any(|words| words.contains("every action")), "{words:?}");
    let mut wide = import_below("quay");
    wide["Resource"] = json!("*");
    let report = under(json!([wide])).await;
    assert_one(&report, Code::BroadGrant, Severity::Note, "registry policy", &["repositories of any name"]);
}

#[tokio::test]
async fn a_grant_without_a_source_account_is_a_note() {
    let mut statement = import_below("quay");
    statement.as_object_mut().unwrap().remove("Condition");
    let report = under(json!([statement])).await;
    assert_one(
        &report,
        Code::NoSourceAccount,
        Severity::Note,
        "registry policy",
        &["aws:SourceAccount", "`quay`"],
    );
    let hint = one(&report, Code::NoSourceAccount).hint.as_ref().unwrap();
    assert!(hint.contains(ACCOUNT), "{hint}");
    assert_eq!(report.verdict, Verdict::Ok);
}

#[tokio::test]
async fn a_policy_that_cannot_be_read_is_neither_missing_nor_granting() {
    let report = answering("GetRegistryPolicy", policy_text("{\"Statement\": [{}]}")).await;
    assert_one(&report, Code::PolicyUnreadable, Severity::Error, "registry policy", &["cannot be read"]);
    assert_eq!(serious(&report), ["OE306"]);
    assert_eq!(report.prefixes[0].healthomics.registry_policy.label(), "unknown");
}

#[tokio::test]
async fn a_policy_that_is_nearly_full_is_told() {
    let many: Vec<String> = (0..160).map(|number| below(&format!("prefix-{number}"))).collect();
    let mut more = import_below("quay");
    more["Resource"] = json!(many);
    more["Sid"] = json!("more");
    let text = document(json!([import_below("quay"), more]));
    assert!((9_216..10_240).contains(&text.chars().count()), "{}", text.len());
    let report = under(json!([import_below("quay"), more])).await;
    assert_one(
        &report,
        Code::PolicyNearLimit,
        Severity::Warning,
        "registry policy",
        &["of the 10240 characters"],
    );
}

#[tokio::test]
async fn under_the_older_scope_reads_in_the_registry_policy_do_nothing() {
    let mut statement = read();
    statement["Resource"] = json!("*");
    let text = document(json!([import_below("quay"), statement]));
    let account = Account::start().await;
    account.ready("quay", "quay.io").await;
    account.session.ecr().put_registry_policy(&text).await.unwrap();
    let alter: Alter = Arc::new(|mut answer| {
        answer["value"] = json!("V1");
        answer
    });
    let altered = BTreeMap::from([("GetAccountSetting", alter)]);
    let (_proxy, session) = account.behind(Behaviour { altered, ..Behaviour::default() }).await;
    let report = report(&session, &[]).await;
    assert_one(
        &report,
        Code::PolicyScope,
        Severity::Warning,
        "registry policy",
        &["statement 2", "ecr:BatchGetImage"],
    );
    assert!(of(&account.validate().await, Code::PolicyScope).is_empty(), "under the newer scope they do");
}

#[tokio::test]
async fn orphans_and_other_problems_are_told_with_their_statement() {
    let orphan = json!({ "Effect": "Allow", "Principal": { "AWS": "AROAEXAMPLEROLEID0001" }, "Action": "ecr:ReplicateImage",
        "Resource": "*" });
    let text = document(json!([import_below("quay"), orphan]));
    let report = answering("GetRegistryPolicy", policy_text(text)).await;
    assert_one(
        &report,
        Code::OrphanPrincipal,
        Severity::Note,
        "registry policy",
        &["statement 2", "AROAEXAMPLEROLEID0001"],
    );
    let wildcard = json!({ "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::123456789012:role/omics-*" },
        "Action": "ecr:ReplicateImage", "Resource": "*" });
    let text = document(json!([import_below("quay"), wildcard]));
    let report = answering("GetRegistryPolicy", policy_text(text)).await;
    assert_one(
        &report,
        Code::PolicyProblem,
        Severity::Warning,
        "registry policy",
        &["statement 2", "means nobody"],
    );
}

//! Repository creation templates.

use aws::ecr::{AppliedFor, Encryption, TagMutability, Template};
use operations::validate::{ValidateReport, Verdict};
use operations::{Code, Severity};
use serde_json::json;

use crate::accounts::{Account, assert_one, document, import_below, of, read, serious};

/// Returns an account with a rule `quay` that may be imported through.
async fn quay() -> Account {
    let account = Account::start().await;
    account.rule("quay", "quay.io").await;
    account.registry_policy(json!([import_below("quay")])).await;
    account
}

/// Validates with a template of these settings.
async fn with(change: impl FnOnce(&mut Template)) -> ValidateReport {
    let account = quay().await;
    let mut template = Template::new("quay", vec![AppliedFor::PullThroughCache]);
    template.repository_policy = Some(document(json!([read()])));
    change(&mut template);
    account.template_like(&template).await;
    account.validate().await
}

#[tokio::test]
async fn no_template_is_an_error() {
    let report = quay().await.validate().await;
    assert_one(&report, Code::TemplateMissing, Severity::Error, "quay", &["may not read"]);
    assert_eq!(serious(&report), ["OE401"]);
}

#[tokio::test]
async fn a_template_for_something_else_is_an_error_and_a_warning_where_another_one_takes_its_place() {
    let account = quay().await;
    let mut template = Template::new("quay", vec![AppliedFor::Replication]);
    template.repository_policy = Some(document(json!([read()])));
    account.template_like(&template).await;
    let report = account.validate().await;
    assert_one(
        &report,
        Code::TemplateNotApplied,
        Severity::Error,
        "template quay",
        &["REPLICATION", "PULL_THROUGH_CACHE"],
    );
    assert_eq!(serious(&report), ["OE402"]);
    account.template("ROOT", Some(json!([read()]))).await;
    let report = account.validate().await;
    assert_one(&report, Code::TemplateNotApplied, Severity::Warning, "template quay", &["`ROOT`"]);
    assert_eq!(report.verdict, Verdict::Ok);
}

#[tokio::test]
async fn a_template_without_a_policy_and_one_that_lacks_an_action_are_told_apart() {
    let report = with(|template| template.repository_policy = None).await;
    assert_one(&report, Code::TemplateNotGranted, Severity::Error, "template quay", &["no policy"]);
    let report = with(|template| {
        let mut statement = read();
        statement["Action"] = json!("ecr:BatchGetImage");
        template.repository_policy = Some(document(json!([statement])));
    });
    let report = report.await;
    let words = ["no statement grants ecr:GetDownloadUrlForLayer"];
    assert_one(&report, Code::TemplateNotGranted, Severity::Error, "template quay", &words);
}

#[tokio::test]
async fn a_template_with_a_deny_is_told_with_the_statement() {
    let deny = json!({ "Sid": "vpce", "Effect": "Deny", "Principal": "*", "Action": "ecr:BatchGetImage",
        "Condition": { "StringNotEquals": { "aws:SourceVpce": "vpce-0a1b2c3d" } } });
    let report = with(|template| template.repository_policy = Some(document(json!([read(), deny])))).await;
    let words = ["statement 2 (`vpce`)", "have no `aws:SourceVpce`"];
    assert_one(&report, Code::TemplateDenied, Severity::Error, "template quay", &words);
    assert!(of(&report, Code::TemplateNotGranted).is_empty());
}

#[tokio::test]
async fn a_template_with_a_condition_of_the_run_depends() {
    let mut statement = read();
    statement["Condition"] =
        json!({ "ArnLike": { "aws:SourceArn": "arn:aws:omics:us-east-1:123456789012:workflow/1" } });
    let report = with(|template| template.repository_policy = Some(document(json!([statement])))).await;
    assert_one(&report, Code::TemplateDepends, Severity::Warning, "template quay", &["aws:SourceArn"]);
}

#[tokio::test]
async fn two_actions_are_enough_and_the_third_is_asked_for() {
    let mut statement = read();
    statement["Action"] = json!(["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]);
    let report = with(|template| template.repository_policy = Some(document(json!([statement])))).await;
    let words = ["ecr:BatchCheckLayerAvailability"];
    assert_one(&report, Code::TemplateIncomplete, Severity::Warning, "template quay", &words);
    assert_eq!(report.verdict, Verdict::Ok);
}

#[tokio::test]
async fn tags_or_a_key_without_a_role_stop_ecr() {
    let report = with(|template| {
        template.resource_tags.insert("team".to_owned(), "bio".to_owned());
    });
    let report = report.await;
    assert_one(&report, Code::TemplateWithoutRole, Severity::Error, "template quay", &["resource tags"]);
    let report = with(|template| {
        template.encryption = Encryption::Kms(Some("arn:aws:kms:us-east-1:123456789012:key/1".to_owned()));
    });
    let report = report.await;
    assert_one(&report, Code::TemplateWithoutRole, Severity::Error, "template quay", &["a KMS key"]);
    assert_eq!(report.prefixes[0].healthomics.all.label(), "no");
    let report = with(|template| {
        template.resource_tags.insert("team".to_owned(), "bio".to_owned());
        template.custom_role_arn = Some("arn:aws:iam::123456789012:role/ecr-templates".to_owned());
    });
    assert_eq!(report.await.verdict, Verdict::Ok);
}

#[tokio::test]
async fn immutable_tags_stop_refreshing() {
    let report = with(|template| template.tag_mutability = TagMutability::Immutable).await;
    assert_one(
        &report,
        Code::TemplateImmutable,
        Severity::Warning,
        "template quay",
        &["immutable tags", "refresh"],
    );
}

#[tokio::test]
async fn a_more_specific_template_is_judged_and_compared() {
    let account = quay().await;
    account.template("quay", Some(json!([read()]))).await;
    account.template("quay/biocontainers", None).await;
    let report = account.validate().await;
    assert_one(
        &report,
        Code::TemplateNotGranted,
        Severity::Error,
        "template quay/biocontainers",
        &["no policy"],
    );
    assert_one(
        &report,
        Code::TemplateDiffers,
        Severity::Note,
        "template quay/biocontainers",
        &["another repository policy"],
    );
    assert_eq!(report.prefixes[0].healthomics.all.label(), "no");
}

#[tokio::test]
async fn a_read_grant_without_a_source_account_is_a_note() {
    let mut statement = read();
    statement.as_object_mut().unwrap().remove("Condition");
    let report = with(|template| template.repository_policy = Some(document(json!([statement])))).await;
    assert_one(&report, Code::NoSourceAccount, Severity::Note, "template quay", &["aws:SourceAccount"]);
}

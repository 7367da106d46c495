//! Repositories that were there before the template, and those that people changed since.

use aws::ecr::{NewRepository, TagMutability};
use operations::validate::Verdict;
use operations::{Code, Severity};
use serde_json::json;

use crate::accounts::{Account, assert_one, of, one, read, serious};

#[tokio::test]
async fn a_repository_made_before_the_template_is_closed_and_told() {
    let account = Account::start().await;
    account.ready("quay", "quay.io").await;
    account.repository("quay/before", None).await;
    account.repository("quay/after", Some(json!([read()]))).await;
    account.repository("elsewhere/closed", None).await;
    let report = account.validate().await;
    assert_one(
        &report,
        Code::Access,
        Severity::Error,
        "quay/before",
        &["a template never changes a repository"],
    );
    let count = report.prefixes[0].repositories.unwrap();
    assert_eq!((count.total, count.open, count.closed), (2, 1, 1));
}

#[tokio::test]
async fn a_deny_of_the_repository_is_told_with_its_statement() {
    let account = Account::start().await;
    account.ready("quay", "quay.io").await;
    let deny = json!({ "Effect": "Deny", "Principal": { "Service": "omics.amazonaws.com" },
        "Action": "ecr:GetDownloadUrlForLayer" });
    account.repository("quay/denied", Some(json!([read(), deny]))).await;
    let report = account.validate().await;
    let words = ["statement 2 of the repository policy", "forbids ecr:GetDownloadUrlForLayer"];
    assert_one(&report, Code::Access, Severity::Error, "quay/denied", &words);
    assert!(one(&report, Code::Access).fix.is_none(), "no command outweighs a Deny");
}

#[tokio::test]
async fn what_hangs_on_a_run_is_a_warning() {
    let account = Account::start().await;
    account.ready("quay", "quay.io").await;
    let mut statement = read();
    statement["Condition"] =
        json!({ "ArnLike": { "aws:SourceArn": "arn:aws:omics:us-east-1:123456789012:workflow/1" } });
    account.repository("quay/narrow", Some(json!([statement]))).await;
    let report = account.validate().await;
    assert_one(&report, Code::Access, Severity::Warning, "quay/narrow", &["known only when a run asks"]);
    assert_eq!(report.prefixes[0].repositories.unwrap().depends, 1);
    assert_eq!(report.verdict, Verdict::Ok);
}

#[tokio::test]
async fn two_actions_are_enough_for_a_repository_too() {
    let account = Account::start().await;
    account.ready("quay", "quay.io").await;
    let mut statement = read();
    statement["Action"] = json!(["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]);
    account.repository("quay/two", Some(json!([statement]))).await;
    let report = account.validate().await;
    assert_one(
        &report,
        Code::AccessIncomplete,
        Severity::Warning,
        "quay/two",
        &["ecr:BatchCheckLayerAvailability"],
    );
}

#[tokio::test]
async fn immutable_tags_of_a_cached_repository_are_told() {
    let account = Account::start().await;
    account.ready("quay", "quay.io").await;
    let new = NewRepository {
        tag_mutability: TagMutability::Immutable,
        ..NewRepository::new("quay/fixed".parse().unwrap())
    };
    account.session.ecr().create_repository(&new).await.unwrap();
    let policy = crate::accounts::document(json!([read()]));
    account.session.ecr().set_repository_policy(&new.name, &policy).await.unwrap();
    let report = account.validate().await;
    assert_one(&report, Code::ImmutableTags, Severity::Warning, "quay/fixed", &["immutable tags"]);
}

#[tokio::test]
async fn a_root_rule_has_every_repository_that_no_other_rule_has() {
    let account = Account::start().await;
    account.rule("ROOT", "quay.io").await;
    account.rule("own", "123456789012.dkr.ecr.eu-west-1.amazonaws.com").await;
    let mut import = crate::accounts::import_below("x");
    import["Resource"] = json!("*");
    account.registry_policy(json!([import])).await;
    account.template("ROOT", Some(json!([read()]))).await;
    account.repository("anything/at-all", None).await;
    account.repository("own/tool", None).await;
    let report = account.validate().await;
    assert_eq!(of(&report, Code::Access).len(), 1, "{report:#?}");
    assert_eq!(one(&report, Code::Access).subject, "anything/at-all");
    assert_eq!(serious(&report), ["OE501", "OE104"]);
    let root = report.prefixes.iter().find(|prefix| prefix.prefix == "ROOT").unwrap();
    assert_eq!(root.repositories.unwrap().total, 1);
}

//! What the caller may not see is never called absent.

use operations::validate::{ValidateReport, Verdict};
use operations::{Code, Severity};
use serde_json::json;

use crate::accounts::{Account, assert_one, import_below, of, one, read, report};
use crate::proxy::Behaviour;

async fn without(account: &Account, denied: &[&'static str]) -> ValidateReport {
    let behaviour = Behaviour { denied: denied.to_vec(), ..Behaviour::default() };
    let (_proxy, session) = account.behind(behaviour).await;
    report(&session, &[]).await
}

/// Asserts that a part could not be looked at, that nothing was concluded from it, and that the action is named.
fn assert_unseen(report: &ValidateReport, subject: &str, action: &str, absent: &[Code]) {
    assert_eq!(report.verdict, Verdict::CouldNotLook, "{report:#?}");
    assert_one(report, Code::CouldNotLook, Severity::Error, subject, &["AccessDeniedException"]);
    let permission = one(report, Code::PermissionMissing);
    assert!(permission.message.contains(action), "{permission:#?}");
    assert!(permission.hint.as_ref().unwrap().contains(&format!("\"{action}\"")), "{permission:#?}");
    for code in absent {
        assert!(of(report, *code).is_empty(), "{} does not follow: {report:#?}", code.id());
    }
}

#[tokio::test]
async fn each_part_that_is_denied_is_unseen_and_not_absent() {
    let account = Account::start().await;
    account.ready("quay", "quay.io").await;
    account.repository("quay/tool", Some(json!([read()]))).await;
    let registry = without(&account, &["GetRegistryPolicy"]).await;
    let absent = [Code::NoRegistryPolicy, Code::ImportNotGranted];
    assert_unseen(&registry, "registry policy", "ecr:GetRegistryPolicy", &absent);
    assert_eq!(registry.prefixes[0].healthomics.all.label(), "unknown");
    let templates = without(&account, &["DescribeRepositoryCreationTemplates"]).await;
    let absent = [Code::TemplateMissing, Code::TemplateNotGranted];
    let action = "ecr:DescribeRepositoryCreationTemplates";
    assert_unseen(&templates, "repository creation templates", action, &absent);
    let rules = without(&account, &["DescribePullThroughCacheRules"]).await;
    let absent = [Code::NoRules, Code::NoSuchRule];
    assert_unseen(&rules, "pull through cache rules", "ecr:DescribePullThroughCacheRules", &absent);
    let repositories = without(&account, &["DescribeRepositories"]).await;
    assert_unseen(&repositories, "repositories", "ecr:DescribeRepositories", &[]);
    assert_eq!(repositories.prefixes[0].repositories, None);
    let scope = without(&account, &["GetAccountSetting"]).await;
    assert_unseen(&scope, "registry policy", "ecr:GetAccountSetting", &[Code::NoRegistryPolicy]);
}

#[tokio::test]
async fn policies_of_many_repositories_are_told_together() {
    let account = Account::start().await;
    account.ready("quay", "quay.io").await;
    for number in 0..5 {
        account.repository(&format!("quay/tool-{number}"), None).await;
    }
    let report = without(&account, &["GetRepositoryPolicy"]).await;
    assert_unseen(&report, "5 repositories", "ecr:GetRepositoryPolicy", &[Code::Access]);
    assert_eq!(report.prefixes[0].repositories.unwrap().unknown, 5);
}

#[tokio::test]
async fn a_secret_that_works_need_not_be_seen_and_one_that_does_not_must() {
    let account = Account::with_upstream().await;
    let arn = account.ghcr().await;
    account.registry_policy(json!([import_below("ghcr")])).await;
    account.template("ghcr", Some(json!([read()]))).await;
    let works = without(&account, &["DescribeSecret", "GetSecretValue"]).await;
    assert_eq!(works.verdict, Verdict::Ok, "{works:#?}");
    let unseen = without(&account, &["ValidatePullThroughCacheRule"]).await;
    assert_unseen(&unseen, "ghcr", "ecr:ValidatePullThroughCacheRule", &[Code::LoginRefused]);
    assert_eq!(unseen.prefixes[0].credential.label(), "unknown");
    account.post("secretsmanager.DeleteSecret", json!({ "SecretId": arn })).await;
    let broken = without(&account, &["DescribeSecret"]).await;
    assert_unseen(&broken, &arn, "secretsmanager:DescribeSecret", &[Code::SecretDeleted]);
    assert_eq!(one(&broken, Code::LoginRefused).subject, "ghcr", "what ECR says is told all the same");
}

#[tokio::test]
async fn all_that_is_missing_stands_in_one_statement() {
    let account = Account::start().await;
    account.ready("quay", "quay.io").await;
    let report = without(&account, &["GetRegistryPolicy", "DescribeRepositoryCreationTemplates"]).await;
    let hint = one(&report, Code::PermissionMissing).hint.as_ref().unwrap();
    assert!(
        hint.contains(r#"["ecr:DescribeRepositoryCreationTemplates","ecr:GetRegistryPolicy"]"#),
        "{hint}"
    );
    assert_eq!(of(&report, Code::CouldNotLook).len(), 2);
}

//! What others wrote stays: statements, conditions, settings of templates.

use aws::ecr::{AppliedFor, Template};
use operations::Access;
use operations::cache::{Action, CacheOptions, StepKind};
use serde_json::{Value, json};

use crate::account::{World, outcomes};

const LAMBDA: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Team","Effect":"Allow","Principal":{"Service":["lambda.amazonaws.com"]},"Action":"ecr:BatchGetImage"}]}"#;

fn statement(sid: &str, resource: &str, condition: &Value) -> Value {
    let mut statement = json!({"Sid": sid, "Effect": "Allow", "Principal": {"Service": "omics.amazonaws.com"},
        "Action": ["ecr:CreateRepository", "ecr:BatchImportUpstreamImage"],
        "Resource": format!("arn:aws:ecr:us-east-1:123456789012:repository/{resource}")});
    if !condition.is_null() {
        statement["Condition"] = condition.clone();
    }
    statement
}

async fn with_policy(statements: &[Value]) -> World {
    let world = World::start().await;
    let policy = json!({"Version": "2012-10-17", "Statement": statements});
    world.ecr().put_registry_policy(&policy.to_string()).await.unwrap();
    world
}

async fn with_template(template: Template) -> World {
    let world = World::start().await;
    world.ecr().create_template(&template).await.unwrap();
    world
}

#[tokio::test]
async fn statements_of_others_stay_as_they_are() {
    let other = json!({"Sid": "Replicas", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999999999999:root"},
        "Action": "ecr:ReplicateImage", "Resource": "*"});
    let world = with_policy(std::slice::from_ref(&other)).await;
    assert!(world.create("quay.io", CacheOptions::default()).await.is_done());
    assert!(world.create("public.ecr.aws", CacheOptions::default()).await.is_done());
    let policy = world.policy().await.unwrap();
    assert_eq!(policy["Statement"][0], other);
    let resources = policy["Statement"][1]["Resource"].as_array().unwrap();
    assert_eq!(resources.len(), 2, "one statement of ours with an entry for each prefix: {policy}");
}

#[tokio::test]
async fn a_grant_under_another_sid_is_enough() {
    let world = with_policy(&[statement("TeamMade", "quay/*", &Value::Null)]).await;
    let before = world.policy().await;
    let report = world.create("quay.io", CacheOptions::default()).await;
    assert_eq!(outcomes(&report)[1], ("registry policy", "not needed"), "{report:#?}");
    assert!(report.is_done());
    assert_eq!(world.policy().await, before);
}

#[tokio::test]
async fn a_grant_for_another_prefix_is_no_grant() {
    let world = with_policy(&[statement("TeamMade", "other/*", &Value::Null)]).await;
    let plan = world.plan("quay.io", CacheOptions::default()).await;
    assert!(matches!(plan.healthomics.registry_policy, Access::NotAccessible { .. }), "{plan:#?}");
    assert!(world.create("quay.io", CacheOptions::default()).await.is_done());
}

#[tokio::test]
async fn a_grant_for_another_account_is_no_grant() {
    let elsewhere = json!({"StringEquals": {"aws:SourceAccount": "999999999999"}});
    let world = with_policy(&[statement("TeamMade", "quay/*", &elsewhere)]).await;
    let plan = world.plan("quay.io", CacheOptions::default()).await;
    assert!(matches!(plan.healthomics.registry_policy, Access::NotAccessible { .. }), "{plan:#?}");
    assert!(world.create("quay.io", CacheOptions::default()).await.is_done());
    assert_eq!(world.policy().await.unwrap()["Statement"][0], statement("TeamMade", "quay/*", &elsewhere));
}

#[tokio::test]
async fn our_statement_that_somebody_bound_gets_the_prefix_and_keeps_its_condition() {
    let own = json!({"StringEquals": {"aws:SourceAccount": "123456789012"}});
    let world = with_policy(&[statement("HealthOmicsPullThrough", "ghcr/*", &own)]).await;
    assert!(world.create("quay.io", CacheOptions::default()).await.is_done());
    let policy = world.policy().await.unwrap();
    assert_eq!(policy["Statement"][0]["Condition"], own);
    let arns =
        ["ghcr/*", "quay/*"].map(|name| format!("arn:aws:ecr:us-east-1:123456789012:repository/{name}"));
    assert_eq!(policy["Statement"][0]["Resource"], json!(arns), "one prefix more and nothing wider");
    assert_eq!(policy["Statement"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_grant_that_hangs_on_a_run_is_reported_and_not_widened() {
    let one_workflow = json!({"ArnLike": {"aws:SourceArn": "arn:aws:omics:us-east-1:123456789012:run/1*"}});
    let world = with_policy(&[statement("TeamMade", "quay/*", &one_workflow)]).await;
    let before = world.policy().await;
    let report = world.create("quay.io", CacheOptions::default()).await;
    assert_eq!(world.policy().await, before);
    assert!(matches!(report.healthomics.all, Access::Depends { .. }), "{report:#?}");
    assert!(report.findings.iter().any(|finding| finding.message.contains("aws:SourceArn")), "{report:#?}");
}

#[tokio::test]
async fn a_deny_that_wins_is_named_with_its_remedy_and_stays() {
    let deny = json!({"Sid": "OrgOnly", "Effect": "Deny", "Principal": "*", "Action": "ecr:*", "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-example"}}});
    let world = with_policy(std::slice::from_ref(&deny)).await;
    let report = world.create("quay.io", CacheOptions::default()).await;
    assert!(!report.is_done(), "no success while a Deny wins");
    assert!(matches!(report.healthomics.all, Access::NotAccessible { .. }));
    let finding = report.findings.iter().find(|finding| finding.message.contains("OrgOnly")).unwrap();
    assert!(finding.hint.as_deref().unwrap().contains("aws:PrincipalIsAWSService"), "{finding:#?}");
    assert_eq!(world.policy().await.unwrap()["Statement"][0], deny);
    let again = world.plan("quay.io", CacheOptions::default()).await;
    assert!(!again.has_changes(), "our part is done, the rest is somebody else's: {again:#?}");
}

#[tokio::test]
async fn a_templates_settings_and_its_policy_are_merged_and_not_replaced() {
    let mut theirs = Template::new("quay", vec![AppliedFor::Replication]);
    theirs.description = Some("replicas".to_owned());
    theirs.repository_policy = Some(LAMBDA.to_owned());
    theirs.lifecycle_policy = Some(
        json!({"rules": [{"rulePriority": 1, "action": {"type": "expire"}, "selection": {"tagStatus": "untagged",
            "countType": "imageCountMoreThan", "countNumber": 9}}]})
        .to_string(),
    );
    theirs.tag_mutability = aws::ecr::TagMutability::Immutable;
    let world = with_template(theirs.clone()).await;
    let report = world.create("quay.io", CacheOptions::default()).await;
    assert!(report.is_done(), "{report:#?}");
    let now = world.template("quay").await.unwrap();
    assert_eq!(now.applied_for, [AppliedFor::Replication, AppliedFor::PullThroughCache]);
    assert_eq!(now.description, theirs.description);
    assert_eq!(now.lifecycle_policy, theirs.lifecycle_policy);
    assert_eq!(now.tag_mutability, theirs.tag_mutability);
    let policy: Value = serde_json::from_str(&now.repository_policy.unwrap()).unwrap();
    let lambda: Value = serde_json::from_str(LAMBDA).unwrap();
    assert_eq!(policy["Statement"][0], lambda["Statement"][0]);
    assert_eq!(policy["Statement"][1]["Principal"]["Service"], "omics.amazonaws.com");
}

#[tokio::test]
async fn a_template_above_that_opens_its_repositories_is_enough() {
    let world = World::start().await;
    world.push("biocontainers/bwa", "1").await;
    let root = CacheOptions { prefix: Some("ROOT".parse().unwrap()), ..CacheOptions::default() };
    assert!(world.create("public.ecr.aws", root).await.is_done());
    let report = world.create("quay.io", CacheOptions::default()).await;
    assert!(report.is_done());
    assert_eq!(outcomes(&report)[0], ("creation template", "not needed"));
    assert!(world.template("quay").await.is_none());
    world.pull_as_healthomics("quay/biocontainers/bwa", "1").await.unwrap();
}

#[tokio::test]
async fn a_new_template_takes_the_settings_of_the_one_that_governed() {
    let mut root = Template::new("ROOT", vec![AppliedFor::PullThroughCache, AppliedFor::Replication]);
    root.repository_policy = Some(LAMBDA.to_owned());
    root.tag_mutability = aws::ecr::TagMutability::Immutable;
    let world = with_template(root.clone()).await;
    let before = world.template("ROOT").await;
    let report = world.create("quay.io", CacheOptions::default()).await;
    assert!(report.is_done(), "{report:#?}");
    assert_eq!(world.template("ROOT").await, before, "other prefixes are opened to nobody");
    let own = world.template("quay").await.unwrap();
    assert_eq!(own.applied_for, [AppliedFor::PullThroughCache]);
    assert_eq!(own.tag_mutability, root.tag_mutability);
    let policy = own.repository_policy.unwrap();
    assert!(policy.contains("lambda.amazonaws.com") && policy.contains("omics.amazonaws.com"), "{policy}");
}

#[tokio::test]
async fn templates_below_the_prefix_are_opened_too() {
    let world = with_template(Template::new("quay/biocontainers", vec![AppliedFor::PullThroughCache])).await;
    world.push("biocontainers/bwa", "1").await;
    let report = world.create("quay.io", CacheOptions::default()).await;
    assert!(report.is_done(), "{report:#?}");
    world.pull_as_healthomics("quay/biocontainers/bwa", "1").await.unwrap();
    assert!(!world.plan("quay.io", CacheOptions::default()).await.has_changes());
}

#[tokio::test]
async fn a_template_with_tags_and_no_role_is_named() {
    let mut tagged = Template::new("quay", vec![AppliedFor::PullThroughCache]);
    tagged.resource_tags.insert("team".to_owned(), "genomics".to_owned());
    let world = with_template(tagged).await;
    let report = world.create("quay.io", CacheOptions::default()).await;
    assert!(!report.is_done(), "ECR makes no repository with it");
    let finding = report.findings.iter().find(|finding| finding.message.contains("names no role")).unwrap();
    assert!(finding.hint.as_deref().unwrap().contains("--custom-role-arn"));
    assert_eq!(world.template("quay").await.unwrap().resource_tags["team"], "genomics");
}

#[tokio::test]
async fn nested_rules_are_told() {
    let world = World::start().await;
    let prefix = |text: &str| CacheOptions { prefix: Some(text.parse().unwrap()), ..CacheOptions::default() };
    assert!(world.create("quay.io", prefix("mirror")).await.is_done());
    let plan = world.plan("public.ecr.aws", prefix("mirror/hub")).await;
    assert!(plan.findings.iter().any(|finding| finding.code.id() == "OE102"), "{plan:#?}");
    let template = plan.steps.iter().find(|step| step.kind == StepKind::Template).unwrap();
    assert!(
        matches!(template.action, Action::Nothing { .. }),
        "the template of `mirror` opens what is below it"
    );
}

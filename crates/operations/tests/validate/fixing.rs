//! Repairs: planned before anything is changed, merged, and complete after one application.

use aws::ecr::{AppliedFor, TagMutability, Template};
use operations::cache::SourceAccount;
use operations::validate::{Applied, Change, FixPlan, Outcome, Verdict};
use operations::{Code, Severity};
use serde_json::{Value, json};

use crate::accounts::{Account, document, import_below, of, read, serious};

async fn apply(account: &Account, plan: &FixPlan) -> Vec<Applied> {
    let opened = operations::Account::open(&account.session).await.unwrap();
    operations::validate::apply(&opened, plan).await
}

fn parsed(text: Option<String>) -> Value {
    serde_json::from_str(&text.unwrap()).unwrap()
}

#[tokio::test]
async fn everything_is_made_from_nothing_and_a_second_plan_is_empty() {
    let account = Account::start().await;
    account.rule("quay", "quay.io").await;
    account.rule("k8s", "registry.k8s.io").await;
    account.repository("quay/old", None).await;
    let plan = account.plan().await;
    let objects: Vec<String> = plan.changes.iter().map(Change::object).collect();
    assert_eq!(objects, ["registry policy", "template k8s", "template quay", "repository quay/old"]);
    assert!(plan.by_hand.is_empty() && plan.refused.is_empty(), "{plan:#?}");
    assert_eq!(account.session.ecr().registry_policy().await.unwrap(), None, "a plan changes nothing");
    let applied = apply(&account, &plan).await;
    assert!(applied.iter().all(|one| one.outcome == Outcome::Done), "{applied:#?}");
    let report = account.validate().await;
    assert_eq!(report.verdict, Verdict::Ok, "{:#?}", report.findings);
    assert_eq!(report.count(Severity::Warning), 0);
    assert_eq!(account.plan().await.changes, []);
    let again = apply(&account, &plan).await;
    assert!(again.iter().all(|one| one.outcome == Outcome::Unchanged), "{again:#?}");
}

#[tokio::test]
async fn what_others_wrote_stays() {
    let account = Account::start().await;
    account.rule("quay", "quay.io").await;
    let theirs = json!({ "Sid": "others", "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::999999999999:root" },
        "Action": "ecr:ReplicateImage", "Resource": "*" });
    account.registry_policy(json!([theirs])).await;
    let reader = json!({ "Sid": "partner", "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::999999999999:root" },
        "Action": "ecr:BatchGetImage" });
    let mut template = Template::new("quay", vec![AppliedFor::Replication]);
    template.repository_policy = Some(document(json!([reader])));
    template.description = Some("made by hand".to_owned());
    account.template_like(&template).await;
    let plan = account.plan().await;
    let Change::UpdateTemplate { before, after, .. } = &plan.changes[1] else { panic!("{plan:#?}") };
    assert_eq!((before.applied_for.len(), after.applied_for.len()), (1, 2));
    apply(&account, &plan).await;
    let policy = parsed(account.session.ecr().registry_policy().await.unwrap());
    assert_eq!(policy["Statement"][0], theirs);
    let now = account.session.ecr().template("quay").await.unwrap().unwrap();
    assert_eq!(now.description.as_deref(), Some("made by hand"));
    assert!(now.applied_for.contains(&AppliedFor::Replication));
    assert_eq!(parsed(now.repository_policy)["Statement"][0], reader);
    assert_eq!(account.validate().await.verdict, Verdict::Ok);
}

#[tokio::test]
async fn a_wider_template_stays_and_the_prefix_gets_one_like_it() {
    let account = Account::start().await;
    account.rule("quay", "quay.io").await;
    account.registry_policy(json!([import_below("quay")])).await;
    let mut root = Template::new("ROOT", vec![AppliedFor::PullThroughCache, AppliedFor::CreateOnPush]);
    root.tag_mutability = TagMutability::MutableExcept(vec!["v*".to_owned()]);
    root.lifecycle_policy = Some(
        json!({ "rules": [{ "rulePriority": 1, "selection": { "tagStatus": "untagged", "countType":
            "sinceImagePushed", "countUnit": "days", "countNumber": 30 }, "action": { "type": "expire" } }] })
        .to_string(),
    );
    account.template_like(&root).await;
    let plan = account.plan().await;
    let [Change::CreateTemplate { prefix, like, .. }] = &plan.changes[..] else { panic!("{plan:#?}") };
    assert_eq!((prefix.as_str(), like.as_deref()), ("quay", Some("ROOT")));
    apply(&account, &plan).await;
    let own = account.session.ecr().template("quay").await.unwrap().unwrap();
    assert_eq!((own.tag_mutability, own.lifecycle_policy.is_some()), (root.tag_mutability.clone(), true));
    assert_eq!(own.applied_for, [AppliedFor::PullThroughCache]);
    let untouched = account.session.ecr().template("ROOT").await.unwrap().unwrap();
    assert_eq!(untouched.repository_policy, None, "what others use is not opened");
}

#[tokio::test]
async fn what_only_a_person_can_do_is_listed_and_not_tried() {
    let account = Account::start().await;
    account.rule("quay", "quay.io").await;
    let guard = json!({ "Sid": "guard", "Effect": "Deny", "Principal": "*", "Action": "ecr:*", "Resource": "*",
        "Condition": { "StringNotEquals": { "aws:PrincipalOrgID": "o-a1b2c3d4e5" } } });
    account.registry_policy(json!([guard])).await;
    let mut template = Template::new("quay", vec![AppliedFor::PullThroughCache]);
    template.repository_policy = Some(document(json!([read()])));
    template.resource_tags.insert("team".to_owned(), "bio".to_owned());
    account.template_like(&template).await;
    let deny = json!({ "Effect": "Deny", "Principal": "*", "Action": "ecr:BatchGetImage" });
    account.repository("quay/denied", Some(json!([deny]))).await;
    let plan = account.plan().await;
    assert_eq!(plan.changes, [], "no grant outweighs a Deny");
    let left: Vec<Code> = plan.by_hand.iter().map(|finding| finding.code).collect();
    assert!(left.contains(&Code::ImportDenied) && left.contains(&Code::TemplateWithoutRole), "{left:?}");
    assert!(left.contains(&Code::Access), "{left:?}");
}

#[tokio::test]
async fn a_policy_without_room_is_left_and_told() {
    let account = Account::start().await;
    account.rule("quay", "quay.io").await;
    account.template("quay", Some(json!([read()]))).await;
    let filler: Vec<String> = (0..182).map(|n| crate::accounts::below(&format!("p{n}"))).collect();
    let mut full = import_below("x");
    full["Resource"] = json!(filler);
    let text = document(json!([full]));
    assert!((10_000..=10_240).contains(&text.len()), "{}", text.len());
    account.registry_policy(json!([full])).await;
    let plan = account.plan().await;
    assert_eq!(plan.changes, []);
    assert!(plan.refused[0].refused.as_ref().unwrap().contains("characters"), "{plan:#?}");
    assert!(plan.by_hand.iter().any(|finding| finding.code == Code::ImportNotGranted));
}

#[tokio::test]
async fn a_change_of_somebody_else_between_plan_and_application_stays() {
    let account = Account::start().await;
    account.rule("quay", "quay.io").await;
    account.repository("quay/old", None).await;
    let plan = account.plan().await;
    let theirs = json!({ "Sid": "late", "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::999999999999:root" },
        "Action": "ecr:BatchGetImage" });
    let name = "quay/old".parse().unwrap();
    account.session.ecr().set_repository_policy(&name, &document(json!([theirs]))).await.unwrap();
    apply(&account, &plan).await;
    let policy = parsed(account.session.ecr().repository_policy(&name).await.unwrap());
    assert_eq!(policy["Statement"][0], theirs);
    let report = account.validate().await;
    assert!(of(&report, Code::Access).is_empty());
    assert_eq!(serious(&report), Vec::<&str>::new());
}

#[tokio::test]
async fn a_repair_is_bound_to_runs_of_an_account_on_request() {
    let account = Account::start().await;
    account.rule("quay", "quay.io").await;
    account.repository("quay/old", None).await;
    let plan = account.plan_for(Some(&SourceAccount::Own)).await;
    assert_eq!(plan.changes.len(), 3, "{plan:#?}");
    let applied = apply(&account, &plan).await;
    assert!(applied.iter().all(|one| one.outcome == Outcome::Done), "{applied:#?}");
    let report = account.validate().await;
    assert_eq!((report.verdict, serious(&report)), (Verdict::Ok, Vec::new()));
    assert!(of(&report, Code::NoSourceAccount).is_empty(), "nothing is open to runs of others");
    let policy = parsed(account.session.ecr().repository_policy(&"quay/old".parse().unwrap()).await.unwrap());
    let bound = json!({ "StringEquals": { "aws:SourceAccount": "123456789012" } });
    assert_eq!(policy["Statement"][0]["Condition"], bound);
    assert_eq!(account.plan_for(Some(&SourceAccount::Own)).await.changes, []);
}

//! Rules: none, too many, nested, and such as HealthOmics does not take.

use std::collections::BTreeMap;
use std::sync::Arc;

use operations::validate::Verdict;
use operations::{Code, Severity};
use serde_json::json;

use crate::accounts::{Account, assert_one, import_below, of, one, read, report, serious};
use crate::proxy::{Alter, Behaviour};

#[tokio::test]
async fn a_prefix_with_everything_is_ok() {
    let account = Account::start().await;
    account.ready("quay", "quay.io").await;
    let report = account.validate().await;
    assert_eq!(report.verdict, Verdict::Ok, "{report:#?}");
    assert_eq!(report.findings, []);
    let [prefix] = &report.prefixes[..] else { panic!("{report:#?}") };
    assert!(prefix.taken_by_healthomics && prefix.healthomics.all.is_yes(), "{prefix:#?}");
    assert_eq!(prefix.credential.label(), "none needed");
    assert_eq!(prefix.repositories.unwrap().total, 0);
}

#[tokio::test]
async fn an_upstream_that_healthomics_does_not_take_is_told_and_not_judged() {
    let account = Account::start().await;
    account.ready("quay", "quay.io").await;
    account.rule("own", "123456789012.dkr.ecr.eu-west-1.amazonaws.com").await;
    account.repository("own/tool", None).await;
    let report = account.validate().await;
    assert_one(&report, Code::UpstreamNotTaken, Severity::Warning, "own", &["Amazon ECR private"]);
    assert_eq!(serious(&report), ["OE104"], "nothing else is asked of it: {report:#?}");
    assert_eq!(report.verdict, Verdict::Ok);
    let own = report.prefixes.iter().find(|prefix| prefix.prefix == "own").unwrap();
    assert!(!own.taken_by_healthomics && own.repositories.is_none());
}

#[tokio::test]
async fn an_upstream_that_nobody_knows_is_told() {
    let account = Account::start().await;
    account.ready("quay", "quay.io").await;
    let alter: Alter = Arc::new(|mut answer| {
        answer["pullThroughCacheRules"][0]["upstreamRegistryUrl"] = json!("registry.example.com");
        answer
    });
    let altered = BTreeMap::from([("DescribePullThroughCacheRules", alter)]);
    let (_proxy, session) = account.behind(Behaviour { altered, ..Behaviour::default() }).await;
    let report = report(&session, &[]).await;
    assert_one(&report, Code::UpstreamUnknown, Severity::Warning, "quay", &["registry.example.com"]);
}

#[tokio::test]
async fn several_rules_for_one_upstream_are_told_once() {
    let account = Account::start().await;
    account.ready("quay", "quay.io").await;
    account.rule("bio", "quay.io").await;
    let report = account.validate().await;
    assert_one(&report, Code::SameUpstream, Severity::Warning, "quay.io", &["2 rules", "`bio`", "`quay`"]);
}

#[tokio::test]
async fn a_nested_prefix_is_told_with_what_it_hides() {
    let account = Account::start().await;
    account.rule("mirror", "quay.io").await;
    account.rule("mirror/hub", "public.ecr.aws").await;
    account.rule("ROOT", "registry.k8s.io").await;
    let report = account.validate().await;
    let words = ["below the prefix `mirror`", "lead to public.ecr.aws", "`hub/*` of quay.io"];
    assert_one(&report, Code::NestedRules, Severity::Warning, "mirror/hub", &words);
}

#[tokio::test]
async fn a_prefix_that_was_asked_for_and_has_no_rule_is_an_error() {
    let account = Account::start().await;
    account.ready("quay", "quay.io").await;
    account.rule("other", "public.ecr.aws").await;
    let report = report(&account.session, &["qay", "quay"]).await;
    assert_one(&report, Code::NoSuchRule, Severity::Error, "qay", &[]);
    assert_eq!(report.prefixes.len(), 1, "only what was asked for is looked at");
    assert_eq!(serious(&report), ["OE112"]);
}

#[tokio::test]
async fn the_quota_of_rules_is_told_before_it_is_reached() {
    let account = Account::start().await;
    for number in 0..45 {
        account.rule(&format!("quay-{number}"), "quay.io").await;
    }
    let report = account.validate().await;
    assert_one(
        &report,
        Code::RulesQuota,
        Severity::Warning,
        "pull through cache rules",
        &["45", "50", "5 more"],
    );
}

#[tokio::test]
async fn the_region_decides_whether_a_run_can_use_the_registry() {
    let somewhere = Account::in_region("sa-east-1").await.validate().await;
    assert_one(&somewhere, Code::RegionNotServed, Severity::Error, "sa-east-1", &["not offered"]);
    let newer = Account::in_region("eu-southwest-9").await.validate().await;
    assert_one(&newer, Code::RegionUnknown, Severity::Warning, "eu-southwest-9", &["could not tell"]);
}

#[tokio::test]
async fn a_fix_names_the_command_and_the_tool() {
    let account = Account::start().await;
    account.rule("quay", "quay.io").await;
    account.registry_policy(json!([import_below("quay")])).await;
    account.template("quay", Some(json!([read()]))).await;
    account.repository("quay/old", None).await;
    let report = account.validate().await;
    let fix = one(&report, Code::Access).fix.as_ref().unwrap();
    assert_eq!(fix.command, "omics-ecr grant quay/old");
    assert_eq!(fix.tool.as_deref(), Some("GrantHealthOmicsECRAccess"));
    assert_eq!(fix.arguments["repository_name"], "quay/old");
    assert!(of(&report, Code::NoRules).is_empty());
}

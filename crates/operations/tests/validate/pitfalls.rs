//! What other tools get wrong about the same questions, each with the right answer.

use aws::ecr::{AppliedFor, Template};
use operations::validate::Verdict;
use operations::{Code, Severity};
use serde_json::json;

use crate::accounts::{Account, assert_one, below, document, import_below, of, read, report, serious};
use crate::proxy::Behaviour;

/// An Allow beside a Deny is a no, in the registry, in a template and in a repository.
#[tokio::test]
async fn an_explicit_deny_is_considered() {
    let account = Account::start().await;
    account.rule("quay", "quay.io").await;
    let deny = |action: &str| json!({ "Effect": "Deny", "Principal": "*", "Action": action });
    let mut registry = deny("ecr:CreateRepository");
    registry["Resource"] = json!("*");
    account.registry_policy(json!([import_below("quay"), registry])).await;
    account.template("quay", Some(json!([read(), deny("*")]))).await;
    account.repository("quay/tool", Some(json!([read(), deny("ecr:*")]))).await;
    assert_eq!(serious(&account.validate().await), ["OE303", "OE404", "OE501"]);
}

/// An Allow for the runs of another account is none for ours.
#[tokio::test]
async fn a_condition_is_considered() {
    let account = Account::start().await;
    account.rule("quay", "quay.io").await;
    let other = json!({ "StringEquals": { "aws:SourceAccount": "999999999999" } });
    let (mut import, mut reading) = (import_below("quay"), read());
    (import["Condition"], reading["Condition"]) = (other.clone(), other);
    account.registry_policy(json!([import])).await;
    account.template("quay", Some(json!([reading]))).await;
    let report = account.validate().await;
    let words = ["wants `aws:SourceAccount` to be 999999999999"];
    assert_one(&report, Code::ImportNotGranted, Severity::Error, "quay", &words);
    assert_one(&report, Code::TemplateNotGranted, Severity::Error, "template quay", &words);
}

/// A grant for another prefix is none for this one.
#[tokio::test]
async fn the_resource_is_considered() {
    let account = Account::start().await;
    account.ready("quay", "quay.io").await;
    account.registry_policy(json!([import_below("other")])).await;
    let words = ["it is for other resources"];
    assert_one(&account.validate().await, Code::ImportNotGranted, Severity::Error, "quay", &words);
}

/// Patterns of actions count.
#[tokio::test]
async fn wildcards_in_actions_are_considered() {
    let account = Account::start().await;
    account.rule("quay", "quay.io").await;
    let (mut import, mut reading) = (import_below("quay"), read());
    import["Action"] = json!(["ecr:Create*", "ecr:Batch*"]);
    reading["Action"] = json!(["ecr:BatchGet*", "ecr:Get*", "ecr:batchcheck*"]);
    account.registry_policy(json!([import])).await;
    account.template("quay", Some(json!([reading]))).await;
    assert_eq!(account.validate().await.verdict, Verdict::Ok);
}

/// A principal with a service that does not match may still match by `AWS`; negated elements count.
#[tokio::test]
async fn all_forms_of_principals_and_negations_are_considered() {
    let account = Account::start().await;
    account.ready("quay", "quay.io").await;
    let mixed = json!({ "Effect": "Allow", "Principal": { "Service": "lambda.amazonaws.com", "AWS": "*" },
        "NotAction": "ecr:DeleteRepository", "Resource": below("quay") });
    account.registry_policy(json!([mixed])).await;
    assert_eq!(account.validate().await.verdict, Verdict::Ok);
    let spared = json!({ "Effect": "Deny", "NotPrincipal": { "Service": "omics.amazonaws.com" }, "Action": "ecr:*",
        "Resource": "*" });
    account.registry_policy(json!([import_below("quay"), spared])).await;
    assert_eq!(account.validate().await.verdict, Verdict::Ok);
    let meant = json!({ "Effect": "Deny", "NotPrincipal": { "Service": "lambda.amazonaws.com" }, "Action": "ecr:*",
        "Resource": "*" });
    account.registry_policy(json!([import_below("quay"), meant])).await;
    let report = account.validate().await;
    let denied = of(&report, Code::ImportDenied);
    assert!(denied[0].hint.as_ref().unwrap().contains("NotPrincipal"), "{denied:#?}");
}

/// The longest prefix governs, for rules and for templates.
#[tokio::test]
async fn the_longest_prefix_governs() {
    let account = Account::start().await;
    account.rule("mirror", "quay.io").await;
    account.rule("mirror/hub", "public.ecr.aws").await;
    account.registry_policy(json!([import_below("mirror")])).await;
    account.template("mirror", Some(json!([read()]))).await;
    account.template("mirror/hub", None).await;
    account.repository("mirror/hub/tool", None).await;
    let report = account.validate().await;
    let access = |prefix: &str| {
        report.prefixes.iter().find(|summary| summary.prefix == prefix).unwrap().healthomics.all.label()
    };
    assert_eq!(access("mirror/hub"), "no");
    assert_eq!(of(&report, Code::TemplateNotGranted)[0].subject, "template mirror/hub");
    let count = |prefix: &str| {
        report.prefixes.iter().find(|summary| summary.prefix == prefix).unwrap().repositories.unwrap().total
    };
    assert_eq!((count("mirror"), count("mirror/hub")), (0, 1), "{report:#?}");
}

/// `ROOT` is a prefix like others, and a final slash is none.
#[tokio::test]
async fn root_and_trailing_slashes_are_prefixes() {
    let account = Account::start().await;
    account.rule("ROOT", "quay.io").await;
    account.rule("k8s/", "registry.k8s.io").await;
    let mut import = import_below("x");
    import["Resource"] = json!("*");
    account.registry_policy(json!([import])).await;
    account.template("ROOT", Some(json!([read()]))).await;
    account.repository("k8s/pause", Some(json!([read()]))).await;
    account.repository("biocontainers/bwa", Some(json!([read()]))).await;
    let report = account.validate().await;
    assert_eq!(report.verdict, Verdict::Ok, "{report:#?}");
    for prefix in &report.prefixes {
        assert_eq!(prefix.repositories.unwrap().total, 1, "{prefix:#?}");
    }
}

/// A template without a policy is there: it lacks a policy.
#[tokio::test]
async fn a_template_without_a_policy_is_not_missing() {
    let account = Account::start().await;
    account.rule("quay", "quay.io").await;
    account.registry_policy(json!([import_below("quay")])).await;
    account.template("quay", None).await;
    let report = account.validate().await;
    assert!(of(&report, Code::TemplateMissing).is_empty());
    assert_eq!(serious(&report), ["OE403"]);
}

/// The third action of the guide is granted and asked for, and no pull fails without it.
#[tokio::test]
async fn three_actions_are_granted_and_two_required() {
    let account = Account::start().await;
    account.rule("quay", "quay.io").await;
    let plan = account.plan().await;
    let granted = format!("{plan:?}");
    for action in ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"] {
        assert!(granted.contains(action), "{action}");
    }
    let mut two = read();
    two["Action"] = json!(["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]);
    account.registry_policy(json!([import_below("quay")])).await;
    account.template("quay", Some(json!([two]))).await;
    assert_eq!(serious(&account.validate().await), ["OE409"]);
}

/// What is denied to the caller is unseen, not absent; no remedy for an absence is offered.
#[tokio::test]
async fn denied_reads_are_no_absence() {
    let account = Account::start().await;
    account.ready("quay", "quay.io").await;
    for (operation, absence) in [
        ("GetRegistryPolicy", Code::NoRegistryPolicy),
        ("DescribeRepositoryCreationTemplates", Code::TemplateMissing),
    ] {
        let behaviour = Behaviour { denied: vec![operation], ..Behaviour::default() };
        let (_proxy, session) = account.behind(behaviour).await;
        let report = report(&session, &[]).await;
        assert_eq!(report.verdict, Verdict::CouldNotLook);
        assert!(of(&report, absence).is_empty(), "{report:#?}");
        let offered = report.findings.iter().filter_map(|finding| finding.fix.as_ref());
        assert_eq!(offered.count(), 0, "{report:#?}");
    }
}

/// A template for replication alone makes nothing that is pulled through.
#[tokio::test]
async fn what_a_template_is_applied_for_is_considered() {
    let account = Account::start().await;
    account.rule("quay", "quay.io").await;
    account.registry_policy(json!([import_below("quay")])).await;
    let mut template = Template::new("quay", vec![AppliedFor::Replication, AppliedFor::CreateOnPush]);
    template.repository_policy = Some(document(json!([read()])));
    account.template_like(&template).await;
    assert_eq!(serious(&account.validate().await), ["OE402"]);
}

/// A wider template, or `ROOT`, is as good as one with the very prefix.
#[tokio::test]
async fn wider_templates_are_considered() {
    let account = Account::start().await;
    account.rule("team/quay", "quay.io").await;
    account.registry_policy(json!([import_below("team/quay")])).await;
    account.template("ROOT", None).await;
    account.template("team", Some(json!([read()]))).await;
    let report = account.validate().await;
    assert_eq!(report.verdict, Verdict::Ok, "{report:#?}");
    assert_eq!(report.prefixes[0].healthomics.templates[0].prefix.as_deref(), Some("team"));
}

/// Credentials, repositories, tags and roles are looked at; what that finds is tested by `credentials`,
/// `repositories` and `templates` one by one.
#[tokio::test]
async fn credentials_and_repositories_are_looked_at() {
    let account = Account::with_upstream().await;
    account.ghcr().await;
    account.repository("ghcr/tool", None).await;
    let (proxy, session) = account.behind(Behaviour::default()).await;
    let report = report(&session, &[]).await;
    assert_eq!(report.prefixes[0].repositories.unwrap().total, 1);
    let counts = proxy.counts();
    for operation in
        ["ValidatePullThroughCacheRule", "DescribeSecret", "DescribeRepositories", "GetRepositoryPolicy"]
    {
        assert_eq!(counts.get(operation), Some(&1), "{counts:?}");
    }
}

/// A registry without rules is not valid, and every remedy is a command or an action, not a function.
#[tokio::test]
async fn no_rules_are_a_finding() {
    let report = Account::start().await.validate().await;
    assert_one(&report, Code::NoRules, Severity::Error, "pull through cache rules", &["none"]);
    assert_eq!(report.verdict, Verdict::Problems);
    let fix = report.findings[0].fix.as_ref().unwrap();
    assert_eq!(fix.command, "omics-ecr cache create quay.io --prefix quay");
    assert_eq!(fix.tool.as_deref(), Some("CreateECRPullThroughCache"));
}

/// Templates are read once for all rules.
#[tokio::test]
async fn nothing_is_read_twice() {
    let account = Account::start().await;
    for (prefix, url) in [("quay", "quay.io"), ("k8s", "registry.k8s.io"), ("ecr-public", "public.ecr.aws")] {
        account.rule(prefix, url).await;
        account.repository(&format!("{prefix}/tool"), None).await;
    }
    let (proxy, session) = account.behind(Behaviour::default()).await;
    report(&session, &[]).await;
    let counts = proxy.counts();
    let once = [
        "DescribePullThroughCacheRules",
        "DescribeRepositoryCreationTemplates",
        "GetRegistryPolicy",
        "GetAccountSetting",
        "DescribeRepositories",
    ];
    assert!(once.iter().all(|operation| counts.get(*operation) == Some(&1)), "{counts:?}");
    assert_eq!(counts.get("GetRepositoryPolicy"), Some(&3), "one request a repository: {counts:?}");
}

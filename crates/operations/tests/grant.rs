//! Grants on a registry that runs here: what is written, what stays, and what is proved.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use aws::ecr::NewRepository;
use aws::{Options, Session, StaticCredentials};
use local_ecr::{Config, Handle, LocalEcr};
use operations::grant::{self, GrantOutcome, GrantReport, GrantRequest, Selection};
use operations::{Access, Account};
use serde_json::{Value, json};

struct World {
    handle: Handle,
    account: Account,
}

impl World {
    async fn start() -> Self {
        rustls::crypto::ring::default_provider().install_default().unwrap_or_default();
        let config = Config::new("123456789012".parse().unwrap(), "us-east-1".parse().unwrap());
        let handle = LocalEcr::start(config).await.unwrap();
        let session = Session::open(Options {
            region: Some(handle.region().clone()),
            endpoint_url: Some(handle.endpoint()),
            credentials: Some(StaticCredentials {
                access_key_id: "local".to_owned(),
                secret_access_key: "local".to_owned().into(),
                session_token: None,
            }),
            ..Options::default()
        })
        .await
        .unwrap();
        Self { handle, account: Account::open(&session).await.unwrap() }
    }

    async fn repository(&self, name: &str, policy: Option<&Value>) {
        let ecr = self.account.session().ecr();
        ecr.create_repository(&NewRepository::new(name.parse().unwrap())).await.unwrap();
        if let Some(policy) = policy {
            ecr.set_repository_policy(&name.parse().unwrap(), &policy.to_string()).await.unwrap();
        }
    }

    async fn policy(&self, name: &str) -> Option<Value> {
        let text = self.account.session().ecr().repository_policy(&name.parse().unwrap()).await.unwrap();
        text.map(|text| serde_json::from_str(&text).unwrap())
    }

    async fn run(&self, repositories: Selection, revoke: bool) -> GrantReport {
        let request = GrantRequest { repositories, source_account: None, revoke };
        let plan = grant::plan(&self.account, &request).await.unwrap();
        grant::apply(&self.account, plan).await
    }

    /// Asks for a manifest as HealthOmics does and returns whether that was allowed: an image that is not there is
    /// another answer.
    async fn may_pull(&self, name: &str) -> bool {
        let url = format!("{}/v2/{name}/manifests/none", self.handle.endpoint());
        let get = reqwest::Client::new().get(url).header("x-local-ecr-principal", "omics.amazonaws.com");
        get.send().await.unwrap().status() == 404
    }
}

fn named(names: &[&str]) -> Selection {
    Selection::Named(names.iter().map(|name| name.parse().unwrap()).collect())
}

fn theirs() -> Value {
    json!({ "Sid": "theirs", "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::999999999999:root" },
        "Action": ["ecr:BatchGetImage"], "Condition": { "Bool": { "aws:SecureTransport": "true" } } })
}

#[tokio::test]
async fn a_grant_is_merged_read_back_and_done_once() {
    let world = World::start().await;
    world.repository("tools/bwa", Some(&json!({ "Version": "2012-10-17", "Statement": [theirs()] }))).await;
    assert!(!world.may_pull("tools/bwa").await);
    let report = world.run(named(&["tools/bwa"]), false).await;
    assert_eq!(report.repositories[0].outcome, GrantOutcome::Written);
    assert_eq!(report.repositories[0].access, Access::Accessible);
    assert!(world.may_pull("tools/bwa").await);
    let policy = world.policy("tools/bwa").await.unwrap();
    assert_eq!(policy["Statement"][0], theirs());
    assert_eq!(policy["Statement"][1]["Principal"]["Service"], "omics.amazonaws.com");
    assert_eq!(policy["Statement"][1]["Action"].as_array().unwrap().len(), 3);
    let again = world.run(named(&["tools/bwa"]), false).await;
    assert_eq!(again.repositories[0].outcome, GrantOutcome::Unchanged);
    assert_eq!(world.policy("tools/bwa").await.unwrap(), policy);
}

#[tokio::test]
async fn a_revoked_grant_leaves_what_others_wrote() {
    let world = World::start().await;
    world.repository("tools/bwa", Some(&json!({ "Version": "2012-10-17", "Statement": [theirs()] }))).await;
    world.repository("tools/samtools", None).await;
    world.run(Selection::All, false).await;
    let report = world.run(Selection::All, true).await;
    assert!(report.is_done(), "{report:#?}");
    assert_eq!(world.policy("tools/bwa").await.unwrap()["Statement"], json!([theirs()]));
    assert_eq!(world.policy("tools/samtools").await, None);
    assert!(!world.may_pull("tools/samtools").await);
}

#[tokio::test]
async fn a_deny_stays_and_is_no_success() {
    let world = World::start().await;
    let guard = json!({ "Version": "2012-10-17", "Statement": [{ "Sid": "OrgOnly", "Effect": "Deny", "Principal": "*",
        "Action": "ecr:*", "Condition": { "StringNotEquals": { "aws:PrincipalOrgID": "o-abc123" } } }] });
    world.repository("tools/bwa", Some(&guard)).await;
    let report = world.run(named(&["tools/bwa"]), false).await;
    let GrantOutcome::Failed { error } = &report.repositories[0].outcome else { panic!("{report:#?}") };
    let words = error.refused.as_deref().unwrap();
    assert!(words.contains("OrgOnly") && words.contains("aws:PrincipalOrgID"), "{words}");
    assert_eq!(world.policy("tools/bwa").await.unwrap(), guard);
}

#[tokio::test]
async fn a_prefix_means_what_is_below_it() {
    let world = World::start().await;
    for name in ["quay/bwa", "quay/bio/samtools", "quayside/tool", "other/tool"] {
        world.repository(name, None).await;
    }
    let report = world.run(Selection::Below(vec!["quay".parse().unwrap()]), false).await;
    let names: Vec<&str> = report.repositories.iter().map(|one| one.repository.as_str()).collect();
    assert_eq!(names, ["quay/bio/samtools", "quay/bwa"]);
    assert!(!world.may_pull("quayside/tool").await);
}

#[tokio::test]
async fn a_repository_that_is_not_there_fails_alone() {
    let world = World::start().await;
    world.repository("tools/bwa", None).await;
    let report = world.run(named(&["tools/none", "tools/bwa"]), false).await;
    assert_eq!(report.repositories[0].outcome, GrantOutcome::Written);
    assert!(matches!(report.repositories[1].outcome, GrantOutcome::Failed { .. }));
    assert!(!report.is_done());
}

#[tokio::test]
async fn a_deny_of_the_registry_is_seen() {
    let world = World::start().await;
    world.repository("tools/bwa", None).await;
    let deny = json!({ "Version": "2012-10-17", "Statement": [{ "Sid": "NoService", "Effect": "Deny",
        "Principal": { "Service": "omics.amazonaws.com" }, "Action": "ecr:BatchGetImage", "Resource": "*" }] });
    let ecr = world.account.session().ecr();
    ecr.put_registry_policy(&deny.to_string()).await.unwrap();
    let report = world.run(named(&["tools/bwa"]), false).await;
    let GrantOutcome::Failed { error } = &report.repositories[0].outcome else { panic!("{report:#?}") };
    assert!(error.refused.as_deref().unwrap().contains("NoService"), "{error:?}");
    assert_eq!(world.policy("tools/bwa").await, None);
}

#[tokio::test]
async fn a_grant_for_runs_of_another_account_is_judged_for_them() {
    let world = World::start().await;
    world.repository("tools/bwa", None).await;
    let source_account = Some("210987654321".parse().unwrap());
    let request = GrantRequest { repositories: named(&["tools/bwa"]), source_account, revoke: false };
    let plan = grant::plan(&world.account, &request).await.unwrap();
    assert_eq!(plan.changes(), 1, "{plan:#?}");
    let report = grant::apply(&world.account, plan).await;
    assert_eq!(report.repositories[0].outcome, GrantOutcome::Written, "{report:#?}");
    assert_eq!(report.repositories[0].access, Access::Accessible);
    assert_eq!(grant::plan(&world.account, &request).await.unwrap().changes(), 0);
}

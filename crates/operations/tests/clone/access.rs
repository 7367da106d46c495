//! HealthOmics' access: given, kept to what people narrowed, and never claimed without proof.

use aws::ecr::NewRepository;
use operations::Access;
use operations::clone::PolicyPlan;
use serde_json::json;

use crate::accounts::{Account, Pusher, layer, request, source};

async fn repository(account: &Account, policy: Option<&str>) {
    let name = "tools/tool".parse().unwrap();
    account
        .session
        .ecr()
        .create_repository(&NewRepository::new("tools/tool".parse().unwrap()))
        .await
        .unwrap();
    if let Some(policy) = policy {
        account.session.ecr().set_repository_policy(&name, policy).await.unwrap();
    }
}

#[tokio::test]
async fn what_others_wrote_into_a_policy_stays() {
    let (upstream, account) = (source().await, Account::start().await);
    let pusher = Pusher::new(&upstream).await;
    pusher.image("bio/tool:1", "linux/amd64", &[layer(1, 50)]).await;
    let theirs = json!({
        "Version": "2012-10-17",
        "Statement": [{ "Sid": "Others", "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::999999999999:root" },
            "Action": ["ecr:BatchGetImage"], "Condition": { "Bool": { "aws:SecureTransport": "true" } } }],
    });
    repository(&account, Some(&theirs.to_string())).await;
    let request = request(&[(pusher.name("bio/tool:1"), "tools/tool:1")]);
    let plan = account.plan(&request).await;
    assert!(matches!(&plan.repositories[0].policy, PolicyPlan::Grant { before: Some(_), .. }), "{plan:#?}");
    let report = account.apply(plan).await;
    assert!(report.is_done() && !report.repositories[0].created, "{report:#?}");
    let policy = account.policy("tools/tool").await.unwrap();
    assert_eq!(policy["Statement"][0], theirs["Statement"][0]);
    assert_eq!(policy["Statement"][1]["Principal"]["Service"], "omics.amazonaws.com");
    assert_eq!(policy["Statement"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_deny_is_reported_and_the_image_is_not_called_accessible() {
    let (upstream, account) = (source().await, Account::start().await);
    let pusher = Pusher::new(&upstream).await;
    pusher.image("bio/tool:1", "linux/amd64", &[layer(1, 50)]).await;
    let deny = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Deny",
        "Principal": { "Service": "omics.amazonaws.com" }, "Action": "ecr:BatchGetImage" }] });
    repository(&account, Some(&deny.to_string())).await;
    let report = account.clone(&request(&[(pusher.name("bio/tool:1"), "tools/tool:1")])).await;
    let image = &report.images[0];
    assert!(image.outcome.is_there() && image.error.is_some() && !report.is_done(), "{report:#?}");
    assert!(matches!(image.healthomics_access, Access::NotAccessible { .. }));
    assert_eq!(account.policy("tools/tool").await, Some(deny));
}

#[tokio::test]
async fn a_grant_that_someone_narrowed_is_left_alone() {
    let (upstream, account) = (source().await, Account::start().await);
    let pusher = Pusher::new(&upstream).await;
    pusher.image("bio/tool:1", "linux/amd64", &[layer(1, 50)]).await;
    let narrow = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow",
        "Principal": { "Service": "omics.amazonaws.com" }, "Action": "ecr:*",
        "Condition": { "ArnLike": { "aws:SourceArn": "arn:aws:omics:us-east-1:123456789012:workflow/1" } } }] });
    repository(&account, Some(&narrow.to_string())).await;
    let report = account.clone(&request(&[(pusher.name("bio/tool:1"), "tools/tool:1")])).await;
    assert!(report.is_done());
    assert!(matches!(report.images[0].healthomics_access, Access::Depends { .. }), "{report:#?}");
    assert!(report.findings.iter().any(|finding| finding.message.contains("aws:SourceArn")), "{report:#?}");
    assert_eq!(account.policy("tools/tool").await, Some(narrow));
}

#[tokio::test]
async fn without_a_grant_the_policy_is_read_and_left() {
    let (upstream, account) = (source().await, Account::start().await);
    let pusher = Pusher::new(&upstream).await;
    pusher.image("bio/tool:1", "linux/amd64", &[layer(1, 50)]).await;
    let mut request = request(&[(pusher.name("bio/tool:1"), "tools/tool:1")]);
    request.options.grant = false;
    let report = account.clone(&request).await;
    assert!(report.is_done(), "{report:#?}");
    assert!(matches!(report.images[0].healthomics_access, Access::NotAccessible { .. }));
    assert_eq!(account.policy("tools/tool").await, None);
}

#[tokio::test]
async fn what_the_registrys_policy_forbids_is_not_called_accessible() {
    let (upstream, account) = (source().await, Account::start().await);
    let pusher = Pusher::new(&upstream).await;
    pusher.image("bio/tool:1", "linux/amd64", &[layer(1, 50)]).await;
    let deny = json!({ "Version": "2012-10-17", "Statement": [{ "Sid": "closed", "Effect": "Deny", "Principal": "*",
        "Action": "ecr:BatchGetImage", "Resource": "*" }] });
    account.session.ecr().put_registry_policy(&deny.to_string()).await.unwrap();
    let report = account.clone(&request(&[(pusher.name("bio/tool:1"), "tools/tool:1")])).await;
    let image = &report.images[0];
    assert!(image.outcome.is_there() && !report.is_done(), "{report:#?}");
    let Access::NotAccessible { reason } = &image.healthomics_access else { panic!("{report:#?}") };
    assert!(reason.contains("registry policy"), "{reason}");
}

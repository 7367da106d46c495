//! Images that a pull through cache rule covers.

use aws::ecr::NewRule;
use operations::clone::{CloneOutcome, CloneRoute, Step};
use operations::{Access, Code};

use crate::accounts::{Account, Pusher, layer, request, source};

async fn rule(account: &Account) {
    let rule = NewRule {
        ecr_repository_prefix: "quay".parse().unwrap(),
        upstream_registry_url: "quay.io".to_owned(),
        upstream_registry: None,
        upstream_repository_prefix: None,
        credential_arn: None,
        custom_role_arn: None,
    };
    account.session.ecr().create_rule(&rule).await.unwrap();
}

#[tokio::test]
async fn a_rule_that_covers_the_source_fetches_it() {
    let upstream = source().await;
    let account = Account::with_upstream(&upstream).await;
    let pusher = Pusher::new(&upstream).await;
    rule(&account).await;
    let amd = pusher.image("bio/tool:a", "linux/amd64", &[layer(1, 5000)]).await;
    let arm = pusher.image("bio/tool:b", "linux/arm64", &[layer(2, 50)]).await;
    let index = pusher.index("bio/tool:1", &[(&amd, "linux/amd64"), (&arm, "linux/arm64")]).await;
    let request = request(&[("quay.io/bio/tool:1".to_owned(), "")]);

    let plan = account.plan(&request).await;
    assert_eq!(plan.images[0].route, CloneRoute::Prime { rule: "quay".to_owned() });
    assert_eq!((&plan.images[0].step, plan.bytes), (&Step::Prime, 0));
    assert!(account.repositories().await.is_empty(), "planning makes ECR fetch nothing");
    let report = account.apply(plan).await;
    assert!(report.is_done(), "{report:#?}");
    let image = &report.images[0];
    assert_eq!((image.outcome, image.digest.as_ref()), (CloneOutcome::Primed, Some(&index)));
    assert_eq!(image.healthomics_access, Access::Accessible);
    assert_eq!(image.platforms, ["linux/amd64", "linux/arm64"]);
    assert_eq!(account.repositories().await, ["quay/bio/tool"]);
    assert!(report.repositories[0].granted && !report.repositories[0].created);

    let again = account.plan(&request).await;
    assert!(again.is_done(), "{again:#?}");
}

#[tokio::test]
async fn a_rule_brings_no_referrers_and_the_plan_says_so() {
    let upstream = source().await;
    let account = Account::with_upstream(&upstream).await;
    let pusher = Pusher::new(&upstream).await;
    rule(&account).await;
    pusher.image("bio/tool:1", "linux/amd64", &[layer(1, 50)]).await;
    let mut request = request(&[("quay.io/bio/tool:1".to_owned(), "")]);
    assert!(!account.plan(&request).await.findings.iter().any(|finding| finding.code == Code::Referrers));
    request.options.referrers = true;
    let plan = account.plan(&request).await;
    let note = plan.findings.iter().find(|finding| finding.code == Code::Referrers).unwrap();
    assert!(note.hint.as_ref().unwrap().contains("target"), "{note:?}");
}

#[tokio::test]
async fn a_digest_that_the_rule_does_not_lead_to_is_copied() {
    let upstream = source().await;
    let account = Account::with_upstream(&upstream).await;
    let pusher = Pusher::new(&upstream).await;
    rule(&account).await;
    let old = pusher.image("bio/tool:1", "linux/amd64", &[layer(1, 50)]).await;
    let new = pusher.image("bio/tool:1", "linux/amd64", &[layer(2, 50)]).await;
    let sources = [
        (format!("quay.io/bio/tool:1@{old}"), ""),
        (format!("quay.io/bio/tool@{new}"), ""),
        ("quay.io/bio/tool:1".to_owned(), "own/tool:1"),
        ("quay.io/bio/tool:none".to_owned(), ""),
    ];
    let plan = account.plan(&request(&sources)).await;
    for image in &plan.images[..2] {
        let CloneRoute::Copy { reason: Some(reason) } = &image.route else { panic!("{image:#?}") };
        assert!(reason.contains("digest") || reason.contains("stands for"), "{reason}");
    }
    assert_eq!(plan.images[2].route, CloneRoute::Copy { reason: None });
    assert!(matches!(plan.images[3].step, Step::Refused { .. }));
    let report = account.apply(plan).await;
    let digests: Vec<_> = report.images.iter().map(|image| image.digest.clone()).collect();
    assert_eq!(digests, [Some(old), Some(new.clone()), Some(new), None], "{report:#?}");
    assert_eq!(account.repositories().await, ["own/tool", "quay.io/bio/tool"]);
}

#[tokio::test]
async fn an_image_without_amd64_is_not_fetched() {
    let upstream = source().await;
    let account = Account::with_upstream(&upstream).await;
    let pusher = Pusher::new(&upstream).await;
    rule(&account).await;
    pusher.image("bio/arm:1", "linux/arm64", &[layer(1, 50)]).await;
    let report = account.clone(&request(&[("quay.io/bio/arm:1".to_owned(), "")])).await;
    let error = report.images[0].error.as_ref().unwrap();
    assert_eq!(error.refused.as_deref(), Some("it has no linux/amd64, only linux/arm64"));
    assert!(account.repositories().await.is_empty());
}

#[tokio::test]
async fn a_tag_that_moved_upstream_after_it_was_cached_is_not_called_done() {
    let upstream = source().await;
    let account = Account::with_upstream(&upstream).await;
    let pusher = Pusher::new(&upstream).await;
    rule(&account).await;
    pusher.image("bio/tool:1", "linux/amd64", &[layer(1, 50)]).await;
    let request = request(&[("quay.io/bio/tool:1".to_owned(), "")]);
    assert!(account.clone(&request).await.is_done());
    pusher.image("bio/tool:1", "linux/amd64", &[layer(2, 50)]).await;
    let report = account.clone(&request).await;
    assert_eq!(report.images[0].outcome, CloneOutcome::Failed);
    assert!(report.images[0].error.as_ref().unwrap().hint.as_ref().unwrap().contains("24 hours"));
}

#[tokio::test]
async fn a_tag_of_the_target_is_not_asked_for_upstream() {
    let upstream = source().await;
    let account = Account::with_upstream(&upstream).await;
    rule(&account).await;
    let pusher = Pusher::new(&upstream).await;
    let digest = pusher.image("bio/tool:1", "linux/amd64", &[layer(1, 50)]).await;
    let request = request(&[("quay.io/bio/tool:1".to_owned(), "mine/tool:prod")]);
    let plan = account.plan(&request).await;
    let report = account.apply(plan).await;
    assert!(report.is_done(), "{report:#?}");
    assert_eq!(report.images[0].digest.as_ref(), Some(&digest));
    assert!(account.repositories().await.contains(&"mine/tool".to_owned()), "{report:#?}");
}

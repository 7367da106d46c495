//! Cached tags against upstream, and how they are renewed.

use std::time::Duration;

use operations::check::Availability;
use operations::drift::{self, DriftPlan, DriftRequest, DriftState, RefreshOutcome, RefreshReport, Renewal};
use tokio_util::sync::CancellationToken;

use crate::images::Pusher;
use crate::scripted;
use crate::world::{World, open_policy, source};

async fn plan(world: &World, request: &DriftRequest) -> DriftPlan {
    drift::plan(&world.account, &world.registry, request).await.unwrap()
}

async fn refresh(world: &World, plan: &DriftPlan) -> RefreshReport {
    drift::refresh(&world.registry, plan, Duration::from_secs(60), &CancellationToken::new()).await
}

/// Starts an account that has cached some tags of quay.io.
async fn cached(upstream: &Pusher, endpoint: String, tags: &[&str]) -> World {
    let world = World::new(&[("quay.io", endpoint)]).await;
    world.cache("quay", "quay.io").await;
    let mut names = Vec::new();
    for tag in tags {
        upstream.index(&format!("bio/tool:{tag}"), &["linux/amd64", "linux/arm64"], tag).await;
        names.push(format!("quay.io/bio/tool:{tag}"));
    }
    let report = world.prime(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert_eq!(report.imported, tags.len(), "{report:#?}");
    // Images of other platforms come in beside.
    world.handle.completed().await;
    world
}

#[tokio::test]
async fn tags_that_moved_and_tags_that_went_are_told_and_nothing_is_changed() {
    let quay = source().await;
    let upstream = Pusher::new(&quay).await;
    let world = cached(&upstream, quay.endpoint(), &["1", "2", "3"]).await;
    // Own images below no prefix are none of the comparison's business.
    Pusher::new(&world.handle).await.image("own/tool:1", "linux/amd64", "x").await;
    let moved = upstream.image("bio/tool:2", "linux/amd64", "later").await;
    upstream.delete("bio/tool:3").await;
    world.clock.advance(Duration::from_secs(25 * 3600));
    let before = world.snapshot().await;
    let plan = plan(&world, &DriftRequest::default()).await;
    let states: Vec<(&str, &str)> =
        plan.tags.iter().map(|tag| (tag.tag.as_str(), tag.state.label())).collect();
    assert_eq!(states, [("1", "current"), ("2", "moved"), ("3", "gone upstream")], "{plan:#?}");
    let DriftState::Moved { upstream_digest, platforms, upstream_platforms } = &plan.tags[1].state else {
        panic!()
    };
    assert_eq!(*upstream_digest, moved);
    assert_eq!(
        (platforms.join(","), upstream_platforms.join(",")),
        ("linux/amd64,linux/arm64".to_owned(), "linux/amd64".to_owned())
    );
    assert_eq!(plan.tags[1].renewal, Renewal::Replace);
    assert!(plan.tags[0].age_seconds.is_some() && plan.tags[0].pushed_at.is_some());
    assert_eq!((plan.verdict(), plan.findings[0].code.id()), (Some(false), "OE531"));
    assert_eq!(world.snapshot().await, before);
}

#[tokio::test]
async fn a_refresh_brings_the_new_image_and_keeps_the_old_one_by_its_digest() {
    let quay = source().await;
    let upstream = Pusher::new(&quay).await;
    let world = cached(&upstream, quay.endpoint(), &["1", "2"]).await;
    let moved = upstream.index("bio/tool:2", &["linux/amd64", "linux/arm64"], "later").await;
    let first = plan(&world, &DriftRequest::default()).await;
    let report = refresh(&world, &first).await;
    assert!(report.is_done(), "{report:#?}");
    assert_eq!((report.tags.len(), report.tags[0].left_over.as_ref()), (1, None));
    assert_eq!(report.tags[0].outcome, RefreshOutcome::Refreshed { digest: moved });
    let old = world.one(&format!("quay/bio/tool@{}", report.tags[0].before)).await;
    assert_eq!(old.availability, Availability::Usable, "{old:#?}");
    assert!(old.stored.unwrap().tags.is_empty(), "no tag of ours stays");
    let again = plan(&world, &DriftRequest::default()).await;
    assert_eq!((again.verdict(), again.replacements().count()), (Some(true), 0), "{again:#?}");
    assert!(again.findings.is_empty());
}

#[tokio::test]
async fn where_the_import_fails_the_old_image_is_put_back() {
    let quay = source().await;
    let upstream = Pusher::new(&quay).await;
    let world = cached(&upstream, quay.endpoint(), &["1"]).await;
    upstream.image("bio/tool:1", "linux/amd64", "later").await;
    let plan = plan(&world, &DriftRequest::default()).await;
    let before = world.one("quay/bio/tool:1").await.stored.unwrap();
    // ECR gets nothing from upstream, though we see that the image is there.
    let failing = r#"{"images":[],"failures":[{"imageId":{"imageTag":"1"},"failureCode":"UpstreamAccessDenied","failureReason":"denied: no longer yours"}]}"#;
    let endpoint =
        scripted::overlay_where(&world.handle.endpoint(), "BatchGetImage", "imageTag", 200, failing).await;
    let (_, registry) = world.behind(&endpoint).await;
    let report = drift::refresh(&registry, &plan, Duration::from_secs(20), &CancellationToken::new()).await;
    let RefreshOutcome::Restored { error } = &report.tags[0].outcome else { panic!("{report:#?}") };
    assert!(error.refused.as_ref().unwrap().contains("no longer yours"), "{error:?}");
    assert!(!report.is_done() && report.tags[0].left_over.is_none());
    let after = world.one("quay/bio/tool:1").await;
    let stored = after.stored.unwrap();
    assert_eq!(
        (stored.digest, stored.tags, after.availability),
        (before.digest, before.tags, Availability::Usable)
    );
}

#[tokio::test]
async fn an_upstream_that_went_away_meanwhile_costs_no_tag() {
    let quay = source().await;
    let upstream = Pusher::new(&quay).await;
    let world = cached(&upstream, quay.endpoint(), &["1"]).await;
    upstream.image("bio/tool:1", "linux/amd64", "later").await;
    let plan = plan(&world, &DriftRequest::default()).await;
    upstream.delete("bio/tool:1").await;
    let before = world.snapshot().await;
    let report = refresh(&world, &plan).await;
    assert!(matches!(report.tags[0].outcome, RefreshOutcome::Left { .. }), "{report:#?}");
    assert_eq!(world.snapshot().await, before);
}

#[tokio::test]
async fn tags_that_never_move_and_images_that_would_not_run_are_left() {
    let quay = source().await;
    let upstream = Pusher::new(&quay).await;
    let world = World::new(&[("quay.io", quay.endpoint())]).await;
    world.cache("quay", "quay.io").await;
    let mut kept = aws::ecr::NewRepository::new("quay/bio/kept".parse().unwrap());
    kept.tag_mutability = aws::ecr::TagMutability::Immutable;
    world.session.ecr().create_repository(&kept).await.unwrap();
    world.policy("quay/bio/kept", &open_policy()).await;
    for name in ["bio/kept:1", "bio/arm:1"] {
        upstream.image(name, "linux/amd64", "x").await;
    }
    assert_eq!(world.prime(&["quay.io/bio/kept:1", "quay.io/bio/arm:1"]).await.imported, 2);
    upstream.image("bio/kept:1", "linux/amd64", "y").await;
    upstream.image("bio/arm:1", "linux/arm64", "y").await;
    let plan = plan(&world, &DriftRequest::default()).await;
    let reasons: Vec<&str> = plan
        .tags
        .iter()
        .map(|tag| match &tag.renewal {
            Renewal::Blocked { reason } => reason.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(
        reasons[0].contains("without linux/amd64") && reasons[1].contains("lets no tag move"),
        "{reasons:?}"
    );
    assert_eq!(plan.findings.len(), 2);
    assert!(refresh(&world, &plan).await.tags.is_empty());
}

#[tokio::test]
async fn only_what_is_named_is_compared_and_wrong_names_are_refused() {
    let quay = source().await;
    let upstream = Pusher::new(&quay).await;
    let world = cached(&upstream, quay.endpoint(), &["1"]).await;
    world.rule("other", "public.ecr.aws").await;
    let prefix =
        |prefix: &str| DriftRequest { prefixes: vec![prefix.parse().unwrap()], ..DriftRequest::default() };
    let repository =
        |name: &str| DriftRequest { repositories: vec![name.parse().unwrap()], ..DriftRequest::default() };
    assert_eq!(plan(&world, &prefix("quay")).await.tags.len(), 1);
    assert_eq!(plan(&world, &prefix("other")).await.tags.len(), 0);
    assert_eq!(plan(&world, &repository("quay/bio/tool")).await.tags.len(), 1);
    for wrong in [prefix("none"), repository("own/tool"), repository("quay/none")] {
        let error = drift::plan(&world.account, &world.registry, &wrong).await.unwrap_err();
        assert!(error.refused.is_some() && error.hint.is_some(), "{error:?}");
    }
}

#[tokio::test]
async fn an_upstream_that_does_not_answer_is_no_drift_and_no_agreement() {
    let quay = source().await;
    let upstream = Pusher::new(&quay).await;
    let world = cached(&upstream, quay.endpoint(), &["1"]).await;
    quay.stop().await;
    let plan = plan(&world, &DriftRequest::default()).await;
    assert!(matches!(plan.tags[0].state, DriftState::Unknown { .. }), "{plan:#?}");
    assert_eq!((plan.verdict(), plan.replacements().count()), (None, 0));
}

//! What a check answers of images that are there, or will come, and that it leaves everything as it was.

use operations::Access;
use operations::check::{Availability, Cause, CheckRequest, ReadAs};
use serde_json::json;

use crate::images::Pusher;
use crate::scripted;
use crate::world::{World, closed_policy, open_policy, source};

#[tokio::test]
async fn an_image_that_is_there_is_told_with_type_size_times_and_platforms() {
    let world = World::new(&[]).await;
    let pusher = Pusher::new(&world.handle).await;
    let digest = pusher.index("own/tool:1", &["linux/amd64", "linux/arm64"], "x").await;
    world.policy("own/tool", &open_policy()).await;
    let report = world.check(&["own/tool:1"]).await;
    let image = &report.images[0];
    assert_eq!((image.availability, image.cause), (Availability::Usable, None), "{image:#?}");
    assert_eq!((&image.healthomics_access, report.verdict()), (&Access::Accessible, Some(true)));
    let stored = image.stored.as_ref().unwrap();
    assert_eq!(stored.digest, digest);
    assert_eq!(stored.media_type.as_deref(), Some("application/vnd.oci.image.index.v1+json"));
    assert_eq!(stored.platforms, ["linux/amd64", "linux/arm64"]);
    assert_eq!(stored.tags, ["1"]);
    assert!(
        stored.size_bytes.unwrap() > 500 && stored.pushed_at.as_ref().unwrap().ends_with('Z'),
        "{stored:?}"
    );
    assert!(!stored.archived && image.uri.as_ref().unwrap().ends_with("/own/tool:1"));
    let asked: Vec<&str> = image.evidence.iter().map(|own| own.asked.split(' ').nth(1).unwrap()).collect();
    assert_eq!(asked, ["DescribeImages", "BatchGetImage", "BatchCheckLayerAvailability", "blob"]);
}

#[tokio::test]
async fn entrypoint_and_user_of_the_config_are_told() {
    let world = World::new(&[]).await;
    let pusher = Pusher::new(&world.handle).await;
    let start = json!({ "Entrypoint": ["/usr/bin/tool", "run"], "User": "1000:1000" });
    pusher.image_with("own/tool:1", "linux/amd64", "x", start).await;
    let start = json!({ "Entrypoint": ["/usr/local/env-execute"], "User": "root" });
    pusher.image_with("own/tool:2", "linux/amd64", "y", start).await;
    world.policy("own/tool", &open_policy()).await;
    let report = world.check(&["own/tool:1", "own/tool:2"]).await;
    let stored = report.images[0].stored.as_ref().unwrap();
    assert_eq!(
        (stored.entrypoint.as_slice(), stored.user.as_deref()),
        (&["/usr/bin/tool".to_owned(), "run".to_owned()][..], Some("1000:1000"))
    );
    let codes: Vec<&str> = report.images[0].findings.iter().map(|finding| finding.code.id()).collect();
    assert_eq!(codes, ["OE522", "OE523"]);
    assert!(report.images[1].findings.is_empty(), "{:#?}", report.images[1]);
}

#[tokio::test]
async fn a_check_leaves_the_account_as_it_was() {
    let quay = source().await;
    let world = World::new(&[("quay.io", quay.endpoint())]).await;
    world.cache("quay", "quay.io").await;
    let upstream = Pusher::new(&quay).await;
    let pinned = upstream.index("bio/tool:1", &["linux/amd64", "linux/arm64"], "x").await;
    upstream.image("bio/cached:1", "linux/amd64", "y").await;
    assert_eq!(world.prime(&["quay.io/bio/cached:1"]).await.imported, 1);
    Pusher::new(&world.handle).await.image("own/tool:1", "linux/amd64", "x").await;
    // A cached tag that moved upstream, and whose last comparison is older than a day, would be renewed by a pull.
    upstream.image("bio/cached:1", "linux/amd64", "z").await;
    world.clock.advance(std::time::Duration::from_secs(25 * 3600));

    let before = world.snapshot().await;
    let uri = format!("{}/quay/bio/tool:1", world.registry.host());
    let by_digest = format!("quay.io/bio/tool@{pinned}");
    let images = [
        "quay.io/bio/tool:1",
        "quay.io/bio/cached:1",
        "quay/bio/tool:2",
        &uri,
        &by_digest,
        "own/tool:1",
        "own/tool:2",
    ];
    let report = world.check(&images).await;
    let answers: Vec<Availability> = report.images.iter().map(|image| image.availability).collect();
    use Availability::{NotThere, PulledThrough, Unusable, Usable};
    assert_eq!(
        answers,
        [PulledThrough, Usable, NotThere, PulledThrough, NotThere, Unusable, NotThere],
        "{report:#?}"
    );
    assert_eq!(report.images[4].cause, Some(Cause::DigestThroughRule));
    assert_eq!(world.snapshot().await, before);
}

#[tokio::test]
async fn an_image_that_a_rule_will_bring_is_judged_by_registry_policy_and_template() {
    let quay = source().await;
    let world = World::new(&[("quay.io", quay.endpoint())]).await;
    Pusher::new(&quay).await.image("bio/tool:1", "linux/amd64", "x").await;
    world.rule("quay", "quay.io").await;
    let image = world.one("quay.io/bio/tool:1").await;
    assert_eq!(
        (image.availability, image.cause),
        (Availability::Unusable, Some(Cause::AccessDenied)),
        "{image:#?}"
    );
    world.open_registry().await;
    let image = world.one("quay.io/bio/tool:1").await;
    let access = image.prefix_access.unwrap();
    assert!(access.registry_policy.is_yes() && !access.all.is_yes());
    assert!(access.all.reason().unwrap().contains("no repository creation template"), "{:?}", access.all);
    world.template("quay", true).await;
    let image = world.one("quay.io/bio/tool:1").await;
    assert_eq!((image.availability, image.rule.as_deref()), (Availability::PulledThrough, Some("quay")));
    assert_eq!(image.reading.upstream.as_deref(), Some("quay.io/bio/tool:1"));
}

#[tokio::test]
async fn the_longest_prefix_decides_about_rule_and_template() {
    let (quay, other) = (source().await, source().await);
    let world = World::new(&[("quay.io", quay.endpoint()), ("public.ecr.aws", other.endpoint())]).await;
    Pusher::new(&other).await.image("bio/tool:1", "linux/amd64", "x").await;
    world.cache("mirror", "quay.io").await;
    world.rule("mirror/hub", "public.ecr.aws").await;
    world.template("mirror/hub", false).await;
    let image = world.one("mirror/hub/bio/tool:1").await;
    assert_eq!(image.rule.as_deref(), Some("mirror/hub"));
    assert_eq!(image.reading.upstream.as_deref(), Some("public.ecr.aws/bio/tool:1"));
    assert_eq!(
        (image.availability, image.cause),
        (Availability::Unusable, Some(Cause::AccessDenied)),
        "{image:#?}"
    );
    // The longer prefix does not count against what is beside it.
    Pusher::new(&quay).await.image("bio/tool:1", "linux/amd64", "x").await;
    let image = world.one("mirror/bio/tool:1").await;
    assert_eq!(
        (image.availability, image.rule.as_deref()),
        (Availability::PulledThrough, Some("mirror")),
        "{image:#?}"
    );
}

#[tokio::test]
async fn a_root_rule_covers_what_no_other_rule_does() {
    let quay = source().await;
    let world = World::new(&[("quay.io", quay.endpoint())]).await;
    Pusher::new(&quay).await.image("bio/tool:1", "linux/amd64", "x").await;
    world.cache("ROOT", "quay.io").await;
    for name in ["quay.io/bio/tool:1", "bio/tool:1"] {
        let image = world.one(name).await;
        assert_eq!(
            (image.availability, image.rule.as_deref()),
            (Availability::PulledThrough, Some("ROOT")),
            "{image:#?}"
        );
        assert!(image.uri.unwrap().ends_with("/bio/tool:1"));
    }
}

#[tokio::test]
async fn a_prefix_with_a_trailing_slash_is_the_same_prefix() {
    let quay = source().await;
    let world = World::new(&[("quay.io", quay.endpoint())]).await;
    Pusher::new(&quay).await.image("bio/tool:1", "linux/amd64", "x").await;
    world.rule("quay", "quay.io").await;
    world.open_registry().await;
    world.template("quay/", true).await;
    assert_eq!(world.one("quay/bio/tool:1").await.availability, Availability::PulledThrough);
}

#[tokio::test]
async fn rules_that_cannot_be_read_are_unknown_and_never_guessed() {
    let world = World::new(&[]).await;
    let denied = r#"{"__type":"AccessDeniedException","message":"User: x is not authorized to perform: ecr:DescribePullThroughCacheRules on resource: *"}"#;
    let endpoint =
        scripted::overlay(&world.handle.endpoint(), "DescribePullThroughCacheRules", 400, denied).await;
    let (account, registry) = world.behind(&endpoint).await;
    let request = CheckRequest::new(vec!["docker-hub/library/ubuntu:22.04".to_owned()]);
    let report = operations::check::check(&account, &registry, &request).await.unwrap();
    let image = &report.images[0];
    assert_eq!(
        (image.availability, image.cause),
        (Availability::Unknown, Some(Cause::EcrUnknown)),
        "{image:#?}"
    );
    assert_eq!(image.rule, None);
    assert_eq!(report.verdict(), None);
    assert!(
        image
            .problem
            .as_ref()
            .unwrap()
            .refused
            .as_ref()
            .unwrap()
            .contains("ecr:DescribePullThroughCacheRules")
    );
}

#[tokio::test]
async fn a_primed_image_is_usable_only_when_its_policy_says_so() {
    let quay = source().await;
    let world = World::new(&[("quay.io", quay.endpoint())]).await;
    let digest = Pusher::new(&quay).await.index("bio/tool:1", &["linux/amd64", "linux/arm64"], "x").await;
    world.rule("quay", "quay.io").await;
    world.open_registry().await;
    world.template("quay", false).await;
    let report = world.prime(&["quay.io/bio/tool:1"]).await;
    let image = &report.images[0];
    assert_eq!(report.imported, 1, "{report:#?}");
    assert_eq!(image.stored.as_ref().unwrap().digest, digest);
    assert_eq!((image.availability, image.cause), (Availability::Unusable, Some(Cause::AccessDenied)));
    world.policy("quay/bio/tool", &closed_policy()).await;
    assert_eq!(world.one("quay.io/bio/tool:1").await.availability, Availability::Unusable);
    world.policy("quay/bio/tool", &open_policy()).await;
    assert_eq!(world.one("quay.io/bio/tool:1").await.availability, Availability::Usable);
    assert_eq!(world.prime(&["quay.io/bio/tool:1"]).await.imported, 0);
}

#[tokio::test]
async fn a_pinned_digest_is_imported_by_its_tag() {
    let quay = source().await;
    let world = World::new(&[("quay.io", quay.endpoint())]).await;
    let digest = Pusher::new(&quay).await.image("bio/tool:1", "linux/amd64", "x").await;
    world.cache("quay", "quay.io").await;
    let name = format!("quay.io/bio/tool:1@{digest}");
    let image = world.one(&name).await;
    assert_eq!((image.availability, image.cause), (Availability::NotThere, Some(Cause::DigestThroughRule)));
    assert!(
        image.problem.unwrap().hint.unwrap().contains("omics-ecr check --prime quay.io/bio/tool:1@sha256:")
    );
    let report = world.prime(&[&name]).await;
    assert_eq!((report.images[0].availability, report.imported), (Availability::Usable, 1), "{report:#?}");
}

#[tokio::test]
async fn a_cache_whose_tags_never_move_is_told() {
    let quay = source().await;
    let world = World::new(&[("quay.io", quay.endpoint())]).await;
    Pusher::new(&quay).await.image("bio/tool:1", "linux/amd64", "x").await;
    world.cache("quay", "quay.io").await;
    let mut new = aws::ecr::NewRepository::new("quay/bio/tool".parse().unwrap());
    new.tag_mutability = aws::ecr::TagMutability::Immutable;
    world.session.ecr().create_repository(&new).await.unwrap();
    world.policy("quay/bio/tool", &open_policy()).await;
    let image = world.one("quay/bio/tool:1").await;
    assert_eq!(
        (image.availability, image.reading.kind),
        (Availability::PulledThrough, ReadAs::Repository),
        "{image:#?}"
    );
    assert_eq!(image.findings[0].code.id(), "OE542");
}

#[tokio::test]
async fn many_images_of_one_repository_are_looked_at_together() {
    let world = World::new(&[]).await;
    let pusher = Pusher::new(&world.handle).await;
    for tag in 0..30 {
        pusher.image(&format!("own/tool:{tag}"), "linux/amd64", &tag.to_string()).await;
    }
    world.policy("own/tool", &open_policy()).await;
    let names: Vec<String> = (0..30).map(|tag| format!("own/tool:{tag}")).collect();
    let report = world.check(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert_eq!((report.verdict(), report.images.len()), (Some(true), 30));
    assert!(report.images.iter().zip(&names).all(|(image, name)| image.image == *name));
}

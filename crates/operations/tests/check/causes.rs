//! The causes for which a run finds no image, each told from the others by what was answered.

use aws::ecr::NewRepository;
use operations::check::{Availability, Cause, UpstreamAnswer};

use crate::images::Pusher;
use crate::scripted::{self, closed, rate_limited};
use crate::world::{World, closed_policy, open_policy, source};

#[tokio::test]
async fn a_rate_limit_is_told_by_the_answer_and_its_headers() {
    let hub = scripted::registry(rate_limited()).await;
    let world = World::new(&[("docker.io", hub)]).await;
    world.cache("docker-hub", "registry-1.docker.io").await;
    let image = world.one("biocontainers/bwa:0.7.17").await;
    assert_eq!(
        (image.availability, image.cause),
        (Availability::Unknown, Some(Cause::RateLimited)),
        "{image:#?}"
    );
    let look = image.upstream.unwrap();
    assert!(
        matches!(&look.answer, UpstreamAnswer::RateLimited { words } if words.contains("429")),
        "{look:?}"
    );
    assert_eq!((look.pulls_left, look.with_login), (Some(0), false));
    let told = image.evidence.iter().find(|own| own.answered == "0 of 100 in 21600 s are left");
    assert!(told.is_some(), "{:#?}", image.evidence);
    assert!(image.problem.unwrap().hint.unwrap().contains("docker login docker.io"));

    // What ECR itself meets there is told by its own answer.
    let report = world.prime(&["biocontainers/bwa:0.7.17"]).await;
    let image = &report.images[0];
    assert_eq!((image.cause, report.imported), (Some(Cause::RateLimited), 0), "{image:#?}");
    let words = image.prime_error.as_ref().unwrap().refused.as_deref().unwrap();
    assert!(words.contains("You have reached your unauthenticated pull rate limit"), "{words}");
}

#[tokio::test]
async fn an_image_that_upstream_lacks_is_told_with_the_tags_that_come_near() {
    let quay = source().await;
    let world = World::new(&[("quay.io", quay.endpoint())]).await;
    world.cache("quay", "quay.io").await;
    let pusher = Pusher::new(&quay).await;
    for tag in ["0.7.15--1", "0.7.17--h5bf99c6_8", "0.7.17--he4a0461_11", "0.7.18--he4a0461_0"] {
        pusher.image(&format!("biocontainers/bwa:{tag}"), "linux/amd64", tag).await;
    }
    let image = world.one("quay.io/biocontainers/bwa:0.7.17").await;
    assert_eq!(
        (image.availability, image.cause),
        (Availability::NotThere, Some(Cause::ImageNotFound)),
        "{image:#?}"
    );
    let Some(UpstreamAnswer::NotFound { repository_exists, nearest_tags }) =
        image.upstream.as_ref().map(|look| &look.answer)
    else {
        panic!("{image:#?}")
    };
    assert_eq!(*repository_exists, Some(true));
    assert_eq!(nearest_tags[..2], ["0.7.17--he4a0461_11", "0.7.17--h5bf99c6_8"]);
    let problem = image.problem.unwrap();
    assert_eq!(
        problem.refused.as_deref(),
        Some(
            "`quay.io/biocontainers/bwa:0.7.17` does not exist: the repository does, without this tag or digest"
        )
    );
    assert!(problem.hint.unwrap().starts_with("tags that come near: 0.7.17--he4a0461_11, "));

    let image = world.one("quay.io/biocontainers/bwaa:0.7.17").await;
    assert_eq!(image.cause, Some(Cause::ImageNotFound));
    assert!(image.problem.unwrap().refused.unwrap().ends_with("there is no such repository"));
}

#[tokio::test]
async fn near_tags_are_found_on_later_pages() {
    let quay = scripted::pages(&["0.1", "0.7.16", "0.7.17--h5bf99c6_8", "latest"]).await;
    let world = World::new(&[("quay.io", quay)]).await;
    world.cache("quay", "quay.io").await;
    let image = world.one("quay.io/bio/tool:0.7.17").await;
    let hint = image.problem.unwrap().hint.unwrap();
    assert_eq!(hint, "tags that come near: 0.7.17--h5bf99c6_8, 0.7.16, 0.1");
}

#[tokio::test]
async fn a_registry_that_refuses_is_told_from_one_that_lacks_the_image() {
    for status in [401, 403] {
        let refusing = scripted::registry(closed(status)).await;
        let world = World::new(&[("quay.io", refusing.clone()), ("ghcr.io", refusing)]).await;
        world.cache("quay", "quay.io").await;
        world.cache("ghcr", "ghcr.io").await;
        // Without a credential ECR would hear the same as we do.
        let image = world.one("quay.io/private/tool:1").await;
        assert_eq!(
            (image.availability, image.cause),
            (Availability::NotThere, Some(Cause::UpstreamAccessDenied)),
            "{image:#?}"
        );
        assert!(image.evidence.iter().any(|own| own.answered.contains(&format!("HTTP {status}"))));
        // With one it may be let in.
        let image = world.one("ghcr.io/private/tool:1").await;
        assert_eq!(
            (image.availability, image.cause),
            (Availability::Unknown, Some(Cause::UpstreamAccessDenied)),
            "{image:#?}"
        );
        assert!(image.problem.unwrap().hint.unwrap().contains("docker login ghcr.io"));
    }
}

#[tokio::test]
async fn an_image_for_arm64_alone_is_told_before_and_after_it_is_cached() {
    let quay = source().await;
    let world = World::new(&[("quay.io", quay.endpoint())]).await;
    world.cache("quay", "quay.io").await;
    Pusher::new(&quay).await.image("bio/tool:1", "linux/arm64", "arm").await;
    let image = world.one("quay.io/bio/tool:1").await;
    assert_eq!(
        (image.availability, image.cause),
        (Availability::Unusable, Some(Cause::WrongArchitecture)),
        "{image:#?}"
    );
    assert!(image.stored.is_none());

    Pusher::new(&world.handle).await.image("own/tool:1", "linux/arm64", "arm").await;
    world.policy("own/tool", &open_policy()).await;
    let image = world.one("own/tool:1").await;
    assert_eq!((image.availability, image.cause), (Availability::Unusable, Some(Cause::WrongArchitecture)));
    assert_eq!(image.stored.unwrap().platforms, ["linux/arm64"]);
    assert_eq!(image.problem.unwrap().refused.as_deref(), Some("it has no linux/amd64, only linux/arm64"));
}

#[tokio::test]
async fn a_policy_that_keeps_healthomics_out_is_told_by_its_statement() {
    let world = World::new(&[]).await;
    let pusher = Pusher::new(&world.handle).await;
    for (repository, policy) in [("own/closed", Some(closed_policy())), ("own/none", None)] {
        pusher.image(&format!("{repository}:1"), "linux/amd64", repository).await;
        if let Some(policy) = policy {
            world.policy(repository, &policy).await;
        }
        let image = world.one(&format!("{repository}:1")).await;
        assert_eq!((image.availability, image.cause), (Availability::Unusable, Some(Cause::AccessDenied)));
        assert!(image.healthomics_access.reason().unwrap().contains("ecr:BatchGetImage"));
        assert_eq!(image.problem.unwrap().hint, Some(format!("`omics-ecr grant {repository}`")));
    }
}

#[tokio::test]
async fn a_condition_is_no_yes() {
    let world = World::new(&[]).await;
    Pusher::new(&world.handle).await.image("own/tool:1", "linux/amd64", "x").await;
    let mut policy = open_policy();
    policy["Statement"][0]["Condition"] = serde_json::json!({ "ArnLike": { "aws:SourceArn": "arn:aws:omics:us-east-1:123456789012:workflow/1" } });
    world.policy("own/tool", &policy).await;
    let report = world.check(&["own/tool:1"]).await;
    assert_eq!(report.images[0].availability, Availability::Unknown);
    assert_eq!(report.verdict(), None);
}

#[tokio::test]
async fn a_registry_that_does_not_answer_is_told_from_one_that_says_no() {
    let world = World::new(&[("quay.io", "http://127.0.0.1:9".to_owned())]).await;
    world.cache("quay", "quay.io").await;
    let report = world.check(&["quay.io/bio/tool:1"]).await;
    assert_eq!(report.images[0].cause, Some(Cause::UpstreamUnreachable), "{report:#?}");
    assert_eq!((report.images[0].availability, report.verdict()), (Availability::Unknown, None));
}

#[tokio::test]
async fn an_archived_image_is_there_and_unusable() {
    let world = World::new(&[]).await;
    let digest = Pusher::new(&world.handle).await.image("own/tool:1", "linux/amd64", "x").await;
    world.policy("own/tool", &open_policy()).await;
    let answer = serde_json::json!({ "imageDetails": [{
        "registryId": "123456789012", "repositoryName": "own/tool", "imageDigest": digest, "imageTags": ["1"],
        "imageSizeInBytes": 5, "imageStatus": "ARCHIVED",
    }] });
    let endpoint =
        scripted::overlay(&world.handle.endpoint(), "DescribeImages", 200, &answer.to_string()).await;
    let (account, registry) = world.behind(&endpoint).await;
    let request = operations::check::CheckRequest::new(vec!["own/tool:1".to_owned()]);
    let image = operations::check::check(&account, &registry, &request).await.unwrap().images.remove(0);
    assert_eq!(
        (image.availability, image.cause),
        (Availability::Unusable, Some(Cause::Archived)),
        "{image:#?}"
    );
    assert!(image.stored.unwrap().archived);
    assert!(image.problem.unwrap().hint.unwrap().contains("--repository-name own/tool --image-id"));
}

#[tokio::test]
async fn an_image_larger_than_instances_take_is_told() {
    let world = World::new(&[]).await;
    let digest = Pusher::new(&world.handle).await.image("own/tool:1", "linux/amd64", "x").await;
    world.policy("own/tool", &open_policy()).await;
    for (gibibytes, availability, findings) in
        [(46u64, Availability::Usable, 1), (96, Availability::Unusable, 0)]
    {
        let answer = serde_json::json!({ "imageDetails": [{
            "registryId": "123456789012", "repositoryName": "own/tool", "imageDigest": digest, "imageTags": ["1"],
            "imageSizeInBytes": gibibytes << 30,
        }] });
        let endpoint =
            scripted::overlay(&world.handle.endpoint(), "DescribeImages", 200, &answer.to_string()).await;
        let (account, registry) = world.behind(&endpoint).await;
        let mut request = operations::check::CheckRequest::new(vec!["own/tool:1".to_owned()]);
        request.contents = false;
        let image = operations::check::check(&account, &registry, &request).await.unwrap().images.remove(0);
        assert_eq!((image.availability, image.findings.len()), (availability, findings), "{image:#?}");
    }
}

#[tokio::test]
async fn a_repository_without_the_tag_offers_those_that_it_has() {
    let world = World::new(&[]).await;
    Pusher::new(&world.handle).await.image("own/tool:1.17", "linux/amd64", "x").await;
    let image = world.one("own/tool:1.16").await;
    assert_eq!(
        (image.availability, image.cause),
        (Availability::NotThere, Some(Cause::NotInEcr)),
        "{image:#?}"
    );
    assert_eq!(image.problem.unwrap().hint.as_deref(), Some("tags that are there: 1.17"));
    let empty = NewRepository::new("own/empty".parse().unwrap());
    world.session.ecr().create_repository(&empty).await.unwrap();
    let image = world.one("own/empty:1").await;
    assert!(image.problem.unwrap().refused.unwrap().contains("no such image"));
}

#[tokio::test]
async fn what_a_policy_refuses_is_refused_though_upstream_is_silent() {
    let hub = scripted::registry(rate_limited()).await;
    let world = World::new(&[("quay.io", "http://127.0.0.1:9".to_owned()), ("docker.io", hub)]).await;
    world.rule("quay", "quay.io").await;
    world.rule("docker-hub", "registry-1.docker.io").await;
    for name in ["quay.io/bio/tool:1", "docker.io/bio/tool:1"] {
        let report = world.check(&[name]).await;
        let image = &report.images[0];
        assert_eq!(
            (image.availability, image.cause, report.verdict()),
            (Availability::Unusable, Some(Cause::AccessDenied), Some(false)),
            "{image:#?}"
        );
        let words = image.problem.as_ref().unwrap().refused.as_ref().unwrap();
        assert!(words.contains("ecr:CreateRepository"), "{words}");
        assert!(words.contains("upstream does not tell"), "{words}");
    }
}

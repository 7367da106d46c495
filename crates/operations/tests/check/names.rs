//! What a text is taken for.

use operations::check::{Availability, Cause, ReadAs};

use crate::images::Pusher;
use crate::world::{World, open_policy, source};

#[tokio::test]
async fn a_full_uri_a_path_with_its_tag_and_a_public_name_are_the_same_image() {
    let hub = source().await;
    let world = World::new(&[("docker.io", hub.endpoint())]).await;
    world.cache("docker-hub", "registry-1.docker.io").await;
    Pusher::new(&hub).await.image("biocontainers/bwa:0.7.17", "linux/amd64", "x").await;
    let own = format!("{}/docker-hub/biocontainers/bwa:0.7.17", world.registry.host());
    let amazon = "123456789012.dkr.ecr.us-east-1.amazonaws.com/docker-hub/biocontainers/bwa:0.7.17";
    for (name, kind) in [
        (own.as_str(), ReadAs::EcrUri),
        (amazon, ReadAs::EcrUri),
        ("docker-hub/biocontainers/bwa:0.7.17", ReadAs::Repository),
        ("biocontainers/bwa:0.7.17", ReadAs::Public),
        ("docker.io/biocontainers/bwa:0.7.17", ReadAs::Public),
        ("registry-1.docker.io/biocontainers/bwa:0.7.17", ReadAs::Public),
    ] {
        let image = world.one(name).await;
        assert_eq!((image.reading.kind, image.uri.as_deref()), (kind, Some(own.as_str())), "{image:#?}");
        assert_eq!(image.availability, Availability::PulledThrough, "{image:#?}");
        assert_eq!(image.reading.upstream.as_deref(), Some("docker.io/biocontainers/bwa:0.7.17"));
    }
}

#[tokio::test]
async fn a_path_that_docker_hub_could_have_too_is_told_apart_and_said() {
    let hub = source().await;
    let world = World::new(&[("docker.io", hub.endpoint())]).await;
    world.cache("docker-hub", "registry-1.docker.io").await;
    let why = |image: &operations::check::CheckedImage| image.reading.why.clone().unwrap_or_default();
    let image = world.one("docker-hub/biocontainers/bwa:1").await;
    assert!(why(&image).starts_with("`docker-hub` is the prefix of a rule"), "{image:#?}");
    // A repository that is there comes before a name on Docker Hub.
    Pusher::new(&world.handle).await.image("biocontainers/bwa:1", "linux/amd64", "x").await;
    world.policy("biocontainers/bwa", &open_policy()).await;
    let image = world.one("biocontainers/bwa:1").await;
    assert_eq!(
        (image.reading.kind, image.availability),
        (ReadAs::Repository, Availability::Usable),
        "{image:#?}"
    );
    assert_eq!(why(&image), "there is a repository `biocontainers/bwa`");
    // The host says which is meant.
    let image = world.one("docker.io/biocontainers/bwa:1").await;
    assert_eq!(image.reading.kind, ReadAs::Public);
}

#[tokio::test]
async fn a_usual_prefix_without_a_rule_asks_for_the_rule() {
    let world = World::new(&[]).await;
    let image = world.one("docker-hub/biocontainers/bwa:0.7.17").await;
    assert_eq!(
        (image.availability, image.cause),
        (Availability::NotThere, Some(Cause::NotInEcr)),
        "{image:#?}"
    );
    assert_eq!(image.reading.kind, ReadAs::Repository);
    let hint = image.problem.unwrap().hint.unwrap();
    assert_eq!(hint, "make the rule: `omics-ecr cache create docker.io --prefix docker-hub`");
}

#[tokio::test]
async fn what_no_rule_covers_is_looked_for_where_a_clone_puts_it() {
    let quay = source().await;
    let world = World::new(&[("quay.io", quay.endpoint())]).await;
    Pusher::new(&quay).await.image("bio/tool:1", "linux/amd64", "x").await;
    let image = world.one("quay.io/bio/tool:1").await;
    assert_eq!(
        (image.availability, image.cause),
        (Availability::NotThere, Some(Cause::NotInEcr)),
        "{image:#?}"
    );
    let hint = image.problem.unwrap().hint.unwrap();
    assert!(
        hint.contains("omics-ecr cache create quay.io")
            && hint.contains("omics-ecr clone quay.io/bio/tool:1")
    );
    Pusher::new(&world.handle).await.image("quay.io/bio/tool:1", "linux/amd64", "x").await;
    world.policy("quay.io/bio/tool", &open_policy()).await;
    let image = world.one("quay.io/bio/tool:1").await;
    assert_eq!(image.availability, Availability::Usable, "{image:#?}");
}

#[tokio::test]
async fn name_tag_and_digest_are_kept_apart() {
    let world = World::new(&[]).await;
    let pusher = Pusher::new(&world.handle).await;
    let one = pusher.image("own/tool:1", "linux/amd64", "x").await;
    let two = pusher.image("own/tool:2", "linux/amd64", "y").await;
    world.policy("own/tool", &open_policy()).await;
    let image = world.one(&format!("own/tool:1@{one}")).await;
    assert_eq!((image.availability, image.stored.unwrap().digest), (Availability::Usable, one));
    // The digest counts, and that the tag stands for another is said.
    let image = world.one(&format!("own/tool:1@{two}")).await;
    assert_eq!((image.availability, image.stored.unwrap().digest), (Availability::Usable, two));
    assert_eq!(image.findings[0].code.id(), "OE514");
}

#[tokio::test]
async fn names_of_other_places_are_no_names_on_docker_hub() {
    let other_region = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
    let world = World::new(&[(other_region, "http://127.0.0.1:9".to_owned())]).await;
    let report = world
        .check(&[
            "localhost/tool:1",
            "oras://community.wave.seqera.io/library/bwa:1",
            "Own/Tool:1",
            "own/tool:1:2",
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com/own/tool:1",
        ])
        .await;
    let causes: Vec<Option<Cause>> = report.images.iter().map(|image| image.cause).collect();
    assert_eq!(
        causes[..4],
        [Some(Cause::WrongPlace), Some(Cause::WrongPlace), Some(Cause::Malformed), Some(Cause::Malformed)],
        "{report:#?}"
    );
    assert_eq!(report.images[0].findings[0].code.id(), "OE510", "{report:#?}");
    assert_eq!(causes[4], Some(Cause::NotInEcr));
    assert!(report.images[4].problem.as_ref().unwrap().hint.as_ref().unwrap().contains("omics-ecr clone"));
    assert_eq!(report.verdict(), Some(false));
}

#[tokio::test]
async fn no_image_is_no_answer() {
    let world = World::new(&[]).await;
    let none = operations::check::CheckRequest::new(Vec::new());
    assert!(operations::check::check(&world.account, &world.registry, &none).await.is_err());
}

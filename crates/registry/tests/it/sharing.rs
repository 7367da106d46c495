//! Layers that several images share: sent once, mounted by the others, sent again only where they must be.

use std::collections::HashSet;

use hyper::Method;
use registry::copy::Outcome;

use crate::images::{bytes, digest_of, job, put_image, run};
use crate::server::{Mounts, Registry, Trick};

const IMAGES: usize = 8;

/// Images `tool-N:1` that share a layer and have one of their own.
async fn sharing() -> (Registry, Registry, Vec<(String, String)>) {
    let (source, destination) = (Registry::start().await, Registry::start().await);
    let mut pairs = Vec::new();
    for number in 0..IMAGES {
        let name = format!("tool-{number}");
        put_image(
            &source,
            &name,
            Some("1"),
            "linux/amd64",
            &[bytes(1, 200_000), bytes(100 + number as u64, 900)],
        );
        pairs.push((format!("{name}:1"), format!("mirror/{name}:1")));
    }
    (source, destination, pairs)
}

fn borrowed(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
    pairs.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect()
}

fn shared() -> String {
    digest_of(&bytes(1, 200_000))
}

#[tokio::test]
async fn a_shared_layer_goes_once_even_where_only_named_blobs_are_mounted() {
    let (source, destination, pairs) = sharing().await;
    destination.with(|state| state.mounts = Mounts::Named);
    let report = run(&job(&source, &destination, &borrowed(&pairs))).await;
    assert!(report.is_done(), "{report:?}");
    assert_eq!(source.count(&Method::GET, &shared()), 1);
    assert_eq!(destination.count(&Method::PUT, &format!("digest={}", shared())), 1);
    assert_eq!(destination.count(&Method::POST, &format!("mount={}", shared())), IMAGES - 1);
    assert_eq!(report.images.iter().filter(|image| image.mounted == 200_000).count(), IMAGES - 1);
    assert!(report.refused_mounts.is_empty());
    for (from, to) in borrowed(&pairs) {
        let (from, to) = (from.trim_end_matches(":1"), to.trim_end_matches(":1"));
        assert_eq!(source.manifest(from, "1"), destination.manifest(to, "1"));
    }
}

#[tokio::test]
async fn a_mount_that_is_not_made_goes_on_in_the_session_that_came_with_it() {
    let (source, destination, pairs) = sharing().await;
    destination.with(|state| state.mounts = Mounts::Never);
    let report = run(&job(&source, &destination, &borrowed(&pairs))).await;
    assert!(report.is_done(), "{report:?}");
    // One session a blob and image, whether it was opened for a mount or for the bytes.
    assert_eq!(destination.count(&Method::POST, "/uploads/"), IMAGES * 3);
    assert_eq!(destination.count(&Method::PUT, "/uploads/"), IMAGES * 3);
    let refused = &report.refused_mounts[0];
    assert_eq!(refused.host, destination.host);
    assert!(refused.count >= 1 && refused.bytes == refused.count * 200_000, "{refused:?}");
}

#[tokio::test]
async fn when_the_leader_fails_another_image_brings_the_layer() {
    let (source, destination, pairs) = sharing().await;
    destination.with(|state| state.mounts = Mounts::Named);
    // The first image leads, for it stands first among equals, and its own layer is gone.
    let own = digest_of(&bytes(100, 900));
    source.with(|state| state.blobs.remove(&("tool-0".to_owned(), own)));
    let report = run(&job(&source, &destination, &borrowed(&pairs))).await;
    assert!(matches!(report.images[0].outcome, Outcome::Failed(_)), "{report:?}");
    assert!(report.images[1..].iter().all(|image| matches!(image.outcome, Outcome::Copied)), "{report:?}");
    assert!(!destination.has_any_manifest("mirror/tool-0"));
    assert!(destination.count(&Method::PUT, &format!("digest={}", shared())) <= 2);
}

#[tokio::test]
async fn the_rest_of_a_job_mounts_what_its_finished_part_brought() {
    let (source, destination) = (Registry::start().await, Registry::start().await);
    let large = bytes(5, 1_200_000);
    for name in ["a", "b"] {
        put_image(&source, name, Some("1"), "linux/amd64", &[large.clone(), bytes(name.len() as u64, 50)]);
    }
    destination.with(|state| state.mounts = Mounts::Named);
    assert!(run(&job(&source, &destination, &[("a:1", "m/a:1")])).await.is_done());
    let report = run(&job(&source, &destination, &[("a:1", "m/a:1"), ("b:1", "m/b:1")])).await;
    assert!(report.is_done() && report.images[1].mounted >= 1_200_000, "{report:?}");
    assert_eq!(source.count(&Method::GET, &digest_of(&large)), 1);
}

#[tokio::test]
async fn a_refused_mount_is_no_failure() {
    let (source, destination, pairs) = sharing().await;
    let denied = r#"{"errors":[{"code":"DENIED","message":"not from there"}]}"#;
    destination.trick(Method::POST, "mount=", 99, Trick::Answer(403, vec![], denied));
    let report = run(&job(&source, &destination, &borrowed(&pairs))).await;
    assert!(report.is_done(), "{report:?}");
    assert!(!report.refused_mounts.is_empty());
}

#[tokio::test]
async fn tags_of_one_repository_need_no_mount() {
    let (source, destination) = (Registry::start().await, Registry::start().await);
    for tag in ["1", "2", "3"] {
        let own = bytes(tag.parse().unwrap(), 70);
        put_image(&source, "tool", Some(tag), "linux/amd64", &[bytes(1, 200_000), own]);
    }
    let pairs = [("tool:1", "m:1"), ("tool:2", "m:2"), ("tool:3", "m:3")];
    assert!(run(&job(&source, &destination, &pairs)).await.is_done());
    assert_eq!(destination.count(&Method::POST, "mount="), 0);
    assert_eq!(destination.count(&Method::PUT, &shared()), 1);
}

#[tokio::test]
async fn without_mounts_nobody_waits_and_a_repository_still_gets_each_layer_once() {
    let (source, destination, pairs) = sharing().await;
    for tag in ["2", "3"] {
        put_image(&source, "tool-0", Some(tag), "linux/amd64", &[bytes(1, 200_000), bytes(7, 70)]);
    }
    let mut pairs = borrowed(&pairs);
    pairs.extend([("tool-0:2", "mirror/tool-0:2"), ("tool-0:3", "mirror/tool-0:3")]);
    let mut job = job(&source, &destination, &pairs);
    job.options.mounts = false;
    let report = run(&job).await;
    assert!(report.is_done() && report.refused_mounts.is_empty(), "{report:?}");
    assert_eq!(destination.count(&Method::POST, "mount="), 0);
    assert_eq!(destination.count(&Method::PUT, &shared()), IMAGES);
    assert_eq!(destination.count(&Method::PUT, "mirror/tool-0/blobs/uploads/"), 4);
}

#[tokio::test]
async fn nobody_asks_what_is_in_a_new_repository() {
    let (source, destination) = (Registry::start().await, Registry::start().await);
    put_image(&source, "tool", Some("1"), "linux/amd64", &[bytes(1, 200_000), bytes(2, 900)]);
    let mut job = job(&source, &destination, &[("tool:1", "old:1"), ("tool:1", "new:1")]);
    job.options.mounts = false;
    let new = HashSet::from(["new".parse().unwrap()]);
    job.options.new_repositories.insert(destination.host.clone(), new);
    assert!(run(&job).await.is_done());
    assert_eq!(destination.count(&Method::HEAD, "/old/blobs/"), 3);
    assert_eq!(destination.count(&Method::HEAD, "/new/blobs/"), 0);
    assert_eq!(destination.count(&Method::PUT, "/new/blobs/"), 3);
}

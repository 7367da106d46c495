//! Which of an image's platforms go along.

use hyper::Method;
use registry::copy::Outcome;
use registry::{Cause, Hint, Platform, PlatformChoice};

use crate::images::{bytes, digest_of, job, put_image, put_index, run};
use crate::server::Registry;

const PAIR: [(&str, &str); 1] = [("tool:1", "mirror:1")];

async fn multi(platforms: &[&str]) -> (Registry, Registry) {
    let (source, destination) = (Registry::start().await, Registry::start().await);
    put_index(&source, "tool", "1", platforms);
    (source, destination)
}

#[tokio::test]
async fn one_platform_is_taken_out_of_an_index_and_the_changed_digest_is_said() {
    let (source, destination) = multi(&["linux/arm64", "linux/amd64", "unknown/unknown"]).await;
    let job = job(&source, &destination, &PAIR);
    let report = run(&job).await;
    assert!(report.is_done(), "{report:?}");
    let image = &report.images[0];
    assert!(image.digest_changed());
    assert_eq!(image.platform, Some(Platform::linux_amd64()));
    let index: serde_json::Value = serde_json::from_slice(&source.manifest("tool", "1").unwrap()).unwrap();
    let child = index["manifests"][1]["digest"].as_str().unwrap();
    assert_eq!(digest_of(&destination.manifest("mirror", "1").unwrap()), child);
    assert_eq!(source.count(&Method::GET, "/blobs/"), 2);
    source.forget();
    destination.forget();
    assert!(matches!(run(&job).await.images[0].outcome, Outcome::UpToDate));
    assert_eq!((source.requests(), destination.requests()), (1, 1));
}

#[tokio::test]
async fn all_platforms_keep_the_digest_and_children_come_first() {
    let (source, destination) = multi(&["linux/arm64", "linux/amd64"]).await;
    let mut job = job(&source, &destination, &PAIR);
    job.options.platforms = PlatformChoice::All;
    let report = run(&job).await;
    assert!(report.is_done() && !report.images[0].digest_changed(), "{report:?}");
    assert_eq!(destination.manifest("mirror", "1"), source.manifest("tool", "1"));
    let written = destination.seen(&Method::PUT, "/manifests/");
    assert_eq!(written.len(), 3);
    assert!(written[2].path.ends_with("/manifests/1"));
    assert!(written[..2].iter().all(|seen| seen.path.contains("/manifests/sha256:")));
    destination.forget();
    source.forget();
    assert!(matches!(run(&job).await.images[0].outcome, Outcome::UpToDate));
    assert_eq!((source.requests(), destination.requests()), (1, 1));
}

#[tokio::test]
async fn children_that_are_there_are_not_looked_into() {
    let (source, destination) = multi(&["linux/arm64", "linux/amd64"]).await;
    assert!(run(&job(&source, &destination, &PAIR)).await.is_done());
    let mut all = job(&source, &destination, &[("tool:1", "mirror:all")]);
    all.options.platforms = PlatformChoice::All;
    destination.forget();
    assert!(run(&all).await.is_done());
    assert_eq!(destination.count(&Method::HEAD, "/blobs/"), 2);
}

#[tokio::test]
async fn an_image_taken_out_of_an_index_by_digest_is_found_again() {
    let (source, destination) = multi(&["linux/arm64", "linux/amd64"]).await;
    let digest = digest_of(&source.manifest("tool", "1").unwrap());
    let from = format!("tool@{digest}");
    let job = job(&source, &destination, &[(&from, "mirror")]);
    assert!(run(&job).await.is_done());
    assert!(destination.with(|state| state.manifests.keys().all(|(_, name)| name.starts_with("sha256:"))));
    let report = run(&job).await;
    assert!(matches!(report.images[0].outcome, Outcome::UpToDate), "{report:?}");
}

#[tokio::test]
async fn an_image_without_the_platform_names_those_it_has() {
    let (source, destination) = multi(&["linux/arm64", "linux/s390x"]).await;
    put_image(&source, "single", Some("1"), "linux/arm64", &[bytes(1, 9)]);
    let report = run(&job(&source, &destination, &[PAIR[0], ("single:1", "single:1")])).await;
    let expected = [vec!["linux/arm64", "linux/s390x"], vec!["linux/arm64"]];
    for (image, expected) in report.images.iter().zip(expected) {
        let Outcome::Failed(error) = &image.outcome else { panic!("{image:?}") };
        let Cause::NoPlatform { available, .. } = error.cause() else { panic!("{error}") };
        let names: Vec<String> = available.iter().map(Platform::to_string).collect();
        assert_eq!(names, expected);
        assert_eq!(error.hint(), Some(&Hint::ChoosePlatform(available.clone())));
        assert!(error.to_string().contains(expected[0]), "{error}");
    }
    assert_eq!(destination.count(&Method::POST, ""), 0);
}

#[tokio::test]
async fn an_index_that_names_itself_ends() {
    let (source, destination) = (Registry::start().await, Registry::start().await);
    // Nested deeper than any image is.
    let mut child = put_image(&source, "tool", None, "linux/amd64", &[bytes(1, 9)]);
    for depth in 0..8 {
        child["platform"] = serde_json::json!({"os": "linux", "architecture": "amd64"});
        let index = serde_json::json!({"schemaVersion": 2, "manifests": [child]});
        let tag = (depth == 7).then_some("1");
        child = crate::images::put_manifest(&source, "tool", tag, crate::images::OCI_INDEX, &index);
    }
    for choice in [PlatformChoice::default(), PlatformChoice::All] {
        let mut job = job(&source, &destination, &PAIR);
        job.options.platforms = choice;
        let report = run(&job).await;
        assert!(
            matches!(&report.images[0].outcome, Outcome::Failed(error)
            if matches!(error.cause(), Cause::Content(_))),
            "{report:?}"
        );
    }
}

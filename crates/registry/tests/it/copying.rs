//! Plain copies: what arrives, how few requests it takes, and what is left alone.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper::Method;
use registry::copy::{Event, EventSink, Happening, ItemKind, Outcome, Overwrite, copy};
use registry::{Cause, Client, Hint};
use tokio_util::sync::CancellationToken;

use crate::images::{bytes, digest_of, job, pair, put_image, quick, run, run_with};
use crate::server::{Registry, Trick};

#[tokio::test]
async fn an_image_arrives_byte_for_byte_and_its_tag_last() {
    let (source, destination) = pair().await;
    let report = run(&job(&source, &destination, &[("team/tool:1", "mirror/tool:1")])).await;
    assert!(report.is_done(), "{report:?}");
    let manifest = source.manifest("team/tool", "1").unwrap();
    assert_eq!(destination.manifest("mirror/tool", "1").unwrap(), manifest);
    let image = &report.images[0];
    assert_eq!(image.destination_digest.as_ref().unwrap().to_string(), digest_of(&manifest));
    assert!(!image.digest_changed() && image.moved > 705_000 && image.retries == 0);
    assert_eq!(image.platform.as_ref().unwrap().to_string(), "linux/amd64");
    // A look at the tag; for each blob a look, a session and the bytes; the manifest.
    assert_eq!(destination.requests(), 1 + 3 * 3 + 1);
    assert_eq!(source.requests(), 1 + 3);
    let writes =
        destination.with(|state| state.seen.iter().filter(|seen| seen.method == Method::PUT).count());
    assert_eq!(writes, 4);
    assert!(destination.with(|state| state.seen.last().unwrap().path.ends_with("/manifests/1")));
    let puts = destination.seen(&Method::PUT, "/blobs/uploads/");
    assert!(puts.iter().all(|put| put.length.is_some()), "{puts:?}");
}

#[tokio::test]
async fn nothing_to_do_takes_two_requests_an_image() {
    let (source, destination) = pair().await;
    put_image(&source, "team/other", Some("2"), "linux/amd64", &[bytes(3, 100)]);
    let job = job(&source, &destination, &[("team/tool:1", "a:1"), ("team/other:2", "b:2")]);
    assert!(run(&job).await.is_done());
    source.forget();
    destination.forget();
    let report = run(&job).await;
    assert!(report.images.iter().all(|image| matches!(image.outcome, Outcome::UpToDate)), "{report:?}");
    assert_eq!((source.requests(), destination.requests()), (2, 2));
}

#[tokio::test]
async fn a_digest_that_is_there_takes_one_request() {
    let (source, destination) = pair().await;
    let digest = digest_of(&source.manifest("team/tool", "1").unwrap());
    let from = format!("team/tool:1@{digest}");
    let job = job(&source, &destination, &[(&from, "a:1")]);
    assert!(run(&job).await.is_done());
    source.forget();
    destination.forget();
    assert!(run(&job).await.is_done());
    assert_eq!((source.requests(), destination.requests()), (0, 1));
}

#[tokio::test]
async fn an_existing_tag_moves_only_when_asked() {
    let (source, destination) = pair().await;
    put_image(&destination, "mirror", Some("1"), "linux/amd64", &[bytes(9, 10)]);
    let before = destination.manifest("mirror", "1").unwrap();
    let mut job = job(&source, &destination, &[("team/tool:1", "mirror:1")]);
    let report = run(&job).await;
    match &report.images[0].outcome {
        Outcome::Conflict { existing } => assert_eq!(existing.to_string(), digest_of(&before)),
        other => panic!("{other:?}"),
    }
    assert_eq!(destination.manifest("mirror", "1").unwrap(), before);
    assert_eq!(destination.count(&Method::POST, ""), 0);
    job.options.overwrite = Overwrite::Allow;
    assert!(run(&job).await.is_done());
    assert_eq!(destination.manifest("mirror", "1"), source.manifest("team/tool", "1"));
}

#[tokio::test]
async fn an_image_that_stands_twice_is_copied_once() {
    let (source, destination) = pair().await;
    put_image(&source, "team/other", Some("1"), "linux/amd64", &[bytes(3, 100)]);
    let pairs =
        [("team/tool:1", "m:1"), ("team/tool:1", "m:1"), ("team/other:1", "m:1"), ("team/tool:1", "n:1")];
    let report = run(&job(&source, &destination, &pairs)).await;
    let [first, second, third, fourth] = report.images.as_slice() else { panic!("{report:?}") };
    assert!(first.is_done() && second.is_done() && fourth.is_done());
    assert!(first.moved + fourth.moved > 0 && second.moved == 0);
    assert!(matches!(&third.outcome, Outcome::Failed(error) if matches!(error.cause(), Cause::Setup(_))));
    assert_eq!(source.count(&Method::GET, "team/tool/manifests"), 1);
    assert_eq!(destination.manifest("m", "1"), source.manifest("team/tool", "1"));
}

#[tokio::test]
async fn a_missing_image_fails_alone_and_says_so() {
    let (source, destination) = pair().await;
    let report = run(&job(&source, &destination, &[("team/none:1", "a:1"), ("team/tool:1", "b:1")])).await;
    match &report.images[0].outcome {
        Outcome::Failed(error) => {
            let words = error.to_string();
            assert!(words.starts_with("cannot read manifest ") && words.contains("at the source"), "{words}");
            assert!(words.contains("MANIFEST_UNKNOWN (HTTP 404)"), "{words}");
        }
        other => panic!("{other:?}"),
    }
    assert!(report.images[1].is_done());
}

#[tokio::test]
async fn a_missing_repository_is_said_with_what_helps() {
    let (source, destination) = pair().await;
    let body = r#"{"errors":[{"code":"NAME_UNKNOWN","message":"no such repository"}]}"#;
    destination.trick(Method::POST, "/uploads/", 9, Trick::Answer(404, vec![], body));
    let report = run(&job(&source, &destination, &[("team/tool:1", "mirror/tool:1")])).await;
    let Outcome::Failed(error) = &report.images[0].outcome else { panic!("{report:?}") };
    let hint = Hint::CreateRepository(destination.host.clone(), "mirror/tool".parse().unwrap());
    assert_eq!(error.hint(), Some(&hint));
    assert!(error.to_string().contains("at the destination"), "{error}");
}

#[tokio::test]
async fn a_registry_without_digests_in_its_answers_will_do() {
    let (source, destination) = pair().await;
    for registry in [&source, &destination] {
        registry.with(|state| state.no_digest_header = true);
    }
    let job = job(&source, &destination, &[("team/tool:1", "m:1")]);
    assert!(run(&job).await.is_done());
    destination.forget();
    assert!(matches!(run(&job).await.images[0].outcome, Outcome::UpToDate));
    // An odd answer to HEAD is no answer, not a failure.
    destination.trick(Method::HEAD, "/manifests/", 1, Trick::Answer(400, vec![], ""));
    assert!(matches!(run(&job).await.images[0].outcome, Outcome::UpToDate));
}

#[tokio::test]
async fn calling_off_leaves_no_tag_and_the_next_run_sends_the_rest() {
    let (source, destination) = pair().await;
    let large = bytes(7, 300_000);
    put_image(&source, "team/large", Some("1"), "linux/amd64", std::slice::from_ref(&large));
    let stuck = format!("team/large/blobs/{}", digest_of(&large));
    source.trick(Method::GET, &stuck, 1, Trick::Stall(1000));
    let job = job(&source, &destination, &[("team/tool:1", "a:1"), ("team/large:1", "b:1")]);
    let options = registry::ClientOptions { idle_timeout: Duration::from_secs(60), ..quick() };
    let client = Client::new(options).unwrap();
    let cancel = CancellationToken::new();
    let stop = cancel.clone();
    let watched = destination.clone();
    let sink: Arc<dyn EventSink> = Arc::new(move |event: &Event| {
        let Event::Item { image: 0, item, happening: Happening::Finished } = event else { return };
        if item.kind == ItemKind::Image {
            assert!(watched.manifest("a", "1").is_some());
            stop.cancel();
        }
    });
    let report = copy(&client, &job, sink, &cancel).await;
    assert!(matches!(report.images[0].outcome, Outcome::Copied), "{report:?}");
    assert!(matches!(report.images[1].outcome, Outcome::Cancelled), "{report:?}");
    assert!(!destination.has_any_manifest("b"));
    let sent = destination.count(&Method::PUT, "/a/blobs/uploads/");
    let report = run(&job).await;
    assert!(report.is_done() && report.images[0].moved == 0 && report.images[1].moved >= 300_000);
    assert_eq!(destination.count(&Method::PUT, "/a/blobs/uploads/"), sent);
}

#[tokio::test]
async fn a_layer_without_bytes_arrives() {
    let (source, destination) = pair().await;
    put_image(&source, "team/empty", Some("1"), "linux/amd64", &[bytes(0, 0), bytes(1, 10)]);
    assert!(run(&job(&source, &destination, &[("team/empty:1", "m:1")])).await.is_done());
    assert!(destination.has_blob("m", &digest_of(b"")));
    let lengths = destination.seen(&Method::PUT, &digest_of(b""));
    assert_eq!(lengths[0].length.as_deref(), Some("0"));
}

#[tokio::test]
async fn events_tell_each_step() {
    let (source, destination) = pair().await;
    let told: Arc<Mutex<Vec<Event>>> = Arc::default();
    let kept = told.clone();
    let sink: Arc<dyn EventSink> = Arc::new(move |event: &Event| kept.lock().unwrap().push(event.clone()));
    let job = job(&source, &destination, &[("team/tool:1", "m:1")]);
    let client = Client::new(quick()).unwrap();
    let report = copy(&client, &job, sink, &CancellationToken::new()).await;
    let told = told.lock().unwrap();
    assert!(matches!(told[0], Event::Planned { images: 1, bytes } if bytes == report.moved()));
    let of = |wanted: ItemKind| {
        told.iter().filter_map(move |event| match event {
            Event::Item { image: 0, item, happening } if item.kind == wanted => Some((item.size, happening)),
            _ => None,
        })
    };
    let advanced: u64 = [ItemKind::Layer, ItemKind::Config]
        .into_iter()
        .flat_map(of)
        .map(|(_, happening)| if let Happening::Advanced(bytes) = happening { *bytes } else { 0 })
        .sum();
    assert_eq!(advanced, report.moved());
    let finished = |kind| of(kind).filter(|(_, happening)| matches!(happening, Happening::Finished)).count();
    assert_eq!(
        [ItemKind::Layer, ItemKind::Config, ItemKind::Manifest, ItemKind::Image].map(finished),
        [2, 1, 1, 1]
    );
}

#[tokio::test]
async fn pacing_holds_for_an_operation() {
    let (source, destination) = pair().await;
    let mut options = quick();
    options.limits.per_second.insert(registry::Operation::WriteManifest, 10.0);
    let pairs: Vec<(String, String)> =
        (0..5).map(|n| ("team/tool:1".to_owned(), format!("m{n}:1"))).collect();
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let start = std::time::Instant::now();
    assert!(run_with(options, &job(&source, &destination, &pairs)).await.is_done());
    assert!(start.elapsed() > Duration::from_millis(390), "{:?}", start.elapsed());
}

#[tokio::test]
async fn within_a_registry_blobs_are_mounted_from_the_source() {
    let registry = Registry::start().await;
    put_image(&registry, "team/tool", Some("1"), "linux/amd64", &[bytes(1, 5000)]);
    let report =
        run(&job(&registry, &registry, &[("team/tool:1", "mirror:1"), ("team/tool:1", "team/tool:2")])).await;
    assert!(report.is_done() && report.moved() == 0, "{report:?}");
    assert!(report.images[0].mounted > 5000 && report.images[1].skipped > 5000);
    assert_eq!(registry.manifest("mirror", "1"), registry.manifest("team/tool", "2"));
    assert_eq!(registry.count(&Method::PUT, "/uploads/"), 0);
}

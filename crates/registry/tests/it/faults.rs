//! Registries that fail on the way: cut, stalled, overloaded.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hyper::Method;
use registry::copy::{CopyReport, Event, EventSink, Outcome, copy, plan};
use registry::{Cause, Client, ClientOptions, Error, Hint, Side, UploadForm};
use tokio_util::sync::CancellationToken;

use crate::images::{bytes, digest_of, job, pair, put_image, quick, run, run_with};
use crate::server::{Registry, Trick};

const PAIR: [(&str, &str); 1] = [("team/tool:1", "mirror:1")];

fn large() -> String {
    digest_of(&bytes(2, 700_000))
}

fn failure(report: &CopyReport) -> &Error {
    match &report.images[0].outcome {
        Outcome::Failed(error) => error,
        other => panic!("{other:?}"),
    }
}

fn arrived(report: &CopyReport, source: &Registry, destination: &Registry) {
    assert!(report.is_done(), "{report:?}");
    assert_eq!(destination.manifest("mirror", "1"), source.manifest("team/tool", "1"));
}

#[tokio::test]
async fn a_source_that_cuts_is_resumed_where_it_broke() {
    let (source, destination) = pair().await;
    source.trick(Method::GET, &large(), 2, Trick::Cut(300_000));
    let report = run(&job(&source, &destination, &PAIR)).await;
    arrived(&report, &source, &destination);
    assert!(report.images[0].retries >= 1);
    let asked = source.seen(&Method::GET, &large());
    assert!(asked.len() >= 2 && asked[0].range.is_none(), "{asked:?}");
    assert!(asked[1].range.as_ref().is_some_and(|range| range.starts_with("bytes=")), "{asked:?}");
    // The destination noticed nothing.
    assert_eq!(destination.count(&Method::PUT, &large()), 1);
}

#[tokio::test]
async fn a_source_that_knows_no_ranges_is_read_again() {
    let (source, destination) = pair().await;
    source.with(|state| state.no_range = true);
    source.trick(Method::GET, &large(), 2, Trick::Cut(300_000));
    arrived(&run(&job(&source, &destination, &PAIR)).await, &source, &destination);
    assert_eq!(destination.count(&Method::PUT, &large()), 1);
}

#[tokio::test]
async fn a_source_that_stalls_is_left_for_a_new_connection() {
    let (source, destination) = pair().await;
    source.trick(Method::GET, &large(), 1, Trick::Stall(300_000));
    arrived(&run(&job(&source, &destination, &PAIR)).await, &source, &destination);
    source.trick(Method::GET, "team/stuck/blobs", 99, Trick::Stall(10));
    put_image(&source, "team/stuck", Some("1"), "linux/amd64", &[bytes(3, 1000)]);
    let options = ClientOptions { idle_timeout: Duration::from_millis(100), ..quick() };
    let report = run_with(options, &job(&source, &destination, &[("team/stuck:1", "stuck:1")])).await;
    let error = failure(&report);
    assert!(matches!(error.cause(), Cause::Stalled { .. }) && error.side() == Some(Side::Source), "{error}");
    assert!(!destination.has_any_manifest("stuck"));
}

#[tokio::test]
async fn a_destination_that_cuts_an_upload_gets_a_new_session() {
    let (source, destination) = pair().await;
    destination.trick(Method::PUT, &large(), 2, Trick::CutRequest(100_000));
    let report = run(&job(&source, &destination, &PAIR)).await;
    arrived(&report, &source, &destination);
    let sessions: Vec<String> =
        destination.seen(&Method::PUT, &large()).iter().map(|seen| seen.path.clone()).collect();
    assert_eq!(sessions.len(), 3);
    assert!(sessions[0] != sessions[1] && sessions[1] != sessions[2], "{sessions:?}");
}

#[tokio::test]
async fn an_upload_that_never_succeeds_is_the_destinations_failure() {
    let (source, destination) = pair().await;
    destination.trick(Method::PUT, &large(), 99, Trick::CutRequest(100_000));
    let report = run(&job(&source, &destination, &PAIR)).await;
    let error = failure(&report);
    assert_eq!(error.side(), Some(Side::Destination));
    assert!(error.to_string().starts_with("cannot write blob ") && error.attempts() == 4, "{error}");
    assert!(!destination.has_any_manifest("mirror"));
}

#[tokio::test]
async fn a_destination_that_stalls_is_noticed() {
    let (source, destination) = pair().await;
    put_image(&source, "team/big", Some("1"), "linux/amd64", &[bytes(4, 12_000_000)]);
    let big = digest_of(&bytes(4, 12_000_000));
    destination.trick(Method::PUT, &big, 1, Trick::StallRequest);
    let job = job(&source, &destination, &[("team/big:1", "big:1")]);
    assert!(run(&job).await.is_done());
    destination.with(|state| {
        state.manifests.clear();
        state.blobs.clear();
    });
    destination.trick(Method::PUT, &big, 99, Trick::StallRequest);
    let report = run(&job).await;
    let error = failure(&report);
    assert!(matches!(error.cause(), Cause::Stalled { .. }), "{error}");
    assert_eq!(error.side(), Some(Side::Destination));
    assert!(!destination.has_any_manifest("big"));
}

#[tokio::test]
async fn a_connection_may_be_cut_at_every_stage() {
    let stages = [
        (Side::Destination, Method::HEAD, "/manifests/"),
        (Side::Source, Method::GET, "/manifests/"),
        (Side::Destination, Method::HEAD, "/blobs/"),
        (Side::Destination, Method::POST, "/uploads/"),
        (Side::Source, Method::GET, "/blobs/"),
        (Side::Destination, Method::PUT, "/uploads/"),
        (Side::Destination, Method::PUT, "/manifests/"),
    ];
    for (side, method, part) in stages {
        let (source, destination) = pair().await;
        let failing = if side == Side::Source { &source } else { &destination };
        failing.trick(method.clone(), part, 2, Trick::CutAnswer);
        let report = run(&job(&source, &destination, &PAIR)).await;
        arrived(&report, &source, &destination);
        failing.trick(method.clone(), part, 99, Trick::CutAnswer);
        let report = run(&job(&source, &destination, &[("team/tool:1", "never:1")])).await;
        let error = failure(&report);
        assert_eq!(error.side(), Some(side), "{method} {part}: {error}");
        // Only a cut answer to the tag's own PUT may leave it there, and then it is whole.
        if part != "/manifests/" || method != Method::PUT {
            assert!(!destination.has_any_manifest("never"), "{method} {part}");
        }
    }
}

#[tokio::test]
async fn failing_requests_are_tried_again() {
    let (source, destination) = pair().await;
    destination.trick(Method::POST, "/uploads/", 2, Trick::Answer(500, vec![], ""));
    source.trick(Method::GET, "/manifests/", 1, Trick::Answer(503, vec![], "busy"));
    destination.trick(Method::PUT, "/uploads/", 1, Trick::Answer(502, vec![], "<html>bad gateway</html>"));
    let report = run(&job(&source, &destination, &PAIR)).await;
    arrived(&report, &source, &destination);
    assert!(report.images[0].retries >= 4, "{report:?}");
}

#[tokio::test]
async fn retry_after_is_obeyed_by_all_requests_to_the_registry() {
    let (source, destination) = pair().await;
    put_image(&source, "team/other", Some("1"), "linux/amd64", &[bytes(8, 90)]);
    let slow = Trick::Answer(429, vec![("retry-after", "1".to_owned())], "slow down");
    destination.trick(Method::PUT, "/manifests/", 2, slow);
    let start = Instant::now();
    let report = run(&job(&source, &destination, &[PAIR[0], ("team/other:1", "other:1")])).await;
    arrived(&report, &source, &destination);
    assert!(start.elapsed() >= Duration::from_secs(1), "{:?}", start.elapsed());
    assert!(destination.count(&Method::PUT, "/manifests/") <= 5);
}

#[tokio::test]
async fn too_long_a_wait_is_said_and_not_waited_for() {
    let (source, destination) = pair().await;
    let slow = Trick::Answer(429, vec![("retry-after", "3600".to_owned())], "");
    source.trick(Method::GET, "/manifests/", 9, slow);
    let report = run(&job(&source, &destination, &PAIR)).await;
    let error = failure(&report);
    assert_eq!(error.hint(), Some(&Hint::WaitFor(Duration::from_secs(3600))));
    assert_eq!((error.side(), error.attempts()), (Some(Side::Source), 1));
}

#[tokio::test]
async fn a_plain_text_refusal_without_a_time_is_waited_for_a_while() {
    let (source, destination) = pair().await;
    let slow = Trick::Answer(429, vec![], "Too Many Requests\r\r\n");
    source.trick(Method::GET, "/manifests/", 2, slow.clone());
    arrived(&run(&job(&source, &destination, &PAIR)).await, &source, &destination);
    source.trick(Method::GET, "/manifests/", 999, slow);
    let mut options = quick();
    options.retry.patience = Duration::from_millis(150);
    let report = run_with(options, &job(&source, &destination, &[("team/tool:1", "new:1")])).await;
    let error = failure(&report);
    assert!(error.to_string().contains("answered HTTP 429: Too Many Requests"), "{error}");
    assert!(error.attempts() > 2 && error.side() == Some(Side::Source), "{error}");
}

#[tokio::test]
async fn an_allowance_that_is_used_up_is_not_waited_for() {
    let (source, destination) = pair().await;
    let told = |remaining: &str| {
        vec![
            ("ratelimit-limit", "100;w=21600".to_owned()),
            ("ratelimit-remaining", format!("{remaining};w=21600")),
        ]
    };
    source.trick(Method::GET, "/manifests/", 9, Trick::Answer(429, told("0"), "toomanyrequests"));
    let report = run(&job(&source, &destination, &PAIR)).await;
    let error = failure(&report);
    assert_eq!(error.hint(), Some(&Hint::PullLimit(source.host.clone())));
    assert_eq!(source.count(&Method::GET, "/manifests/"), 1);
}

#[tokio::test]
async fn the_allowance_of_pulls_is_told_before_anything_is_read() {
    let hub = Registry::start().await;
    let destination = Registry::start().await;
    put_image(&hub, "team/tool", Some("1"), "linux/amd64", &[bytes(1, 50)]);
    let told =
        [("ratelimit-limit", "100;w=21600".to_owned()), ("ratelimit-remaining", "87;w=21600".to_owned())];
    hub.with(|state| state.always = told.to_vec());
    let mut job = job(&hub, &destination, &PAIR);
    job.images[0].source = "team/tool:1".parse().unwrap();
    let mut options = quick();
    options.endpoints.insert(image::RegistryHost::docker_hub(), format!("http://{}", hub.host));
    let client = Client::new(options).unwrap();
    let order: Arc<Mutex<Vec<(u64, u64, usize)>>> = Arc::default();
    let (kept, watched) = (order.clone(), hub.clone());
    let sink: Arc<dyn EventSink> = Arc::new(move |event: &Event| {
        if let Event::PullLimit { wanted, remaining, .. } = event {
            let reads = watched.count(&Method::GET, "/manifests/");
            kept.lock().unwrap().push((*wanted, *remaining, reads));
        }
    });
    let cancel = CancellationToken::new();
    let planned = plan(&client, &job, sink.as_ref(), &cancel).await;
    assert_eq!(*order.lock().unwrap(), [(1, 87, 0)]);
    assert_eq!(planned.budgets[0].limit.fitting(120), 87);
    assert!(copy(&client, &job, sink, &cancel).await.is_done());
}

#[tokio::test]
async fn bytes_can_go_as_a_patch_whatever_success_it_answers() {
    let (source, destination) = pair().await;
    // Amazon ECR says 201 where the specification says 202.
    destination.trick(Method::PATCH, "/uploads/", 2, Trick::Status(201));
    let mut options = quick();
    options.upload_forms.insert(destination.host.clone(), UploadForm::Patch);
    let report = run_with(options, &job(&source, &destination, &PAIR)).await;
    arrived(&report, &source, &destination);
    assert_eq!(destination.count(&Method::PATCH, "/uploads/"), 3);
}

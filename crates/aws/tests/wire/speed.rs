//! Many requests: bounded, and side by side.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws::{AwsError, Options, Session};
use image::RepositoryName;
use serde_json::json;

use crate::server::{Reply, Server};

fn names(count: usize) -> Vec<RepositoryName> {
    (0..count).map(|n| format!("r{n}").parse().unwrap()).collect()
}

fn is_send<T: Send>(value: T) -> T {
    value
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_policies_are_read_side_by_side() {
    let server =
        Server::start(|_| Reply::json(json!({ "policyText": "{}" })).after(Duration::from_millis(20))).await;
    let session = server.session().await;
    let ecr = session.ecr();
    let start = Instant::now();
    let policies = is_send(session.each(names(1000), async |name: RepositoryName| {
        let policy = ecr.repository_policy(&name).await;
        (name, policy)
    }))
    .await;
    let elapsed = start.elapsed();
    assert_eq!(policies.len(), 1000);
    for (number, (name, policy)) in policies.iter().enumerate() {
        assert_eq!(name.as_str(), format!("r{number}"), "in the order of the items");
        assert_eq!(policy.as_ref().unwrap().as_deref(), Some("{}"));
    }
    assert_eq!(server.seen().len(), 1000);
    println!("1,000 policies at 20 ms: {elapsed:?}");
    // One after the other they would take 20 s.
    assert!(elapsed < Duration::from_secs(10), "{elapsed:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_requests_run_at_once_than_allowed_wherever_they_come_from() {
    let most = Arc::new(AtomicUsize::new(0));
    let peak = most.clone();
    let running = Arc::new(AtomicUsize::new(0));
    let server = {
        let running = running.clone();
        Server::start(move |_| {
            // The session holds its place until the answer is there, 10 ms later.
            let now = running.fetch_add(1, Ordering::SeqCst) + 1;
            peak.fetch_max(now, Ordering::SeqCst);
            let running = running.clone();
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(9)).await;
                running.fetch_sub(1, Ordering::SeqCst);
            });
            Reply::json(json!({ "policyText": "{}" })).after(Duration::from_millis(10))
        })
        .await
    };
    let session = Session::open(Options { requests_at_once: 4, ..server.options() }).await.unwrap();
    let one =
        session.each(names(40), async |name: RepositoryName| session.ecr().repository_policy(&name).await);
    let other =
        session.each(names(40), async |name: RepositoryName| session.ecr().repository_policy(&name).await);
    let (one, other) = tokio::join!(one, other);
    assert!(one.iter().chain(&other).all(Result::is_ok));
    let most = most.load(Ordering::SeqCst);
    assert!((2..=4).contains(&most), "{most} at once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rate_that_a_service_bears_is_found() {
    // 200 requests a second, of which 20 may come at once.
    let bucket = Mutex::new((20.0_f64, Instant::now()));
    let refused = Arc::new(AtomicU32::new(0));
    let count = refused.clone();
    let server = Server::start(move |_| {
        let mut bucket = bucket.lock().unwrap();
        let now = Instant::now();
        let filled = (bucket.0 + 200.0 * now.duration_since(bucket.1).as_secs_f64()).min(20.0);
        *bucket = (filled, now);
        if filled < 1.0 {
            count.fetch_add(1, Ordering::SeqCst);
            return Reply::error(400, "ThrottlingException", "Rate exceeded");
        }
        bucket.0 -= 1.0;
        Reply::json(json!({ "policyText": "{}" })).after(Duration::from_millis(10))
    })
    .await;
    let session = server.session().await;
    let ecr = session.ecr();
    let start = Instant::now();
    let outcomes =
        session.each(names(500), async |name: RepositoryName| ecr.repository_policy(&name).await).await;
    let (elapsed, refused) = (start.elapsed(), refused.load(Ordering::SeqCst));
    println!("500 policies at 200 a second: {elapsed:?}, {refused} throttled");
    assert!(outcomes.iter().all(Result::is_ok));
    assert!(refused > 0, "32 at once are too many for it");
    assert!(refused < 250, "{refused} throttled");
    assert!(elapsed < Duration::from_secs(12), "{elapsed:?}");
}

#[tokio::test]
async fn the_first_failure_ends_a_job_that_needs_all() {
    let calls = Arc::new(AtomicU32::new(0));
    let count = calls.clone();
    let server = Server::start(move |request| {
        count.fetch_add(1, Ordering::SeqCst);
        match request.json()["repositoryName"].as_str().unwrap() {
            "r5" => Reply::error(400, "InvalidParameterException", "no"),
            _ => Reply::json(json!({ "policyText": "{}" })).after(Duration::from_millis(5)),
        }
    })
    .await;
    let session = Session::open(Options { requests_at_once: 8, ..server.options() }).await.unwrap();
    let ecr = session.ecr();
    let outcome: Result<Vec<Option<String>>, AwsError> =
        session.try_each(names(500), async |name: RepositoryName| ecr.repository_policy(&name).await).await;
    assert!(outcome.unwrap_err().to_string().contains("`r5`"));
    assert!(calls.load(Ordering::SeqCst) < 100);
}

#[tokio::test]
async fn all_futures_can_be_sent_to_other_threads() {
    let server = Server::start(|_| Reply::json(json!({}))).await;
    let session = server.session().await;
    let (ecr, secrets) = (session.ecr(), session.secrets_manager());
    assert!(is_send(ecr.repositories()).await.unwrap().is_empty());
    assert!(is_send(ecr.repositories_named(&names(1))).await.unwrap().found.is_empty());
    assert!(is_send(ecr.rules()).await.unwrap().is_empty());
    assert!(is_send(ecr.templates()).await.unwrap().is_empty());
    assert!(is_send(ecr.images(&names(1)[0])).await.unwrap().is_empty());
    assert!(is_send(ecr.manifests(&names(1)[0], &[])).await.unwrap().found.is_empty());
    assert!(is_send(secrets.list("")).await.unwrap().is_empty());
    assert!(is_send(session.identity()).await.is_err(), "JSON is no answer of STS");
}

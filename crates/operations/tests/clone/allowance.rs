//! Docker Hub's allowance of pulls, told before anything that counts against it.

use std::sync::{Arc, Mutex};

use operations::Code;
use operations::clone::{self, CloneEvent, CloneRequest};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::accounts::{Account, Pusher, layer, request, source};
use crate::gate::Gate;

const HUB: &str = "docker.io";

/// Three images at a Docker Hub with this many pulls left.
async fn hub(left: &str) -> (Account, Gate, CloneRequest) {
    let upstream = source().await;
    let pusher = Pusher::new(&upstream).await;
    let mut pairs = Vec::new();
    for (seed, name) in (0..).zip(["one", "two", "three"]) {
        pusher.image(&format!("bio/{name}:1"), "linux/amd64", &[layer(seed, 50)]).await;
        pairs.push((format!("bio/{name}:1"), ""));
    }
    let gate = Gate::before(upstream).await;
    gate.always("/manifests/", "ratelimit-limit", "100;w=21600");
    gate.always("/manifests/", "ratelimit-remaining", left);
    gate.always("/manifests/", "docker-ratelimit-source", "192.0.2.1");
    let account = Account::with_source(HUB, &gate).await;
    (account, gate, request(&pairs))
}

#[tokio::test]
async fn what_fits_is_told_before_anything_is_read() {
    let (account, gate, request) = hub("2;w=21600").await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let (own, at) = (told.clone(), gate.clone());
    let sink = move |event: &CloneEvent| {
        if let CloneEvent::PullLimit { registry, wanted, fit } = event {
            own.lock().unwrap().push((registry.clone(), *wanted, *fit, at.seen()));
        }
    };
    let plan =
        clone::plan(&account.registry, &request, Arc::new(sink), &CancellationToken::new()).await.unwrap();
    let told = told.lock().unwrap();
    let [(registry, wanted, fit, seen)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((registry.as_str(), wanted, fit), (HUB, &3, &2));
    assert!(seen.len() == 1 && seen[0].starts_with("HEAD /v2/bio/"), "one free question: {seen:?}");

    let finding = plan.findings.iter().find(|finding| finding.code == Code::PullLimit).unwrap();
    assert_eq!(finding.message, "2 of your 3 images fit now");
    assert!(finding.hint.as_ref().unwrap().contains("log in to docker.io"), "{finding:?}");
    let document: Value = serde_json::to_value(&plan).unwrap();
    assert_eq!(
        document["pull_allowances"],
        json!([{ "registry": HUB, "wanted": 3, "fit": 2, "limit": 100 }])
    );
}

#[tokio::test]
async fn where_all_fit_nothing_is_found_and_the_plan_still_tells() {
    let (account, _gate, request) = hub("87;w=21600").await;
    let plan = account.plan(&request).await;
    assert_eq!((plan.pull_allowances[0].wanted, plan.pull_allowances[0].fit), (3, 3));
    assert!(!plan.findings.iter().any(|finding| finding.code == Code::PullLimit), "{plan:#?}");
}

#[tokio::test]
async fn what_is_there_already_counts_against_nothing() {
    let (account, gate, request) = hub("87;w=21600").await;
    assert!(account.clone(&request).await.is_done());
    gate.forget();
    let plan = account.plan(&request).await;
    assert!(plan.is_done() && plan.pull_allowances.is_empty(), "{plan:#?}");
    assert_eq!((gate.count("HEAD "), gate.count("GET ")), (3, 0), "{:?}", gate.seen());
}

//! What sources and ECR do wrong: the right outcome, an error that says which side, and nothing half written.

use operations::clone::{CloneOutcome, CloneReport};

use crate::accounts::{Account, Pusher, digest, layer, request, source};
use crate::gate::{Gate, Trick};

const AMD64: &str = "linux/amd64";

/// An image of two layers behind a gate, and another beside it.
async fn behind_gate() -> (Gate, String, Vec<(String, &'static str)>) {
    let upstream = source().await;
    let pusher = Pusher::new(&upstream).await;
    let image = pusher.image("bio/tool:1", AMD64, &[layer(1, 90_000), layer(2, 300)]).await;
    pusher.image("bio/other:1", AMD64, &[layer(3, 500)]).await;
    let gate = Gate::before(upstream).await;
    let name = |image: &str| format!("{}/{image}", gate.address);
    let pairs = vec![(name("bio/tool:1"), "tools/tool:1"), (name("bio/other:1"), "tools/other:1")];
    (gate, image, pairs)
}

/// Holds that the first image failed at a side with these words, untagged, and the second one is done.
async fn failed_alone(account: &Account, report: &CloneReport, side: &str, words: &str) {
    let outcomes: Vec<CloneOutcome> = report.images.iter().map(|image| image.outcome).collect();
    assert_eq!(outcomes, [CloneOutcome::Failed, CloneOutcome::Copied], "{report:#?}");
    let error = report.images[0].error.as_ref().unwrap();
    assert!(error.tried.contains(side), "{error:?}");
    assert!(error.refused.as_ref().unwrap().contains(words), "{error:?}");
    assert_eq!(account.digest("tools/tool:1").await, None);
}

fn large() -> String {
    digest(&layer(1, 90_000))
}

#[tokio::test]
async fn a_layer_of_another_digest_is_not_taken() {
    let (gate, _, pairs) = behind_gate().await;
    gate.trick(&format!("GET /v2/bio/tool/blobs/{}", large()), 0, 9, Trick::Garble);
    let account = Account::start().await;
    let report = account.clone(&request(&pairs)).await;
    failed_alone(&account, &report, "at the source", "sent content of digest").await;
}

#[tokio::test]
async fn a_body_that_ends_early_is_asked_for_again_and_then_given_up() {
    let (gate, image, pairs) = behind_gate().await;
    let blob = format!("GET /v2/bio/tool/blobs/{}", large());
    gate.trick(&blob, 0, 1, Trick::Cut(40_000));
    let account = Account::with_source("unused.example", &gate).await;
    let report = account.clone(&request(&pairs)).await;
    assert!(report.is_done() && report.images[0].retries == 1, "{report:#?}");
    assert_eq!(account.digest("tools/tool:1").await, Some(image));

    gate.trick(&blob, 0, 99, Trick::Cut(0));
    let account = Account::with_source("unused.example", &gate).await;
    let report = account.clone(&request(&pairs)).await;
    failed_alone(&account, &report, "at the source", &gate.address.to_string()).await;
}

#[tokio::test]
async fn a_source_that_throttles_is_waited_for_whatever_it_writes() {
    let (gate, image, pairs) = behind_gate().await;
    let plain = || "Too Many Requests (slow down)\r\r\n".to_owned();
    let waiting = vec![("retry-after", "1".to_owned())];
    gate.trick("GET /v2/bio/tool/manifests/", 0, 1, Trick::Answer(429, Vec::new(), plain()));
    gate.trick("GET /v2/bio/tool/blobs/", 0, 1, Trick::Answer(429, waiting, plain()));
    let account = Account::with_source("unused.example", &gate).await;
    let began = std::time::Instant::now();
    let report = account.clone(&request(&pairs)).await;
    assert!(report.is_done(), "{report:#?}");
    assert!(began.elapsed().as_secs() >= 1, "the time that was asked for is waited");
    assert_eq!(account.digest("tools/tool:1").await, Some(image));
}

#[tokio::test]
async fn a_realm_on_another_host_gets_no_login_and_is_said() {
    let (gate, _, pairs) = behind_gate().await;
    // The same machine under another name stands for a host that nobody knows.
    let realm = format!("http://localhost:{}/token", gate.address.port());
    let challenge = format!(r#"Bearer realm="{realm}",service="x",scope="repository:bio/tool:pull""#);
    let headers = vec![("www-authenticate", challenge)];
    gate.trick("/v2/bio/tool/", 0, 99, Trick::Answer(401, headers, String::new()));
    let account = Account::with_login(&gate, "me", "hunter2").await;
    let report = account.clone(&request(&pairs)).await;
    let error = report.images[0].error.as_ref().unwrap();
    assert!(error.tried.contains("at the source"), "{error:?}");
    let words = format!("{error:?}");
    assert!(words.contains("localhost") && !words.contains("hunter2"), "{words}");
    assert_eq!(gate.count("GET /token"), 0, "{:?}", gate.seen());
    assert_eq!(account.digest("tools/tool:1").await, None);
}

#[tokio::test]
async fn a_token_that_ecr_calls_expired_is_renewed_once() {
    let (_, image, pairs) = behind_gate().await;
    let (account, ecr) = Account::behind_gate().await;
    let words = r#"{"errors":[{"code":"DENIED","message":"Your authorization token has expired. Reauthenticate and try again."}]}"#;
    ecr.trick("POST /v2/tools/tool/blobs/uploads/", 0, 1, Trick::Answer(403, Vec::new(), words.to_owned()));
    let report = account.clone(&request(&pairs)).await;
    assert!(report.is_done(), "{report:#?}");
    assert_eq!(account.digest("tools/tool:1").await, Some(image));
    assert_eq!(ecr.count("GetAuthorizationToken"), 2);
}

#[tokio::test]
async fn a_refusal_of_ecr_that_stays_ends_the_job() {
    let (_, _, pairs) = behind_gate().await;
    let (account, ecr) = Account::behind_gate().await;
    let words = r#"{"errors":[{"code":"DENIED","message":"User is not authorized to perform ecr:InitiateLayerUpload"}]}"#;
    ecr.trick("POST /v2/", 0, 99, Trick::Answer(403, Vec::new(), words.to_owned()));
    let report = account.clone(&request(&pairs)).await;
    assert!(report.images.iter().all(|image| image.outcome == CloneOutcome::Failed), "{report:#?}");
    let error = report.images[0].error.as_ref().unwrap();
    assert!(error.tried.contains("at the destination"), "{error:?}");
    assert!(error.refused.as_ref().unwrap().contains("ecr:InitiateLayerUpload"), "{error:?}");
    assert_eq!(ecr.count("PUT /v2/tools/tool/manifests/"), 0);
}

#[tokio::test]
async fn ecr_may_fail_at_every_stage_of_an_upload() {
    let stages = ["POST /v2/tools/tool/blobs/", "PUT /v2/tools/tool/blobs/", "PUT /v2/tools/tool/manifests/"];
    let tricks = [
        Trick::Answer(500, Vec::new(), String::new()),
        Trick::Answer(429, vec![("retry-after", "0".to_owned())], "slow down".to_owned()),
        Trick::LoseRequest,
        Trick::LoseAnswer,
    ];
    let (_, image, pairs) = behind_gate().await;
    for stage in stages {
        for trick in &tricks {
            let (account, ecr) = Account::behind_gate().await;
            ecr.trick(stage, 0, 1, trick.clone());
            let report = account.clone(&request(&pairs[..1])).await;
            assert!(report.is_done(), "{stage}: {report:#?}");
            assert_eq!(account.digest("tools/tool:1").await.as_ref(), Some(&image), "{stage}");
        }
    }
}

#[tokio::test]
async fn a_manifest_that_ecr_never_takes_leaves_no_tag() {
    let (_, _, pairs) = behind_gate().await;
    let (account, ecr) = Account::behind_gate().await;
    ecr.trick("PUT /v2/tools/tool/manifests/", 0, 99, Trick::Answer(500, Vec::new(), "oops".to_owned()));
    let report = account.clone(&request(&pairs)).await;
    failed_alone(&account, &report, "at the destination", "HTTP 500").await;
    let finding = report.findings.iter().find(|finding| finding.subject == "tools/tool").unwrap();
    assert!(finding.message.contains("no image of this run is in it"), "{finding:?}");
}

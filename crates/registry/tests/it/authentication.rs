//! Who gets what: tokens, credentials, their renewal, and hosts that must not see them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use hyper::Method;
use image::RegistryHost;
use registry::copy::Outcome;
use registry::{
    Cause, Client, ClientOptions, Credential, CredentialSource, GivenCredentials, Hint, Issued, Login,
    Result, Secret, Side,
};

use crate::images::{bytes, job, pair, put_image, quick, run, run_with};
use crate::server::{Door, Registry, Trick};

const PAIR: [(&str, &str); 1] = [("team/tool:1", "mirror:1")];

/// Options with a login for one registry.
pub fn login(registry: &Registry, username: &str, password: &str) -> ClientOptions {
    let credential = Credential::Login { username: username.to_owned(), password: Secret::from(password) };
    let given = GivenCredentials::default().with(registry.host.clone(), credential);
    ClientOptions { credentials: Arc::new(given), ..quick() }
}

/// Lets in with `me` and `pw` only.
fn basic() -> Door {
    Door::Basic(vec!["Basic bWU6cHc=".to_owned()])
}

#[tokio::test]
async fn tokens_are_fetched_once_for_each_scope() {
    let (source, destination) = pair().await;
    for registry in [&source, &destination] {
        let realm = format!("http://{}/token", registry.host);
        registry.with(|state| state.door = Door::Bearer { realm, login: None });
    }
    put_image(&source, "team/other", Some("1"), "linux/amd64", &[bytes(1, 5000), bytes(5, 90)]);
    let report = run(&job(&source, &destination, &[PAIR[0], ("team/other:1", "other:1")])).await;
    assert!(report.is_done(), "{report:?}");
    assert_eq!(source.count(&Method::GET, "/token"), 2);
    // Both repositories, and the one that mounts from the other.
    assert_eq!(destination.count(&Method::GET, "/token"), 3);
    let refused = |registry: &Registry| {
        registry.with(|state| {
            let plain = state.seen.iter().filter(|seen| seen.authorization.is_none());
            plain.filter(|seen| seen.path.starts_with("/v2/")).count()
        })
    };
    assert_eq!((refused(&source), refused(&destination)), (1, 1));
}

#[tokio::test]
async fn a_login_buys_tokens_and_goes_to_the_token_service_alone() {
    let (source, destination) = pair().await;
    let realm = format!("http://{}/token", source.host);
    let wanted = Some("Basic bWU6cHc=".to_owned());
    source.with(|state| state.door = Door::Bearer { realm, login: wanted.clone() });
    let report = run_with(login(&source, "me", "pw"), &job(&source, &destination, &PAIR)).await;
    assert!(report.is_done(), "{report:?}");
    let with_login = source.with(|state| {
        let seen = state.seen.iter().filter(|seen| seen.authorization == wanted);
        seen.map(|seen| seen.path.starts_with("/token")).collect::<Vec<_>>()
    });
    assert_eq!(with_login, [true]);
    assert!(destination.with(|state| state.seen.iter().all(|seen| seen.authorization.is_none())));
}

#[tokio::test]
async fn wrong_credentials_stop_the_job_at_once() {
    let (source, destination) = pair().await;
    destination.with(|state| state.door = basic());
    let pairs: Vec<String> = (0..40).map(|number| format!("m{number}:1")).collect();
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|to| ("team/tool:1", to.as_str())).collect();
    let report = run_with(login(&destination, "me", "hunter2"), &job(&source, &destination, &pairs)).await;
    assert_eq!(destination.requests(), 2);
    assert_eq!(source.requests(), 0);
    for image in &report.images {
        let Outcome::Failed(error) = &image.outcome else { panic!("{image:?}") };
        assert_eq!(error.hint(), Some(&Hint::LogIn(destination.host.clone())));
        assert_eq!(error.side(), Some(Side::Destination));
        let words = format!("{error} {error:?}");
        assert!(!words.contains("hunter2") && !words.contains("aHVudGVyMg"), "{words}");
    }
}

#[tokio::test]
async fn a_token_service_that_refuses_the_login_stops_the_job() {
    let (source, destination) = pair().await;
    let realm = format!("http://{}/token", source.host);
    source.with(|state| state.door = Door::Bearer { realm, login: Some("Basic other".to_owned()) });
    let pairs = [PAIR[0], ("team/tool:1", "b:1"), ("team/tool:1", "c:1")];
    let report = run_with(login(&source, "me", "pw"), &job(&source, &destination, &pairs)).await;
    assert!(
        report.images.iter().all(|image| matches!(&image.outcome, Outcome::Failed(error)
        if error.side() == Some(Side::Source) && error.status() == Some(401))),
        "{report:?}"
    );
    assert_eq!(source.count(&Method::GET, "/token"), 1);
}

#[tokio::test]
async fn a_realm_on_another_host_sees_no_credentials() {
    let (source, destination) = pair().await;
    let stranger = Registry::start().await;
    let address = stranger.host.to_string();
    let port = address.split_once(':').unwrap().1.to_owned();
    source.with(|state| {
        state.door = Door::Bearer { realm: format!("http://127.0.0.2:{port}/token"), login: None };
    });
    let report = run_with(login(&source, "me", "pw"), &job(&source, &destination, &PAIR)).await;
    let Outcome::Failed(error) = &report.images[0].outcome else { panic!("{report:?}") };
    assert!(matches!(error.cause(), Cause::Untrusted(_)), "{error}");
    assert_eq!(error.side(), Some(Side::Source));
    let hint = Hint::TrustRealm { registry: source.host.clone(), realm: "127.0.0.2".to_owned() };
    assert_eq!(error.hint(), Some(&hint));
    assert_eq!(stranger.requests(), 0);
}

/// Hands out passwords `p1`, `p2`, ... that go with the first request already.
struct Renewing {
    asked: AtomicU32,
    valid_for: Duration,
}

impl CredentialSource for Renewing {
    fn credential<'a>(&'a self, _: &'a RegistryHost) -> BoxFuture<'a, Result<Option<Issued>>> {
        let number = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let password = Secret::from(format!("p{number}"));
        let credential = Credential::Upfront { username: "AWS".to_owned(), password };
        let valid_for = Some(self.valid_for);
        Box::pin(async move { Ok(Some(Issued { credential, valid_for })) })
    }
}

fn renewing(valid_for: Duration) -> (Arc<Renewing>, ClientOptions) {
    let source = Arc::new(Renewing { asked: AtomicU32::new(0), valid_for });
    (source.clone(), ClientOptions { credentials: source, ..quick() })
}

#[tokio::test]
async fn an_upfront_credential_goes_with_the_first_request_and_is_renewed_once_when_it_expired() {
    let (source, destination) = pair().await;
    let expired = r#"{"errors":[{"code":"DENIED","message":"Your authorization token has expired. Reauthenticate and try again."}]}"#;
    destination.trick(Method::HEAD, "/manifests/", 1, Trick::Answer(403, vec![], expired));
    let (credentials, options) = renewing(Duration::from_secs(3600));
    let report = run_with(options, &job(&source, &destination, &PAIR)).await;
    assert!(report.is_done(), "{report:?}");
    let sent: Vec<String> =
        destination.with(|state| state.seen.iter().filter_map(|seen| seen.authorization.clone()).collect());
    assert_eq!(sent.len(), destination.requests());
    assert_eq!((sent[0].as_str(), sent[1].as_str()), ("Basic QVdTOnAx", "Basic QVdTOnAy"));
    assert!(sent[1..].iter().all(|header| header == "Basic QVdTOnAy"), "{sent:?}");
    // One for each of the two registries, and one renewal.
    assert_eq!(credentials.asked.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_403_that_stays_is_a_failure() {
    let (source, destination) = pair().await;
    let expired = r#"{"errors":[{"code":"DENIED","message":"token has expired"}]}"#;
    destination.trick(Method::HEAD, "/manifests/", 99, Trick::Answer(403, vec![], expired));
    let (credentials, options) = renewing(Duration::from_secs(3600));
    let report = run_with(options, &job(&source, &destination, &PAIR)).await;
    let Outcome::Failed(error) = &report.images[0].outcome else { panic!("{report:?}") };
    assert_eq!((error.status(), error.side()), (Some(403), Some(Side::Destination)));
    assert!(destination.requests() <= 3 && credentials.asked.load(Ordering::SeqCst) <= 4);
}

#[tokio::test]
async fn renewed_credentials_that_are_wrong_too_stop_the_job() {
    let (source, destination) = pair().await;
    destination.with(|state| state.door = basic());
    let (credentials, options) = renewing(Duration::from_secs(3600));
    let pairs: Vec<String> = (0..20).map(|number| format!("m{number}:1")).collect();
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|to| ("team/tool:1", to.as_str())).collect();
    let report = run_with(options, &job(&source, &destination, &pairs)).await;
    assert!(report.images.iter().all(|image| matches!(image.outcome, Outcome::Failed(_))));
    assert_eq!((destination.requests(), credentials.asked.load(Ordering::SeqCst)), (2, 2));
}

#[tokio::test]
async fn a_credential_is_renewed_at_half_of_its_life() {
    let (source, destination) = pair().await;
    let (credentials, options) = renewing(Duration::from_millis(20));
    let client = registry::Client::new(options).unwrap();
    let remote = client.repository(&destination.host, &"a".parse().unwrap()).unwrap();
    for _ in 0..3 {
        assert!(remote.check_manifest("1").await.is_ok());
        tokio::time::sleep(Duration::from_millis(15)).await;
    }
    assert_eq!(credentials.asked.load(Ordering::SeqCst), 3);
    drop(source);
}

#[tokio::test]
async fn a_private_image_without_credentials_is_said_to_need_them() {
    let (source, destination) = pair().await;
    source.with(|state| state.door = basic());
    let report = run(&job(&source, &destination, &PAIR)).await;
    let Outcome::Failed(error) = &report.images[0].outcome else { panic!("{report:?}") };
    assert_eq!(error.hint(), Some(&Hint::LogIn(source.host.clone())));
    assert!(error.to_string().contains("UNAUTHORIZED (HTTP 401): authentication required"), "{error}");
}

#[tokio::test]
async fn a_login_is_tried_out_without_a_pull() {
    let (open, basic_door) = pair().await;
    let (bearer, _) = pair().await;
    basic_door.with(|state| state.door = basic());
    let realm = format!("http://{}/token", bearer.host);
    bearer.with(|state| state.door = Door::Bearer { realm, login: Some("Basic bWU6cHc=".to_owned()) });
    for registry in [&basic_door, &bearer] {
        let good = Client::new(login(registry, "me", "pw")).unwrap();
        assert_eq!(good.log_in(&registry.host).await.unwrap(), Login::Taken);
        let bad = Client::new(login(registry, "me", "wrong")).unwrap();
        let error = bad.log_in(&registry.host).await.unwrap_err();
        assert!(matches!(error.cause(), Cause::Refused(refusal) if refusal.status == 401), "{error:?}");
        assert!(registry.with(|state| state.seen.iter().all(|seen| !seen.path.contains("manifests"))));
    }
    let client = Client::new(login(&open, "me", "pw")).unwrap();
    assert_eq!(client.log_in(&open.host).await.unwrap(), Login::NotAsked);
}

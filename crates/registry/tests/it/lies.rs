//! Registries that lie: each is caught, the error says on which side, and nothing half becomes a tag.

use bytes::Bytes;
use hyper::Method;
use registry::copy::{CopyReport, Outcome};
use registry::{Cause, ClientOptions, Error, PlainHttp, Proxies, Side};

use crate::images::{bytes, digest_of, job, pair, put_image, quick, run, run_with};
use crate::server::{Door, Registry, Trick};

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

#[tokio::test]
async fn a_layer_of_another_digest_goes_nowhere() {
    let (source, destination) = pair().await;
    // Even a destination that stores whatever it is told does not get the whole of it.
    destination.with(|state| state.believes_digests = true);
    source.trick(Method::GET, &large(), 9, Trick::Replace(bytes(3, 700_000)));
    let report = run(&job(&source, &destination, &PAIR)).await;
    let error = failure(&report);
    assert_eq!(error.side(), Some(Side::Source));
    assert!(matches!(error.cause(), Cause::WrongDigest { .. }), "{error}");
    assert!(!destination.has_any_manifest("mirror") && !destination.has_blob("mirror", &large()));
}

#[tokio::test]
async fn a_manifest_of_another_digest_is_refused() {
    let (source, destination) = pair().await;
    put_image(&source, "team/other", Some("1"), "linux/amd64", &[bytes(5, 10)]);
    let digest = digest_of(&source.manifest("team/tool", "1").unwrap());
    let other = source.manifest("team/other", "1").unwrap();
    source.trick(Method::GET, &digest, 9, Trick::Replace(other));
    let from = format!("team/tool@{digest}");
    let report = run(&job(&source, &destination, &[(&from, "mirror:1")])).await;
    let error = failure(&report);
    assert!(
        matches!(error.cause(), Cause::WrongDigest { .. }) && error.side() == Some(Side::Source),
        "{error}"
    );
    assert!(!destination.has_any_manifest("mirror"));
}

#[tokio::test]
async fn a_destination_that_stored_something_else_is_found_out() {
    let (source, destination) = pair().await;
    let lie = Trick::Header("docker-content-digest", digest_of(b"else"));
    destination.trick(Method::PUT, "/manifests/", 9, lie);
    let report = run(&job(&source, &destination, &PAIR)).await;
    let error = failure(&report);
    assert!(matches!(error.cause(), Cause::WrongDigest { .. }), "{error}");
    assert_eq!(error.side(), Some(Side::Destination));
}

#[tokio::test]
async fn a_layer_of_another_length_is_refused() {
    let (source, destination) = pair().await;
    for other in [bytes(2, 699_999), bytes(2, 700_001)] {
        source.trick(Method::GET, &large(), 1, Trick::Replace(other));
        let report = run(&job(&source, &destination, &PAIR)).await;
        let error = failure(&report);
        assert!(matches!(error.cause(), Cause::Content(_)), "{error}");
        assert_eq!(error.side(), Some(Side::Source));
        assert!(!destination.has_any_manifest("mirror"));
    }
}

#[tokio::test]
async fn a_body_that_always_ends_early_is_given_up() {
    let (source, destination) = pair().await;
    source.with(|state| state.no_range = true);
    source.trick(Method::GET, &large(), 99, Trick::Cut(1000));
    let report = run(&job(&source, &destination, &PAIR)).await;
    let error = failure(&report);
    assert_eq!(error.side(), Some(Side::Source));
    assert!(matches!(error.cause(), Cause::Connection { .. } | Cause::Short { .. }), "{error}");
    assert!(error.attempts() == 4, "{error}");
    assert!(!destination.has_any_manifest("mirror") && !destination.has_blob("mirror", &large()));
}

#[tokio::test]
async fn bodies_without_end_are_capped() {
    let (source, destination) = pair().await;
    source.trick(Method::GET, "/manifests/", 9, Trick::Replace(Bytes::from(vec![b' '; 5 << 20])));
    let report = run(&job(&source, &destination, &PAIR)).await;
    assert!(matches!(failure(&report).cause(), Cause::Content(_)), "{report:?}");
}

#[tokio::test]
async fn what_is_no_manifest_is_said() {
    let (source, destination) = pair().await;
    for text in ["<html>sign in</html>", r#"{"schemaVersion":1}"#, "{}"] {
        let lie = Trick::Replace(Bytes::from_static(text.as_bytes()));
        source.with(|state| state.no_digest_header = true);
        source.trick(Method::GET, "/manifests/", 1, lie);
        let report = run(&job(&source, &destination, &PAIR)).await;
        let error = failure(&report);
        assert!(matches!(error.cause(), Cause::Content(_)) && error.side() == Some(Side::Source), "{error}");
    }
}

#[tokio::test]
async fn redirected_requests_do_not_take_authorization_along() {
    let (source, destination) = pair().await;
    let elsewhere = Registry::start().await;
    let key = ("x".to_owned(), large());
    elsewhere.with(|state| state.blobs.insert(key, bytes(2, 700_000)));
    source.with(|state| state.door = Door::Basic(vec!["Basic bWU6cHc=".to_owned()]));
    let to = format!("http://{}/v2/x/blobs/{}?signature=abc", elsewhere.host, large());
    source.trick(Method::GET, &large(), 1, Trick::Answer(307, vec![("location", to)], ""));
    let options = crate::authentication::login(&source, "me", "pw");
    assert!(run_with(options, &job(&source, &destination, &PAIR)).await.is_done());
    let seen = elsewhere.seen(&Method::GET, "signature=abc");
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].authorization, None);
}

#[tokio::test]
async fn a_redirect_says_that_a_blob_is_there_only_if_it_leads_elsewhere() {
    let (source, destination) = pair().await;
    let here = format!("/v2/mirror/blobs/{}", digest_of(b"none"));
    destination.trick(Method::HEAD, &large(), 1, Trick::Answer(307, vec![("location", here)], ""));
    assert!(run(&job(&source, &destination, &PAIR)).await.is_done());
    let there = "http://storage.example/blob?signature=abc".to_owned();
    destination.trick(Method::HEAD, &large(), 1, Trick::Answer(307, vec![("location", there)], ""));
    let puts = destination.count(&Method::PUT, &large());
    let report = run(&job(&source, &destination, &[("team/tool:1", "mirror:2")])).await;
    assert!(report.is_done() && report.images[0].moved == 0, "{report:?}");
    assert_eq!(destination.count(&Method::PUT, &large()), puts);
}

#[tokio::test]
async fn redirects_without_end_or_to_nowhere_are_given_up() {
    let (source, destination) = pair().await;
    let around = format!("http://{}/v2/team/tool/blobs/{}", source.host, large());
    for location in [around.as_str(), "file:///etc/passwd", ""] {
        let headers = vec![("location", location.to_owned())];
        source.trick(Method::GET, &large(), 9, Trick::Answer(302, headers, ""));
        let report = run(&job(&source, &destination, &PAIR)).await;
        assert!(matches!(failure(&report).cause(), Cause::Untrusted(_)), "{report:?}");
        source.with(|state| state.seen.clear());
    }
}

#[tokio::test]
async fn a_public_registry_may_not_redirect_to_a_private_address() {
    let (inside, destination) = pair().await;
    // The proxy stands in for the public network: a registry at an address of documentation.
    let proxy = Registry::start().await;
    let public = "203.0.113.7".parse::<image::RegistryHost>().unwrap();
    let to = format!("http://{}/v2/team/tool/manifests/1", inside.host);
    proxy.trick(Method::GET, "/manifests/", 9, Trick::Answer(307, vec![("location", to)], ""));
    let options = ClientOptions {
        plain_http: PlainHttp::Hosts([public.clone()].into()),
        proxies: Proxies {
            http: Some(format!("http://{}", proxy.host)),
            except: Some("127.0.0.1".to_owned()),
            ..Proxies::default()
        },
        ..quick()
    };
    let mut job = job(&inside, &destination, &PAIR);
    job.images[0].source = format!("{public}/team/tool:1").parse().unwrap();
    let report = run_with(options.clone(), &job).await;
    let error = failure(&report);
    assert!(matches!(error.cause(), Cause::Untrusted(_)) && error.side() == Some(Side::Source), "{error}");
    assert_eq!(error.hint(), Some(&registry::Hint::AllowPrivateRedirects));
    assert_eq!(inside.requests(), 0);
    // Who knows the network may allow it; the rest then fails for lack of blobs behind the proxy.
    let allowed = ClientOptions { private_redirects: true, ..options };
    run_with(allowed, &job).await;
    assert!(inside.requests() > 0);
}

#[tokio::test]
async fn an_upload_led_elsewhere_goes_without_authorization() {
    let (source, destination) = pair().await;
    let elsewhere = Registry::start().await;
    destination.with(|state| state.door = Door::Basic(vec!["Basic bWU6cHc=".to_owned()]));
    let to = format!("http://{}/v2/mirror/blobs/uploads/none?x=1", elsewhere.host);
    destination.trick(Method::POST, "/uploads/", 99, Trick::Answer(202, vec![("location", to)], ""));
    let options = crate::authentication::login(&destination, "me", "pw");
    let report = run_with(options, &job(&source, &destination, &PAIR)).await;
    assert_eq!(failure(&report).side(), Some(Side::Destination));
    let seen = elsewhere.seen(&Method::PUT, "/uploads/none");
    assert!(!seen.is_empty() && seen.iter().all(|seen| seen.authorization.is_none()), "{seen:?}");
    assert!(!destination.has_any_manifest("mirror"));
}

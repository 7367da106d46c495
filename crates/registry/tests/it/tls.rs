//! Registries behind TLS.

use hyper::Method;
use registry::copy::Outcome;
use registry::{Cause, ClientOptions, PlainHttp, Side};

use crate::images::{bytes, job, pair, put_image, quick, run_with};
use crate::server::{Registry, Trick};

#[tokio::test]
async fn a_given_certificate_is_trusted_and_others_are_not() {
    let (source, certificate) = Registry::start_with_tls().await;
    let destination = Registry::start().await;
    put_image(&source, "tool", Some("1"), "linux/amd64", &[bytes(1, 300_000)]);
    let job = job(&source, &destination, &[("tool:1", "m:1")]);
    let mut options = ClientOptions { root_certificates: vec![certificate], ..quick() };
    options.endpoints.insert(source.host.clone(), format!("https://{}", source.host));
    assert!(run_with(options.clone(), &job).await.is_done());
    assert_eq!(destination.manifest("m", "1"), source.manifest("tool", "1"));
    options.root_certificates.clear();
    let report = run_with(options, &job).await;
    let Outcome::Failed(error) = &report.images[0].outcome else { panic!("{report:?}") };
    assert!(
        matches!(error.cause(), Cause::Connection { .. }) && error.side() == Some(Side::Source),
        "{error}"
    );
    assert!(error.to_string().contains("certificate"), "{error}");
}

#[tokio::test]
async fn tls_is_not_given_up_on_the_way() {
    let (plain, destination) = pair().await;
    let (source, certificate) = Registry::start_with_tls().await;
    let to = format!("http://{}/v2/team/tool/manifests/1", plain.host);
    source.trick(Method::GET, "/manifests/", 9, Trick::Answer(307, vec![("location", to)], ""));
    let plain_http = PlainHttp::Never;
    let mut options = ClientOptions { root_certificates: vec![certificate], plain_http, ..quick() };
    options.endpoints.insert(destination.host.clone(), format!("http://{}", destination.host));
    let report = run_with(options, &job(&source, &destination, &[("tool:1", "m:1")])).await;
    let Outcome::Failed(error) = &report.images[0].outcome else { panic!("{report:?}") };
    assert!(matches!(error.cause(), Cause::Untrusted(_)), "{error}");
    assert_eq!(plain.requests(), 0);
}

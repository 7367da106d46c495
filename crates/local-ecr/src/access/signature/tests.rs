//! Signatures as AWS's own signer makes them, and everything that can be wrong with one.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use axum::http::Request;

use super::*;

const ID: &str = "AKIDEXAMPLE";
const SECRET_KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
/// 30 August 2015, 12:36:00.
const NOW: u64 = 1_440_938_160;

fn keys() -> AccessKeys {
    AccessKeys::one(ID, SECRET_KEY).expect("a key")
}

fn region() -> Region {
    "us-east-1".parse().expect("a Region")
}

fn now() -> Timestamp {
    Timestamp(NOW * 1000)
}

/// Returns a request to a target that AWS's own signer signs for a service in a Region.
fn signed(target: &str, service: &str, region: &str, body: &[u8]) -> Parts {
    let identity = Credentials::new(ID, SECRET_KEY, None, None, "test").into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(SystemTime::UNIX_EPOCH + Duration::from_secs(NOW))
        .settings(SigningSettings::default())
        .build()
        .expect("parameters")
        .into();
    let headers = [
        ("host", "127.0.0.1:5327"),
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", "AmazonEC2ContainerRegistry_V20150921.DescribeRegistry"),
        ("x-spaces", "a   b  c"),
    ];
    let url = format!("http://127.0.0.1:5327{target}");
    let signable = SignableRequest::new("POST", &url, headers.into_iter(), SignableBody::Bytes(body));
    let (instructions, _) =
        sign(signable.expect("a request"), &parameters).expect("a signature").into_parts();
    let mut request = Request::post(target);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let mut request = request.body(()).expect("a request");
    instructions.apply_to_request_http1x(&mut request);
    request.into_parts().0
}

fn judge(parts: &Parts, body: &[u8], service: Service, at: Timestamp) -> Result<String, (Code, String)> {
    let keys = keys();
    let judged = read(parts, &keys, service, &region(), at).and_then(|signed| signed.verify(parts, body));
    judged.map(|key| key.name.clone()).map_err(|fault| (fault.code, fault.message))
}

fn with(parts: &Parts, name: &'static str, value: &str) -> Parts {
    let mut parts = parts.clone();
    parts.headers.insert(name, value.parse().expect("a value"));
    parts
}

/// Returns a request with a change in its `Authorization` header.
fn changed(parts: &Parts, from: &str, to: &str) -> Parts {
    let header = parts.headers["authorization"].to_str().expect("text");
    assert!(header.contains(from), "{header}");
    with(parts, "authorization", &header.replace(from, to))
}

#[test]
fn the_example_that_aws_publishes_is_verified() {
    let authorization = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
                         SignedHeaders=content-type;host;x-amz-date, \
                         Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
    let request = Request::get("/?Action=ListUsers&Version=2010-05-08")
        .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
        .header("host", "iam.amazonaws.com")
        .header("x-amz-date", "20150830T123600Z")
        .header("authorization", authorization);
    let (parts, ()) = request.body(()).expect("a request").into_parts();
    let keys = keys();
    let signed = Signed {
        key: keys.get(ID).expect("the key"),
        authorization: Authorization::read(authorization).expect("it is whole"),
        time: "20150830T123600Z".to_owned(),
    };
    assert!(signed.verify(&parts, b"").is_ok());
    assert!(signed.verify(&parts, b"x").is_err());
}

#[test]
fn what_awss_signer_signs_is_taken() {
    for target in ["/", "/?b=2&a=%2F%20x&a=1", "/a%20b/../c~d"] {
        let parts = signed(target, "ecr", "us-east-1", b"{}");
        // The signer resolves dots in paths; there is no such path here.
        if !target.contains("..") {
            assert_eq!(judge(&parts, b"{}", Service::Ecr, now()), Ok(ID.to_owned()), "{target}");
        }
    }
    let sts = signed("/", "sts", "us-east-1", b"Action=GetCallerIdentity");
    assert!(judge(&sts, b"Action=GetCallerIdentity", Service::Sts, now()).is_ok());
    let secrets = signed("/", "secretsmanager", "us-east-1", b"");
    assert!(judge(&secrets, b"", Service::SecretsManager, now()).is_ok());
}

#[test]
fn any_change_of_a_signed_request_is_refused() {
    let parts = signed("/", "ecr", "us-east-1", b"{}");
    let target = "AmazonEC2ContainerRegistry_V20150921.DeleteRepository";
    let mut other_query = parts.clone();
    other_query.uri = "/?x=1".parse().expect("a target");
    let mut other_method = parts.clone();
    other_method.method = axum::http::Method::PUT;
    let signature = &parts.headers["authorization"].to_str().expect("text").split("Signature=").nth(1);
    let signature = signature.expect("a signature").to_owned();
    for (what, parts, body) in [
        ("body", parts.clone(), b"{ }".as_slice()),
        ("target", with(&parts, "x-amz-target", target), b"{}"),
        ("content type", with(&parts, "content-type", "text/plain"), b"{}"),
        ("host", with(&parts, "host", "127.0.0.1:1"), b"{}"),
        ("query", other_query, b"{}"),
        ("method", other_method, b"{}"),
        ("time", with(&parts, "x-amz-date", "20150830T123601Z"), b"{}"),
        ("short signature", changed(&parts, &signature, &signature[1..]), b"{}"),
        ("no digits", changed(&parts, &signature, &"g".repeat(64)), b"{}"),
        ("zeros", changed(&parts, &signature, &"0".repeat(64)), b"{}"),
    ] {
        let (code, message) = judge(&parts, body, Service::Ecr, now()).expect_err(what);
        assert_eq!(code, Code::InvalidSignature, "{what}");
        assert!(message.starts_with("The request signature we calculated"), "{what}: {message}");
    }
}

#[test]
fn a_signature_is_for_one_service_one_region_and_a_quarter_of_an_hour() {
    let refused = |parts: &Parts, service, at| match judge(parts, b"{}", service, at) {
        Err((Code::InvalidSignature, message)) => message,
        other => format!("{other:?}"),
    };
    let parts = signed("/", "ecr", "us-east-1", b"{}");
    assert!(refused(&parts, Service::Sts, now()).contains("correct service: 'sts'"));
    let elsewhere = signed("/", "ecr", "eu-west-1", b"{}");
    assert!(refused(&elsewhere, Service::Ecr, now()).contains("valid region, not 'eu-west-1'"));
    for seconds in [-900_i64, 900] {
        let at = Timestamp((NOW as i64 + seconds) as u64 * 1000);
        assert!(judge(&parts, b"{}", Service::Ecr, at).is_ok(), "{seconds}");
    }
    let late = refused(&parts, Service::Ecr, Timestamp((NOW + 901) * 1000));
    assert_eq!(
        late,
        "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T125101Z - 15 min.)"
    );
    let early = refused(&parts, Service::Ecr, Timestamp((NOW - 901) * 1000));
    assert!(early.starts_with("Signature not yet current: 20150830T123600Z is still later"), "{early}");
    let other_day = changed(&parts, "20150830", "20150829");
    assert!(refused(&other_day, Service::Ecr, now()).starts_with("Date in Credential scope"));
}

#[test]
fn what_is_not_whole_is_named() {
    let parts = signed("/", "ecr", "us-east-1", b"{}");
    let mut bare = parts.clone();
    bare.headers.remove("authorization");
    assert_eq!(
        judge(&bare, b"{}", Service::Ecr, now()).expect_err("bare").0,
        Code::MissingAuthenticationToken
    );
    let mut timeless = parts.clone();
    timeless.headers.remove("x-amz-date");
    for (parts, says) in [
        (with(&parts, "authorization", "Basic QVdTOng="), "Unsupported AWS 'algorithm': 'Basic'"),
        (changed(&parts, "Credential=", "Credentials="), "requires 'Credential'"),
        (changed(&parts, "SignedHeaders=", "Headers="), "requires 'SignedHeaders'"),
        (changed(&parts, "Signature=", "Sign="), "requires 'Signature'"),
        (changed(&parts, "/aws4_request", ""), "exactly 5"),
        (changed(&parts, "/aws4_request", "/aws4_request/x"), "exactly 5"),
        (changed(&parts, "content-type;host", "host;content-type"), "sorted"),
        (timeless, "'X-Amz-Date' or a 'Date'"),
        (with(&parts, "x-amz-date", "2015-08-30T12:36"), "ISO-8601"),
        (with(&parts, "x-amz-date", "20150899T123600Z"), "ISO-8601"),
    ] {
        let (code, message) = judge(&parts, b"{}", Service::Ecr, now()).expect_err(says);
        assert_eq!(code, Code::IncompleteSignature, "{message}");
        assert!(message.contains(says), "{message}");
    }
    for parts in [changed(&parts, ID, "AKIDOTHER"), with(&parts, "x-amz-security-token", "token")] {
        let (code, _) = judge(&parts, b"{}", Service::Ecr, now()).expect_err("an unknown key");
        assert_eq!(code, Code::UnrecognizedClient);
    }
    let unsigned = with(&parts, "x-amz-more", "1");
    let (code, message) = judge(&unsigned, b"{}", Service::Ecr, now()).expect_err("an unsigned header");
    assert_eq!((code, message.contains("'x-amz-more' must be")), (Code::InvalidSignature, true));
}

proptest::proptest! {
    #[test]
    fn any_header_is_judged(header in "\\PC{0,200}", time in "[0-9TZ]{0,20}") {
        let parts = signed("/", "ecr", "us-east-1", b"{}");
        let mut any = parts.clone();
        if let Ok(value) = axum::http::HeaderValue::from_str(&format!("AWS4-HMAC-SHA256 {header}")) {
            any.headers.insert("authorization", value);
        }
        any.headers.insert("x-amz-date", time.parse().expect("a value"));
        let judged = judge(&any, b"{}", Service::Ecr, now());
        proptest::prop_assert!(judged.is_err());
    }
}

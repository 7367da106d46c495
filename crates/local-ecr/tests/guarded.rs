//! A server that others than this machine reach: TLS, signed requests, and nothing without them.

mod client;

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use client::{code, config, http_client};
use local_ecr::{AccessKeys, Authentication, Clock, Config, Handle, LocalEcr, StartError, Tls, TlsError};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

const ALICE: (&str, &str) = ("AKIAALICE", "0123456789abcdefghij");
const RUN: (&str, &str) = ("AKIARUN", "abcdefghij0123456789");

#[allow(clippy::expect_used, reason = "only tests use it")]
fn keys() -> AccessKeys {
    let text = format!(
        "[alice]\naws_access_key_id={}\naws_secret_access_key={}\n[run]\naws_access_key_id={}\n\
         aws_secret_access_key={}\nacts_for=omics.amazonaws.com\n",
        ALICE.0, ALICE.1, RUN.0, RUN.1
    );
    AccessKeys::read(&text).expect("keys")
}

/// A server that takes signed requests only.
struct Guarded {
    handle: Handle,
    http: reqwest::Client,
}

/// What a request is signed with.
struct Signing<'a> {
    key: (&'a str, &'a str),
    service: &'a str,
    at: SystemTime,
}

impl Default for Signing<'_> {
    fn default() -> Self {
        Self { key: ALICE, service: "ecr", at: SystemTime::now() }
    }
}

#[allow(clippy::expect_used, reason = "only tests use it")]
impl Guarded {
    async fn start(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = config();
        config.authentication = Authentication::Signed(keys());
        change(&mut config);
        Self { handle: LocalEcr::start(config).await.expect("the server starts"), http: http_client() }
    }

    /// Sends a request whose body may be another one than the one that was signed.
    async fn send(&self, target: &str, signing: &Signing<'_>, signed: &str, sent: &str) -> Response {
        let (id, secret) = signing.key;
        let identity = Credentials::new(id, secret, None, None, "test").into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region("us-east-1")
            .name(signing.service)
            .time(signing.at)
            .settings(SigningSettings::default())
            .build()
            .expect("parameters")
            .into();
        let url = format!("{}/", self.handle.endpoint());
        let mut headers = vec![("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target)];
        if signing.service == "sts" {
            headers = vec![("content-type", "application/x-www-form-urlencoded")];
        }
        let body = SignableBody::Bytes(signed.as_bytes());
        let signable = SignableRequest::new("POST", &url, headers.iter().copied(), body).expect("a request");
        let (instructions, _) = sign(signable, &parameters).expect("a signature").into_parts();
        let mut request = self.http.post(&url).body(sent.to_owned());
        for (name, value) in headers.into_iter().chain(instructions.headers()) {
            request = request.header(name, value);
        }
        request.send().await.expect("an answer")
    }

    /// Calls an operation of ECR; returns the status and the answer.
    async fn ecr(&self, operation: &str, signing: &Signing<'_>, body: &Value) -> (StatusCode, Value) {
        let (target, body) = (format!("AmazonEC2ContainerRegistry_V20150921.{operation}"), body.to_string());
        let response = self.send(&target, signing, &body, &body).await;
        (response.status(), response.json().await.expect("JSON"))
    }
}

#[tokio::test]
async fn a_signed_request_is_carried_out_and_every_other_is_named_as_aws_names_it() {
    let server = Guarded::start(|_| ()).await;
    let create = json!({ "repositoryName": "aa" });
    let (status, answer) = server.ecr("CreateRepository", &Signing::default(), &create).await;
    assert_eq!(status, StatusCode::OK, "{answer}");

    let describe = "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories";
    let refused = |response: Response, expected: &'static str| async move {
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert!(response.headers().contains_key("x-amzn-requestid"));
        let answer: Value = response.json().await.expect("JSON");
        assert_eq!(answer["__type"], expected, "{answer}");
        answer["message"].as_str().expect("a message").to_owned()
    };
    let wrong = Signing { key: (ALICE.0, RUN.1), ..Signing::default() };
    refused(server.send(describe, &wrong, "{}", "{}").await, "InvalidSignatureException").await;
    let other = server.send(describe, &Signing::default(), "{}", r#"{"maxResults":1}"#).await;
    refused(other, "InvalidSignatureException").await;
    let nobody = Signing { key: ("AKIANOBODY", ALICE.1), ..Signing::default() };
    refused(server.send(describe, &nobody, "{}", "{}").await, "UnrecognizedClientException").await;
    let old = Signing { at: SystemTime::now() - Duration::from_secs(16 * 60), ..Signing::default() };
    let message = refused(server.send(describe, &old, "{}", "{}").await, "InvalidSignatureException").await;
    assert!(message.starts_with("Signature expired: "), "{message}");
    let unsigned =
        server.http.post(server.handle.endpoint()).header("x-amz-target", describe).body("{}").send();
    refused(unsigned.await.expect("an answer"), "MissingAuthenticationTokenException").await;
    let broken = server.http.post(server.handle.endpoint()).header("x-amz-target", describe);
    let broken = broken.header("authorization", "AWS4-HMAC-SHA256 Credential=x").send();
    refused(broken.await.expect("an answer"), "IncompleteSignatureException").await;

    let secrets = Signing { service: "secretsmanager", ..Signing::default() };
    let listed = server.send("secretsmanager.ListSecrets", &secrets, "{}", "{}").await;
    assert_eq!(listed.status(), StatusCode::OK);
    let misdirected = server.send("secretsmanager.ListSecrets", &Signing::default(), "{}", "{}").await;
    refused(misdirected, "InvalidSignatureException").await;
}

#[tokio::test]
async fn sts_refuses_in_its_own_words() {
    let server = Guarded::start(|_| ()).await;
    let ask = "Action=GetCallerIdentity&Version=2011-06-15";
    let sts = |key| Signing { key, service: "sts", ..Signing::default() };
    let known = server.send("", &sts(RUN), ask, ask).await.text().await.expect("text");
    assert!(known.contains("omics.amazonaws.com"), "{known}");
    for (response, expected) in [
        (server.send("", &sts((ALICE.0, RUN.1)), ask, ask).await, "SignatureDoesNotMatch"),
        (server.send("", &sts(("AKIANOBODY", RUN.1)), ask, ask).await, "InvalidClientTokenId"),
    ] {
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
        let id = response.headers()["x-amzn-requestid"].to_str().expect("text").to_owned();
        let text = response.text().await.expect("text");
        assert!(text.contains(&format!("<Code>{expected}</Code>")), "{text}");
        assert!(text.contains(&format!("<RequestId>{id}</RequestId>")), "{text}");
    }
}

#[tokio::test]
async fn a_key_of_a_service_is_that_service_and_the_header_is_nobody() {
    let server = Guarded::start(|_| ()).await;
    let service = Signing { key: RUN, ..Signing::default() };
    let (_, denied) = server.ecr("CreateRepository", &service, &json!({ "repositoryName": "aa" })).await;
    assert_eq!(denied["__type"], "AccessDeniedException");
    let (_, data) = server.ecr("GetAuthorizationToken", &service, &json!({})).await;
    let token = data["authorizationData"][0]["authorizationToken"].as_str().expect("a token").to_owned();
    let url = format!("{}/v2/aa/tags/list", server.handle.endpoint());
    let list = server.http.get(&url).header("authorization", format!("Basic {token}")).send().await;
    assert_eq!(code(list.expect("an answer")).await, "DENIED");
    let named = server.http.get(&url).header("x-local-ecr-principal", "omics.amazonaws.com").send().await;
    assert_eq!(named.expect("an answer").status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_token_of_a_signed_request_opens_the_registry() {
    let clock = Clock::system();
    let own = clock.clone();
    let server = Guarded::start(|config| config.clock = own).await;
    let (_, data) = server.ecr("GetAuthorizationToken", &Signing::default(), &json!({})).await;
    let token = data["authorizationData"][0]["authorizationToken"].as_str().expect("a token").to_owned();
    let url = format!("{}/v2/", server.handle.endpoint());
    let ping = server.http.get(&url).header("authorization", format!("Basic {token}")).send().await;
    assert_eq!(ping.expect("an answer").status(), StatusCode::OK);
    let bare = server.http.get(&url).send().await.expect("an answer");
    assert_eq!(bare.status(), StatusCode::UNAUTHORIZED);
    clock.advance(Duration::from_secs(1200));
    let (status, _) = server.ecr("DescribeRegistry", &Signing::default(), &json!({})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "the server's clock decides");
}

#[tokio::test]
async fn figures_are_for_keys_of_the_account() {
    let server = Guarded::start(|_| ()).await;
    let url = format!("{}/metrics", server.handle.endpoint());
    let get = |user: &'static str, password: &'static str| {
        server.http.get(&url).basic_auth(user, Some(password)).send()
    };
    assert_eq!(get(ALICE.0, ALICE.1).await.expect("an answer").status(), StatusCode::OK);
    for (user, password) in [(ALICE.0, RUN.1), RUN, ("", ""), ("AKIANOBODY", ALICE.1)] {
        assert_eq!(
            get(user, password).await.expect("an answer").status(),
            StatusCode::UNAUTHORIZED,
            "{user}"
        );
    }
    let health = server.http.get(format!("{}/health", server.handle.endpoint())).send().await;
    let health: Value = health.expect("an answer").json().await.expect("JSON");
    assert_eq!(health["authentication"], "signed");
}

#[tokio::test]
async fn what_others_reach_is_guarded_or_not_started() {
    let start = |change: &dyn Fn(&mut Config)| {
        let mut config = config();
        config.address = "0.0.0.0:0".parse().expect("an address");
        change(&mut config);
        LocalEcr::start(config)
    };
    let signed = |config: &mut Config| config.authentication = Authentication::Signed(keys());
    assert!(matches!(start(&|_| ()).await, Err(StartError::Unguarded(_))));
    let tokens = |config: &mut Config| {
        config.authentication = Authentication::Required;
        config.plain_http = true;
    };
    assert!(matches!(start(&tokens).await, Err(StartError::Unguarded(_))), "tokens are given to anybody");
    assert!(matches!(start(&signed).await, Err(StartError::PlainHttp(_))));
    let nameless = |config: &mut Config| {
        signed(config);
        config.plain_http = true;
    };
    assert!(matches!(start(&nameless).await, Err(StartError::NoUrl(_))));
    for url in ["ecr.example.org", "https://ecr.example.org/path", "https://me@ecr.example.org", "ftp://x"] {
        let named = |config: &mut Config| {
            nameless(config);
            config.url = Some(url.to_owned());
        };
        assert!(matches!(start(&named).await, Err(StartError::Url(_))), "{url}");
    }
    let named = |config: &mut Config| {
        nameless(config);
        config.url = Some("https://ecr.example.org/".to_owned());
    };
    let handle = start(&named).await.expect("it starts");
    assert_eq!(handle.endpoint(), "https://ecr.example.org");
}

#[tokio::test]
async fn tls_is_spoken_and_nothing_else() {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).expect("a certificate");
    let tls = Tls::from_pem(cert.pem().as_bytes(), signing_key.serialize_pem().as_bytes()).expect("it fits");
    let mut config = config();
    config.tls = Some(tls);
    let handle = LocalEcr::start(config).await.expect("the server starts");
    assert!(handle.endpoint().starts_with("https://127.0.0.1:"));
    http_client();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(cert.der().clone()).expect("a certificate");
    let trusting = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let trusting = reqwest::Client::builder().tls_backend_preconfigured(trusting).build().expect("a client");
    let create = trusting
        .post(handle.endpoint())
        .header("x-amz-target", "AmazonEC2ContainerRegistry_V20150921.CreateRepository")
        .body(json!({ "repositoryName": "aa" }).to_string());
    let answer: Value = create.send().await.expect("an answer").json().await.expect("JSON");
    let host = handle.address().to_string();
    assert_eq!(answer["repository"]["repositoryUri"], format!("{host}/aa"));
    let plain = http_client().get(format!("http://{host}/health")).send().await;
    assert!(plain.is_err(), "plain HTTP is not answered");
    let distrusting = http_client().get(format!("https://{host}/health")).send().await;
    assert!(distrusting.is_err(), "a client that does not know the certificate goes away");
    let again = trusting.get(format!("https://{host}/health")).send().await;
    assert_eq!(again.expect("an answer").status(), StatusCode::OK);
}

#[test]
fn certificates_that_are_none_are_refused() {
    let make = || generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let (one, two) = (make(), make());
    let (pem, key) = (one.cert.pem(), one.signing_key.serialize_pem());
    assert!(matches!(Tls::from_pem(b"", key.as_bytes()), Err(TlsError::Certificate)));
    assert!(matches!(Tls::from_pem(key.as_bytes(), key.as_bytes()), Err(TlsError::Certificate)));
    assert!(matches!(Tls::from_pem(pem.as_bytes(), pem.as_bytes()), Err(TlsError::Key)));
    let other = two.signing_key.serialize_pem();
    assert!(matches!(Tls::from_pem(pem.as_bytes(), other.as_bytes()), Err(TlsError::Unfit(_))));
}

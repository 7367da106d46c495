//! What goes wrong on the way, and what the error says of it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use aws::ecr::{NewRepository, NewRule};
use aws::{DenialReason, ErrorKind, Hint, Options, Session};
use image::RepositoryName;
use serde_json::json;

use crate::server::{Reply, Server, options};

const ROLE: &str = "arn:aws:sts::123456789012:assumed-role/dev/me";

fn name() -> RepositoryName {
    "quay/bwa".parse().unwrap()
}

#[tokio::test]
async fn throttling_is_waited_out() {
    let calls = AtomicU32::new(0);
    let server = Server::start(move |_| match calls.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::error(400, "ThrottlingException", "Rate exceeded"),
        1 => Reply::error(429, "toomanyrequests", "Rate exceeded"),
        2 => Reply::error(500, "ServerException", "try again"),
        _ => Reply::json(json!({ "policyText": "{}" })),
    })
    .await;
    let policy = server.session().await.ecr().registry_policy().await.unwrap();
    assert_eq!(policy.as_deref(), Some("{}"));
    assert_eq!(server.seen().len(), 4);
}

#[tokio::test]
async fn throttling_without_end_says_how_often_and_how_long() {
    let server = Server::start(|_| Reply::error(400, "ThrottlingException", "Rate exceeded")).await;
    let session = Session::open(Options { attempts: Some(3), ..server.options() }).await.unwrap();
    let error = session.ecr().rules().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Throttled);
    assert_eq!((error.attempts(), server.seen().len()), (3, 3));
    assert!(error.answer().contains("Rate exceeded, after 2 retries in "), "{error}");
    assert_eq!(error.hint(), Some(&Hint::Wait));
}

#[tokio::test]
async fn a_quota_is_not_taken_for_throttling() {
    let server = Server::start(|_| {
        Reply::error(
            400,
            "LimitExceededException",
            "The maximum number of pull through cache rules is reached",
        )
    })
    .await;
    let rule = NewRule {
        ecr_repository_prefix: "quay".parse().unwrap(),
        upstream_registry_url: "quay.io".to_owned(),
        upstream_registry: None,
        upstream_repository_prefix: None,
        credential_arn: None,
        custom_role_arn: None,
    };
    let error = server.session().await.ecr().create_rule(&rule).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
    assert_eq!(server.seen().len(), 1, "more of the same does not help");
    assert_eq!(
        error.hint().unwrap().command().unwrap(),
        "aws service-quotas list-service-quotas --service-code ecr"
    );
}

#[tokio::test]
async fn a_denial_names_the_missing_action() {
    let arn = "arn:aws:ecr:us-east-1:123456789012:repository/quay/bwa";
    let server = Server::start(move |_| {
        Reply::error(
            400,
            "AccessDeniedException",
            &format!(
                "User: {ROLE} is not authorized to perform: ecr:CreateRepository on resource: {arn} because no \
                 identity-based policy allows the ecr:CreateRepository action"
            ),
        )
    })
    .await;
    let error =
        server.session().await.ecr().create_repository(&NewRepository::new(name())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AccessDenied);
    assert_eq!(error.code(), Some("AccessDeniedException"));
    assert_eq!(error.status(), Some(400));
    assert_eq!(error.request_id(), Some("11111111-2222-3333-4444-555555555555"));
    let denial = error.denial().unwrap();
    assert_eq!((denial.action.as_str(), denial.principal.as_deref()), ("ecr:CreateRepository", Some(ROLE)));
    assert_eq!(denial.reason, DenialReason::NotAllowed("identity-based".into()));
    assert_eq!(
        error.hint().unwrap().to_string(),
        format!("allow `ecr:CreateRepository` on `{arn}` to `{ROLE}`")
    );
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn an_explicit_deny_is_not_answered_with_an_allow() {
    let server = Server::start(|_| {
        Reply::error(
            400,
            "AccessDeniedException",
            &format!(
                "User: {ROLE} is not authorized to perform: ecr:GetRegistryPolicy on resource: * with an explicit \
                 deny in a service control policy"
            ),
        )
    })
    .await;
    let error = server.session().await.ecr().registry_policy().await.unwrap_err();
    let expected =
        Hint::LiftDeny { action: "ecr:GetRegistryPolicy".into(), policy: Some("service control".into()) };
    assert_eq!(error.hint(), Some(&expected));
}

#[tokio::test]
async fn a_denial_without_words_names_the_action_of_the_call() {
    let server = Server::start(|_| Reply::json(json!({})).status(403)).await;
    let error = server.session().await.ecr().templates().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AccessDenied);
    assert_eq!(error.denial().unwrap().action, "ecr:DescribeRepositoryCreationTemplates");
}

#[tokio::test]
async fn credentials_that_ended_are_told_from_wrong_ones() {
    for (code, message, kind, hint) in [
        (
            "ExpiredTokenException",
            "The security token included in the request is expired",
            ErrorKind::CredentialsExpired,
            Hint::RenewCredentials,
        ),
        (
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
            ErrorKind::CredentialsRefused,
            Hint::GiveCredentials { profile: None },
        ),
        (
            "InvalidSignatureException",
            "Signature expired: 20240101T000000Z is now earlier than 20240101T001000Z",
            ErrorKind::CredentialsRefused,
            Hint::SetClock,
        ),
    ] {
        let server = Server::start(move |_| Reply::error(400, code, message)).await;
        let session = Session::open(Options { attempts: Some(1), ..server.options() }).await.unwrap();
        let error = session.ecr().registry().await.unwrap_err();
        assert_eq!((error.kind(), error.hint()), (kind, Some(&hint)), "{error}");
        assert!(!error.words().ends_with('.'), "{error}");
    }
}

#[tokio::test]
async fn a_cut_answer_is_asked_for_again() {
    let calls = AtomicU32::new(0);
    let server = Server::start(move |_| {
        let whole = Reply::json(json!({ "policyText": "x".repeat(10_000) }));
        if calls.fetch_add(1, Ordering::SeqCst) == 0 { whole.cut() } else { whole }
    })
    .await;
    let policy = server.session().await.ecr().registry_policy().await.unwrap();
    assert_eq!(policy.map(|text| text.len()), Some(10_000));
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn answers_cut_without_end_are_an_error_with_its_cause() {
    let server = Server::start(|_| Reply::json(json!({ "policyText": "x".repeat(10_000) })).cut()).await;
    let session = Session::open(Options { attempts: Some(2), ..server.options() }).await.unwrap();
    let error = session.ecr().registry_policy().await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Unreachable, Some(200)), "{error}");
    assert!(error.tried().starts_with("cannot read the registry policy"), "{error}");
    assert_eq!(error.attempts(), 2);
    assert!(error.answer().contains("reading a body from connection"), "{error}");
}

#[tokio::test]
async fn an_answer_that_is_no_json_is_an_error() {
    let server = Server::start(|_| Reply::xml("<html>proxy login</html>")).await;
    let session = Session::open(Options { attempts: Some(1), ..server.options() }).await.unwrap();
    let error = session.ecr().rules().await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Other, Some(200)), "{error}");
    assert!(error.answer().starts_with("the answer cannot be understood: "), "{error}");
}

#[tokio::test]
async fn an_answer_without_what_it_must_have_is_an_error() {
    let server = Server::start(|_| Reply::json(json!({ "repositories": [{ "registryId": "12" }] }))).await;
    let error = server.session().await.ecr().repositories().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Other);
    assert!(error.to_string().contains("`repositoryName` is missing"), "{error}");
}

#[tokio::test]
async fn where_nothing_listens_is_asked_once() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{free}");
    let session = Session::open(options(&url)).await.unwrap();
    let error = session.ecr().rules().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    assert_eq!(error.attempts(), 1);
    assert_eq!(error.hint(), Some(&Hint::CheckEndpoint { endpoint: Some(url) }));
    assert!(error.answer().to_lowercase().contains("connection refused"), "{error}");
    assert!(!error.answer().contains("dispatch failure"), "{error}");
}

#[tokio::test]
async fn a_silent_server_is_not_waited_for_without_end() {
    let server = Server::start(|_| Reply::json(json!({})).after(Duration::from_secs(30))).await;
    let options = Options { read_timeout: Duration::from_millis(100), attempts: Some(2), ..server.options() };
    let session = Session::open(options).await.unwrap();
    let start = Instant::now();
    let error = session.ecr().rules().await.unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Unreachable, 2), "{error}");
}

#[tokio::test]
async fn the_account_stands_in_errors_once_it_is_known() {
    let server = Server::start(|request| match request.operation().as_str() {
        "GetCallerIdentity" => Reply::xml(
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
             <Arn>arn:aws-cn:sts::123456789012:assumed-role/dev/me</Arn><UserId>AROA:me</UserId>\
             <Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>",
        ),
        _ => Reply::error(400, "InvalidParameterException", "no"),
    })
    .await;
    let session = server.session().await;
    assert_eq!(
        session.ecr().rules().await.unwrap_err().tried(),
        "cannot list the pull through cache rules in us-east-1"
    );
    let identity = session.identity().await.unwrap();
    assert_eq!((identity.account.as_str(), identity.partition()), ("123456789012", "aws-cn"));
    assert_eq!(identity.arn.resource(), "assumed-role/dev/me");
    session.identity().await.unwrap();
    let error = session.ecr().rules().await.unwrap_err();
    assert_eq!(error.tried(), "cannot list the pull through cache rules in 123456789012/us-east-1");
    assert_eq!(server.operations().iter().filter(|op| *op == "GetCallerIdentity").count(), 1, "asked once");
}

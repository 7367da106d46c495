//! AWS STS, as far as it is needed: GetCallerIdentity by the query protocol.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::ecr::Ecr;
use crate::ecr::identity::{Caller, SERVICE_ROLE};
use crate::fault::{Code, Fault};
use crate::server::RequestId;

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// Answers a request by the query protocol.
pub(super) fn answer(ecr: &Ecr, caller: &Caller, body: &[u8], id: &RequestId) -> Response {
    let text = String::from_utf8_lossy(body);
    let action = text.split('&').find_map(|pair| pair.strip_prefix("Action="));
    match action {
        Some("GetCallerIdentity") => {
            let (user, arn) = identity(ecr, caller);
            let account = &ecr.account;
            let body = format!(
                "<GetCallerIdentityResponse xmlns=\"{NAMESPACE}\"><GetCallerIdentityResult><Arn>{arn}</Arn>\
                 <UserId>{user}</UserId><Account>{account}</Account></GetCallerIdentityResult>\
                 <ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
            );
            xml(StatusCode::OK, body)
        }
        _ => {
            // Only letters and digits of what was asked for go into the answer.
            let shown: String =
                action.unwrap_or("nothing").chars().filter(char::is_ascii_alphanumeric).take(80).collect();
            let text = format!("{shown} is no action that this local registry implements");
            error(StatusCode::BAD_REQUEST, "InvalidAction", &text, id)
        }
    }
}

/// Answers a request that is not let in.
pub(super) fn refuse(fault: &Fault, id: &RequestId) -> Response {
    let (status, code) = match fault.code {
        Code::MissingAuthenticationToken => (StatusCode::FORBIDDEN, "MissingAuthenticationToken"),
        Code::IncompleteSignature => (StatusCode::BAD_REQUEST, "IncompleteSignature"),
        Code::UnrecognizedClient => (StatusCode::FORBIDDEN, "InvalidClientTokenId"),
        Code::InvalidSignature => (StatusCode::FORBIDDEN, "SignatureDoesNotMatch"),
        Code::Server => (StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure"),
        _ => (StatusCode::BAD_REQUEST, "ValidationError"),
    };
    error(status, code, &fault.message, id)
}

fn error(status: StatusCode, code: &str, message: &str, id: &RequestId) -> Response {
    let message = message.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let body = format!(
        "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>Sender</Type><Code>{code}</Code>\
         <Message>{message}</Message></Error><RequestId>{id}</RequestId></ErrorResponse>"
    );
    xml(status, body)
}

/// Returns the id and the ARN of a caller.
fn identity(ecr: &Ecr, caller: &Caller) -> (String, String) {
    let partition = ecr.region.partition();
    let account = &ecr.account;
    match caller {
        Caller::Account => (account.to_string(), format!("arn:{partition}:iam::{account}:root")),
        Caller::Service(name) => {
            (name.clone(), format!("arn:{partition}:sts::{account}:assumed-role/{SERVICE_ROLE}/{name}"))
        }
    }
}

fn xml(status: StatusCode, body: String) -> Response {
    let mut response = (status, body).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    response
}

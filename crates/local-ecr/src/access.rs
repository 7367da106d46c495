//! Who asks: reads the credentials of requests on both planes.

use axum::http::{HeaderMap, StatusCode, header};

use crate::distribution::OciError;
use crate::ecr::identity::Caller;
use crate::ecr::token::{Rejected, read_basic};
use crate::server::App;

/// The header by which a request on a server without required credentials names its principal.
pub(crate) const PRINCIPAL: &str = "x-local-ecr-principal";

/// Whether requests must carry credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Authentication {
    /// Requests without credentials are the account's own; those given are checked all the same.
    #[default]
    Open,
    /// The registry takes no request without an authorization token.
    Required,
}

/// Returns who makes a request to the registry.
pub(crate) fn registry_caller(app: &App, headers: &HeaderMap) -> Result<Caller, OciError> {
    let challenge = |message: &str| {
        let realm = format!("Basic realm=\"{}/\",service=\"ecr.amazonaws.com\"", app.ecr.endpoint);
        OciError::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", message).with(header::WWW_AUTHENTICATE, realm)
    };
    let Some(given) = headers.get(header::AUTHORIZATION) else {
        return match app.authentication {
            Authentication::Open => Ok(named_principal(headers).unwrap_or(Caller::Account)),
            Authentication::Required => Err(challenge("Not Authorized")),
        };
    };
    let basic = given.to_str().ok().and_then(read_basic).filter(|(user, _)| user == "AWS");
    let Some((_, password)) = basic else { return Err(challenge("Not Authorized")) };
    app.ecr.tokens.caller(&password, app.ecr.clock.now()).map_err(|rejected| match rejected {
        Rejected::Invalid => challenge("Not Authorized"),
        Rejected::Expired => OciError::new(
            StatusCode::FORBIDDEN,
            "DENIED",
            "Your authorization token has expired. Reauthenticate and try again.",
        ),
    })
}

/// Returns the service principal that a request names for itself.
fn named_principal(headers: &HeaderMap) -> Option<Caller> {
    Caller::service(headers.get(PRINCIPAL)?.to_str().ok()?)
}

/// Returns who makes a request to the control plane: a service principal by the header, or by an access key
/// of its name, and the account otherwise.
pub(crate) fn control_caller(headers: &HeaderMap) -> Caller {
    let access_key = || {
        let header = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let (_, credential) = header.split_once("Credential=")?;
        Caller::service(credential.split('/').next()?)
    };
    named_principal(headers).or_else(access_key).unwrap_or(Caller::Account)
}

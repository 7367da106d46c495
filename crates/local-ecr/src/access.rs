//! Who asks: reads the credentials of requests on both planes.

mod canonical;
mod key;
mod signature;

use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

pub use key::{AccessKeyError, AccessKeys};
pub(crate) use signature::Service;
use signature::Signed;

use crate::distribution::OciError;
use crate::ecr::identity::Caller;
use crate::ecr::token::{Rejected, read_basic};
use crate::fault::Fault;
use crate::server::App;

/// The header by which a request on a server without required credentials names its principal.
pub(crate) const PRINCIPAL: &str = "x-local-ecr-principal";

/// Whether requests must carry credentials.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Authentication {
    /// Requests without credentials are the account's own; tokens that are given are checked all the same.
    #[default]
    Open,
    /// The registry takes no request without an authorization token; who asks for one is not proven.
    Required,
    /// The control plane takes no request without the signature of one of these keys, and the registry none
    /// without an authorization token.
    Signed(AccessKeys),
}

impl Authentication {
    /// Returns what `/health` calls it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Required => "required",
            Self::Signed(_) => "signed",
        }
    }
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
            Authentication::Required | Authentication::Signed(_) => Err(challenge("Not Authorized")),
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

/// Who makes a request to the control plane, as its head has it.
#[derive(Debug)]
pub(crate) enum Claim<'a> {
    /// No proof is asked for.
    Taken(Caller),
    /// The signature is still to be verified, over the body too.
    Signed(Signed<'a>),
}

/// Reads who makes a request to a service of the control plane. Without required signatures that is a service
/// principal by the header, or by an access key of its name, and the account otherwise.
///
/// # Errors
/// The faults of a head that no signed request has.
pub(crate) fn control_claim<'a>(
    app: &'a App,
    parts: &'a Parts,
    service: Service,
) -> Result<Claim<'a>, Fault> {
    if let Authentication::Signed(keys) = &app.authentication {
        let ecr = &app.ecr;
        return signature::read(parts, keys, service, &ecr.region, ecr.clock.now()).map(Claim::Signed);
    }
    let access_key = || {
        let header = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let (_, credential) = header.split_once("Credential=")?;
        Caller::service(credential.split('/').next()?)
    };
    Ok(Claim::Taken(named_principal(&parts.headers).or_else(access_key).unwrap_or(Caller::Account)))
}

impl Claim<'_> {
    /// Returns the caller, when the signature over head and body is right.
    ///
    /// # Errors
    /// `InvalidSignatureException`.
    pub(crate) fn verify(&self, parts: &Parts, body: &[u8]) -> Result<Caller, Fault> {
        match self {
            Self::Taken(caller) => Ok(caller.clone()),
            Self::Signed(signed) => {
                let key = signed.verify(parts, body)?;
                tracing::Span::current().record("key", key.name.as_str());
                Ok(key.caller.clone())
            }
        }
    }
}

/// Returns whether a request may read the server's figures: all where no credentials are required, and otherwise
/// who gives the id and secret of an access key of the account as user and password.
pub(crate) fn may_read_metrics(app: &App, headers: &HeaderMap) -> bool {
    let Authentication::Signed(keys) = &app.authentication else { return true };
    let given = headers.get(header::AUTHORIZATION).and_then(|value| read_basic(value.to_str().ok()?));
    given.is_some_and(|(id, secret)| {
        keys.get(&id).is_some_and(|key| key.caller == Caller::Account && same(&key.secret, &secret))
    })
}

/// Compares two secrets by their keyed hashes, so that the time it takes tells nothing of either.
fn same(own: &str, given: &str) -> bool {
    let mac =
        |text: &str| Some(<Hmac<Sha256> as KeyInit>::new_from_slice(own.as_bytes()).ok()?.chain_update(text));
    match (mac(own), mac(given)) {
        (Some(own), Some(given)) => own.verify(&given.finalize().into_bytes()).is_ok(),
        _ => false,
    }
}

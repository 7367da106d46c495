//! Tokens from a registry's token service.
//!
//! Spec: the distribution project's token authentication and its OAuth2 variant.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Url};
use serde::Deserialize;
use tokio::time::Instant;

use crate::auth::Scopes;
use crate::auth::basic::basic;
use crate::auth::credential::Credential;
use crate::auth::realm::{host_of, is_related};
use crate::client::endpoint::shown;
use crate::client::host::Host;
use crate::client::options::Operation;
use crate::client::redirect;
use crate::client::request::{Ask, Body};
use crate::client::wire::Wire;
use crate::error::{Cause, Error, Hint, Result, Side};
use crate::secret::Secret;

/// Largest answer of a token service, in bytes.
const LARGEST_ANSWER: u64 = 1024 * 1024;

/// How long a token holds that says nothing of it.
const USUAL_LIFE: Duration = Duration::from_secs(60);

/// Longest life that is believed.
const LONGEST_LIFE: Duration = Duration::from_secs(12 * 3600);

/// A bearer token and its time.
#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) value: Secret,
    renew_at: Instant,
}

impl Token {
    /// Returns whether it still holds long enough to start a request with.
    pub(crate) fn is_fresh(&self) -> bool {
        Instant::now() < self.renew_at
    }
}

#[derive(Deserialize)]
struct Answer {
    token: Option<String>,
    access_token: Option<String>,
    expires_in: Option<u64>,
}

/// Where tokens for a registry come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TokenService {
    pub(crate) realm: String,
    pub(crate) service: Option<String>,
}

/// What a token is asked for.
pub(crate) struct TokenAsk<'a> {
    pub(crate) service: &'a TokenService,
    pub(crate) scopes: &'a Scopes,
    /// A scope that the registry named itself.
    pub(crate) more: Option<&'a str>,
    pub(crate) credential: Option<&'a Credential>,
    pub(crate) side: Option<Side>,
}

/// Asks a registry's token service for a token.
///
/// # Errors
/// [`Cause::Untrusted`] where the service may not see the credential, and the service's own refusal.
pub(crate) async fn fetch(wire: &Wire, host: &Arc<Host>, wanted: &TokenAsk<'_>) -> Result<Token> {
    let TokenAsk { service, scopes, more, credential, side } = *wanted;
    let mut words: Vec<String> = scopes.words().collect();
    if let Some(more) = more.filter(|more| !words.iter().any(|word| word == more)) {
        words.push(more.to_owned());
    }
    let tried = match words.is_empty() {
        true => format!("get a token of {}", host.name),
        false => format!("get a token of {} for {}", host.name, words.join(" ")),
    };
    let realm = check(wire, host, service, credential.is_some(), &tried).await.map_err(|e| e.at(side))?;
    let mut ask = Ask {
        operation: Operation::Token,
        method: Method::GET,
        url: realm,
        headers: vec![(ACCEPT, HeaderValue::from_static("application/json"))],
        body: Body::Empty,
        scopes: Scopes::default(),
        tried,
        side,
        retries: Arc::default(),
        timeout: wire.options.idle_timeout,
        follow: false,
    };
    let mut authorization = None;
    if let Some(Credential::IdentityToken(token)) = credential {
        let form = refresh_form(service, &words, token, &wire.options.user_agent);
        ask.method = Method::POST;
        ask.headers.push((CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded")));
        ask.body = Body::Whole(form);
    } else {
        let mut query = ask.url.query_pairs_mut();
        if let Some(service) = &service.service {
            query.append_pair("service", service);
        }
        for word in &words {
            query.append_pair("scope", word);
        }
        if let Some(Credential::Login { username, password } | Credential::Upfront { username, password }) =
            credential
        {
            query.append_pair("account", username);
            authorization = basic(username, password);
        }
        drop(query);
    }
    let response = wire.persist(host, &ask, authorization).await?;
    if response.status() != 200 {
        let refusal = response.into_refusal(&ask).await;
        return Err(refusal);
    }
    let body = response.read_capped(&ask, LARGEST_ANSWER).await?;
    let unusable = |words: &str| ask.failed(Cause::Content(format!("the token service's answer {words}")));
    let answer: Answer = serde_json::from_slice(&body).map_err(|_| unusable("is not of the form"))?;
    let value = answer.token.or(answer.access_token).filter(|token| !token.is_empty());
    let Some(value) = value else { return Err(unusable("holds no token")) };
    let life = answer.expires_in.map_or(USUAL_LIFE, Duration::from_secs).min(LONGEST_LIFE);
    // A request may wait for its turn after the token was looked up, so some of its life is left unused.
    let margin = (life / 5).min(Duration::from_secs(60));
    Ok(Token { value: value.into(), renew_at: Instant::now() + life - margin })
}

fn refresh_form(service: &TokenService, words: &[String], token: &Secret, client: &str) -> Bytes {
    // A URL's query has the form's own encoding.
    let Ok(mut url) = Url::parse("form:/") else { return Bytes::new() };
    url.query_pairs_mut()
        .append_pair("grant_type", "refresh_token")
        .append_pair("service", service.service.as_deref().unwrap_or_default())
        .append_pair("client_id", client)
        .append_pair("scope", &words.join(" "))
        .append_pair("refresh_token", token.expose());
    Bytes::from(url.query().unwrap_or_default().to_owned())
}

/// Returns the service's URL, if it may be asked, and with a credential if there is one.
async fn check(
    wire: &Wire,
    host: &Host,
    service: &TokenService,
    with_credential: bool,
    tried: &str,
) -> Result<Url> {
    let refused = |words: String| Error::new(tried, Cause::Untrusted(words));
    let name = &host.name;
    let url = Url::parse(&service.realm)
        .map_err(|_| refused(format!("{name} names a token service that is no URL")))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(refused(format!("{name} names a token service of scheme `{}`", url.scheme())));
    }
    if host.base.scheme() == "https" && url.scheme() == "http" {
        return Err(refused(format!("{name} names a token service without TLS: {}", shown(&url))));
    }
    let (registry, realm) = (host_of(&host.base), host_of(&url));
    let trusted = wire.options.trusted_realms.get(name).is_some_and(|realms| realms.contains(realm));
    if trusted || is_related(registry, realm) {
        return Ok(url);
    }
    let hint = Hint::TrustRealm { registry: name.clone(), realm: realm.to_owned() };
    if with_credential {
        let words = format!("{name} wants its credentials sent to another host, {realm}");
        return Err(refused(words).with_hint(hint));
    }
    if host.is_public().await && redirect::leads_inside(&url).await {
        let words = format!("{name} names a token service at a private address, {realm}");
        return Err(refused(words).with_hint(hint));
    }
    Ok(url)
}

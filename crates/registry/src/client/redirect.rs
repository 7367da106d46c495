//! Where a redirect may lead, and what goes along.

use reqwest::header::{HeaderMap, LOCATION};
use reqwest::{Method, Url};

use crate::client::address::{is_loopback_name, is_private, is_public, literal};
use crate::client::endpoint::{same_origin, shown};
use crate::client::host::Host;
use crate::client::request::Ask;
use crate::error::{Cause, Error, Hint, Result};

/// Most redirects of one request.
pub(crate) const MOST: usize = 8;

/// The next step of a request that was redirected.
pub(crate) struct Step {
    pub(crate) url: Url,
    pub(crate) method: Method,
    /// Whether `Authorization` may still go along: only to the origin it is for.
    pub(crate) authorized: bool,
    /// Whether private addresses are out of bounds from here on.
    pub(crate) guarded: bool,
}

/// Returns where a redirect leads.
///
/// # Errors
/// [`Cause::Untrusted`] where a public registry points to a private address, or TLS would be given up.
pub(crate) async fn follow(
    ask: &Ask,
    host: &Host,
    from: &Step,
    status: u16,
    headers: &HeaderMap,
    private_allowed: bool,
) -> Result<Step> {
    let refused = |words: String| ask.failed(Cause::Untrusted(format!("{} {words}", host.name)));
    let location = headers.get(LOCATION).and_then(|value| value.to_str().ok());
    let Some(location) = location else { return Err(refused("redirected to nowhere".to_owned())) };
    let Ok(url) = from.url.join(location) else {
        return Err(refused("redirected to what is no URL".to_owned()));
    };
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refused(format!("redirected to a URL of scheme `{}`", url.scheme())));
    }
    if from.url.scheme() == "https" && url.scheme() == "http" {
        return Err(refused(format!("redirected from TLS to plain {}", shown(&url))));
    }
    let same = same_origin(&from.url, &url);
    let guarded = from.guarded || (!private_allowed && !same && host.is_public().await);
    if guarded && is_inside_by_form(&url) {
        return Err(private(ask, host, &url));
    }
    let method = if status == 303 && from.method != Method::HEAD { Method::GET } else { from.method.clone() };
    Ok(Step { authorized: from.authorized && same, method, url, guarded })
}

/// Returns whether the URL's host is private by its form; names are judged when they are resolved.
fn is_inside_by_form(url: &Url) -> bool {
    literal(url).is_some_and(is_private) || url.host_str().is_some_and(is_loopback_name)
}

/// Returns whether the URL's host is private by its form or by what its name resolves to.
pub(crate) async fn leads_inside(url: &Url) -> bool {
    is_inside_by_form(url) || !is_public(url).await
}

/// Returns the error of a public registry that points into a private network.
pub(crate) fn private(ask: &Ask, host: &Host, url: &Url) -> Error {
    let words = format!("{} redirected to the private address of {}", host.name, shown(url));
    ask.failed(Cause::Untrusted(words)).with_hint(Hint::AllowPrivateRedirects)
}

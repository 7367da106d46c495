//! Who may speak to a server that asks for no credentials: programs of this machine, and no web page.
//!
//! A browser sends to a loopback address whatever a page of anybody's asks it to. It says for whom in `Origin`, and a
//! page whose name was made to lead to this machine says that name in `Host`.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::App;
use crate::access::Authentication;
use crate::control;
use crate::distribution::OciError;
use crate::fault::{Code, Fault};
use crate::metrics::Plane;

/// Refuses what a web page of elsewhere may have sent, where nothing else proves who asks.
pub(super) async fn same_machine(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    if matches!(app.authentication, Authentication::Signed(_)) {
        return next.run(request).await;
    }
    let own = app.ecr.endpoint.parse::<Uri>().ok();
    let own = own.as_ref().and_then(Uri::host).unwrap_or_default();
    match foreign(request.headers(), request.uri(), own) {
        None => next.run(request).await,
        Some(found) => refuse(Plane::of(request.uri().path()), &found),
    }
}

/// What in a request is not of this machine.
#[derive(Debug, PartialEq, Eq)]
enum Foreign {
    /// The page for which a browser sends it.
    Origin(String),
    /// The name under which the server was asked.
    Host(String),
}

/// Returns what in a request is neither of this machine nor of the server's own name.
fn foreign(headers: &HeaderMap, target: &Uri, own: &str) -> Option<Foreign> {
    let known =
        |host: Option<&str>| host.is_some_and(|host| is_loopback(host) || host.eq_ignore_ascii_case(own));
    for origin in headers.get_all(header::ORIGIN) {
        let text = String::from_utf8_lossy(origin.as_bytes());
        let uri = text.parse::<Uri>().ok();
        // A page of no origin says `null`, which is no URL.
        if !known(uri.as_ref().filter(|uri| uri.scheme().is_some()).and_then(Uri::host)) {
            return Some(Foreign::Origin(text.into_owned()));
        }
    }
    for host in headers.get_all(header::HOST) {
        let text = String::from_utf8_lossy(host.as_bytes());
        let authority = text.parse::<axum::http::uri::Authority>().ok();
        if !known(authority.as_ref().map(axum::http::uri::Authority::host)) {
            return Some(Foreign::Host(text.into_owned()));
        }
    }
    target.host().filter(|host| !known(Some(host))).map(|host| Foreign::Host(host.to_owned()))
}

/// Returns whether a host is a loopback address, or a name that always leads to one.
fn is_loopback(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    match bare.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => {
            let name = bare.trim_end_matches('.').to_ascii_lowercase();
            name == "localhost" || name.ends_with(".localhost")
        }
    }
}

fn refuse(plane: Plane, found: &Foreign) -> Response {
    let text = match found {
        Foreign::Origin(origin) => {
            let shown: String = origin.chars().take(120).collect();
            format!("a registry without access keys takes nothing from web pages of `{shown}`")
        }
        Foreign::Host(host) => {
            let shown: String = host.chars().take(120).collect();
            format!(
                "a registry without access keys is asked by the names of its own machine, and not as `{shown}`: start \
                 it with the URL that clients use (--url), or use its address"
            )
        }
    };
    tracing::warn!(reason = text, "refused");
    match plane {
        Plane::Control => control::refuse(&Fault::new(Code::AccessDenied, text)),
        Plane::Registry => OciError::new(StatusCode::FORBIDDEN, "DENIED", text).into_response(),
        Plane::Other => (StatusCode::FORBIDDEN, format!("{text}\n")).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn judged(fields: &[(HeaderName, &'static str)]) -> Option<Foreign> {
        let fields = fields.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
        foreign(&fields.collect(), &Uri::from_static("/v2/"), "ecr.example.org")
    }

    #[test]
    fn names_of_this_machine_and_the_servers_own_pass() {
        for host in [
            "127.0.0.1:5327",
            "127.9.9.9",
            "localhost:5327",
            "LocalHost.",
            "team.localhost:1",
            "[::1]:5327",
            "[::ffff:127.0.0.1]",
            "ecr.example.org",
            "ECR.example.org:443",
        ] {
            assert_eq!(judged(&[(header::HOST, host)]), None, "{host}");
        }
        assert_eq!(judged(&[]), None, "programs without a host are no browsers");
        for origin in ["http://127.0.0.1:8080", "https://localhost", "https://ecr.example.org"] {
            assert_eq!(judged(&[(header::HOST, "127.0.0.1"), (header::ORIGIN, origin)]), None, "{origin}");
        }
    }

    #[test]
    fn pages_of_elsewhere_and_names_that_lead_here_do_not() {
        for host in
            ["evil.example", "127.0.0.1.evil.example:5327", "localhost.evil.example", "10.0.0.1", "", "a b"]
        {
            assert!(matches!(judged(&[(header::HOST, host)]), Some(Foreign::Host(_))), "{host}");
        }
        for origin in
            ["https://evil.example", "null", "", "127.0.0.1", "http://127.0.0.1.evil.example", "file://"]
        {
            let found = judged(&[(header::HOST, "127.0.0.1"), (header::ORIGIN, origin)]);
            assert!(matches!(found, Some(Foreign::Origin(_))), "{origin}");
        }
        let twice = [(header::ORIGIN, "http://localhost"), (header::ORIGIN, "http://evil.example")];
        let mut fields = HeaderMap::new();
        for (name, value) in twice {
            fields.append(name, HeaderValue::from_static(value));
        }
        assert!(foreign(&fields, &Uri::from_static("/"), "").is_some());
        let absolute = Uri::from_static("http://evil.example/v2/");
        assert!(foreign(&HeaderMap::new(), &absolute, "").is_some());
    }
}

//! Sends requests: one try, with limits, redirects and timeouts.
//!
//! Owns the HTTP clients. Knows nothing of who we are: the `Authorization` header comes from the caller.
//!
//! HTTP/1.1 only: blobs are many parallel streams, and a connection for each of them is faster than one
//! connection shared by all, whose window and whose rate they would share.

use std::sync::Arc;
use std::time::Instant;

use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, HeaderValue};
use rustls::ClientConfig;
use rustls::crypto::ring;

use crate::client::address::{ONLY_PRIVATE, PublicOnly};
use crate::client::host::{Host, Hosts};
use crate::client::options::{ClientOptions, Proxies};
use crate::client::redirect::{self, Step};
use crate::client::request::{Ask, Body, Response, describe};
use crate::client::retry::{Attempts, Judged};
use crate::client::trust::Trust;
use crate::error::{Cause, Error, Result};

/// Sends requests to registries and to what they point at.
pub(crate) struct Wire {
    pub(crate) options: ClientOptions,
    pub(crate) hosts: Hosts,
    direct: reqwest::Client,
    /// For redirects of public registries: never connects to a private address.
    guarded: reqwest::Client,
}

impl Wire {
    /// Returns a wire with these options.
    ///
    /// # Errors
    /// [`Cause::Setup`] where a certificate or a proxy cannot be used.
    pub(crate) fn new(options: ClientOptions) -> Result<Self> {
        let tls = tls(&options)?;
        let direct = build(&options, &tls, false)?;
        let guarded = build(&options, &tls, true)?;
        Ok(Self { options, hosts: Hosts::default(), direct, guarded })
    }

    /// Sends a request until there is an answer that will not get better by waiting.
    pub(crate) async fn persist(
        &self,
        host: &Arc<Host>,
        ask: &Ask,
        authorization: Option<HeaderValue>,
    ) -> Result<Response> {
        let mut attempts = Attempts::new(&self.options.retry);
        loop {
            let outcome = self.exchange(host, ask, authorization.clone()).await;
            match attempts.judge(host, ask, outcome).await {
                Judged::Answer(response) => return Ok(response),
                Judged::Again(pause) => tokio::time::sleep(pause).await,
                Judged::Failed(error) => return Err(error),
            }
        }
    }

    /// Sends a request once and follows its redirects; any status is an answer.
    pub(crate) async fn exchange(
        &self,
        host: &Arc<Host>,
        ask: &Ask,
        authorization: Option<HeaderValue>,
    ) -> Result<Response> {
        let place = host.admit(ask.operation).await;
        let mut step =
            Step { url: ask.url.clone(), method: ask.method.clone(), authorized: true, guarded: false };
        for _ in 0..=redirect::MOST {
            let answer = self.send(host, ask, &step, authorization.as_ref()).await?;
            host.note_pull_limit(answer.headers());
            let status = answer.status().as_u16();
            let redirected = matches!(status, 301 | 302 | 303 | 307 | 308);
            if !redirected || !ask.follow || !ask.body.is_whole() {
                return Ok(Response::new(answer, host.clone(), place));
            }
            let allowed = self.options.private_redirects;
            step = redirect::follow(ask, host, &step, status, answer.headers(), allowed).await?;
        }
        Err(ask.failed(Cause::Untrusted(format!("{} redirects without end", host.name))))
    }

    async fn send(
        &self,
        host: &Host,
        ask: &Ask,
        step: &Step,
        authorization: Option<&HeaderValue>,
    ) -> Result<reqwest::Response> {
        let client = if step.guarded { &self.guarded } else { &self.direct };
        let mut request = client.request(step.method.clone(), step.url.clone());
        for (name, value) in &ask.headers {
            request = request.header(name, value);
        }
        if let Some(value) = authorization.filter(|_| step.authorized) {
            request = request.header(AUTHORIZATION, value);
        }
        match &ask.body {
            Body::Empty if matches!(step.method.as_str(), "POST" | "PUT" | "PATCH") => {
                request = request.header(CONTENT_LENGTH, 0);
            }
            Body::Once(_, length) => request = request.header(CONTENT_LENGTH, *length),
            _ => {}
        }
        if let Some(body) = ask.body.take() {
            request = request.body(body);
        }
        let name = || match step.url.host_str() {
            Some(other) if host.base.host_str() != Some(other) => other.to_owned(),
            _ => host.name.to_string(),
        };
        let start = Instant::now();
        // Bytes may take as long as they move; whoever streams them watches over that.
        let answer = match ask.body {
            Body::Once(..) => Ok(request.send().await),
            _ => tokio::time::timeout(ask.timeout, request.send()).await,
        };
        // Queries may be signed, so none is told.
        tracing::info!(
            method = %step.method,
            host = name(),
            path = step.url.path(),
            status = answer.as_ref().ok().and_then(|answer| answer.as_ref().ok()).map(|it| it.status().as_u16()),
            ms = start.elapsed().as_millis(),
            "asked"
        );
        match answer {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => {
                let words = describe(error);
                if step.guarded && words.contains(ONLY_PRIVATE) {
                    return Err(redirect::private(ask, host, &step.url));
                }
                Err(ask.failed(Cause::Connection { host: name(), words }))
            }
            Err(_) => Err(ask.failed(Cause::Stalled { host: name(), idle: ask.timeout })),
        }
    }
}

fn setup(tried: &str, words: String) -> Error {
    Error::new(tried, Cause::Setup(words))
}

/// Returns the TLS configuration: ring, the system's certificates, and those given.
fn tls(options: &ClientOptions) -> Result<ClientConfig> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;
    let tried = "set up TLS";
    let provider = Arc::new(ring::default_provider());
    let mut extra = Vec::new();
    for pem in &options.root_certificates {
        for certificate in CertificateDer::pem_slice_iter(pem) {
            extra.push(certificate.map_err(|error| setup("read a root certificate", error.to_string()))?);
        }
    }
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| setup(tried, error.to_string()))?;
    let verifier = Arc::new(Trust::new(provider, extra));
    Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

fn build(options: &ClientOptions, tls: &ClientConfig, guarded: bool) -> Result<reqwest::Client> {
    let tried = "set up the HTTP client";
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls.clone())
        .http1_only()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .user_agent(options.user_agent.as_str())
        .connect_timeout(options.connect_timeout);
    // Behind a proxy it is the proxy that resolves names, and its own may well be private.
    if guarded && options.proxies == Proxies::default() {
        builder = builder.dns_resolver(PublicOnly);
    }
    let except = options.proxies.except.as_deref().and_then(reqwest::NoProxy::from_string);
    let wrong = |error: reqwest::Error| setup("use a proxy", describe(error));
    if let Some(url) = &options.proxies.https {
        builder = builder.proxy(reqwest::Proxy::https(url).map_err(wrong)?.no_proxy(except.clone()));
    }
    if let Some(url) = &options.proxies.http {
        builder = builder.proxy(reqwest::Proxy::http(url).map_err(wrong)?.no_proxy(except));
    }
    builder.build().map_err(|error| setup(tried, describe(error)))
}

//! The way to the services: HTTP with TLS by rustls and ring, through a proxy where the environment names one.

use aws_sdk_ecr::config::SharedHttpClient;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, Connector};

use super::environment::{Environment, NO_PROXY, PROXY};
use crate::error::{AwsError, ErrorKind, Hint};

/// Returns the client of all services; a plain one reads no certificates, and can speak plain HTTP only.
///
/// A proxy is used for HTTPS alone: the sources of credentials on instances and in containers, and a registry on
/// this machine, speak plain HTTP and must be asked directly.
///
/// # Errors
/// [`ErrorKind::Configuration`] when the proxy's address is none.
pub(super) fn client(environment: &Environment, plain: bool) -> Result<SharedHttpClient, AwsError> {
    let proxy = if plain { ProxyConfig::disabled() } else { proxy(environment)? };
    Ok(Builder::new().build_with_connector_fn(move |settings, components| {
        let mut builder = Connector::builder().proxy_config(proxy.clone());
        builder.set_connector_settings(settings.cloned());
        builder.set_sleep_impl(components.and_then(|components| components.sleep_impl()));
        if plain {
            return builder.build_http();
        }
        builder.tls_provider(Provider::Rustls(CryptoMode::Ring)).build()
    }))
}

/// Refuses the address of a service that is none.
///
/// # Errors
/// [`ErrorKind::Configuration`].
pub(super) fn check_endpoint(url: &str) -> Result<(), AwsError> {
    let host = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let host = host.map(|rest| rest.split('/').next().unwrap_or_default());
    if host.is_some_and(|host| !host.is_empty() && !host.contains(['@', ' '])) {
        return Ok(());
    }
    Err(AwsError::of_settings(
        ErrorKind::Configuration,
        "use the address that was given".to_owned(),
        None,
        "it is not of the form `http://host:port` or `https://host`".to_owned(),
        Some(Hint::CorrectSetting { name: "--endpoint-url".to_owned() }),
    ))
}

fn proxy(environment: &Environment) -> Result<ProxyConfig, AwsError> {
    let Some((name, address)) = environment.first(&PROXY) else { return Ok(ProxyConfig::disabled()) };
    let address = if address.contains("://") { address } else { format!("http://{address}") };
    // The address may hold a password, and the error may hold the address.
    let proxy = ProxyConfig::https(address.as_str()).map_err(|_| {
        AwsError::of_settings(
            ErrorKind::Configuration,
            "use the proxy".to_owned(),
            None,
            format!("{name} is not of the form `http://host:port`"),
            Some(Hint::CorrectSetting { name: name.to_owned() }),
        )
    })?;
    Ok(match environment.first(&NO_PROXY) {
        Some((_, hosts)) => proxy.no_proxy(hosts),
        None => proxy,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_proxy_is_an_error_without_its_password() {
        let environment = Environment::of(&[("HTTPS_PROXY", "socks5://me:hunter2@proxy:1080")]);
        let error = client(&environment, false).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(error.to_string().contains("HTTPS_PROXY"), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
        assert!(client(&environment, true).is_ok(), "plain HTTP needs no proxy");
    }

    #[test]
    fn an_address_has_a_scheme_and_a_host_and_no_password() {
        for url in ["http://127.0.0.1:5000", "https://api.ecr.us-east-1.amazonaws.com/", "http://[::1]:80/x"]
        {
            assert_eq!(check_endpoint(url), Ok(()), "{url}");
        }
        for url in ["", "127.0.0.1:5000", "ftp://x", "http://", "https:///x", "http://me:hunter2@x"] {
            let error = check_endpoint(url).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration, "{url}");
            assert!(!error.to_string().contains("hunter2"));
        }
    }

    #[test]
    fn a_proxy_without_scheme_is_taken_as_http() {
        for environment in [
            Environment::of(&[("https_proxy", "proxy:3128")]),
            Environment::of(&[("ALL_PROXY", "http://me:pw@proxy:3128"), ("NO_PROXY", "localhost")]),
        ] {
            assert!(proxy(&environment).is_ok_and(|proxy| !proxy.is_disabled()));
        }
        assert!(proxy(&Environment::of(&[])).is_ok_and(|proxy| proxy.is_disabled()));
    }
}

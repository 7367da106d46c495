//! Where the registry of a name answers.

use image::RegistryHost;
use reqwest::Url;

use crate::client::address::is_loopback_name;
use crate::client::options::{ClientOptions, PlainHttp};
use crate::error::{Cause, Error, Result};

/// The host that answers for Docker Hub.
const DOCKER_HUB: &str = "registry-1.docker.io";

/// Returns the base URL of a registry, without a path.
///
/// # Errors
/// [`Cause::Setup`] where the options name an endpoint that is no URL.
pub(crate) fn base_url(host: &RegistryHost, options: &ClientOptions) -> Result<Url> {
    let text = match options.endpoints.get(host) {
        Some(endpoint) => endpoint.clone(),
        None => {
            let plain = match &options.plain_http {
                PlainHttp::Never => false,
                PlainHttp::Loopback => is_loopback_name(host.as_str()),
                PlainHttp::Hosts(hosts) => hosts.contains(host) || is_loopback_name(host.as_str()),
            };
            let name = if host.is_docker_hub() { DOCKER_HUB } else { host.as_str() };
            format!("{}://{name}", if plain { "http" } else { "https" })
        }
    };
    let wrong = |words: String| Error::new(format!("use `{text}` for registry {host}"), Cause::Setup(words));
    let url = Url::parse(&text).map_err(|error| wrong(error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(wrong("it is not a URL of HTTP or HTTPS".to_owned()));
    }
    Ok(url)
}

/// Returns the URL with this path and query below a base URL.
pub(crate) fn below(base: &Url, path: &str, query: Option<&str>) -> Url {
    let mut url = base.clone();
    let prefix = base.path().trim_end_matches('/').to_owned();
    url.set_path(&format!("{prefix}{path}"));
    url.set_query(query);
    url
}

/// Returns whether two URLs are of one origin: scheme, host and port.
pub(crate) fn same_origin(a: &Url, b: &Url) -> bool {
    a.scheme() == b.scheme() && a.host() == b.host() && a.port_or_known_default() == b.port_or_known_default()
}

/// Returns a URL as it may be shown: without user, query and fragment, which may hold signatures.
pub(crate) fn shown(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{host}{port}{}", url.scheme(), url.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(host: &str, options: &ClientOptions) -> String {
        base_url(&host.parse().unwrap(), options).unwrap().to_string()
    }

    #[test]
    fn names_lead_to_urls() {
        let mut options = ClientOptions::default();
        assert_eq!(url("docker.io", &options), "https://registry-1.docker.io/");
        assert_eq!(url("quay.io", &options), "https://quay.io/");
        assert_eq!(url("localhost:5000", &options), "http://localhost:5000/");
        assert_eq!(url("127.0.0.1:5000", &options), "http://127.0.0.1:5000/");
        options.endpoints.insert("quay.io".parse().unwrap(), "http://127.0.0.1:9/v".to_owned());
        let base = base_url(&"quay.io".parse().unwrap(), &options).unwrap();
        assert_eq!(below(&base, "/v2/a/b", Some("x=1")).as_str(), "http://127.0.0.1:9/v/v2/a/b?x=1");
        options.endpoints.insert("quay.io".parse().unwrap(), "file:///etc".to_owned());
        assert!(base_url(&"quay.io".parse().unwrap(), &options).is_err());
    }

    #[test]
    fn shown_urls_hold_no_signature() {
        let url = Url::parse("https://me:pw@s3.example.com/blob?X-Amz-Signature=abc#x").unwrap();
        assert_eq!(shown(&url), "https://s3.example.com/blob");
    }
}

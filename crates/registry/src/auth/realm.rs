//! Whether a token service may see the credentials of the registry that names it.

use reqwest::Url;

/// Returns whether `realm` is a host of the same owner as `registry`, as far as names tell.
///
/// That is the same host on any port, a host below the registry's own domain (`auth.docker.io` for
/// `registry-1.docker.io`), or that domain itself (`gitlab.com` for `registry.gitlab.com`). Addresses have no
/// domain, and domains under which everybody may register (`co.uk`) are nobody's.
pub(crate) fn is_related(registry: &str, realm: &str) -> bool {
    let (registry, realm) = (registry.to_ascii_lowercase(), realm.to_ascii_lowercase());
    if registry == realm {
        return true;
    }
    let address = |host: &str| host.starts_with('[') || host.parse::<std::net::IpAddr>().is_ok();
    if address(&registry) || address(&realm) {
        return false;
    }
    let below = |host: &str, domain: &str| {
        host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    if below(&realm, &registry) {
        return true;
    }
    let Some((_, parent)) = registry.split_once('.') else { return false };
    is_owned(parent) && below(&realm, parent)
}

/// Domains below which the names of different owners stand side by side.
const SHARED: [&str; 8] = [
    "amazonaws.com",
    "amazonaws.com.cn",
    "azurecr.io",
    "azurewebsites.net",
    "cloudfront.net",
    "github.io",
    "pkg.dev",
    "run.app",
];

fn is_owned(domain: &str) -> bool {
    let labels: Vec<&str> = domain.split('.').collect();
    let shared = SHARED
        .iter()
        .any(|shared| domain.strip_suffix(shared).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')));
    match labels.as_slice() {
        [] | [_] => false,
        // `co.uk`, `com.au`: a short second part under a country.
        [second, top] if top.len() == 2 && second.len() <= 3 => false,
        _ => !shared,
    }
}

/// Returns the host of a URL without its port, brackets kept.
pub(crate) fn host_of(url: &Url) -> &str {
    url.host_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn realms_of_the_registries_are_related() {
        let pairs = [
            ("registry-1.docker.io", "auth.docker.io"),
            ("registry.gitlab.com", "gitlab.com"),
            ("quay.io", "quay.io"),
            ("ghcr.io", "auth.ghcr.io"),
            ("my.azurecr.io", "my.azurecr.io"),
            ("registry.example.co.uk", "auth.example.co.uk"),
            ("127.0.0.1", "127.0.0.1"),
        ];
        for (registry, realm) in pairs {
            assert!(is_related(registry, realm), "{registry} {realm}");
        }
    }

    #[test]
    fn strangers_are_not() {
        let pairs = [
            ("quay.io", "evil.io"),
            ("quay.io", "notquay.io"),
            ("example.co.uk", "evil.co.uk"),
            ("my.azurecr.io", "other.azurecr.io"),
            ("1.dkr.ecr.us-east-1.amazonaws.com", "bucket.us-east-1.amazonaws.com"),
            ("127.0.0.1", "127.0.0.2"),
            ("10.0.0.1", "0.0.1"),
            ("localhost", "evil.example"),
            ("registry.example.com", "example.com.evil.net"),
        ];
        for (registry, realm) in pairs {
            assert!(!is_related(registry, realm), "{registry} {realm}");
        }
    }
}

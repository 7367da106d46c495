//! Public and private addresses, and name resolution that refuses the private ones.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Returns whether an address is of this machine or of a private network.
pub(crate) fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_private_v4(v4),
        IpAddr::V6(v6) => match v6.to_ipv4() {
            Some(v4) if !v6.is_loopback() && !v6.is_unspecified() => is_private_v4(v4),
            _ => {
                v6.is_loopback() || v6.is_unspecified() || v6.is_unique_local() || v6.is_unicast_link_local()
            }
        },
    }
}

fn is_private_v4(v4: Ipv4Addr) -> bool {
    let [a, b, ..] = v4.octets();
    v4.is_loopback()
        || v4.is_private()
        || v4.is_link_local()
        || v4.is_broadcast()
        || a == 0
        // Shared address space of carriers, RFC 6598.
        || (a == 100 && (64..128).contains(&b))
}

/// Returns the address that a URL's host is, if it is one.
pub(crate) fn literal(url: &Url) -> Option<IpAddr> {
    url.host_str()?.trim_matches(['[', ']']).parse().ok()
}

/// Returns whether a name with or without port is this machine by its form alone.
pub(crate) fn is_loopback_name(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Returns whether the host of a URL is reached over the public network.
///
/// A name that does not resolve counts as public: it is then the redirect that is judged strictly.
pub(crate) async fn is_public(url: &Url) -> bool {
    if let Some(address) = literal(url) {
        return !is_private(address);
    }
    let Some(host) = url.host_str() else { return true };
    if is_loopback_name(host) {
        return false;
    }
    let port = url.port_or_known_default().unwrap_or(443);
    match tokio::net::lookup_host((host, port)).await {
        Ok(mut found) => !found.any(|address| is_private(address.ip())),
        Err(_) => true,
    }
}

/// Resolves names to public addresses only, so that a redirect cannot lead into a private network.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PublicOnly;

/// What [`PublicOnly`] says of a name that leads nowhere public.
pub(crate) const ONLY_PRIVATE: &str = "the name resolves to private addresses only";

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let public: Vec<SocketAddr> =
                found.iter().copied().filter(|address| !is_private(address.ip())).collect();
            if public.is_empty() && !found.is_empty() {
                return Err(ONLY_PRIVATE.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_known() {
        for text in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
        ] {
            assert!(is_private(text.parse().unwrap()), "{text}");
        }
        for text in ["1.1.1.1", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8"] {
            assert!(!is_private(text.parse().unwrap()), "{text}");
        }
    }

    #[tokio::test]
    async fn the_resolver_refuses_this_machine() {
        let Err(error) = PublicOnly.resolve("localhost".parse().unwrap()).await else {
            panic!("localhost was resolved");
        };
        assert_eq!(error.to_string(), ONLY_PRIVATE);
    }

    #[test]
    fn loopback_names_are_told_by_form() {
        for host in ["localhost", "localhost:5000", "127.0.0.1:1", "[::1]:5000", "a.localhost"] {
            assert!(is_loopback_name(host), "{host}");
        }
        for host in ["localhost.evil.com", "10.0.0.1:5000", "[fe80::1]", "quay.io"] {
            assert!(!is_loopback_name(host), "{host}");
        }
    }
}

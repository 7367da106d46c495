//! Whether the registries that images come from can be reached.

use std::collections::BTreeSet;

use futures_util::future;
use image::{RegistryHost, Upstream};
use registry::{ClientOptions, Reached};

use super::open;
use super::report::{Aspect, Check, words};
use crate::error::OperationError;
use crate::finding::Code;

/// What to do about a host that cannot be reached.
pub(super) const SEE_NETWORK: &str =
    "see that this machine reaches it, through HTTPS_PROXY where there is a proxy";

/// What hangs on it.
const HANGS: &str = "ECR pulls through by itself, while `clone` and `check` ask it from here";

/// Returns the upstream registries that have one host, whoever asks.
pub(super) fn known() -> BTreeSet<RegistryHost> {
    // Names in capitals stand for many hosts.
    let urls = Upstream::ALL.iter().map(|upstream| upstream.url);
    let of_one = urls.filter(|url| !url.contains(|c: char| c.is_ascii_uppercase()));
    of_one.filter_map(|url| url.parse().ok()).collect()
}

/// Asks every host once, all at the same time.
pub(super) async fn look(
    options: &ClientOptions,
    hosts: impl IntoIterator<Item = &RegistryHost>,
) -> Vec<Check> {
    let client = &open(options);
    let ask = async |host: &RegistryHost| {
        let aspect = Aspect::Upstream;
        let client = match client {
            Ok(client) => client,
            Err(error) => return Check::cannot_tell(aspect, host.as_str(), error),
        };
        match client.reach(host).await {
            Ok(Reached::Registry) => Check::ok(aspect, host.as_str(), "it answers"),
            Ok(Reached::Other(status)) => other(aspect, host, status),
            Err(error) => Check::warning(
                aspect,
                host.as_str(),
                Code::Unreachable,
                words(&OperationError::from(&error)),
                format!("{SEE_NETWORK}: {HANGS}"),
            ),
        }
    };
    future::join_all(hosts.into_iter().map(ask)).await
}

/// Returns the line for a host that answers otherwise than a registry that is well.
pub(super) fn other(aspect: Aspect, host: &RegistryHost, status: u16) -> Check {
    let (said, next) = match status {
        429 => ("it asks for fewer requests", "wait some minutes, or log in to it"),
        500.. => ("it is out of sorts, or a proxy on the way is", "wait some minutes, and run it again"),
        _ => (
            "no registry answers so: a firewall or a proxy may stand on the way",
            "see what answers there, and name the proxy to go through in HTTPS_PROXY",
        ),
    };
    Check::warning(aspect, host.as_str(), Code::Unreachable, format!("HTTP {status}: {said}"), next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_of_hosts_are_none_that_is_known() {
        let known = known();
        let hosts: Vec<&str> = known.iter().map(RegistryHost::as_str).collect();
        for host in
            ["quay.io", "public.ecr.aws", "ghcr.io", "registry.k8s.io", "registry.gitlab.com", "cgr.dev"]
        {
            assert!(hosts.contains(&host), "{host} is not in {hosts:?}");
        }
        assert_eq!(known.len(), 7, "{hosts:?}");
        assert!(known.contains(&RegistryHost::docker_hub()));
    }
}

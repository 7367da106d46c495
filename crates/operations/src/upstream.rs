//! The names people give to upstream registries.

use image::{RegistryHost, Upstream, UpstreamKind, UpstreamRegistry};

use crate::error::{OperationError, Result};

/// Other names of registries than their hosts, their names at ECR and their usual prefixes.
const NAMES: [(&str, UpstreamKind); 11] = [
    ("docker", UpstreamKind::DockerHub),
    ("dockerhub", UpstreamKind::DockerHub),
    ("hub.docker.com", UpstreamKind::DockerHub),
    ("registry.docker.io", UpstreamKind::DockerHub),
    ("public-ecr", UpstreamKind::EcrPublic),
    ("gallery.ecr.aws", UpstreamKind::EcrPublic),
    ("github", UpstreamKind::GitHub),
    ("kubernetes", UpstreamKind::Kubernetes),
    ("gitlab.com", UpstreamKind::GitLab),
    ("chainguard.dev", UpstreamKind::Chainguard),
    ("images.chainguard.dev", UpstreamKind::Chainguard),
];

/// Returns the upstream registry that people mean: by host, URL, ECR's name, usual prefix or title.
///
/// # Errors
/// When ECR has no pull through cache rules for it, or the text names more than a registry.
pub fn read_upstream(text: &str) -> Result<UpstreamRegistry> {
    let tried = || OperationError::new(format!("cannot use `{text}` as an upstream registry"));
    let plain = text.trim().to_ascii_lowercase();
    let plain = ["https://", "http://", "docker://"]
        .iter()
        .find_map(|scheme| plain.strip_prefix(scheme))
        .unwrap_or(&plain)
        .trim_end_matches('/');
    let plain = plain.strip_suffix("/v2").or(plain.strip_suffix("/v1")).unwrap_or(plain);
    if let Some((host, path)) = plain.split_once('/') {
        return Err(tried().refused("it names a repository, not a registry alone").hint(format!(
            "name the registry as `{host}`, and the part of it with `--upstream-prefix {path}`"
        )));
    }
    let host = match named(plain) {
        Some(kind) => {
            let upstream = Upstream::of_kind(kind);
            let Some(host) = upstream.hosts.first().filter(|host| host.chars().all(|c| !c.is_uppercase()))
            else {
                return Err(tried()
                    .refused(format!("there are many registries of {}", upstream.title))
                    .hint(format!("give its host: `{}`", upstream.url)));
            };
            *host
        }
        None => plain,
    };
    let host: RegistryHost = host.parse().map_err(|error| tried().refused(error))?;
    UpstreamRegistry::of(&host).ok_or_else(|| {
        let known: Vec<&str> =
            Upstream::ALL.iter().filter_map(|upstream| upstream.hosts.first().copied()).collect();
        tried()
            .refused(format!("ECR has no pull through cache rules for {host}, only for {}", known.join(", ")))
            .hint("copy its images instead: `omics-ecr clone`")
    })
}

fn named(text: &str) -> Option<UpstreamKind> {
    let by_table = Upstream::ALL.iter().find(|upstream| {
        upstream.api_value == text
            || upstream.default_prefix == text
            || upstream.title.to_ascii_lowercase() == text
    });
    let by_name = || NAMES.iter().find(|(name, _)| *name == text).map(|(_, kind)| *kind);
    by_table.map(|upstream| upstream.kind).or_else(by_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_are_known_by_every_name_people_type() {
        for (text, url) in [
            ("docker.io", "registry-1.docker.io"),
            ("registry-1.docker.io", "registry-1.docker.io"),
            ("index.docker.io", "registry-1.docker.io"),
            ("https://index.docker.io/v1/", "registry-1.docker.io"),
            ("docker-hub", "registry-1.docker.io"),
            ("DockerHub", "registry-1.docker.io"),
            ("Docker Hub", "registry-1.docker.io"),
            ("https://quay.io", "quay.io"),
            ("quay.io/", "quay.io"),
            ("quay", "quay.io"),
            ("public.ecr.aws", "public.ecr.aws"),
            ("ecr-public", "public.ecr.aws"),
            ("ghcr.io", "ghcr.io"),
            ("github", "ghcr.io"),
            ("registry.k8s.io", "registry.k8s.io"),
            ("k8s", "registry.k8s.io"),
            ("gitlab", "registry.gitlab.com"),
            ("lab1.azurecr.io", "lab1.azurecr.io"),
            ("cgr.dev", "cgr.dev"),
            ("chainguard", "cgr.dev"),
            ("123456789012.dkr.ecr.eu-west-1.amazonaws.com", "123456789012.dkr.ecr.eu-west-1.amazonaws.com"),
        ] {
            assert_eq!(read_upstream(text).unwrap().url(), url, "{text}");
        }
    }

    #[test]
    fn what_is_no_upstream_registry_is_refused_with_what_to_do() {
        let refused = |text: &str| read_upstream(text).unwrap_err().hint.unwrap_or_default();
        assert!(refused("nvcr.io").contains("clone"));
        assert!(refused("quay.io/biocontainers").contains("--upstream-prefix biocontainers"));
        assert!(refused("azure").contains("NAME.azurecr.io"));
        assert!(read_upstream("").is_err() && read_upstream("no host").is_err());
    }
}

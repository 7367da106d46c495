//! The table of upstream registries, and where rules put upstream images.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use image::{
    CopiedRegistry, Credential, EcrRepositoryPrefix, ImageReference, PullThroughCacheRule,
    PullThroughCacheRules, RegistryHost, RepositoryName, UpstreamKind, UpstreamRegistry,
};

fn rule(prefix: &str, host: &str, upstream_prefix: &str) -> PullThroughCacheRule {
    PullThroughCacheRule {
        ecr_repository_prefix: prefix.parse().unwrap(),
        upstream: host.parse().unwrap(),
        upstream_repository_prefix: upstream_prefix.parse().unwrap(),
    }
}

fn mapped(rules: &[PullThroughCacheRule], image: &str) -> Option<String> {
    let rules = PullThroughCacheRules::new(rules.iter().cloned());
    let image: ImageReference = image.parse().unwrap();
    rules.map(&image).map(|mapped| format!("{}{}", mapped.repository, image.suffix()))
}

fn host(text: &str) -> RegistryHost {
    text.parse().unwrap()
}

#[test]
fn the_table_knows_each_upstream_registry() {
    for (written, kind, url, prefix, credential, healthomics) in [
        (
            "docker.io",
            UpstreamKind::DockerHub,
            "registry-1.docker.io",
            "docker-hub",
            Credential::Required,
            true,
        ),
        (
            "index.docker.io",
            UpstreamKind::DockerHub,
            "registry-1.docker.io",
            "docker-hub",
            Credential::Required,
            true,
        ),
        ("quay.io", UpstreamKind::Quay, "quay.io", "quay", Credential::Optional, true),
        ("public.ecr.aws", UpstreamKind::EcrPublic, "public.ecr.aws", "ecr-public", Credential::None, true),
        ("ghcr.io", UpstreamKind::GitHub, "ghcr.io", "ghcr", Credential::Required, true),
        ("registry.k8s.io", UpstreamKind::Kubernetes, "registry.k8s.io", "k8s", Credential::None, true),
        (
            "registry.gitlab.com",
            UpstreamKind::GitLab,
            "registry.gitlab.com",
            "gitlab",
            Credential::Required,
            true,
        ),
        ("acme.azurecr.io", UpstreamKind::Azure, "acme.azurecr.io", "azure-acme", Credential::Required, true),
        ("cgr.dev", UpstreamKind::Chainguard, "cgr.dev", "chainguard", Credential::Required, false),
        (
            "123456789012.dkr.ecr.us-east-1.amazonaws.com",
            UpstreamKind::EcrPrivate,
            "123456789012.dkr.ecr.us-east-1.amazonaws.com",
            "ecr-123456789012",
            Credential::Role,
            false,
        ),
    ] {
        let registry = UpstreamRegistry::of(&host(written)).unwrap_or_else(|| panic!("{written}"));
        assert_eq!(registry.kind(), kind, "{written}");
        assert_eq!(registry.url(), url, "{written}");
        assert_eq!(registry.default_prefix().as_str(), prefix, "{written}");
        assert_eq!(registry.upstream().credential, credential, "{written}");
        assert_eq!(registry.upstream().healthomics, healthomics, "{written}");
    }
    for other in
        ["gcr.io", "mcr.microsoft.com", "azurecr.io", "a.b.azurecr.io", "gitlab.com", "localhost:5000"]
    {
        assert_eq!(UpstreamRegistry::of(&host(other)), None, "{other}");
    }
}

#[test]
fn a_long_azure_name_still_makes_a_legal_prefix() {
    let name = "a".repeat(50);
    let prefix = UpstreamRegistry::of(&host(&format!("{name}.azurecr.io"))).unwrap().default_prefix();
    assert_eq!(prefix.as_str().parse::<EcrRepositoryPrefix>().unwrap(), prefix);
}

#[test]
fn healthomics_copies_from_these_very_hosts() {
    for (written, prefix) in [
        ("community.wave.seqera.io", "wave-community"),
        ("wave.seqera.io", "wave"),
        ("nvcr.io", "nvcr"),
        ("gcr.io", "gcr"),
        ("us-central1-docker.pkg.dev", "artifact-registry-us-central1"),
        ("us-docker.pkg.dev", "artifact-registry-us"),
    ] {
        let copied = CopiedRegistry::of(&host(written)).map(|copied| copied.default_prefix);
        assert_eq!(copied.as_deref(), Some(prefix), "{written}");
    }
    for other in ["us.gcr.io", "quay.io", "-docker.pkg.dev.example", "pkg.dev", "cr.seqera.io"] {
        let Ok(other) = other.parse::<RegistryHost>() else { continue };
        assert_eq!(CopiedRegistry::of(&other), None, "{other}");
    }
}

#[test]
fn the_default_rules_map_as_the_table_of_uris_says() {
    let rules = [
        rule("quay", "quay.io", "ROOT"),
        rule("docker-hub", "registry-1.docker.io", "ROOT"),
        rule("ecr-public", "public.ecr.aws", "ROOT"),
    ];
    for (image, expected) in [
        ("quay.io/biocontainers/bwa:0.7.17", Some("quay/biocontainers/bwa:0.7.17")),
        ("docker.io/library/python:3.9", Some("docker-hub/library/python:3.9")),
        ("python:3.9", Some("docker-hub/library/python:3.9")),
        ("public.ecr.aws/lts/ubuntu:22.04", Some("ecr-public/lts/ubuntu:22.04")),
        ("ghcr.io/a/b:1", None),
    ] {
        assert_eq!(mapped(&rules, image).as_deref(), expected, "{image}");
    }
}

#[test]
fn upstream_prefixes_bound_what_a_rule_reaches() {
    let rules = [rule("bio", "quay.io", "biocontainers"), rule("quay", "quay.io", "ROOT")];
    assert_eq!(mapped(&rules, "quay.io/biocontainers/bwa:1").as_deref(), Some("bio/bwa:1"));
    assert_eq!(
        mapped(&rules, "quay.io/biocontainers-x/bwa:1").as_deref(),
        Some("quay/biocontainers-x/bwa:1")
    );
    assert_eq!(mapped(&rules[..1], "quay.io/other/bwa:1"), None);
    assert_eq!(mapped(&rules[..1], "quay.io/biocontainers:1"), None);
    let official = [rule("official", "docker.io", "library")];
    assert_eq!(mapped(&official, "ubuntu:22.04").as_deref(), Some("official/ubuntu:22.04"));
}

#[test]
fn the_longest_prefix_governs_a_repository() {
    let rules = PullThroughCacheRules::new([
        rule("ROOT", "registry.k8s.io", "ROOT"),
        rule("mirror", "quay.io", "ROOT"),
        rule("mirror/hub", "docker.io", "ROOT"),
    ]);
    let governing = |name: &str| {
        let name: RepositoryName = name.parse().unwrap();
        rules.governing(&name).map(|rule| {
            (rule.upstream.to_string(), rule.upstream_repository(&name).map(|upstream| upstream.to_string()))
        })
    };
    let expect = |host: &str, name: &str| Some((host.to_owned(), Some(name.to_owned())));
    assert_eq!(governing("mirror/hub/library/ubuntu"), expect("docker.io", "library/ubuntu"));
    assert_eq!(governing("mirror/hubble/x"), expect("quay.io", "hubble/x"));
    assert_eq!(governing("coredns/coredns"), expect("registry.k8s.io", "coredns/coredns"));
    assert_eq!(governing("mirror"), expect("registry.k8s.io", "mirror"));
}

#[test]
fn a_name_that_another_rule_takes_is_passed_over() {
    let rules = [rule("mirror", "quay.io", "ROOT"), rule("mirror/hub", "docker.io", "ROOT")];
    // `mirror/hub/x` would be pulled from Docker Hub, so Quay's `hub/x` is out of reach.
    assert_eq!(mapped(&rules, "quay.io/hub/x:1"), None);
    assert_eq!(mapped(&rules, "quay.io/hubble/x:1").as_deref(), Some("mirror/hubble/x:1"));
}

#[test]
fn root_takes_names_as_they_are() {
    let rules = [rule("ROOT", "quay.io", "ROOT")];
    assert_eq!(mapped(&rules, "quay.io/biocontainers/bwa:1").as_deref(), Some("biocontainers/bwa:1"));
}

#[test]
fn prefixes_are_checked() {
    for good in ["quay", "quay.io", "a1", "docker-hub", "team/quay", "quay/", "ROOT", "a__b"] {
        assert!(good.parse::<EcrRepositoryPrefix>().is_ok(), "{good}");
    }
    assert_eq!("quay/".parse::<EcrRepositoryPrefix>().unwrap().as_str(), "quay");
    for bad in ["", "a", "Quay", "Root", "-quay", "quay//x", "/quay", "quay..io", "q uay", &"a".repeat(31)] {
        assert!(bad.parse::<EcrRepositoryPrefix>().is_err(), "{bad}");
    }
}

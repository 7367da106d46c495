//! The registries that images come from: what ECR can pull through, and what HealthOmics copies by itself.
//!
//! The tables follow Amazon ECR's pull through cache pages and API model (`UpstreamRegistry`), and the
//! HealthOmics pages on third-party containers.

use crate::ecr::EcrHost;
use crate::host::{DOCKER_HUB_HOSTS, RegistryHost};
use crate::rule::EcrRepositoryPrefix;

/// A kind of registry that a pull through cache rule can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UpstreamKind {
    /// Docker Hub.
    DockerHub,
    /// Quay.
    Quay,
    /// Amazon ECR Public.
    EcrPublic,
    /// GitHub Container Registry.
    GitHub,
    /// The Kubernetes registry.
    Kubernetes,
    /// GitLab's hosted registry.
    GitLab,
    /// An Azure Container Registry: `NAME.azurecr.io`.
    Azure,
    /// Chainguard's registry.
    Chainguard,
    /// A private Amazon ECR of another account or Region.
    EcrPrivate,
}

/// Whether a rule for an upstream registry needs a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Credential {
    /// Public images need none, and none can be given.
    None,
    /// Public images need none; private ones need a secret.
    Optional,
    /// ECR refuses a rule without a secret, even for public images.
    Required,
    /// No secret; a role where the registry belongs to another account.
    Role,
}

/// What is known of a kind of upstream registry.
#[derive(Debug)]
pub struct Upstream {
    /// The kind.
    pub kind: UpstreamKind,
    /// The name people know it by.
    pub title: &'static str,
    /// The hosts people write; of a family of hosts a pattern with `NAME`, `ACCOUNT` and `REGION`.
    pub hosts: &'static [&'static str],
    /// ECR's `upstreamRegistryUrl`; of a family the same pattern.
    pub url: &'static str,
    /// ECR's `upstreamRegistry`.
    pub api_value: &'static str,
    /// The ECR repository prefix used when none is asked for; a family puts the name behind it.
    pub default_prefix: &'static str,
    /// Whether a rule needs a credential.
    pub credential: Credential,
    /// Whether HealthOmics takes images through a rule for it.
    pub healthomics: bool,
}

impl Upstream {
    /// Every kind of upstream registry that ECR knows.
    pub const ALL: [Self; 9] = [
        Self {
            kind: UpstreamKind::DockerHub,
            title: "Docker Hub",
            hosts: &DOCKER_HUB_HOSTS,
            url: "registry-1.docker.io",
            api_value: "docker-hub",
            default_prefix: "docker-hub",
            credential: Credential::Required,
            healthomics: true,
        },
        Self {
            kind: UpstreamKind::Quay,
            title: "Quay",
            hosts: &["quay.io"],
            url: "quay.io",
            api_value: "quay",
            default_prefix: "quay",
            credential: Credential::Optional,
            healthomics: true,
        },
        Self {
            kind: UpstreamKind::EcrPublic,
            title: "Amazon ECR Public",
            hosts: &["public.ecr.aws"],
            url: "public.ecr.aws",
            api_value: "ecr-public",
            default_prefix: "ecr-public",
            credential: Credential::None,
            healthomics: true,
        },
        Self {
            kind: UpstreamKind::GitHub,
            title: "GitHub Container Registry",
            hosts: &["ghcr.io"],
            url: "ghcr.io",
            api_value: "github-container-registry",
            default_prefix: "ghcr",
            credential: Credential::Required,
            healthomics: true,
        },
        Self {
            kind: UpstreamKind::Kubernetes,
            title: "Kubernetes",
            hosts: &["registry.k8s.io"],
            url: "registry.k8s.io",
            api_value: "k8s",
            default_prefix: "k8s",
            credential: Credential::None,
            healthomics: true,
        },
        Self {
            kind: UpstreamKind::GitLab,
            title: "GitLab Container Registry",
            hosts: &["registry.gitlab.com"],
            url: "registry.gitlab.com",
            api_value: "gitlab-container-registry",
            default_prefix: "gitlab",
            credential: Credential::Required,
            healthomics: true,
        },
        Self {
            kind: UpstreamKind::Azure,
            title: "Azure Container Registry",
            hosts: &["NAME.azurecr.io"],
            url: "NAME.azurecr.io",
            api_value: "azure-container-registry",
            default_prefix: "azure",
            credential: Credential::Required,
            healthomics: true,
        },
        Self {
            kind: UpstreamKind::Chainguard,
            title: "Chainguard",
            hosts: &["cgr.dev"],
            url: "cgr.dev",
            api_value: "chainguard",
            default_prefix: "chainguard",
            credential: Credential::Required,
            healthomics: false,
        },
        Self {
            kind: UpstreamKind::EcrPrivate,
            title: "Amazon ECR private",
            hosts: &["ACCOUNT.dkr.ecr.REGION.amazonaws.com"],
            url: "ACCOUNT.dkr.ecr.REGION.amazonaws.com",
            api_value: "ecr",
            default_prefix: "ecr",
            credential: Credential::Role,
            healthomics: false,
        },
    ];

    /// Returns what is known of a kind.
    pub fn of_kind(kind: UpstreamKind) -> &'static Self {
        const TABLE: &[Upstream; 9] = &Upstream::ALL;
        TABLE.iter().find(|upstream| upstream.kind == kind).unwrap_or(&TABLE[0])
    }
}

/// One upstream registry: a kind, and the host where the kind has many.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UpstreamRegistry {
    kind: UpstreamKind,
    host: RegistryHost,
}

/// What comes behind the name in the host of an Azure registry.
const AZURE: &str = ".azurecr.io";

impl UpstreamRegistry {
    /// Returns the upstream registry that a host belongs to, or `None` when ECR cannot pull through it.
    pub fn of(host: &RegistryHost) -> Option<Self> {
        let kind = if host.is_docker_hub() {
            UpstreamKind::DockerHub
        } else if host.as_str().strip_suffix(AZURE).is_some_and(is_azure_name) {
            UpstreamKind::Azure
        } else if EcrHost::of(host).is_some() {
            UpstreamKind::EcrPrivate
        } else {
            Upstream::ALL.iter().find(|upstream| upstream.hosts.contains(&host.as_str()))?.kind
        };
        Some(Self { kind, host: host.clone() })
    }

    /// Returns the kind.
    pub fn kind(&self) -> UpstreamKind {
        self.kind
    }

    /// Returns what is known of its kind.
    pub fn upstream(&self) -> &'static Upstream {
        Upstream::of_kind(self.kind)
    }

    /// Returns the host as references name it.
    pub fn host(&self) -> &RegistryHost {
        &self.host
    }

    /// Returns ECR's `upstreamRegistryUrl` for it.
    pub fn url(&self) -> &str {
        match self.kind {
            UpstreamKind::DockerHub => self.upstream().url,
            _ => self.host.as_str(),
        }
    }

    /// Returns the ECR repository prefix used when none is asked for: `quay`, `azure-NAME`, `ecr-ACCOUNT`.
    pub fn default_prefix(&self) -> EcrRepositoryPrefix {
        let prefix = self.upstream().default_prefix;
        EcrRepositoryPrefix::from_checked(match self.kind {
            UpstreamKind::Azure => {
                // A prefix has room for 30 characters, an Azure name may have 50.
                let name: String = self.host.as_str().trim_end_matches(AZURE).chars().take(24).collect();
                format!("{prefix}-{name}")
            }
            UpstreamKind::EcrPrivate => {
                let account = self.host.as_str().split('.').next().unwrap_or_default();
                format!("{prefix}-{account}")
            }
            _ => prefix.to_owned(),
        })
    }
}

fn is_azure_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// A registry that HealthOmics copies images from by itself, given a credential.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CopiedRegistry {
    /// The name people know its family by.
    pub title: &'static str,
    /// The ECR repository prefix used when none is asked for.
    pub default_prefix: String,
    /// The host, which a registry mapping must name exactly.
    pub host: RegistryHost,
}

impl CopiedRegistry {
    /// Returns the registry when HealthOmics copies from this very host: Seqera, NVIDIA, `gcr.io`, and
    /// `REGION-docker.pkg.dev`. A host below or beside one of these is not covered.
    pub fn of(host: &RegistryHost) -> Option<Self> {
        let (title, default_prefix) = match host.as_str() {
            "community.wave.seqera.io" => ("Seqera Containers", "wave-community".to_owned()),
            "wave.seqera.io" => ("Seqera Wave", "wave".to_owned()),
            "nvcr.io" => ("NVIDIA NGC", "nvcr".to_owned()),
            "gcr.io" => ("Google Container Registry", "gcr".to_owned()),
            other => {
                let region = other.strip_suffix("-docker.pkg.dev")?;
                let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
                if region.is_empty() || !region.bytes().all(word) {
                    return None;
                }
                ("Google Artifact Registry", format!("artifact-registry-{region}"))
            }
        };
        Some(Self { title, default_prefix, host: host.clone() })
    }
}

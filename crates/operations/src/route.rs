//! How an image can come into a private ECR, judged by its name alone.

use image::{CopiedRegistry, Credential, EcrHost, ImageReference, Scheme, UpstreamRegistry};
use schemars::JsonSchema;
use serde::Serialize;

use crate::target::EcrTarget;

/// Whether a pull through cache rule for a registry needs a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CredentialNeed {
    /// ECR refuses a rule without a credential.
    Required,
    /// Only private images need one.
    Optional,
    /// None can be given.
    None,
}

/// How an image can come into a private ECR that HealthOmics reads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Route {
    /// It is in a private ECR already.
    AlreadyPrivate,
    /// A pull through cache rule fetches it.
    Rule {
        /// The upstream registry, by the host that ECR's API wants.
        upstream: String,
        /// Whether the rule needs a credential.
        credential: CredentialNeed,
    },
    /// HealthOmics copies it by itself, given a credential; cloning works as well.
    HealthomicsCopies {
        /// The host that a registry mapping must name.
        upstream: String,
    },
    /// It has to be cloned.
    Clone {
        /// Why no rule can serve it.
        reason: String,
    },
    /// It cannot come into ECR as it is.
    Cannot {
        /// Why not.
        reason: String,
    },
}

impl Route {
    /// Returns the route of an image, by what its name says.
    pub fn of(image: &ImageReference, target: &EcrTarget) -> Self {
        if image.scheme() == Some(Scheme::Oras) {
            let reason = "an `oras://` artifact holds an image file for Singularity, not a container image";
            return Self::Cannot { reason: reason.to_owned() };
        }
        let host = image.host();
        if let Some(registry) = EcrHost::of(host) {
            if target.takes(&registry) {
                return Self::AlreadyPrivate;
            }
            let reason = format!(
                "HealthOmics reads images of its own Region only, this one is in {}",
                registry.region()
            );
            return Self::Clone { reason };
        }
        if let Some(registry) = UpstreamRegistry::of(host) {
            let upstream = registry.upstream();
            if !upstream.healthomics {
                let reason = format!("HealthOmics takes no images through a rule for {}", upstream.title);
                return Self::Clone { reason };
            }
            let credential = match upstream.credential {
                Credential::Required | Credential::Role => CredentialNeed::Required,
                Credential::Optional => CredentialNeed::Optional,
                Credential::None => CredentialNeed::None,
            };
            return Self::Rule { upstream: registry.url().to_owned(), credential };
        }
        if let Some(copied) = CopiedRegistry::of(host) {
            return Self::HealthomicsCopies { upstream: copied.host.to_string() };
        }
        if host.as_str() == "localhost" {
            let reason = "`localhost` names an image of one machine, and no registry serves it";
            return Self::Cannot { reason: reason.to_owned() };
        }
        Self::Clone { reason: format!("ECR has no pull through cache rules for {host}") }
    }

    /// Returns the route in a few words, as tables show it.
    pub fn label(&self) -> &'static str {
        match self {
            Self::AlreadyPrivate => "already private",
            Self::Rule { credential: CredentialNeed::Required, .. } => "rule (credential)",
            Self::Rule { .. } => "rule",
            Self::HealthomicsCopies { .. } => "HealthOmics copies",
            Self::Clone { .. } => "clone",
            Self::Cannot { .. } => "cannot",
        }
    }
}

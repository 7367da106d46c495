//! What is asked for when a cache is made, as far as it can be judged before AWS is asked.

use aws::ecr::Rule;
use image::{
    AccountId, Credential, EcrRepositoryPrefix, PullThroughCacheRule, UpstreamRegistry,
    UpstreamRepositoryPrefix,
};

use super::opening::Opening;
use crate::account::Account;
use crate::credential::{SecretName, creation_hint};
use crate::error::{OperationError, Result};
use crate::finding::{Code, Finding, Severity};
use crate::upstream::read_upstream;

/// To whose runs a grant is bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceAccount {
    /// Those of the registry's own account.
    Own,
    /// Those of this account.
    Of(AccountId),
}

impl SourceAccount {
    /// Returns the account's number; `own` is that of the registry.
    pub(crate) fn id<'a>(&'a self, own: &'a AccountId) -> &'a str {
        match self {
            Self::Own => own.as_str(),
            Self::Of(id) => id.as_str(),
        }
    }
}

/// How a cache is made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CacheOptions {
    /// The ECR repository prefix; the registry's usual one where none is given.
    pub prefix: Option<EcrRepositoryPrefix>,
    /// The part of the upstream registry that is reached; all of it where none is given.
    pub upstream_prefix: Option<UpstreamRepositoryPrefix>,
    /// The secret that ECR signs in upstream with, by ARN or name.
    pub credential: Option<String>,
    /// The ARN of the role with which ECR reads the private registry of another account.
    pub role_arn: Option<String>,
    /// To whose runs HealthOmics' grants are bound; to nobody's where none is given.
    pub source_account: Option<SourceAccount>,
    /// Whether a rule that ECR cannot change is deleted and made anew.
    pub replace: bool,
    /// Whether HealthOmics is let into the repositories that are there.
    pub grant_existing: bool,
}

/// A cache to be made, checked as far as that goes without AWS.
#[derive(Debug, Clone)]
pub struct CacheRequest {
    pub(super) upstream: UpstreamRegistry,
    pub(super) names: PullThroughCacheRule,
    pub(super) credential: Option<SecretName>,
    pub(super) options: CacheOptions,
    pub(super) findings: Vec<Finding>,
}

impl CacheRequest {
    /// Reads what was asked for; asks nobody.
    ///
    /// # Errors
    /// When ECR has no rules for the registry, when the registry needs a credential and none is given, when the
    /// secret has a name that ECR refuses, and when the prefixes cannot go together.
    pub fn new(registry: &str, options: CacheOptions) -> Result<Self> {
        let upstream = read_upstream(registry)?;
        let known = upstream.upstream();
        let tried = || OperationError::new(format!("cannot create a pull through cache for {}", known.title));
        let prefix = options.prefix.clone().unwrap_or_else(|| upstream.default_prefix());
        let upstream_prefix = options.upstream_prefix.clone().unwrap_or_else(UpstreamRepositoryPrefix::root);
        if prefix.is_root() && !upstream_prefix.is_root() {
            return Err(tried()
                .refused("a rule with the prefix ROOT reaches all of its upstream registry")
                .hint("leave out --upstream-prefix, or give another --prefix"));
        }
        let mut findings = Vec::new();
        let credential = match (known.credential, options.credential.as_deref()) {
            (Credential::Required, None) => {
                return Err(tried()
                    .refused(format!("ECR needs a credential for {}, even for public images", known.title))
                    .hint(creation_hint(&upstream)));
            }
            (Credential::None | Credential::Role, Some(_)) => {
                let message = format!("{} takes no credential: the rule is made without it", known.title);
                findings.push(Finding::new(
                    Severity::Warning,
                    Code::CredentialLeftOut,
                    prefix.as_str(),
                    message,
                ));
                None
            }
            (_, Some(text)) => {
                let hint = creation_hint(&upstream);
                Some(SecretName::read(text).map_err(|error| match error.hint {
                    Some(_) => error,
                    None => error.hint(hint),
                })?)
            }
            (_, None) => None,
        };
        if !known.healthomics {
            let message = format!(
                "HealthOmics takes no images through a rule for {}: the rule serves others",
                known.title
            );
            let hint = "clone its images instead: `omics-ecr clone`";
            let finding = Finding::new(Severity::Warning, Code::UpstreamNotTaken, prefix.as_str(), message);
            findings.push(finding.hint(hint));
        }
        let names = PullThroughCacheRule {
            ecr_repository_prefix: prefix,
            upstream: upstream.host().clone(),
            upstream_repository_prefix: upstream_prefix,
        };
        Ok(Self { upstream, names, credential, options, findings })
    }

    /// Returns whether a request that lacks a credential may find it in a rule that is there.
    pub fn may_be_renewed(registry: &str, options: &CacheOptions) -> bool {
        let needs = |upstream: UpstreamRegistry| upstream.upstream().credential == Credential::Required;
        options.credential.is_none() && read_upstream(registry).is_ok_and(needs)
    }

    /// Reads what was asked for like [`Self::new`]; a credential that is needed and not named is that of the rule
    /// which the prefix has.
    ///
    /// Source: ECR `DescribePullThroughCacheRules`, where a credential is needed and not named.
    ///
    /// # Errors
    /// What [`Self::new`] refuses, where no rule for the same registry helps it.
    pub async fn renewed(account: &Account, registry: &str, options: CacheOptions) -> Result<Self> {
        let refusal = match Self::new(registry, options.clone()) {
            Err(error) if Self::may_be_renewed(registry, &options) => error,
            outcome => return outcome,
        };
        let upstream = read_upstream(registry)?;
        let prefix = options.prefix.clone().unwrap_or_else(|| upstream.default_prefix());
        let rules = account.ecr().rules().await?;
        match super::rule::find(&rules, &prefix) {
            Some(Rule { names, credential_arn: Some(arn), .. }) if names.upstream == *upstream.host() => {
                Self::new(registry, CacheOptions { credential: Some(arn.clone()), ..options })
            }
            _ => Err(refusal),
        }
    }

    /// Returns the ECR repository prefix.
    pub fn prefix(&self) -> &EcrRepositoryPrefix {
        &self.names.ecr_repository_prefix
    }

    /// Returns the upstream registry.
    pub fn upstream(&self) -> &UpstreamRegistry {
        &self.upstream
    }

    /// Returns the rule as far as names go.
    pub(crate) fn names(&self) -> &PullThroughCacheRule {
        &self.names
    }

    /// Returns the secret that ECR signs in upstream with.
    pub(crate) fn credential(&self) -> Option<&SecretName> {
        self.credential.as_ref()
    }

    /// Returns how the cache is made.
    pub(crate) fn options(&self) -> &CacheOptions {
        &self.options
    }

    /// Returns what was observed in what was asked for.
    pub(crate) fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Returns for whose runs the cache is.
    pub(super) fn opening<'a>(&'a self, account: &'a Account) -> Opening<'a> {
        Opening::new(account, self.options.source_account.as_ref().map(|bound| bound.id(account.id())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_that_needs_a_credential_is_refused_without_one() {
        for registry in ["docker.io", "ghcr.io", "gitlab", "lab.azurecr.io", "chainguard"] {
            let error = CacheRequest::new(registry, CacheOptions::default()).unwrap_err();
            assert!(error.hint.unwrap().contains("omics-ecr secret create"), "{registry}");
        }
        for registry in ["quay.io", "public.ecr.aws", "registry.k8s.io"] {
            assert!(CacheRequest::new(registry, CacheOptions::default()).is_ok(), "{registry}");
        }
    }

    #[test]
    fn the_seeds_secret_name_is_refused_with_the_command_that_makes_a_right_one() {
        let arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:docker-hub-creds-AbCdEf";
        let options = CacheOptions { credential: Some(arn.to_owned()), ..CacheOptions::default() };
        let error = CacheRequest::new("docker.io", options).unwrap_err();
        assert!(error.refused.unwrap().contains("ecr-pullthroughcache/"));
        assert!(error.hint.unwrap().contains("omics-ecr secret create"));
    }

    #[test]
    fn prefixes_are_the_usual_ones_and_must_go_together() {
        let request = |options| CacheRequest::new("quay.io", options);
        assert_eq!(request(CacheOptions::default()).unwrap().prefix().as_str(), "quay");
        let root = CacheOptions {
            prefix: Some("ROOT".parse().unwrap()),
            upstream_prefix: Some("biocontainers".parse().unwrap()),
            ..CacheOptions::default()
        };
        assert!(request(root).is_err());
    }
}

//! Pull through cache rules: what ECR takes as one, and which one governs a repository.

use image::{Credential, RegistryHost, UpstreamRegistry};

use super::Ecr;
use super::template::governs;
use crate::constraint;
use crate::fault::{Code, Fault};
use crate::storage::{RULES, Rows, RuleRow};

/// Most rules of a registry.
const MOST: usize = 50;
/// The values of `UpstreamRegistry`.
const KINDS: [&str; 9] = [
    "ecr",
    "ecr-public",
    "quay",
    "k8s",
    "docker-hub",
    "github-container-registry",
    "azure-container-registry",
    "gitlab-container-registry",
    "chainguard",
];

/// A rule as it is asked for.
#[derive(Debug)]
pub(crate) struct NewRule<'a> {
    /// The rule's key.
    pub(crate) ecr_repository_prefix: &'a str,
    /// The upstream registry's host.
    pub(crate) upstream_registry_url: &'a str,
    /// The upstream registry's kind, if it is said.
    pub(crate) upstream_registry: Option<&'a String>,
    /// The part of the upstream registry it shall reach.
    pub(crate) upstream_repository_prefix: Option<&'a String>,
    /// The secret with its credential.
    pub(crate) credential_arn: Option<&'a String>,
    /// The role it shall take.
    pub(crate) custom_role_arn: Option<&'a String>,
}

fn unsupported(text: impl Into<String>) -> Fault {
    Fault::new(Code::UnsupportedUpstreamRegistry, text)
}

impl Ecr {
    /// Checks a rule as ECR does before it keeps one, and returns it.
    ///
    /// # Errors
    /// The faults of `CreatePullThroughCacheRule`.
    pub(crate) fn new_rule(&self, rows: &impl Rows, rule: &NewRule<'_>) -> Result<RuleRow, Fault> {
        constraint::RULE_PREFIX.check("ecrRepositoryPrefix", rule.ecr_repository_prefix)?;
        constraint::RULE_PREFIX.check_given("upstreamRepositoryPrefix", rule.upstream_repository_prefix)?;
        constraint::CREDENTIAL_ARN.check_given("credentialArn", rule.credential_arn)?;
        constraint::CUSTOM_ROLE_ARN.check_given("customRoleArn", rule.custom_role_arn)?;
        if let Some(kind) = rule.upstream_registry {
            constraint::one_of("upstreamRegistry", kind, &KINDS)?;
        }
        let upstream_prefix = rule.upstream_repository_prefix.map_or("ROOT", String::as_str);
        if rule.ecr_repository_prefix == "ROOT" && upstream_prefix != "ROOT" {
            let text = "the upstream repository prefix must be ROOT when the ECR repository prefix is ROOT";
            return Err(Fault::parameter("upstreamRepositoryPrefix", text));
        }
        let registry = supported(rule.upstream_registry_url)?;
        let upstream = registry.upstream();
        if let Some(kind) = rule.upstream_registry.filter(|kind| *kind != upstream.api_value) {
            let url = rule.upstream_registry_url;
            return Err(unsupported(format!("The upstream registry {url} is not of the kind {kind}")));
        }
        match (upstream.credential, rule.credential_arn) {
            (Credential::Required, None) => {
                return Err(unsupported(format!(
                    "The upstream registry {} requires authentication: specify the ARN of an AWS Secrets \
                     Manager secret with its credential",
                    rule.upstream_registry_url
                )));
            }
            (Credential::None | Credential::Role, Some(_)) => {
                let text =
                    format!("the upstream registry {} takes no credential", rule.upstream_registry_url);
                return Err(Fault::parameter("credentialArn", text));
            }
            _ => {}
        }
        if let Some(arn) = rule.credential_arn {
            self.upstream_credential(rows, arn)?;
        }
        let prefix = rule_key(rule.ecr_repository_prefix);
        let mut count = 0;
        let mut taken = false;
        rows.scan(&RULES, "", None, |known, _| {
            count += 1;
            taken |= known == prefix;
            true
        })?;
        if taken {
            return Err(Fault::new(
                Code::PullThroughCacheRuleAlreadyExists,
                format!(
                    "A pull through cache rule with ecrRepositoryPrefix '{prefix}' already exists in the registry \
                     with id '{}'",
                    self.registry_id()
                ),
            ));
        }
        if count >= MOST {
            let text = format!("The maximum limit of {MOST} pull through cache rules has been reached");
            return Err(Fault::new(Code::LimitExceeded, text));
        }
        let now = self.clock.now();
        Ok(RuleRow {
            upstream_registry_url: rule.upstream_registry_url.to_owned(),
            upstream_registry: upstream.api_value.to_owned(),
            upstream_repository_prefix: rule_key(upstream_prefix).to_owned(),
            credential_arn: rule.credential_arn.cloned(),
            custom_role_arn: rule.custom_role_arn.cloned(),
            created_at: now,
            updated_at: now,
        })
    }

    /// Returns a rule by its prefix.
    ///
    /// # Errors
    /// `InvalidParameterException` and `PullThroughCacheRuleNotFoundException`.
    pub(crate) fn rule(&self, rows: &impl Rows, prefix: &str) -> Result<RuleRow, Fault> {
        constraint::RULE_PREFIX.check("ecrRepositoryPrefix", prefix)?;
        rows.get(&RULES, rule_key(prefix))?.ok_or_else(|| {
            Fault::new(
                Code::PullThroughCacheRuleNotFound,
                format!(
                    "The pull through cache rule with ecrRepositoryPrefix '{prefix}' does not exist in the \
                     registry with id '{}'",
                    self.registry_id()
                ),
            )
        })
    }
}

/// Returns the key of a prefix: a slash at its end is implied and not kept.
pub(crate) fn rule_key(prefix: &str) -> &str {
    prefix.trim_end_matches('/')
}

/// Returns the upstream registry that ECR knows under a URL, which is a bare host.
fn supported(url: &str) -> Result<UpstreamRegistry, Fault> {
    let registry = url.parse::<RegistryHost>().ok().and_then(|host| UpstreamRegistry::of(&host));
    // Other spellings of the same host, schemes and slashes are no upstream registry URL.
    registry
        .filter(|registry| registry.url() == url)
        .ok_or_else(|| unsupported(format!("The upstream registry {url} is not supported")))
}
/// Returns the rule that governs a repository, with its prefix: the longest one above it, `ROOT` last.
pub(crate) fn governing(rows: &impl Rows, repository: &str) -> Result<Option<(String, RuleRow)>, Fault> {
    let mut best: Option<(usize, String, RuleRow)> = None;
    rows.scan(&RULES, "", None, |prefix, row| {
        if let Some(length) = governs(prefix, repository)
            && best.as_ref().is_none_or(|(longest, _, _)| length > *longest)
        {
            best = Some((length, prefix.to_owned(), row));
        }
        true
    })?;
    Ok(best.map(|(_, prefix, row)| (prefix, row)))
}

//! Every rule of a registry, with its secret's state and what HealthOmics may do below it.

use aws::ecr::Rule;
use image::{Credential, UpstreamRegistry};
use schemars::JsonSchema;
use serde::Serialize;

use super::runs;
use crate::account::{Account, RegistryState};
use crate::credential::CredentialState;
use crate::error::Result;
use crate::finding::{Code, Finding, Fix, Severity};
use crate::healthomics::{Access, PrefixAccess};

/// One rule.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ListedRule {
    /// The ECR repository prefix.
    pub prefix: String,
    /// The upstream registry, by the host that ECR knows.
    pub upstream: String,
    /// The part of the upstream registry that is reached, `ROOT` for all of it.
    pub upstream_prefix: String,
    /// The name people know the upstream registry by, where it is a known one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub title: Option<String>,
    /// Its secret.
    pub credential: CredentialState,
    /// The role with which ECR reads the private registry of another account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub role_arn: Option<String>,
    /// What HealthOmics may do below the prefix.
    pub healthomics: PrefixAccess,
    /// Whether HealthOmics takes images through a rule for this upstream registry.
    pub healthomics_takes_upstream: bool,
    /// When it was made, in the form of RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub created: Option<String>,
    /// When it was last changed, in the form of RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub updated: Option<String>,
}

/// The rules of a registry.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CacheList {
    /// The version of this shape: `1`.
    pub schema_version: u32,
    /// The account of the registry.
    pub account: String,
    /// The Region.
    pub region: String,
    /// The rules, by their prefixes.
    pub rules: Vec<ListedRule>,
    /// Observations.
    pub findings: Vec<Finding>,
}

/// Lists every rule: four requests for the registry at once, and one for each secret that a rule names.
///
/// # Errors
/// When the rules cannot be read.
pub async fn list(account: &Account) -> Result<CacheList> {
    let state = RegistryState::read(account).await;
    let mut rules = state.rules.clone().into_result()?;
    rules.sort_by(|one, other| one.stored_prefix.cmp(&other.stored_prefix));
    let credentials =
        account.session().each(rules.iter(), async |rule| credential(account, rule).await).await;
    let mut findings = unseen(account, &state);
    let rules: Vec<ListedRule> = rules
        .iter()
        .zip(credentials)
        .map(|(rule, credential)| listed(account, &state, rule, credential))
        .collect();
    for rule in &rules {
        findings.extend(observe(rule));
    }
    Ok(CacheList {
        schema_version: 1,
        account: account.id().to_string(),
        region: account.region().to_string(),
        rules,
        findings,
    })
}

/// Returns what of the registry could not be looked at.
fn unseen(account: &Account, state: &RegistryState) -> Vec<Finding> {
    let (policy, templates) = (state.policy.unseen(), state.templates.unseen());
    let parts = [(policy, "the registry policy"), (templates, "the repository creation templates")];
    let finding = |(error, what): (Option<&crate::error::OperationError>, &str)| {
        let error = error?;
        let words = error.refused.as_deref().unwrap_or(&error.tried);
        let message = format!("{what} could not be looked at: {words}");
        let finding = Finding::new(Severity::Warning, Code::CouldNotLook, account.id().as_str(), message);
        Some(match &error.hint {
            Some(hint) => finding.hint(hint.clone()),
            None => finding,
        })
    };
    parts.into_iter().filter_map(finding).collect()
}

fn listed(account: &Account, state: &RegistryState, rule: &Rule, credential: CredentialState) -> ListedRule {
    let known = UpstreamRegistry::of(&rule.names.upstream).map(|registry| registry.upstream());
    let mut healthomics = runs::of_any_account(account, state, &rule.names.ecr_repository_prefix);
    if let Some(known) = known.filter(|known| !known.healthomics) {
        let reason = format!("HealthOmics takes no images through a rule for {}", known.title);
        healthomics.all = Access::NotAccessible { reason };
    }
    ListedRule {
        prefix: rule.stored_prefix.clone(),
        upstream: rule.upstream_registry_url.clone(),
        upstream_prefix: rule.names.upstream_repository_prefix.to_string(),
        title: known.map(|known| known.title.to_owned()),
        credential,
        role_arn: rule.custom_role_arn.clone(),
        healthomics,
        healthomics_takes_upstream: known.is_none_or(|known| known.healthomics),
        created: rule.created.and_then(rfc3339),
        updated: rule.updated.and_then(rfc3339),
    }
}

async fn credential(account: &Account, rule: &Rule) -> CredentialState {
    let needed = UpstreamRegistry::of(&rule.names.upstream)
        .is_some_and(|registry| registry.upstream().credential == Credential::Required);
    match &rule.credential_arn {
        Some(arn) => CredentialState::of(account, arn).await,
        None if needed => CredentialState::Missing,
        None => CredentialState::NotNeeded,
    }
}

/// Returns what is wrong with a rule.
fn observe(rule: &ListedRule) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(reason) = rule.healthomics.all.reason() {
        let severity = match rule.healthomics.all {
            Access::NotAccessible { .. } => Severity::Error,
            _ => Severity::Warning,
        };
        let finding = Finding::new(severity, Code::ClosedPrefix, rule.prefix.as_str(), reason);
        findings.push(match rule.healthomics_takes_upstream {
            true => {
                let prefix = rule.prefix.trim_end_matches('/');
                let arguments = [("registry", rule.upstream.clone()), ("ecr_prefix", prefix.to_owned())];
                finding
                    .hint(format!(
                        "`omics-ecr cache create {} --prefix {prefix}` adds what is missing",
                        rule.upstream
                    ))
                    .fix(
                        Fix::command(format!("omics-ecr cache create {} --prefix {prefix}", rule.upstream))
                            .tool("CreateECRPullThroughCache", arguments),
                    )
            }
            false => {
                finding.fix(Fix::command(format!("omics-ecr clone {}/REPOSITORY:TAG", rule.upstream)).tool(
                    "CloneContainerToECR",
                    [("source_uri", format!("{}/REPOSITORY:TAG", rule.upstream))],
                ))
            }
        });
    }
    let (code, message) = match &rule.credential {
        CredentialState::NotNeeded | CredentialState::Named { .. } => return findings,
        CredentialState::Missing => {
            (Code::CredentialMissing, "the rule names no secret, and ECR needs one".to_owned())
        }
        CredentialState::Gone { arn } => (Code::SecretMissing, format!("there is no secret `{arn}`")),
        CredentialState::Unusable { reason, .. } => (Code::SecretContent, reason.clone()),
        CredentialState::Unknown { reason, .. } => (Code::SecretUnknown, reason.clone()),
    };
    let severity = match code {
        Code::SecretUnknown => Severity::Warning,
        _ => Severity::Error,
    };
    let finding = Finding::new(severity, code, rule.prefix.as_str(), message);
    findings.push(match severity {
        Severity::Error => {
            let prefix = rule.prefix.trim_end_matches('/');
            finding.hint("`omics-ecr secret create` makes a right one").fix(Fix::command(format!(
                "omics-ecr secret create {prefix} --registry {} --username USER",
                rule.upstream
            )))
        }
        _ => finding,
    });
    findings
}

/// Returns a time in the form of RFC 3339, in whole seconds.
fn rfc3339(time: std::time::SystemTime) -> Option<String> {
    let seconds = time.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs();
    let time = time::OffsetDateTime::from_unix_timestamp(i64::try_from(seconds).ok()?).ok()?;
    time.format(&time::format_description::well_known::Rfc3339).ok()
}

//! Checking a secret: all that ECR wants of it, and a real login upstream.

use image::UpstreamRegistry;
use registry::ClientOptions;
use schemars::JsonSchema;
use serde::Serialize;

use super::login::{self, LoginOutcome};
use crate::account::Account;
use crate::credential::{self, SecretName, same_secret};
use crate::error::OperationError;
use crate::finding::{Code, Finding, Severity};

/// What is known of a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SecretCheck {
    /// The version of this shape: `1`.
    pub schema_version: u32,
    /// The account that asked.
    pub account: String,
    /// The Region that was asked.
    pub region: String,
    /// The secret as it was asked for, with what all names begin with.
    pub secret: String,
    /// Its full ARN, where it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub arn: Option<String>,
    /// The KMS key it is encrypted with, where it is not the default key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub kms_key: Option<String>,
    /// The prefixes of the rules that name it; empty where they could not be read, too.
    pub rules: Vec<String>,
    /// The upstream registry that was signed in to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub registry: Option<String>,
    /// What the upstream registry says to the login that it holds.
    #[serde(flatten)]
    pub login: LoginOutcome,
    /// Observations; an error among them is why ECR cannot use it.
    pub findings: Vec<Finding>,
}

impl SecretCheck {
    /// Returns whether nothing was found for which ECR could not use it.
    pub fn is_usable(&self) -> bool {
        !self.findings.iter().any(|one| one.severity == Severity::Error && one.code != Code::SecretUnknown)
    }

    /// Returns whether it, or what it holds, could not be looked at.
    pub fn is_unseen(&self) -> bool {
        self.findings.iter().any(|finding| finding.code == Code::SecretUnknown)
    }
}

/// Looks at a secret and signs in upstream with what it holds; without a registry, with that of a rule that names it.
pub async fn check(
    account: &Account,
    secret: &str,
    registry: Option<&UpstreamRegistry>,
    options: &ClientOptions,
) -> SecretCheck {
    let name = match SecretName::read(secret) {
        Ok(name) => name,
        Err(error) => return refused_name(account, secret, registry, error),
    };
    let name = &name;
    let ecr = account.ecr();
    let (examined, rules) = tokio::join!(credential::examine(account, name), ecr.rules());
    let mut findings = examined.findings.clone();
    let rules = rules.unwrap_or_default();
    let arn = examined.arn.clone();
    let naming: Vec<_> = rules
        .iter()
        .filter(|rule| match (&rule.credential_arn, &arn) {
            (Some(known), Some(arn)) => same_secret(known, arn),
            _ => false,
        })
        .collect();
    let upstream = registry
        .cloned()
        .or_else(|| naming.iter().find_map(|rule| UpstreamRegistry::of(&rule.names.upstream)));
    let login = match (&upstream, examined.login()) {
        (Some(upstream), Some((username, token)))
            if examined.unusable().is_none_or(|one| one.code == Code::SecretKey) =>
        {
            login::try_out(upstream, &username, &token, options).await
        }
        (None, Some(_)) => LoginOutcome::NotTried {
            reason: "no rule names the secret, and no registry was given".to_owned(),
        },
        _ => LoginOutcome::NotTried { reason: "there is no login that could be read".to_owned() },
    };
    findings.extend(login_finding(name, upstream.as_ref(), &login));
    SecretCheck {
        schema_version: 1,
        account: account.id().to_string(),
        region: account.region().to_string(),
        secret: name.id(),
        kms_key: examined.description.and_then(|description| description.kms_key_id),
        arn,
        rules: naming.iter().map(|rule| rule.stored_prefix.clone()).collect(),
        registry: upstream.map(|upstream| upstream.host().to_string()),
        login,
        findings,
    }
}

/// Returns the report on a secret that ECR would not even look at, by its name.
fn refused_name(
    account: &Account,
    secret: &str,
    registry: Option<&UpstreamRegistry>,
    error: OperationError,
) -> SecretCheck {
    let message = error.refused.unwrap_or(error.tried);
    let finding = Finding::new(Severity::Error, Code::SecretName, secret, message);
    SecretCheck {
        schema_version: 1,
        account: account.id().to_string(),
        region: account.region().to_string(),
        secret: secret.to_owned(),
        arn: None,
        kms_key: None,
        rules: Vec::new(),
        registry: registry.map(|upstream| upstream.host().to_string()),
        login: LoginOutcome::NotTried { reason: "ECR reads no secret of that name".to_owned() },
        findings: vec![
            finding.hint("make one that it reads: `omics-ecr secret create NAME --username USER`"),
        ],
    }
}

fn login_finding(
    name: &SecretName,
    upstream: Option<&UpstreamRegistry>,
    login: &LoginOutcome,
) -> Option<Finding> {
    let reason = login.reason()?;
    let host = upstream.map(|upstream| upstream.host().to_string()).unwrap_or_default();
    Some(match login {
        LoginOutcome::Refused { .. } => {
            let message = format!("{host} refuses the login that it holds: {reason}");
            Finding::new(Severity::Error, Code::LoginRefused, name.id(), message).hint(format!(
                "make a new token there, and write it: `omics-ecr secret create {} --registry {host} --username USER --replace`",
                name.name().trim_start_matches(credential::PREFIX)
            ))
        }
        LoginOutcome::NotTried { .. } if upstream.is_none() => {
            let message = format!("nobody tried the login: {reason}");
            Finding::new(Severity::Warning, Code::LoginUnknown, name.id(), message)
                .hint("name the registry with --registry")
        }
        LoginOutcome::Unknown { .. } => {
            let message = format!("the login could not be tried: {reason}");
            Finding::new(Severity::Warning, Code::LoginUnknown, name.id(), message)
        }
        _ => Finding::new(
            Severity::Warning,
            Code::LoginUnknown,
            name.id(),
            format!("nobody tried the login: {reason}"),
        ),
    })
}

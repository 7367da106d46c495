//! The credentials of rules: where one is needed, whether ECR can take it, and whether it works.

use aws::Arn;
use aws::ecr::{Rule, RuleVerdict};
use aws::secrets_manager::SecretDescription;
use image::{Credential, UpstreamRegistry};

use super::observe::{SecretReading, View, is_taken};
use super::remedy;
use super::report::CredentialState;
use crate::account::{Account, Looked};
use crate::finding::{Code, Finding, Fix, Severity};

/// How the name of a secret begins that ECR may read.
const NAME_PREFIX: &str = "ecr-pullthroughcache/";

/// The keys that the JSON object in such a secret has.
const KEYS: [&str; 2] = ["username", "accessToken"];

/// The key that secrets are encrypted with when nobody names one.
const DEFAULT_KEY: &str = "alias/aws/secretsmanager";

/// What is wrong with the ARN of a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Misshapen {
    /// It is not that of a secret that ECR may read.
    Shape(String),
    /// It is that of a secret in another account or Region.
    Elsewhere(String),
}

/// Returns whether ECR can take a secret by its ARN alone.
pub(super) fn shape(account: &Account, text: &str) -> Result<(), Misshapen> {
    let arn: Arn = text.parse().map_err(|error| Misshapen::Shape(format!("`{text}` is no ARN: {error}")))?;
    let name = arn.resource().strip_prefix("secret:");
    let Some(name) = name.filter(|_| arn.service() == "secretsmanager") else {
        return Err(Misshapen::Shape(format!("`{text}` is not the ARN of a Secrets Manager secret")));
    };
    if name.strip_prefix(NAME_PREFIX).is_none_or(str::is_empty) {
        return Err(Misshapen::Shape(format!(
            "the secret is named `{name}`, and ECR takes names below `{NAME_PREFIX}`"
        )));
    }
    let (own_account, own_region) = (account.id().as_str(), account.region().as_str());
    if arn.account() != own_account {
        let words = format!("the secret is in account {}, and must be in {own_account}", arn.account());
        return Err(Misshapen::Elsewhere(words));
    }
    if arn.region() != own_region {
        let words = format!("the secret is in Region {}, and must be in {own_region}", arn.region());
        return Err(Misshapen::Elsewhere(words));
    }
    Ok(())
}

/// Looks at the credential of each rule.
pub(super) fn check(view: &View<'_>, findings: &mut Vec<Finding>) {
    for rule in view.taken() {
        if let Some((code, message)) = problem(view, rule) {
            findings.push(finding(rule, code, message));
        }
    }
}

fn finding(rule: &Rule, code: Code, message: String) -> Finding {
    let url = &rule.upstream_registry_url;
    let arn = rule.credential_arn.as_deref().unwrap_or_default();
    let found = Finding::new(Severity::Error, code, rule.names.ecr_repository_prefix.as_str(), message);
    let prefix = rule.names.ecr_repository_prefix.as_str();
    match code {
        Code::SecretDeleted => {
            let command = format!("aws secretsmanager restore-secret --secret-id {arn}");
            found.fix(Fix::command(command))
        }
        Code::SecretKey => {
            let command =
                format!("aws secretsmanager update-secret --secret-id {arn} --kms-key-id {DEFAULT_KEY}");
            found.fix(Fix::command(command))
        }
        Code::LoginRefused | Code::SecretContent => {
            let renew = remedy::renew_secret(rule);
            found.hint(format!("put a right login into the secret: `{}`", renew.command)).fix(renew)
        }
        _ => {
            let make = remedy::create_secret(rule);
            found
                .hint(format!(
                    "make a secret with `{}`, then give it to the rule: `omics-ecr cache create {url} --prefix {prefix} \
                     --credential ARN`",
                    make.command
                ))
                .fix(make)
        }
    }
}

/// Returns what is known to be wrong with the credential of a rule: the first thing that ECR would meet.
fn problem(view: &View<'_>, rule: &Rule) -> Option<(Code, String)> {
    let url = &rule.upstream_registry_url;
    let Some(arn) = rule.credential_arn.as_deref() else {
        let registry = UpstreamRegistry::of(&rule.names.upstream)?;
        let needed = registry.upstream().credential == Credential::Required;
        let words =
            || format!("a rule for {url} needs a credential, even for public images, and this one has none");
        return needed.then(|| (Code::CredentialMissing, words()));
    };
    match shape(view.account, arn) {
        Err(Misshapen::Shape(words)) => return Some((Code::SecretName, words)),
        Err(Misshapen::Elsewhere(words)) => return Some((Code::SecretElsewhere, words)),
        Ok(()) => {}
    }
    let invalid = match view.observed.validations.get(&rule.stored_prefix) {
        Some(Looked::Seen(RuleVerdict::Invalid(words))) => Some(words.as_str()),
        _ => None,
    };
    let specific = view.observed.secrets.get(arn).and_then(|reading| secret(arn, reading));
    match (specific, invalid) {
        (Some((code, words)), Some(ecr)) if !ecr.is_empty() => {
            Some((code, format!("{words}; ECR says: {ecr}")))
        }
        (Some(specific), _) => Some(specific),
        (None, Some(ecr)) => {
            let ecr = if ecr.is_empty() { "nothing more" } else { ecr };
            let words = format!("ECR cannot sign in at {url} with the rule's secret; ECR says: {ecr}");
            Some((Code::LoginRefused, words))
        }
        (None, None) => None,
    }
}

/// Returns what is wrong with a secret by what was read of it.
fn secret(arn: &str, reading: &SecretReading) -> Option<(Code, String)> {
    let description = match &reading.description {
        Looked::Unseen(_) => return None,
        Looked::Seen(None) => return Some((Code::SecretMissing, format!("there is no secret `{arn}`"))),
        Looked::Seen(Some(description)) => description,
    };
    if description.deleted.is_some() {
        let words = format!("the secret `{}` waits for its deletion and cannot be read", description.name);
        return Some((Code::SecretDeleted, words));
    }
    if let Some(key) = customer_key(description) {
        let words = format!(
            "the secret `{}` is encrypted with `{key}`, and ECR can use the default key `aws/secretsmanager` alone",
            description.name
        );
        return Some((Code::SecretKey, words));
    }
    match reading.content.as_ref()?.seen()?.as_ref()? {
        Err(error) => Some((Code::SecretContent, format!("the secret holds no credential: {error}"))),
        Ok(keys) => lacking(keys).map(|words| (Code::SecretContent, words)),
    }
}

/// Returns the key that a secret is encrypted with, where it is not the default one.
fn customer_key(description: &SecretDescription) -> Option<&str> {
    let key = description.kms_key_id.as_deref()?;
    let is_default = key == DEFAULT_KEY || key.ends_with(&format!(":{DEFAULT_KEY}"));
    (!is_default).then_some(key)
}

/// Returns which keys a secret lacks, in words.
fn lacking(keys: &[String]) -> Option<String> {
    let missing: Vec<&str> =
        KEYS.into_iter().filter(|wanted| !keys.iter().any(|key| key == wanted)).collect();
    (!missing.is_empty()).then(|| {
        let found = if keys.is_empty() { "none".to_owned() } else { format!("`{}`", keys.join("`, `")) };
        format!("the JSON object in the secret lacks `{}`; its keys are {found}", missing.join("` and `"))
    })
}

/// Returns whether a rule can sign in upstream, for the summary of its prefix.
pub(super) fn state(view: &View<'_>, rule: &Rule) -> CredentialState {
    if is_taken(rule)
        && let Some((code, reason)) = problem(view, rule)
    {
        return match code {
            Code::CredentialMissing => CredentialState::Missing,
            _ => CredentialState::Broken { reason },
        };
    }
    if rule.credential_arn.is_none() {
        return CredentialState::NotNeeded;
    }
    match view.observed.validations.get(&rule.stored_prefix) {
        Some(Looked::Seen(RuleVerdict::Valid)) => CredentialState::Works,
        Some(Looked::Seen(RuleVerdict::Invalid(words))) => CredentialState::Broken { reason: words.clone() },
        Some(Looked::Unseen(error)) => {
            CredentialState::Unknown { reason: error.refused.clone().unwrap_or_else(|| error.tried.clone()) }
        }
        None => CredentialState::Unknown { reason: "nobody asked ECR".to_owned() },
    }
}

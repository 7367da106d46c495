//! The secrets with which ECR signs in upstream: what they are called, and what ECR wants of them.
//!
//! Never holds what a secret says longer than it takes to look at its keys, unless a caller asks for it.

use std::str::FromStr as _;

use aws::secrets_manager::{SecretDescription, SecretValue};
use aws::{Arn, ErrorKind};
use image::UpstreamRegistry;
use schemars::JsonSchema;
use serde::Serialize;

use crate::account::Account;
use crate::error::{OperationError, Result};
use crate::finding::{Code, Finding, Severity};

/// How the names of all secrets begin that ECR reads.
pub(crate) const PREFIX: &str = "ecr-pullthroughcache/";

/// The key of the user name in a secret.
pub(crate) const USERNAME: &str = "username";

/// The key of the token in a secret.
pub(crate) const TOKEN: &str = "accessToken";

/// What stands behind a secret's name in its full ARN: a dash and six characters.
const SUFFIX: usize = 7;

/// A secret by its name or ARN, with a name that ECR takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretName {
    arn: Option<Arn>,
    /// The name; of an ARN with what stands behind the name.
    name: String,
}

impl SecretName {
    /// Reads a name or an ARN; a name may leave out `ecr-pullthroughcache/`.
    ///
    /// # Errors
    /// When it is no ARN of a secret, or when ECR takes no secret of that name.
    pub fn read(text: &str) -> Result<Self> {
        let tried = || OperationError::new(format!("cannot use the secret `{text}`"));
        let text = text.trim();
        if !text.starts_with("arn:") {
            let rest = text.strip_prefix(PREFIX).unwrap_or(text);
            if !is_name(rest) || rest.len() + PREFIX.len() > 512 {
                return Err(tried().refused(
                    "a name has letters, digits and the characters / _ + = . @ -, up to 512 with its prefix",
                ));
            }
            return Ok(Self { arn: None, name: format!("{PREFIX}{rest}") });
        }
        let arn = Arn::from_str(text).map_err(|error| tried().refused(error))?;
        let Some(name) = arn.resource().strip_prefix("secret:").filter(|_| arn.service() == "secretsmanager")
        else {
            return Err(tried().refused("it is not the ARN of a Secrets Manager secret"));
        };
        let Some(rest) = name.strip_prefix(PREFIX) else {
            return Err(tried().refused(format!(
                "ECR reads secrets only whose names begin with `{PREFIX}`, this one is called `{name}`"
            )));
        };
        if !is_name(rest) || text.len() > 612 || arn.account().is_empty() || arn.region().is_empty() {
            return Err(tried().refused("ECR takes no ARN of this form for a credential"));
        }
        Ok(Self { name: name.to_owned(), arn: Some(arn) })
    }

    /// Returns the ARN or the name, as Secrets Manager takes it.
    pub fn id(&self) -> String {
        self.arn.as_ref().map_or_else(|| self.name.clone(), Arn::to_string)
    }

    /// Returns the name as it was given, without ARN.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Returns whether it was given by ARN.
    pub(crate) fn is_arn(&self) -> bool {
        self.arn.is_some()
    }

    /// Returns what is wrong with the place that the ARN names, if anything is.
    fn elsewhere(&self, account: &Account) -> Option<Finding> {
        let arn = self.arn.as_ref()?;
        let (own, region) = (account.id().as_str(), account.region().as_str());
        let message = if arn.account() != own {
            format!(
                "the secret is of account {}, and the rule of {own}: ECR reads its own account's alone",
                arn.account()
            )
        } else if arn.region() != region {
            format!(
                "the secret is in {}, and the rule in {region}: ECR reads its own Region's alone",
                arn.region()
            )
        } else {
            return None;
        };
        Some(Finding::new(Severity::Error, Code::SecretElsewhere, self.id(), message))
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/_+=.@-".contains(&byte))
}

/// Returns whether two ARNs are of one secret, where either may lack the six characters behind the name.
pub(crate) fn same_secret(one: &str, other: &str) -> bool {
    let extends = |long: &str, short: &str| {
        long.strip_prefix(short).is_some_and(|rest| rest.len() == SUFFIX && rest.starts_with('-'))
    };
    one == other || extends(one, other) || extends(other, one)
}

/// Returns the command that makes a secret for a registry.
pub(crate) fn creation_hint(upstream: &UpstreamRegistry) -> String {
    format!(
        "make one: `omics-ecr secret create {} --registry {} --username USER`, then pass it with --credential",
        upstream.default_prefix(),
        upstream.host()
    )
}

/// What is known of a rule's secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum CredentialState {
    /// The registry needs none, and the rule names none.
    NotNeeded,
    /// The registry needs one, and the rule names none.
    Missing,
    /// The rule names one that is there and is as ECR wants it, as far as that shows without reading it.
    Named {
        /// Its ARN.
        arn: String,
    },
    /// The rule names one that ECR cannot use.
    Unusable {
        /// Its ARN.
        arn: String,
        /// Why not.
        reason: String,
    },
    /// The rule names one that is not there.
    Gone {
        /// Its ARN.
        arn: String,
    },
    /// The rule names one that could not be looked at.
    Unknown {
        /// Its ARN.
        arn: String,
        /// Why not.
        reason: String,
    },
}

impl CredentialState {
    /// Returns the state in a few words, as tables show it.
    pub fn label(&self) -> &'static str {
        match self {
            Self::NotNeeded => "none needed",
            Self::Missing => "missing",
            Self::Named { .. } => "there",
            Self::Unusable { .. } => "not usable",
            Self::Gone { .. } => "secret gone",
            Self::Unknown { .. } => "could not look",
        }
    }

    /// Looks at the secret that a rule names, without reading its value.
    pub(crate) async fn of(account: &Account, arn: &str) -> Self {
        let arn = arn.to_owned();
        let name = match SecretName::read(&arn) {
            Ok(name) => name,
            Err(error) => {
                let reason = error.refused.unwrap_or(error.tried);
                return Self::Unusable { arn, reason };
            }
        };
        let seen = describe(account, &name).await;
        match seen.findings.into_iter().next() {
            None => Self::Named { arn },
            Some(finding) => match finding.code {
                Code::SecretMissing => Self::Gone { arn },
                Code::SecretUnknown => Self::Unknown { arn, reason: finding.message },
                _ => Self::Unusable { arn, reason: finding.message },
            },
        }
    }
}

/// A secret that was looked at.
#[derive(Debug, Clone)]
pub(crate) struct Examined {
    /// Its full ARN, as far as it is known.
    pub(crate) arn: Option<String>,
    /// What is known of it without reading it.
    pub(crate) description: Option<SecretDescription>,
    /// What it says; none where it was not read.
    pub(crate) value: Option<SecretValue>,
    /// What ECR will not like, and what could not be looked at.
    pub(crate) findings: Vec<Finding>,
}

impl Examined {
    /// Returns the first thing for which ECR cannot use the secret.
    pub(crate) fn unusable(&self) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.severity == Severity::Error)
    }

    /// Returns the user name and the token that it holds.
    pub(crate) fn login(&self) -> Option<(String, aws::Secret)> {
        let value = self.value.as_ref()?;
        let username = value.field(USERNAME).ok()??.expose().to_owned();
        Some((username, value.field(TOKEN).ok()??))
    }
}

/// Looks at a secret without reading its value.
pub(crate) async fn describe(account: &Account, name: &SecretName) -> Examined {
    let arn = name.is_arn().then(|| name.id());
    let mut examined = Examined { arn, description: None, value: None, findings: Vec::new() };
    let finding = |severity, code, message: String| Finding::new(severity, code, name.id(), message);
    if let Some(elsewhere) = name.elsewhere(account) {
        examined.findings.push(elsewhere);
        return examined;
    }
    let description = match account.secrets().describe(&name.id()).await {
        Ok(Some(description)) => description,
        Ok(None) => {
            let message =
                format!("there is no secret `{}` in {}/{}", name.name(), account.id(), account.region());
            examined.findings.push(finding(Severity::Error, Code::SecretMissing, message));
            return examined;
        }
        Err(error) => {
            // Without the full ARN there is nothing to give to ECR.
            let severity = if name.is_arn() { Severity::Warning } else { Severity::Error };
            examined.findings.push(unseen(severity, &name.id(), &error));
            return examined;
        }
    };
    examined.arn = Some(description.arn.clone());
    if description.deleted.is_some() {
        let message = format!("the secret `{}` waits for its deletion", description.name);
        let hint = format!("keep it: `aws secretsmanager restore-secret --secret-id {}`", description.name);
        examined.findings.push(finding(Severity::Error, Code::SecretDeleted, message).hint(hint));
    }
    if let Some(key) = description.kms_key_id.as_deref().filter(|key| !is_default_key(key)) {
        let message = format!("the secret is encrypted with `{key}`, and ECR can use the default key alone");
        let hint = format!(
            "`aws secretsmanager update-secret --secret-id {} --kms-key-id alias/aws/secretsmanager`, then write its \
             value anew",
            description.name
        );
        examined.findings.push(finding(Severity::Error, Code::SecretKey, message).hint(hint));
    }
    examined.description = Some(description);
    examined
}

/// Looks at a secret and at the keys of its value.
///
/// That the caller may not read the value is a warning: ECR reads it with a role of its own.
pub(crate) async fn examine(account: &Account, name: &SecretName) -> Examined {
    let mut examined = describe(account, name).await;
    if examined.unusable().is_some() {
        return examined;
    }
    match account.secrets().value(&name.id()).await {
        Ok(Some(value)) => {
            if let Some(message) = content_problem(&value) {
                let hint = format!(
                    "write it anew: `omics-ecr secret create {} --username USER --replace`",
                    name.name().trim_start_matches(PREFIX)
                );
                let finding = Finding::new(Severity::Error, Code::SecretContent, name.id(), message);
                examined.findings.push(finding.hint(hint));
            }
            examined.arn = Some(value.arn.clone());
            examined.value = Some(value);
        }
        Ok(None) => {
            let message = "the secret has no value".to_owned();
            examined.findings.push(Finding::new(Severity::Error, Code::SecretContent, name.id(), message));
        }
        Err(error) => examined.findings.push(unseen(Severity::Warning, &name.id(), &error)),
    }
    examined
}

fn unseen(severity: Severity, subject: &str, error: &aws::AwsError) -> Finding {
    let what = if error.kind() == ErrorKind::AccessDenied {
        "you may not look at it"
    } else {
        "it could not be looked at"
    };
    let finding = Finding::new(severity, Code::SecretUnknown, subject, format!("{what}: {}", error.answer()));
    match error.hint() {
        Some(hint) => finding.hint(hint.to_string()),
        None => finding,
    }
}

fn is_default_key(key: &str) -> bool {
    key.ends_with("alias/aws/secretsmanager")
}

/// Returns what is wrong with a secret's value, without a word of it.
fn content_problem(value: &SecretValue) -> Option<String> {
    let absent = |key: &str| match value.field(key) {
        Ok(Some(text)) => text.expose().is_empty(),
        _ => true,
    };
    if let Err(shape) = value.keys() {
        return Some(format!("{shape}; ECR wants a JSON object with `{USERNAME}` and `{TOKEN}`"));
    }
    let lacking: Vec<&str> = [USERNAME, TOKEN].into_iter().filter(|key| absent(key)).collect();
    if lacking.is_empty() {
        return None;
    }
    Some(format!("it has no text under `{}`, which ECR reads", lacking.join("` and `")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:ecr-pullthroughcache/hub-AbCdEf";

    #[test]
    fn names_may_leave_out_what_all_begin_with() {
        for text in ["hub", "ecr-pullthroughcache/hub"] {
            assert_eq!(SecretName::read(text).unwrap().id(), "ecr-pullthroughcache/hub");
        }
        assert_eq!(SecretName::read(ARN).unwrap().id(), ARN);
    }

    #[test]
    fn what_ecr_would_refuse_is_refused() {
        for (text, words) in [
            (
                "arn:aws:secretsmanager:us-east-1:123456789012:secret:docker-hub-creds",
                "begin with `ecr-pullthroughcache/`",
            ),
            ("arn:aws:iam::123456789012:role/x", "not the ARN of a Secrets Manager secret"),
            ("arn:aws:secretsmanager", "arn:partition:service"),
            ("two words", "letters, digits"),
            ("", "letters, digits"),
        ] {
            let refused = SecretName::read(text).unwrap_err().refused.unwrap();
            assert!(refused.contains(words), "{text}: {refused}");
        }
    }

    #[test]
    fn an_arn_without_its_last_characters_is_the_same_secret() {
        assert!(same_secret(ARN, ARN.strip_suffix("-AbCdEf").unwrap()));
        assert!(!same_secret(
            ARN,
            "arn:aws:secretsmanager:us-east-1:123456789012:secret:ecr-pullthroughcache/h"
        ));
    }

    #[test]
    fn values_are_looked_at_without_being_told() {
        let value = |text: &str| SecretValue { arn: String::new(), text: Some(aws::Secret::new(text)) };
        assert_eq!(content_problem(&value(r#"{"username":"me","accessToken":"t"}"#)), None);
        let wrong = content_problem(&value(r#"{"user":"me","accessToken":"hunter2"}"#)).unwrap();
        assert!(wrong.contains("`username`") && !wrong.contains("hunter2"));
        assert!(content_problem(&value("{username: me}")).unwrap().contains("not JSON"));
    }
}

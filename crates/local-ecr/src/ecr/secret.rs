//! Secrets: finding them by name or ARN, and reading the credential of an upstream registry from one.

use serde_json::Value;

use super::Ecr;
use crate::fault::{Code, Fault};
use crate::storage::{Rows, SECRETS, SecretRow, SecretValue, SecretVersion};

/// The user and the token that an upstream registry takes.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct UpstreamCredential {
    /// The user name.
    pub(crate) username: String,
    /// The access token or password.
    pub(crate) access_token: String,
}

impl std::fmt::Debug for UpstreamCredential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UpstreamCredential").field("username", &self.username).finish_non_exhaustive()
    }
}

impl Ecr {
    /// Returns the ARN of a secret.
    pub(crate) fn secret_arn(&self, name: &str, row: &SecretRow) -> String {
        format!("{}{name}-{}", self.secret_arn_prefix(), row.suffix)
    }

    fn secret_arn_prefix(&self) -> String {
        let partition = self.region.partition();
        format!("arn:{partition}:secretsmanager:{}:{}:secret:", self.region, self.account)
    }

    /// Returns a secret by its name, its ARN, or its ARN without the six characters at the end.
    pub(crate) fn find_secret(
        &self,
        rows: &impl Rows,
        id: &str,
    ) -> Result<Option<(String, SecretRow)>, Fault> {
        let name = match id.starts_with("arn:") {
            false => id,
            true => match id.strip_prefix(&self.secret_arn_prefix()) {
                Some(name) => name,
                None => return Ok(None),
            },
        };
        if let Some(row) = rows.get(&SECRETS, name)? {
            return Ok(Some((name.to_owned(), row)));
        }
        if id.starts_with("arn:")
            && let Some((name, suffix)) = name.rsplit_once('-')
            && let Some(row) = rows.get(&SECRETS, name)?.filter(|row| row.suffix == suffix)
        {
            return Ok(Some((name.to_owned(), row)));
        }
        Ok(None)
    }

    /// Returns the credential that a rule's secret holds.
    ///
    /// # Errors
    /// As ECR: `SecretNotFoundException`, `UnableToAccessSecretException` when it is being deleted or does not
    /// hold `username` and `accessToken`, `UnableToDecryptSecretValueException` when it is encrypted under a
    /// key of one's own.
    pub(crate) fn upstream_credential(
        &self,
        rows: &impl Rows,
        arn: &str,
    ) -> Result<UpstreamCredential, Fault> {
        let Some((_, secret)) = self.find_secret(rows, arn)? else {
            let text = format!(
                "The ARN of the secret specified in the pull through cache rule was not found: {arn}"
            );
            return Err(Fault::new(Code::SecretNotFound, text));
        };
        if secret.deleted_at.is_some() {
            let text = "The secret is scheduled for deletion and cannot be accessed";
            return Err(Fault::new(Code::UnableToAccessSecret, text));
        }
        if secret.kms_key_id.as_deref().is_some_and(|key| !key.ends_with("alias/aws/secretsmanager")) {
            let text = "The secret is accessible but unable to be decrypted: it must be encrypted under the key \
                        aws/secretsmanager";
            return Err(Fault::new(Code::UnableToDecryptSecretValue, text));
        }
        let unusable = |text: &str| Fault::new(Code::UnableToAccessSecret, text);
        let Some(SecretVersion { value: SecretValue::String(text), .. }) = secret.staged("AWSCURRENT") else {
            return Err(unusable("The secret has no text as its current value"));
        };
        let value: Value = serde_json::from_str(text).unwrap_or(Value::Null);
        let member = |name: &str| value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        match (member("username"), member("accessToken")) {
            (Some(username), Some(access_token)) => Ok(UpstreamCredential {
                username: username.to_owned(),
                access_token: access_token.to_owned(),
            }),
            _ => Err(unusable("The secret must be a JSON object with the keys username and accessToken")),
        }
    }
}

impl SecretRow {
    /// Returns the version that carries a stage.
    pub(crate) fn staged(&self, stage: &str) -> Option<&SecretVersion> {
        self.versions.iter().rev().find(|version| version.stages.iter().any(|own| own == stage))
    }
}

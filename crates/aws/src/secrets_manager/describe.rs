//! `DescribeSecret`.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::SecretsManager;
use crate::call::time;
use crate::error::AwsError;

/// What is known of a secret without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretDescription {
    /// Its full ARN, with the six characters that Secrets Manager puts behind the name.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// What it is for, in words.
    pub description: Option<String>,
    /// The KMS key it is encrypted with; `None` for the default key `aws/secretsmanager`.
    pub kms_key_id: Option<String>,
    /// When it is deleted for good, if it waits for that.
    pub deleted: Option<SystemTime>,
    /// When it was last changed.
    pub last_changed: Option<SystemTime>,
    /// Whether it is rotated.
    pub rotated: bool,
    /// The Region it is a copy from, if it is one.
    pub primary_region: Option<String>,
    /// Its resource tags.
    pub tags: BTreeMap<String, String>,
}

impl SecretsManager {
    /// Returns what is known of a secret, by name or ARN; `None` when there is none.
    ///
    /// Spec: Secrets Manager `DescribeSecret`.
    ///
    /// # Errors
    /// [`AwsError`] when Secrets Manager refuses.
    pub async fn describe(&self, secret: &str) -> Result<Option<SecretDescription>, AwsError> {
        let call = self.call("DescribeSecret", format!("describe secret `{secret}`"));
        let answer = call
            .run(|attempts| {
                self.client().describe_secret().secret_id(secret).customize().interceptor(attempts).send()
            })
            .await
            .map_err(AwsError::from);
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) if error.is("ResourceNotFoundException") => return Ok(None),
            Err(error) => return Err(error),
        };
        let tags = answer.tags.unwrap_or_default();
        Ok(Some(SecretDescription {
            arn: call.need(answer.arn, "ARN")?,
            name: call.need(answer.name, "Name")?,
            description: answer.description.filter(|text| !text.is_empty()),
            kms_key_id: answer.kms_key_id.filter(|key| !key.is_empty()),
            deleted: time(answer.deleted_date.as_ref()),
            last_changed: time(answer.last_changed_date.as_ref()),
            rotated: answer.rotation_enabled.unwrap_or(false),
            primary_region: answer.primary_region,
            tags: tags
                .into_iter()
                .filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default())))
                .collect(),
        }))
    }
}

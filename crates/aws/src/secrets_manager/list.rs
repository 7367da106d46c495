//! `ListSecrets`.

use std::time::SystemTime;

use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType};

use super::SecretsManager;
use crate::call::time;
use crate::error::AwsError;
use crate::paging::Pages;

/// A secret in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretEntry {
    /// Its full ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// The KMS key it is encrypted with; `None` for the default key.
    pub kms_key_id: Option<String>,
    /// When it was last changed.
    pub last_changed: Option<SystemTime>,
}

/// The most secrets that one page may have.
const LARGEST_PAGE: i32 = 100;

impl SecretsManager {
    /// Returns the secrets whose names begin with a prefix, save those that wait for their deletion.
    ///
    /// Spec: Secrets Manager `ListSecrets`, all pages.
    ///
    /// # Errors
    /// [`AwsError`] when Secrets Manager refuses.
    pub async fn list(&self, name_prefix: &str) -> Result<Vec<SecretEntry>, AwsError> {
        let call = self.call("ListSecrets", format!("list the secrets below `{name_prefix}`"));
        let filters = (!name_prefix.is_empty())
            .then(|| vec![Filter::builder().key(FilterNameStringType::Name).values(name_prefix).build()]);
        let mut entries = Vec::new();
        let mut pages = Pages::default();
        while let Some(token) = pages.turn(&call)? {
            let answer = call
                .run(|attempts| {
                    let request = self
                        .client()
                        .list_secrets()
                        .set_filters(filters.clone())
                        .max_results(LARGEST_PAGE)
                        .set_next_token(token);
                    request.customize().interceptor(attempts).send()
                })
                .await?;
            pages.read(answer.next_token);
            for secret in answer.secret_list.unwrap_or_default() {
                entries.push(SecretEntry {
                    arn: call.need(secret.arn, "ARN")?,
                    name: call.need(secret.name, "Name")?,
                    kms_key_id: secret.kms_key_id.filter(|key| !key.is_empty()),
                    last_changed: time(secret.last_changed_date.as_ref()),
                });
            }
        }
        // The service's filter matches words of names, and without regard to capitals.
        entries.retain(|entry| entry.name.starts_with(name_prefix));
        Ok(entries)
    }
}

//! `CreateSecret`.

use std::collections::BTreeMap;

use aws_sdk_secretsmanager::types::Tag;

use super::SecretsManager;
use crate::error::AwsError;
use crate::secret::Secret;

/// A secret to be made, under the default key.
#[derive(Debug, Clone)]
pub struct NewSecret {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Secret,
    /// What it is for, in words.
    pub description: Option<String>,
    /// Its resource tags.
    pub tags: BTreeMap<String, String>,
}

impl SecretsManager {
    /// Makes a secret and returns its full ARN.
    ///
    /// Spec: Secrets Manager `CreateSecret`.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) when there is one of that name, or one that waits for its
    /// deletion, and whatever else Secrets Manager says.
    pub async fn create(&self, new: &NewSecret) -> Result<String, AwsError> {
        let call = self.call("CreateSecret", format!("create secret `{}`", new.name));
        let tags: Vec<Tag> =
            new.tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
        let answer = call
            .run(|attempts| {
                let request = self
                    .client()
                    .create_secret()
                    .name(&new.name)
                    .secret_string(new.value.expose())
                    .set_description(new.description.clone())
                    .set_tags((!tags.is_empty()).then_some(tags));
                request.customize().interceptor(attempts).send()
            })
            .await?;
        call.need(answer.arn, "ARN")
    }
}

//! `UpdateSecret`.

use super::SecretsManager;
use crate::error::AwsError;
use crate::secret::Secret;

/// What of a secret is to be changed; `None` leaves it as it is.
#[derive(Debug, Clone, Default)]
pub struct SecretUpdate {
    /// What it is for, in words.
    pub description: Option<String>,
    /// The KMS key it is to be encrypted with: `alias/aws/secretsmanager` is the default key.
    pub kms_key_id: Option<String>,
    /// Its value.
    pub value: Option<Secret>,
}

impl SecretsManager {
    /// Changes a secret, by name or ARN, and returns its full ARN.
    ///
    /// Spec: Secrets Manager `UpdateSecret`.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when there is none, and whatever else Secrets Manager
    /// says.
    pub async fn update(&self, secret: &str, update: &SecretUpdate) -> Result<String, AwsError> {
        let call = self.call("UpdateSecret", format!("update secret `{secret}`"));
        let answer = call
            .run(|attempts| {
                let request = self
                    .client()
                    .update_secret()
                    .secret_id(secret)
                    .set_description(update.description.clone())
                    .set_kms_key_id(update.kms_key_id.clone())
                    .set_secret_string(update.value.as_ref().map(|value| value.expose().to_owned()));
                request.customize().interceptor(attempts).send()
            })
            .await?;
        call.need(answer.arn, "ARN")
    }
}

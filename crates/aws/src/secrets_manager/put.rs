//! `PutSecretValue`.

use super::SecretsManager;
use crate::error::AwsError;
use crate::secret::Secret;

impl SecretsManager {
    /// Gives a secret, by name or ARN, a new value and returns its full ARN; the old value stays as its previous
    /// version.
    ///
    /// Spec: Secrets Manager `PutSecretValue`.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when there is none, and whatever else Secrets Manager
    /// says.
    pub async fn put_value(&self, secret: &str, value: &Secret) -> Result<String, AwsError> {
        let call = self.call("PutSecretValue", format!("write secret `{secret}`"));
        let answer = call
            .run(|attempts| {
                let request =
                    self.client().put_secret_value().secret_id(secret).secret_string(value.expose());
                request.customize().interceptor(attempts).send()
            })
            .await?;
        call.need(answer.arn, "ARN")
    }
}

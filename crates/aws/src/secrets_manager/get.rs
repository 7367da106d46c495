//! `GetSecretValue`.

use std::fmt;

use serde_json::{Map, Value};

use super::SecretsManager;
use crate::error::AwsError;
use crate::secret::Secret;

/// The value of a secret.
#[derive(Debug, Clone)]
pub struct SecretValue {
    /// The full ARN of the secret.
    pub arn: String,
    /// The text; `None` for bytes, which no credential of a registry is.
    pub text: Option<Secret>,
}

/// A secret that is no JSON object; says nothing of what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoJsonObject {
    /// It is bytes.
    Bytes,
    /// It is text, and not JSON.
    NotJson,
    /// It is JSON of another shape.
    OtherShape,
}

impl fmt::Display for NoJsonObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bytes => "the value is bytes, not text",
            Self::NotJson => "the value is not JSON",
            Self::OtherShape => "the value is JSON, but no object",
        })
    }
}

impl std::error::Error for NoJsonObject {}

impl SecretValue {
    /// Returns the keys of the JSON object that the value is, in order.
    ///
    /// # Errors
    /// [`NoJsonObject`] when it is none.
    pub fn keys(&self) -> Result<Vec<String>, NoJsonObject> {
        Ok(self.object()?.into_iter().map(|(key, _)| key).collect())
    }

    /// Returns the text under a key of the JSON object that the value is; `None` when there is no such key, or
    /// no text under it.
    ///
    /// # Errors
    /// [`NoJsonObject`] when it is none.
    pub fn field(&self, key: &str) -> Result<Option<Secret>, NoJsonObject> {
        Ok(match self.object()?.remove(key) {
            Some(Value::String(text)) => Some(Secret::new(text)),
            _ => None,
        })
    }

    fn object(&self) -> Result<Map<String, Value>, NoJsonObject> {
        let text = self.text.as_ref().ok_or(NoJsonObject::Bytes)?;
        match serde_json::from_str(text.expose()) {
            Ok(Value::Object(object)) => Ok(object),
            Ok(_) => Err(NoJsonObject::OtherShape),
            Err(_) => Err(NoJsonObject::NotJson),
        }
    }
}

impl SecretsManager {
    /// Returns the present value of a secret, by name or ARN; `None` when there is none.
    ///
    /// Spec: Secrets Manager `GetSecretValue`.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) when it waits for its deletion, and whatever else Secrets
    /// Manager says.
    pub async fn value(&self, secret: &str) -> Result<Option<SecretValue>, AwsError> {
        let call = self.call("GetSecretValue", format!("read secret `{secret}`"));
        let answer = call
            .run(|attempts| {
                self.client().get_secret_value().secret_id(secret).customize().interceptor(attempts).send()
            })
            .await
            .map_err(AwsError::from);
        match answer {
            Ok(answer) => Ok(Some(SecretValue {
                arn: call.need(answer.arn, "ARN")?,
                text: answer.secret_string.map(Secret::new),
            })),
            Err(error) if error.is("ResourceNotFoundException") => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: Option<&str>) -> SecretValue {
        SecretValue { arn: "arn".into(), text: text.map(Secret::new) }
    }

    #[test]
    fn keys_are_examined_and_values_never_shown() {
        let value = value(Some(r#"{"username": "me", "accessToken": "hunter2", "n": 1}"#));
        assert_eq!(value.keys().unwrap(), ["username", "accessToken", "n"]);
        assert_eq!(value.field("accessToken").unwrap().unwrap().expose(), "hunter2");
        assert_eq!(value.field("n").unwrap(), None);
        assert_eq!(value.field("other").unwrap(), None);
        assert!(!format!("{value:?}").contains("hunter2"));
    }

    #[test]
    fn what_is_no_object_says_so_without_its_text() {
        assert_eq!(value(None).keys(), Err(NoJsonObject::Bytes));
        assert_eq!(value(Some("{username: me}")).keys(), Err(NoJsonObject::NotJson));
        assert_eq!(value(Some("[1]")).keys(), Err(NoJsonObject::OtherShape));
        assert_eq!(value(Some("\"x\"")).field("x"), Err(NoJsonObject::OtherShape));
    }
}

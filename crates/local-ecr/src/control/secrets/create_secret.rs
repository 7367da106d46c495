//! CreateSecret

use serde::{Deserialize, Serialize};

use super::version;
use crate::control::Operation;
use crate::ecr::identity::Caller;
use crate::ecr::{Ecr, tag};
use crate::fault::{Code, Fault};
use crate::storage::{ResourceTag, Rows, SECRETS, SecretRow};

/// The request.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateSecret {
    name: String,
    client_request_token: Option<String>,
    description: Option<String>,
    kms_key_id: Option<String>,
    secret_binary: Option<String>,
    secret_string: Option<String>,
    tags: Option<Vec<ResourceTag>>,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Response {
    #[serde(rename = "ARN")]
    arn: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_id: Option<String>,
}

/// Checks the name of a secret.
fn check_name(name: &str) -> Result<(), Fault> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"/_+=.@-".contains(&byte);
    if (1..=512).contains(&name.len()) && name.bytes().all(allowed) {
        return Ok(());
    }
    let text = "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: \
                -/_+=.@";
    Err(Fault::new(Code::Validation, text))
}

/// Returns the six characters that stand behind a secret's name in its ARN.
fn suffix() -> String {
    const LETTERS: &[u8; 52] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let random = uuid::Uuid::new_v4();
    let letters = random.as_bytes().iter().take(6);
    letters.map(|byte| char::from(*LETTERS.get(usize::from(*byte) % 52).unwrap_or(&b'A'))).collect()
}

impl Operation for CreateSecret {
    const REQUIRED: &'static [&'static str] = &["Name"];
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        check_name(&self.name)?;
        let value = version::value(self.secret_string, self.secret_binary)?;
        let mut tags = Vec::new();
        tag::set(&mut tags, self.tags.unwrap_or_default())?;
        let now = ecr.clock.now();
        let mut row = SecretRow {
            suffix: suffix(),
            description: self.description,
            kms_key_id: self.kms_key_id,
            tags,
            versions: Vec::new(),
            created_at: now,
            changed_at: now,
            deleted_at: None,
        };
        let mut version_id = None;
        if let Some(value) = value {
            let id = version::id(self.client_request_token)?;
            version::add(&mut row, &id, value, vec!["AWSCURRENT".to_owned()], now)?;
            version_id = Some(id);
        }
        ecr.storage.metadata.change(|change| {
            if let Some(known) = change.get(&SECRETS, &self.name)? {
                match known.deleted_at {
                    None => {
                        let text =
                            format!("The operation failed because the secret {} already exists.", self.name);
                        return Err(Fault::new(Code::ResourceExists, text));
                    }
                    Some(gone) if gone > now => {
                        let text = "You can't create this secret because a secret with this name is already \
                                scheduled for deletion.";
                        return Err(Fault::new(Code::InvalidRequest, text));
                    }
                    Some(_) => {}
                }
            }
            change.put(&SECRETS, &self.name, &row)?;
            Ok::<_, Fault>(())
        })?;
        Ok(Response { arn: ecr.secret_arn(&self.name, &row), name: self.name, version_id })
    }
}

//! GetSecretValue

use serde::{Deserialize, Serialize};

use super::find_usable;
use crate::control::Operation;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::fault::{Code, Fault};
use crate::storage::SecretValue;

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetSecretValue {
    secret_id: String,
    version_id: Option<String>,
    version_stage: Option<String>,
}

/// The answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Response {
    #[serde(rename = "ARN")]
    arn: String,
    name: String,
    version_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_binary: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_string: Option<String>,
    version_stages: Vec<String>,
    created_date: f64,
}

impl Operation for GetSecretValue {
    const REQUIRED: &'static [&'static str] = &["SecretId"];
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        let view = ecr.storage.metadata.read()?;
        let (name, row) = find_usable(ecr, &view, &self.secret_id)?;
        let stage = match (&self.version_id, self.version_stage) {
            (_, Some(stage)) => Some(stage),
            (None, None) => Some("AWSCURRENT".to_owned()),
            (Some(_), None) => None,
        };
        let wanted = row.versions.iter().rev().find(|version| {
            self.version_id.as_ref().is_none_or(|id| *id == version.id)
                && stage.as_ref().is_none_or(|stage| version.stages.contains(stage))
        });
        let version = wanted.ok_or_else(|| {
            let label = stage.or(self.version_id).unwrap_or_default();
            let text =
                format!("Secrets Manager can't find the specified secret value for staging label: {label}");
            Fault::new(Code::ResourceNotFound, text)
        })?;
        let (secret_string, secret_binary) = match &version.value {
            SecretValue::String(text) => (Some(text.clone()), None),
            SecretValue::Binary(binary) => (None, Some(binary.clone())),
        };
        Ok(Response {
            arn: ecr.secret_arn(&name, &row),
            name,
            version_id: version.id.clone(),
            secret_binary,
            secret_string,
            version_stages: version.stages.clone(),
            created_date: version.created_at.seconds(),
        })
    }
}

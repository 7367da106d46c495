//! DescribeSecret

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::find;
use crate::control::Operation;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::fault::Fault;
use crate::storage::{ResourceTag, SecretRow};

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeSecret {
    secret_id: String,
}

/// What is known of a secret, without its value.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Description {
    #[serde(rename = "ARN")]
    arn: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kms_key_id: Option<String>,
    last_changed_date: f64,
    created_date: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_date: Option<f64>,
    tags: Vec<ResourceTag>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    version_ids_to_stages: BTreeMap<String, Vec<String>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    secret_versions_to_stages: BTreeMap<String, Vec<String>>,
}

impl Description {
    /// Returns what is known of a secret.
    pub(super) fn new(ecr: &Ecr, name: &str, row: SecretRow) -> Self {
        let staged = row.versions.iter().filter(|version| !version.stages.is_empty());
        Self {
            arn: ecr.secret_arn(name, &row),
            name: name.to_owned(),
            version_ids_to_stages: staged
                .map(|version| (version.id.clone(), version.stages.clone()))
                .collect(),
            secret_versions_to_stages: BTreeMap::new(),
            description: row.description,
            kms_key_id: row.kms_key_id,
            last_changed_date: row.changed_at.seconds(),
            created_date: row.created_at.seconds(),
            deleted_date: row.deleted_at.map(|at| at.seconds()),
            tags: row.tags,
        }
    }

    /// Returns the same in the spelling of lists, where versions have another name.
    pub(super) fn listed(mut self) -> Self {
        self.secret_versions_to_stages = std::mem::take(&mut self.version_ids_to_stages);
        self
    }
}

impl Operation for DescribeSecret {
    const REQUIRED: &'static [&'static str] = &["SecretId"];
    type Response = Description;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Description, Fault> {
        let view = ecr.storage.metadata.read()?;
        let (name, row) = find(ecr, &view, &self.secret_id)?;
        Ok(Description::new(ecr, &name, row))
    }
}

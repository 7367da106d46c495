//! CreateRepositoryCreationTemplate

use serde::Deserialize;

use super::template_settings::TemplateSettings;
use super::wire::OneTemplate;
use crate::constraint;
use crate::control::Operation;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::ecr::rule::rule_key;
use crate::fault::{Code, Fault};
use crate::storage::{Encryption, Rows, TEMPLATES, TagMutability, TemplateRow};

/// The request.
#[derive(Debug, Deserialize)]
pub(crate) struct CreateRepositoryCreationTemplate {
    prefix: String,
    #[serde(flatten)]
    settings: TemplateSettings,
}

impl Operation for CreateRepositoryCreationTemplate {
    const REQUIRED: &'static [&'static str] = &["prefix", "appliedFor"];
    type Response = OneTemplate;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<OneTemplate, Fault> {
        constraint::TEMPLATE_PREFIX.check("prefix", &self.prefix)?;
        let now = ecr.clock.now();
        let mut row = TemplateRow {
            description: None,
            encryption: Encryption::default(),
            resource_tags: Vec::new(),
            mutability: TagMutability::Mutable,
            exclusion_filters: Vec::new(),
            repository_policy: None,
            lifecycle_policy: None,
            applied_for: Vec::new(),
            custom_role_arn: None,
            created_at: now,
            updated_at: now,
        };
        self.settings.apply(&mut row)?;
        let prefix = rule_key(&self.prefix);
        ecr.storage.metadata.change(|change| {
        if change.has(&TEMPLATES, prefix)? {
            return Err(Fault::new(
                Code::TemplateAlreadyExists,
                format!("The repository creation template with prefix '{prefix}' already exists"),
            ));
        }
        change.put(&TEMPLATES, prefix, &row)?;
Ok::<_, Fault>(())
        })?;
        Ok(OneTemplate::new(ecr, prefix, row))
    }
}

//! UpdateRepositoryCreationTemplate

use serde::Deserialize;

use super::template_settings::TemplateSettings;
use super::wire::OneTemplate;
use crate::control::Operation;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::ecr::rule::rule_key;
use crate::fault::Fault;
use crate::storage::TEMPLATES;

/// The request.
#[derive(Debug, Deserialize)]
pub(crate) struct UpdateRepositoryCreationTemplate {
    prefix: String,
    #[serde(flatten)]
    settings: TemplateSettings,
}

impl Operation for UpdateRepositoryCreationTemplate {
    const REQUIRED: &'static [&'static str] = &["prefix"];
    type Response = OneTemplate;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<OneTemplate, Fault> {
        let change = ecr.storage.metadata.write()?;
        let mut row = ecr.template(&change, &self.prefix)?;
        self.settings.apply(&mut row)?;
        row.updated_at = ecr.clock.now();
        let prefix = rule_key(&self.prefix);
        change.put(&TEMPLATES, prefix, &row)?;
        change.commit()?;
        Ok(OneTemplate::new(ecr, prefix, row))
    }
}

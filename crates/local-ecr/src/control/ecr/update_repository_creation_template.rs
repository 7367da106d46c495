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
        let prefix = rule_key(&self.prefix);
        let row = ecr.storage.metadata.change(|change| {
        let mut row = ecr.template(change, &self.prefix)?;
        self.settings.clone().apply(&mut row)?;
        row.updated_at = ecr.clock.now();
        change.put(&TEMPLATES, prefix, &row)?;
Ok::<_, Fault>(row)
        })?;
        Ok(OneTemplate::new(ecr, prefix, row))
    }
}

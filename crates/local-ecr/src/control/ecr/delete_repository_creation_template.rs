//! DeleteRepositoryCreationTemplate

use serde::Deserialize;

use super::wire::OneTemplate;
use crate::control::Operation;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::ecr::rule::rule_key;
use crate::fault::Fault;
use crate::storage::TEMPLATES;

/// The request.
#[derive(Debug, Deserialize)]
pub(crate) struct DeleteRepositoryCreationTemplate {
    prefix: String,
}

impl Operation for DeleteRepositoryCreationTemplate {
    const REQUIRED: &'static [&'static str] = &["prefix"];
    type Response = OneTemplate;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<OneTemplate, Fault> {
        let change = ecr.storage.metadata.write()?;
        let row = ecr.template(&change, &self.prefix)?;
        let prefix = rule_key(&self.prefix);
        change.remove(&TEMPLATES, prefix)?;
        change.commit()?;
        Ok(OneTemplate::new(ecr, prefix, row))
    }
}

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
        let prefix = rule_key(&self.prefix);
        let row = ecr.storage.metadata.change(|change| {
        let row = ecr.template(change, &self.prefix)?;
        change.remove(&TEMPLATES, prefix)?;
Ok::<_, Fault>(row)
        })?;
        Ok(OneTemplate::new(ecr, prefix, row))
    }
}

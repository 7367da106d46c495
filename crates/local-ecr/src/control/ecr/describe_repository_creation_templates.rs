//! DescribeRepositoryCreationTemplates

use serde::{Deserialize, Serialize};

use super::wire::Template;
use crate::constraint;
use crate::control::Operation;
use crate::control::page::page;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::ecr::rule::rule_key;
use crate::fault::Fault;
use crate::storage::TEMPLATES;

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DescribeRepositoryCreationTemplates {
    prefixes: Option<Vec<String>>,
    next_token: Option<String>,
    max_results: Option<i64>,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    registry_id: String,
    repository_creation_templates: Vec<Template>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

impl Operation for DescribeRepositoryCreationTemplates {
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        let limit = constraint::max_results(self.max_results, 100, 1000)?;
        for prefix in self.prefixes.iter().flatten() {
            constraint::TEMPLATE_PREFIX.check("prefixes", prefix)?;
        }
        // The model lists no fault for a template that is not there: it is left out.
        let wanted = |prefix: &str| match &self.prefixes {
            Some(prefixes) if !prefixes.is_empty() => prefixes.iter().any(|one| rule_key(one) == prefix),
            _ => true,
        };
        let view = ecr.storage.metadata.read()?;
        let page = page(&view, &TEMPLATES, "", self.next_token.as_ref(), limit, |prefix, row| {
            wanted(prefix).then(|| Template::new(prefix, row))
        })?;
        Ok(Response {
            registry_id: ecr.registry_id().to_owned(),
            repository_creation_templates: page.items,
            next_token: page.next_token,
        })
    }
}

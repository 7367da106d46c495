//! ListSecrets

use serde::{Deserialize, Serialize};

use super::describe_secret::Description;
use crate::constraint;
use crate::control::Operation;
use crate::control::page::page;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::fault::{Code, Fault};
use crate::storage::{SECRETS, SecretRow};

/// `Filter`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Filter {
    key: String,
    #[serde(default)]
    values: Vec<String>,
}

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListSecrets {
    #[serde(default)]
    include_planned_deletion: bool,
    max_results: Option<i64>,
    next_token: Option<String>,
    filters: Option<Vec<Filter>>,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Response {
    secret_list: Vec<Description>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

impl Filter {
    /// Returns whether a secret has what one of the values begins with; a mark of exclamation turns it around.
    fn takes(&self, name: &str, row: &SecretRow) -> bool {
        let begins = |text: &str, value: &str| {
            text.to_lowercase()
                .split(['/', ' ', '-', '_', '.', '+', '=', '@'])
                .any(|word| word.starts_with(value))
                || text.to_lowercase().starts_with(value)
        };
        self.values.iter().any(|value| {
            let (value, wanted) = match value.strip_prefix('!') {
                Some(value) => (value.to_lowercase(), false),
                None => (value.to_lowercase(), true),
            };
            let found = match self.key.as_str() {
                "name" => name.to_lowercase().starts_with(&value),
                "description" => begins(row.description.as_deref().unwrap_or_default(), &value),
                "tag-key" => row.tags.iter().any(|tag| begins(&tag.key, &value)),
                "tag-value" => row.tags.iter().any(|tag| begins(&tag.value, &value)),
                _ => {
                    begins(name, &value)
                        || begins(row.description.as_deref().unwrap_or_default(), &value)
                        || row.tags.iter().any(|tag| begins(&tag.key, &value) || begins(&tag.value, &value))
                }
            };
            found == wanted
        })
    }
}

impl Operation for ListSecrets {
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        let limit = constraint::max_results(self.max_results, 100, 100)?;
        let filters = self.filters.unwrap_or_default();
        let keys = ["description", "name", "tag-key", "tag-value", "primary-region", "owning-service", "all"];
        for filter in &filters {
            constraint::one_of("Filters.Key", &filter.key, &keys)?;
        }
        let view = ecr.storage.metadata.read()?;
        let now = ecr.clock.now();
        let made = page(&view, &SECRETS, "", self.next_token.as_ref(), limit, |name, row| {
            let listed = match row.deleted_at {
                None => true,
                Some(gone) => self.include_planned_deletion && gone > now,
            };
            let takes = listed && filters.iter().all(|filter| filter.takes(name, &row));
            takes.then(|| Description::new(ecr, name, row).listed())
        });
        let page = made.map_err(|fault| match fault.code {
            Code::InvalidParameter => Fault::new(Code::InvalidNextToken, fault.message),
            _ => fault,
        })?;
        Ok(Response { secret_list: page.items, next_token: page.next_token })
    }
}

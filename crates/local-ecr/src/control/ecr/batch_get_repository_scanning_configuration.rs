//! BatchGetRepositoryScanningConfiguration

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::constraint;
use crate::control::Operation;
use crate::ecr::identity::Caller;
use crate::ecr::{Ecr, setting};
use crate::fault::Fault;
use crate::storage::{REPOSITORIES, RepositoryRow, Rows};

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BatchGetRepositoryScanningConfiguration {
    repository_names: Vec<String>,
}

/// `RepositoryScanningConfiguration`
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Configuration {
    repository_arn: String,
    repository_name: String,
    scan_on_push: bool,
    scan_frequency: String,
    applied_scan_filters: Vec<Value>,
}

/// `RepositoryScanningConfigurationFailure`
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Failure {
    repository_name: String,
    failure_code: &'static str,
    failure_reason: &'static str,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    scanning_configurations: Vec<Configuration>,
    failures: Vec<Failure>,
}

/// Returns whether a filter of the scanning configuration is for a repository: its text is somewhere in the
/// name, and a star stands for any text.
fn is_for(filter: &str, repository: &str) -> bool {
    let mut rest = repository;
    filter.split('*').all(|part| match rest.split_once(part) {
        Some((_, behind)) => {
            rest = behind;
            true
        }
        None => false,
    })
}

/// Returns how a repository is scanned: by the first rule of the registry that is for it, or by its own flag.
fn configuration(ecr: &Ecr, name: &str, row: &RepositoryRow, registry: &Value) -> Configuration {
    let rules = registry["rules"].as_array().map(Vec::as_slice).unwrap_or_default();
    let applied = rules.iter().find_map(|rule| {
        let filters = rule["repositoryFilters"].as_array()?;
        let own: Vec<Value> = filters
            .iter()
            .filter(|filter| filter["filter"].as_str().is_some_and(|filter| is_for(filter, name)))
            .map(|filter| json!({ "filter": filter["filter"], "filterType": filter["filterType"] }))
            .collect();
        (!own.is_empty()).then(|| (rule["scanFrequency"].as_str().unwrap_or("MANUAL").to_owned(), own))
    });
    let (scan_frequency, applied_scan_filters) = applied.unwrap_or_else(|| {
        let own = if row.scan_on_push { "SCAN_ON_PUSH" } else { "MANUAL" };
        (own.to_owned(), Vec::new())
    });
    Configuration {
        repository_arn: ecr.repository_arn(name),
        repository_name: name.to_owned(),
        scan_on_push: row.scan_on_push || scan_frequency == "SCAN_ON_PUSH",
        scan_frequency,
        applied_scan_filters,
    }
}

impl Operation for BatchGetRepositoryScanningConfiguration {
    const REQUIRED: &'static [&'static str] = &["repositoryNames"];
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        constraint::count("repositoryNames", self.repository_names.len(), 1, 25)?;
        let view = ecr.storage.metadata.read()?;
        let registry = setting::scanning(&view)?;
        let (mut scanning_configurations, mut failures) = (Vec::new(), Vec::new());
        for name in self.repository_names {
            constraint::REPOSITORY_NAME.check("repositoryNames", &name)?;
            match view.get(&REPOSITORIES, &name)? {
                Some(row) => scanning_configurations.push(configuration(ecr, &name, &row, &registry)),
                None => failures.push(Failure {
                    repository_name: name,
                    failure_code: "REPOSITORY_NOT_FOUND",
                    failure_reason: "REPOSITORY_NOT_FOUND",
                }),
            }
        }
        Ok(Response { scanning_configurations, failures })
    }
}

#[cfg(test)]
mod tests {
    use super::is_for;

    #[test]
    fn filters_are_for_names_that_contain_them() {
        for (filter, name, expected) in [
            ("*", "anything", true),
            ("prod", "team/prod/tool", true),
            ("pro*tool", "team/prod/tool", true),
            ("tool*pro", "team/prod/tool", false),
            ("dev", "team/prod/tool", false),
        ] {
            assert_eq!(is_for(filter, name), expected, "{filter} {name}");
        }
    }
}

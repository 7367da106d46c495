//! PutRegistryScanningConfiguration

use serde::{Deserialize, Serialize};

use crate::constraint;
use crate::control::Operation;
use crate::ecr::identity::Caller;
use crate::ecr::{Ecr, setting};
use crate::fault::{Code, Fault};
use crate::storage::SETTINGS;

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PutRegistryScanningConfiguration {
    scan_type: Option<String>,
    rules: Option<Vec<Rule>>,
}

/// `RegistryScanningConfiguration`
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Configuration {
    scan_type: String,
    rules: Vec<Rule>,
}

/// `RegistryScanningRule`
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rule {
    scan_frequency: String,
    repository_filters: Vec<Filter>,
}

/// `ScanningRepositoryFilter`
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Filter {
    filter: String,
    filter_type: String,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    registry_scanning_configuration: Configuration,
}

impl Operation for PutRegistryScanningConfiguration {
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        let configuration = Configuration {
            scan_type: self.scan_type.unwrap_or_else(|| "BASIC".to_owned()),
            rules: self.rules.unwrap_or_default(),
        };
        constraint::one_of("scanType", &configuration.scan_type, &["BASIC", "ENHANCED"])?;
        constraint::count("rules", configuration.rules.len(), 0, 2)?;
        for rule in &configuration.rules {
            let frequencies = ["SCAN_ON_PUSH", "CONTINUOUS_SCAN", "MANUAL"];
            constraint::one_of("scanFrequency", &rule.scan_frequency, &frequencies)?;
            constraint::count("repositoryFilters", rule.repository_filters.len(), 0, 100)?;
            for filter in &rule.repository_filters {
                constraint::one_of("filterType", &filter.filter_type, &["WILDCARD"])?;
                constraint::SCANNING_FILTER.check("filter", &filter.filter)?;
            }
        }
        let value = serde_json::to_value(&configuration)
            .map_err(|error| Fault::new(Code::Server, error.to_string()))?;
        ecr.storage.metadata.change(|change| {
        change.put(&SETTINGS, setting::SCANNING, &value)?;
Ok::<_, Fault>(())
        })?;
        Ok(Response { registry_scanning_configuration: configuration })
    }
}

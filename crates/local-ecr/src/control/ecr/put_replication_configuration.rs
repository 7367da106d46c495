//! PutReplicationConfiguration

use serde::{Deserialize, Serialize};

use crate::constraint;
use crate::control::Operation;
use crate::ecr::identity::Caller;
use crate::ecr::{Ecr, setting};
use crate::fault::{Code, Fault};
use crate::storage::SETTINGS;

/// `ReplicationConfiguration`
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Configuration {
    rules: Vec<Rule>,
}

/// `ReplicationRule`
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rule {
    destinations: Vec<Destination>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repository_filters: Option<Vec<Filter>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delete_replication: Option<DeleteReplication>,
}

/// `ReplicationDestination`
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Destination {
    region: String,
    registry_id: String,
}

/// `RepositoryFilter`
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Filter {
    filter: String,
    filter_type: String,
}

/// `DeleteReplication`
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DeleteReplication {
    enabled: bool,
}

/// The request, and the answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PutReplicationConfiguration {
    replication_configuration: Configuration,
}

impl Configuration {
    fn check(&self, ecr: &Ecr) -> Result<(), Fault> {
        const NAME: &str = "replicationConfiguration";
        constraint::count("replicationConfiguration.rules", self.rules.len(), 0, 25)?;
        for rule in &self.rules {
            constraint::count("destinations", rule.destinations.len(), 0, 100)?;
            for destination in &rule.destinations {
                constraint::REGION.check("region", &destination.region)?;
                constraint::REGISTRY_ID.check("registryId", &destination.registry_id)?;
                if destination.region == ecr.region.as_str()
                    && destination.registry_id == ecr.registry_id()
                {
                    let text = "Replication destination cannot be the same as the source registry";
                    return Err(Fault::parameter(NAME, text));
                }
            }
            if let Some(filters) = &rule.repository_filters {
                constraint::count("repositoryFilters", filters.len(), 1, 100)?;
                for filter in filters {
                    constraint::one_of("filterType", &filter.filter_type, &["PREFIX_MATCH"])?;
                    constraint::REPOSITORY_FILTER.check("filter", &filter.filter)?;
                }
            }
        }
        Ok(())
    }
}

impl Operation for PutReplicationConfiguration {
    const REQUIRED: &'static [&'static str] = &["replicationConfiguration"];
    type Response = Self;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Self, Fault> {
        self.replication_configuration.check(ecr)?;
        let value = serde_json::to_value(&self.replication_configuration)
            .map_err(|error| Fault::new(Code::Server, error.to_string()))?;
        ecr.storage.metadata.change(|change| {
        change.put(&SETTINGS, setting::REPLICATION, &value)?;
Ok::<_, Fault>(())
        })?;
        Ok(self)
    }
}

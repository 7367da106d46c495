//! PutReplicationConfiguration

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::constraint;
use crate::control::Operation;
use crate::ecr::identity::Caller;
use crate::ecr::{Ecr, setting};
use crate::fault::Fault;
use crate::storage::Rows;

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

impl Destination {
    /// Returns the Region and the registry.
    pub(super) fn place(&self) -> (&str, &str) {
        (&self.region, &self.registry_id)
    }
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

impl Rule {
    /// Returns whether the images of a repository are for the rule.
    fn is_for(&self, repository: &str) -> bool {
        let filters = self.repository_filters.as_ref();
        filters.is_none_or(|filters| filters.iter().any(|filter| repository.starts_with(&filter.filter)))
    }
}

/// Returns where the images of a repository are to be copied, each place once, with the moment from which on.
pub(super) fn destinations(
    rows: &impl Rows,
    repository: &str,
) -> Result<(Vec<Destination>, Timestamp), Fault> {
    let set_at = setting::get(rows, setting::REPLICATION_SET_AT)?.unwrap_or_default();
    let mut found: Vec<Destination> = Vec::new();
    let configuration: Option<Configuration> = setting::get(rows, setting::REPLICATION)?;
    let rules = configuration.map(|configuration| configuration.rules).unwrap_or_default();
    for destination in rules.into_iter().filter(|rule| rule.is_for(repository)).flat_map(|rule| rule.destinations) {
        if !found.iter().any(|known| known.place() == destination.place()) {
            found.push(destination);
        }
    }
    Ok((found, set_at))
}

impl Operation for PutReplicationConfiguration {
    const REQUIRED: &'static [&'static str] = &["replicationConfiguration"];
    type Response = Self;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Self, Fault> {
        self.replication_configuration.check(ecr)?;
        ecr.storage.metadata.change(|change| {
            setting::put(change, setting::REPLICATION_SET_AT, &ecr.clock.now())?;
            setting::put(change, setting::REPLICATION, &self.replication_configuration)
        })?;
        Ok(self)
    }
}

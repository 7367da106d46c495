//! `DescribeRegistry`.

use image::{AccountId, Region};

use crate::ecr::Ecr;
use crate::error::AwsError;

/// The account's registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryDescription {
    /// The account.
    pub account: AccountId,
    /// What it replicates.
    pub replication: Vec<ReplicationRule>,
}

/// A rule of replication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicationRule {
    /// Where images go.
    pub destinations: Vec<ReplicationDestination>,
    /// The prefixes of the repositories it is for; empty for all.
    pub prefixes: Vec<String>,
}

/// A registry that images are replicated to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicationDestination {
    /// Its account.
    pub account: AccountId,
    /// Its Region.
    pub region: Region,
}

impl Ecr {
    /// Returns the account's registry and what it replicates.
    ///
    /// Spec: ECR `DescribeRegistry`.
    ///
    /// # Errors
    /// [`AwsError`] when ECR refuses.
    pub async fn registry(&self) -> Result<RegistryDescription, AwsError> {
        let call = self.call("DescribeRegistry", "describe the registry");
        self.own_registry_only(&call)?;
        let answer = call
            .run(|attempts| self.client().describe_registry().customize().interceptor(attempts).send())
            .await?;
        let rules =
            answer.replication_configuration.map(|configuration| configuration.rules).unwrap_or_default();
        let mut replication = Vec::with_capacity(rules.len());
        for rule in rules {
            let mut destinations = Vec::with_capacity(rule.destinations.len());
            for destination in rule.destinations {
                destinations.push(ReplicationDestination {
                    account: call.read(Some(&destination.registry_id), "registryId")?,
                    region: call.read(Some(&destination.region), "region")?,
                });
            }
            let filters = rule.repository_filters.unwrap_or_default();
            let prefixes = filters.into_iter().map(|filter| filter.filter).collect();
            replication.push(ReplicationRule { destinations, prefixes });
        }
        Ok(RegistryDescription {
            account: call.read(answer.registry_id.as_deref(), "registryId")?,
            replication,
        })
    }
}

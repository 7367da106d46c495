//! PutSigningConfiguration

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::constraint;
use crate::control::Operation;
use crate::ecr::identity::Caller;
use crate::ecr::{Ecr, setting, wildcard};
use crate::fault::{Code, Fault};
use crate::storage::Rows;

/// `SigningConfiguration`
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Configuration {
    rules: Vec<Rule>,
}

/// `SigningRule`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Rule {
    signing_profile_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    repository_filters: Option<Vec<Filter>>,
}

/// `SigningRepositoryFilter`
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Filter {
    filter: String,
    filter_type: String,
}

/// A configuration with the moment at which it was set.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    /// The configuration.
    pub(super) configuration: Configuration,
    /// Which images it is for: those pushed since.
    pub(super) set_at: Timestamp,
}

/// The request, and the answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PutSigningConfiguration {
    signing_configuration: Configuration,
}

impl Configuration {
    fn check(&self) -> Result<(), Fault> {
        constraint::count("signingConfiguration.rules", self.rules.len(), 0, 10)?;
        for rule in &self.rules {
            constraint::SIGNING_PROFILE_ARN.check("signingProfileArn", &rule.signing_profile_arn)?;
            if let Some(filters) = &rule.repository_filters {
                constraint::count("repositoryFilters", filters.len(), 1, 100)?;
                for filter in filters {
                    constraint::one_of("filterType", &filter.filter_type, &["WILDCARD_MATCH"])?;
                    constraint::SIGNING_FILTER.check("filter", &filter.filter)?;
                }
            }
        }
        Ok(())
    }

    /// Returns the profiles that images of a repository are to be signed with, each once.
    pub(super) fn profiles(&self, repository: &str) -> Vec<&str> {
        let mut profiles: Vec<&str> = Vec::new();
        for rule in self.rules.iter().filter(|rule| rule.is_for(repository)) {
            if !profiles.contains(&rule.signing_profile_arn.as_str()) {
                profiles.push(&rule.signing_profile_arn);
            }
        }
        profiles
    }
}

impl Rule {
    fn is_for(&self, repository: &str) -> bool {
        let filters = self.repository_filters.as_ref();
        filters.is_none_or(|filters| filters.iter().any(|filter| wildcard::matches(&filter.filter, repository)))
    }
}

/// Returns the configuration that is set.
pub(super) fn kept(rows: &impl Rows) -> Result<Option<Kept>, Fault> {
    setting::get(rows, setting::SIGNING)
}

/// Returns ECR's answer where none is set.
pub(super) fn none_kept(ecr: &Ecr) -> Fault {
    let text = format!("Signing configuration does not exist in the registry with id '{}'", ecr.registry_id());
    Fault::new(Code::SigningConfigurationNotFound, text)
}

impl Operation for PutSigningConfiguration {
    const REQUIRED: &'static [&'static str] = &["signingConfiguration"];
    type Response = Self;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Self, Fault> {
        self.signing_configuration.check()?;
        let kept = Kept { configuration: self.signing_configuration, set_at: ecr.clock.now() };
        ecr.storage.metadata.change(|change| setting::put(change, setting::SIGNING, &kept))?;
        Ok(Self { signing_configuration: kept.configuration })
    }
}

//! The private registry that images are mapped into.

use image::{AccountId, EcrHost, Region};

/// What stands for an unknown account.
const ACCOUNT: &str = "ACCOUNT";
/// What stands for an unknown Region.
const REGION: &str = "REGION";

/// The private registry of an account in a Region; either may still be unknown.
///
/// An unknown part prints as the placeholder `ACCOUNT` or `REGION`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EcrTarget {
    /// The account, where it is known.
    pub account: Option<AccountId>,
    /// The Region, where it is known.
    pub region: Option<Region>,
}

impl EcrTarget {
    /// Returns the registry's host, with placeholders for what is unknown.
    pub fn host(&self) -> String {
        let account = self.account.as_ref().map_or(ACCOUNT, AccountId::as_str);
        let region = self.region.as_ref().map_or(REGION, Region::as_str);
        let domain = self.region.as_ref().map_or("amazonaws.com", Region::domain);
        format!("{account}.dkr.ecr.{region}.{domain}")
    }

    /// Returns the names of the parts that are placeholders.
    pub fn placeholders(&self) -> Vec<&'static str> {
        let account = self.account.is_none().then_some(ACCOUNT);
        let region = self.region.is_none().then_some(REGION);
        account.into_iter().chain(region).collect()
    }

    /// Returns whether a private registry can serve runs for this target: the same Region, any account.
    pub fn takes(&self, registry: &EcrHost) -> bool {
        self.region.as_ref().is_none_or(|region| region == registry.region())
    }
}

//! Whether HealthOmics can pull through a registry: what is there, what is wrong with it, and what mends it.
//!
//! Everything is read first, each thing once; the findings follow from what was read alone, so that a plan of
//! repairs can be judged before anything is changed.

mod apply;
mod credentials;
mod fix;
mod observe;
mod permissions;
mod policy_text;
mod quotas;
mod reasons;
mod region;
mod registry_policy;
mod remedy;
mod report;
mod repositories;
mod rules;
mod templates;

use image::EcrRepositoryPrefix;

pub use apply::{Applied, Outcome, apply};
pub use fix::{Change, FixPlan, TemplateSettings, plan};
pub use observe::Observed;
pub(crate) use observe::is_taken;
pub use report::{CredentialState, PrefixSummary, RepositoryCount, ValidateReport, Verdict};

use crate::account::Account;
use crate::finding::Finding;
use observe::View;

/// What is to be validated.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ValidateRequest {
    /// The ECR repository prefixes to look at; all that have a rule when there are none.
    pub prefixes: Vec<EcrRepositoryPrefix>,
}

/// Validates a registry; changes nothing.
///
/// What could not be looked at is a finding of its own, never an absence.
pub async fn validate(account: &Account, request: &ValidateRequest) -> ValidateReport {
    report(account, request, &observe(account, request).await)
}

/// Reads what a validation judges: a handful of requests for the registry, up to three for each rule with a
/// credential, and one for each repository below a prefix.
pub async fn observe(account: &Account, request: &ValidateRequest) -> Observed {
    Observed::read(account, request).await
}

/// Judges what was read.
pub fn report(account: &Account, request: &ValidateRequest, observed: &Observed) -> ValidateReport {
    let view = View::new(account, request, observed);
    let mut findings: Vec<Finding> = Vec::new();
    region::check(&view, &mut findings);
    permissions::check(&view, &mut findings);
    rules::check(&view, request, &mut findings);
    quotas::check(&view, &mut findings);
    credentials::check(&view, &mut findings);
    registry_policy::check(&view, &mut findings);
    templates::check(&view, &mut findings);
    let counts = repositories::check(&view, &mut findings);
    report::conclude(&view, findings, &counts)
}

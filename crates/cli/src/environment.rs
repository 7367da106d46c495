//! Every environment variable that the command reads, in one place.

use std::env;

/// The Region; comes before [`AWS_DEFAULT_REGION`].
pub(crate) const AWS_REGION: &str = "AWS_REGION";
/// The Region where [`AWS_REGION`] is not set.
pub(crate) const AWS_DEFAULT_REGION: &str = "AWS_DEFAULT_REGION";
/// The account of the private registry.
pub(crate) const ACCOUNT: &str = "OMICS_ECR_ACCOUNT";
/// When set to anything, no colour is used.
pub(crate) const NO_COLOR: &str = "NO_COLOR";

/// Returns a variable that is set and not empty.
pub(crate) fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

//! Drift: cached tags against what upstream has under them now, and bringing the difference in.
//!
//! Owns the comparison and the one way a cached tag is renewed before ECR does so by itself. [`plan`] only reads;
//! [`refresh`] carries that plan out, and takes no tag away whose image cannot be put back.

mod plan;
mod refresh;
mod survey;

use crate::account::Account;
use crate::error::Result;
use crate::private_registry::PrivateRegistry;

pub use self::plan::{CachedTag, DriftPlan, DriftRequest, DriftState, Renewal};
pub use self::refresh::{RefreshOutcome, RefreshReport, RefreshedTag, refresh};

/// Compares the tags of repositories that rules fill with upstream.
///
/// Asks upstream with HEAD, which no registry counts as a pull; reads nothing that would make ECR go upstream.
///
/// # Errors
/// When the rules or the repositories cannot be read, or a prefix or repository was named that no rule fills.
pub async fn plan(
    account: &Account,
    registry: &PrivateRegistry,
    request: &DriftRequest,
) -> Result<DriftPlan> {
    survey::run(account, registry, request).await
}

//! Check: whether runs can use images, as ECR, its policies and the images' own registries answer now.
//!
//! Owns the answer for one image with its evidence. [`check`] changes nothing in the account and has nothing imported;
//! [`prime`] is the separate act that makes ECR import what rules cover, and checks again.

mod judge;
mod missing;
mod nearest;
mod priming;
mod reading;
mod remarks;
mod report;
mod request;
pub(crate) mod stored;
mod survey;
pub(crate) mod upstream;

use registry::ClientOptions;

use crate::account::Account;
use crate::error::Result;
use crate::private_registry::PrivateRegistry;

pub use self::report::{
    Availability, Cause, CheckReport, CheckedImage, Evidence, ReadAs, Reading, StoredImage, UpstreamAnswer,
    UpstreamLook,
};
pub use self::request::{CheckRequest, read_list};

/// Returns options of a client by which registries that do not answer are given up within seconds.
pub fn client_options(options: ClientOptions) -> ClientOptions {
    upstream::impatient(options)
}

/// Returns for each image whether a run can use it, and why not.
///
/// Reads only. What is asked of ECR never makes it go upstream: images by `DescribeImages`, and manifests and configs by
/// digest of what is there. ECR notes the reading of a manifest as a pull, unless `request.contents` is off.
///
/// # Errors
/// When no image was given. What cannot be looked at is in the answers.
pub async fn check(
    account: &Account,
    registry: &PrivateRegistry,
    request: &CheckRequest,
) -> Result<CheckReport> {
    survey::run(account, registry, request).await
}

/// Makes ECR import the images that rules cover and that are not there yet, and checks all of them afterwards.
///
/// # Errors
/// As [`check`]. What could not be imported says so in its answer.
pub async fn prime(
    account: &Account,
    registry: &PrivateRegistry,
    request: &CheckRequest,
) -> Result<CheckReport> {
    priming::run(account, registry, request).await
}

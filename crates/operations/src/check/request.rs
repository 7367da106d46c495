//! What is asked for.

use std::time::Duration;

use image::{AccountId, RepositoryName};

use crate::error::Result;

/// Most images of one request.
pub(super) const MOST_IMAGES: usize = 100_000;

/// Images to check, and how.
#[derive(Debug, Clone)]
pub struct CheckRequest {
    /// The images: full names in ECR, repositories with tags, or names at other registries.
    pub images: Vec<String>,
    /// Whether manifests and configs of what is in ECR are read, for platforms, ENTRYPOINT and missing layers. ECR
    /// notes that as a pull.
    pub contents: bool,
    /// What comes before the names of cloned repositories.
    pub clone_prefix: Option<RepositoryName>,
    /// How long an image that a rule imports may take to be there.
    pub prime_patience: Duration,
    /// The account whose runs are to use the images; the registry's own where none is named.
    pub runs_in: Option<AccountId>,
}

impl CheckRequest {
    /// Returns a request for images, with all that can be told of them.
    pub fn new(images: Vec<String>) -> Self {
        Self {
            images,
            contents: true,
            clone_prefix: None,
            prime_patience: Duration::from_secs(30 * 60),
            runs_in: None,
        }
    }
}

/// Returns the images of a list, one on each line; of `SOURCE TARGET`, as `map --clone-list` writes it, the target. Empty
/// lines, and what follows `#`, are passed over.
///
/// # Errors
/// When a line has more than two words, or there are too many.
pub fn read_list(text: &str) -> Result<Vec<String>> {
    let items = crate::clone::read_list(text)?;
    Ok(items.into_iter().map(|item| item.target.unwrap_or(item.source)).collect())
}

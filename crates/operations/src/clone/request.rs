//! What is asked for: images, where they go, and how.

use std::collections::BTreeMap;
use std::time::Duration;

use image::{PullThroughCacheRules, RepositoryName};
use registry::PlatformChoice;
use registry::copy::PARTS_FROM;

use crate::cache::SourceAccount;
use crate::error::{OperationError, Result};

/// Most images of one request.
const MOST_IMAGES: usize = 100_000;

/// One image to clone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CloneItem {
    /// The image, as people write it.
    pub source: String,
    /// Where it goes: `REPOSITORY[:TAG]`; `None` for a rule that covers it, or a name made from its own.
    pub target: Option<String>,
}

/// How repositories are made that are not there; existing ones stay as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RepositorySettings {
    /// The KMS key they are encrypted with; `aws/ecr` for AWS's own, `None` for a key of S3.
    pub kms_key: Option<String>,
    /// Whether tags never move once they are written.
    pub immutable: bool,
    /// Their resource tags.
    pub tags: BTreeMap<String, String>,
}

/// How images are cloned.
#[derive(Debug, Clone)]
pub struct CloneOptions {
    /// Which platforms; `None` for linux/amd64, and for all of what is asked for by digest, so that the digest
    /// stays.
    pub platforms: Option<PlatformChoice>,
    /// Whether signatures, attestations and whatever else refers to an image go along.
    pub referrers: bool,
    /// Whether tags may move to other images.
    pub overwrite: bool,
    /// How repositories are made.
    pub repository: RepositorySettings,
    /// What comes before the names of repositories for which no target was given.
    pub clone_prefix: Option<RepositoryName>,
    /// Whether HealthOmics is given read access.
    pub grant: bool,
    /// To whose runs the grant is bound; to nobody's where none is given.
    pub source_account: Option<SourceAccount>,
    /// Whether the account's setting for mounting layers is switched on.
    pub enable_mounting: bool,
    /// Blobs under way at once.
    pub transfers: usize,
    /// The size from which on a layer goes through ECR's layer parts, which go on where they stopped, in bytes.
    pub parts_from: u64,
    /// How long an image that a rule fetches may take to be there.
    pub prime_patience: Duration,
    /// The rules that images go through, some of which may still have to be made; `None` for those that are there.
    pub rules: Option<PullThroughCacheRules>,
}

impl Default for CloneOptions {
    fn default() -> Self {
        Self {
            platforms: None,
            referrers: false,
            overwrite: false,
            repository: RepositorySettings::default(),
            clone_prefix: None,
            grant: true,
            source_account: None,
            enable_mounting: false,
            transfers: 16,
            parts_from: PARTS_FROM,
            prime_patience: Duration::from_secs(30 * 60),
            rules: None,
        }
    }
}

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct CloneRequest {
    /// The images.
    pub images: Vec<CloneItem>,
    /// How they are cloned.
    pub options: CloneOptions,
}

/// Returns the images of a list: `SOURCE [TARGET]` a line, as `map --clone-list` writes it. Empty lines, and what
/// follows `#` at the beginning of a line or behind a blank, are passed over.
///
/// # Errors
/// When a line has more than two words, or there are more than 100,000 of them.
pub fn read_list(text: &str) -> Result<Vec<CloneItem>> {
    let mut items = Vec::new();
    for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let mut words = line.split_whitespace().take_while(|word| !word.starts_with('#'));
        let Some(source) = words.next() else { continue };
        let target = words.next().map(str::to_owned);
        if let Some(third) = words.next() {
            return Err(OperationError::new("cannot read the list of images")
                .refused(format!("line {} has a third word: `{third}`", number + 1))
                .hint("write `SOURCE` or `SOURCE REPOSITORY:TAG` on each line"));
        }
        items.push(CloneItem { source: source.to_owned(), target });
        if items.len() > MOST_IMAGES {
            return Err(OperationError::new("cannot read the list of images")
                .refused(format!("it has more than {MOST_IMAGES} images"))
                .hint("split the list"));
        }
    }
    Ok(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_have_comments_and_targets() {
        let text = "\u{feff}# images\n\nquay.io/a/b:1  tools/b:1 # ours\n  ubuntu:22.04\r\n#end";
        let items = read_list(text).unwrap();
        let pairs: Vec<_> = items.iter().map(|item| (item.source.as_str(), item.target.as_deref())).collect();
        assert_eq!(pairs, [("quay.io/a/b:1", Some("tools/b:1")), ("ubuntu:22.04", None)]);
        let error = read_list("a\nb c d\n").unwrap_err();
        assert!(error.refused.unwrap().contains("line 2"));
        assert!(read_list("").unwrap().is_empty());
    }
}

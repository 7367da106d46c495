//! Which platforms an image has, told by its manifest, and by its config where that alone says.

use registry::manifest::Content;
use registry::{Manifest, Platform, Remote};

/// Largest config that is read, in bytes.
const LARGEST_CONFIG: u64 = 4 << 20;

/// Returns the platforms that an index names; `None` for an image, whose config has to be asked.
pub(crate) fn of_index(manifest: &Manifest) -> Option<Vec<Platform>> {
    if !manifest.is_index() {
        return None;
    }
    let named = manifest.manifests().iter().filter_map(|child| child.platform.clone());
    let mut platforms: Vec<Platform> = named.filter(|platform| !platform.is_unknown()).collect();
    platforms.sort();
    platforms.dedup();
    Some(platforms)
}

/// Returns the platforms of an image; none where nothing tells them.
///
/// # Errors
/// What reading the config fails of.
pub(crate) async fn of(repository: &Remote, manifest: &Manifest) -> registry::Result<Vec<Platform>> {
    if let Some(platforms) = of_index(manifest) {
        return Ok(platforms);
    }
    let Content::Image { config, .. } = &manifest.content else { return Ok(Vec::new()) };
    let bytes = repository.read_blob(&config.digest, config.size, LARGEST_CONFIG).await?;
    let platform = serde_json::from_slice::<Platform>(&bytes).ok();
    Ok(platform.filter(|platform| !platform.is_unknown()).into_iter().collect())
}

/// Returns whether HealthOmics can run one of the platforms; where none is known, that is taken for granted.
pub(crate) fn runs(platforms: &[Platform]) -> bool {
    let wanted = Platform::linux_amd64();
    platforms.is_empty() || platforms.iter().any(|platform| wanted.accepts(platform))
}

/// Returns the platforms in words: `linux/arm64, linux/s390x`.
pub(crate) fn words(platforms: &[Platform]) -> String {
    platforms.iter().map(Platform::to_string).collect::<Vec<_>>().join(", ")
}

//! Which repository of the private registry an image gets.

use std::collections::BTreeSet;

use image::{
    EcrHost, ImageReference, PullThroughCacheRule, PullThroughCacheRules, RegistryHost, RepositoryName,
    UpstreamRegistry,
};

use super::MapOptions;
use crate::route::Route;

/// Returns the rules for the images: those given, and for each other upstream registry the default one.
pub(super) fn rules<'a>(
    images: impl Iterator<Item = &'a ImageReference>,
    given: &[PullThroughCacheRule],
) -> PullThroughCacheRules {
    let named: BTreeSet<&RegistryHost> = given.iter().map(|rule| &rule.upstream).collect();
    let hosts: BTreeSet<&RegistryHost> = images.map(ImageReference::host).collect();
    let defaults = hosts
        .into_iter()
        .filter(|host| !named.contains(host))
        .filter_map(UpstreamRegistry::of)
        .filter(|registry| registry.upstream().healthomics)
        .map(|registry| PullThroughCacheRule::new(registry.default_prefix(), registry.host().clone()));
    PullThroughCacheRules::new(given.iter().cloned().chain(defaults))
}

/// Returns the final route and the repository of an image; `None` when it needs no place, and the reason
/// when it can have none.
pub(super) fn place(
    image: &ImageReference,
    route: Route,
    rules: &PullThroughCacheRules,
    options: &MapOptions,
) -> Result<Option<(Route, RepositoryName)>, String> {
    match route {
        Route::AlreadyPrivate => Ok(None),
        Route::Cannot { reason } => Err(reason),
        Route::Rule { .. } => match rules.map(image) {
            Some(mapped) => Ok(Some((route, mapped.repository))),
            None => {
                let reason = format!("no rule reaches {}/{}", image.host(), image.repository());
                clone_repository(image, options.clone_prefix.as_ref())
                    .map(|repository| Some((Route::Clone { reason }, repository)))
            }
        },
        Route::HealthomicsCopies { ref upstream } => {
            let repository = clone_repository(image, options.clone_prefix.as_ref())?;
            if options.credentials.contains_key(image.host()) {
                return Ok(Some((route, repository)));
            }
            let reason =
                format!("HealthOmics copies from {upstream} only with a credential, and none was named");
            Ok(Some((Route::Clone { reason }, repository)))
        }
        Route::Clone { .. } => {
            clone_repository(image, options.clone_prefix.as_ref()).map(|repository| Some((route, repository)))
        }
    }
}

/// Returns the repository an image is cloned to: its host and path, so that no two images meet.
///
/// # Errors
/// The reason, where the name would be none that ECR takes.
pub(crate) fn clone_repository(
    image: &ImageReference,
    clone_prefix: Option<&RepositoryName>,
) -> Result<RepositoryName, String> {
    let path = match EcrHost::of(image.host()) {
        // A private repository keeps its name when it comes to another Region.
        Some(_) => image.repository().to_string(),
        None => format!("{}/{}", host_component(image.host()), image.repository()),
    };
    let path = match clone_prefix {
        Some(prefix) => format!("{prefix}/{path}"),
        None => path,
    };
    path.parse().map_err(|error: image::ImageError| error.to_string())
}

/// Returns a host as a component of a repository's name: colons become dashes, brackets go.
fn host_component(host: &RegistryHost) -> String {
    let mut component = host.as_str().replace(['[', ']'], "").replace(':', "-");
    if component.starts_with('-') {
        // An IPv6 address may begin with colons, a component may not begin with dashes.
        component.insert_str(0, "ip6");
    }
    component
}

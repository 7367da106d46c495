//! Images whose names are of a private registry already: what is there, and what still has to be brought there.
//!
//! A workflow that names `ACCOUNT.dkr.ecr.REGION.amazonaws.com/quay/...` means an image that a rule brings. Where it is
//! not there yet, it is fetched from where the rule's prefix says that it comes from.

use std::collections::HashMap;

use image::{ImageReference, PullThroughCacheRule, Upstream, UpstreamKind, UpstreamRegistry};

use super::routing::Router;
use crate::account::Account;
use crate::check::{self, Cause, CheckRequest, CheckedImage};
use crate::error::{OperationError, Result};
use crate::private_registry::PrivateRegistry;

/// What is known of an image of a private registry.
#[derive(Debug, Clone)]
pub(super) enum Private {
    /// It is there; with the reason where no run can use it.
    There { digest: Option<String>, platforms: Vec<String>, problem: Option<OperationError> },
    /// It is not there, and comes from this image through this rule.
    ComesFrom(ImageReference, PullThroughCacheRule),
    /// It is not there, and nothing says where it comes from.
    Missing(OperationError),
}

/// Looks at images of private registries.
pub(super) async fn look(
    account: &Account,
    registry: &PrivateRegistry,
    router: &Router<'_>,
    names: Vec<String>,
) -> Result<HashMap<String, Private>> {
    if names.is_empty() {
        return Ok(HashMap::new());
    }
    let request = CheckRequest { runs_in: router.wishes.runs_in(), ..CheckRequest::new(names) };
    let report = check::check(account, registry, &request).await?;
    Ok(report.images.into_iter().map(|image| (image.image.clone(), judge(registry, router, image))).collect())
}

fn judge(registry: &PrivateRegistry, router: &Router<'_>, checked: CheckedImage) -> Private {
    let name: Option<ImageReference> = checked.image.parse().ok();
    let own = name.filter(|name| registry.answers_for(name.host()));
    let untold = || OperationError::new(format!("cannot use `{}`", checked.image));
    if let Some(stored) = &checked.stored {
        // What HealthOmics may not read in the own registry is opened to it.
        let opened = own.is_some() && checked.cause == Some(Cause::AccessDenied);
        let problem = (!checked.availability.is_yes() && !opened)
            .then(|| checked.problem.clone().unwrap_or_else(untold));
        let (digest, platforms) = (Some(stored.digest.clone()), stored.platforms.clone());
        return Private::There { digest, platforms, problem };
    }
    let rule = checked.rule.as_deref().and_then(|prefix| router.of_prefix(prefix)).cloned();
    let comes_from = own.as_ref().and_then(|name| {
        let rule = rule.or_else(|| usual_rule(router, name))?;
        let repository = rule.upstream_repository(name.repository())?;
        let (tag, digest) = (name.tag().cloned(), name.digest().cloned());
        Some((ImageReference::new(rule.upstream.clone(), repository, tag, digest), rule))
    });
    match comes_from {
        Some((image, rule)) => Private::ComesFrom(image, rule),
        None => Private::Missing(checked.problem.clone().unwrap_or_else(untold)),
    }
}

/// Returns the rule that a name means by a usual prefix, such as `quay`.
fn usual_rule(router: &Router<'_>, name: &ImageReference) -> Option<PullThroughCacheRule> {
    let (first, _) = name.repository().as_str().split_once('/')?;
    let upstream = Upstream::ALL.iter().find(|upstream| {
        // An Azure registry is one of many, and its name is not in the prefix.
        upstream.default_prefix == first && upstream.healthomics && upstream.kind != UpstreamKind::Azure
    })?;
    let registry = UpstreamRegistry::of(&upstream.hosts.first()?.parse().ok()?)?;
    Some(router.at(&PullThroughCacheRule::new(registry.default_prefix(), registry.host().clone())))
}

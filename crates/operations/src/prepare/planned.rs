//! What is known of an image becomes its line in the plan.

use image::{PullThroughCacheRule, UpstreamRegistry};

use super::plan::{PlannedAction, PlannedImage, PrepareRoute};
use super::routing::{Router, Way};
use crate::clone::{self, ClonePlan, CloneRoute, Step};
use crate::error::OperationError;

/// Returns the host of a rule's upstream registry, as ECR wants it.
pub(super) fn upstream_url(names: &PullThroughCacheRule) -> String {
    UpstreamRegistry::of(&names.upstream)
        .map_or_else(|| names.upstream.to_string(), |registry| registry.url().to_owned())
}

/// Returns the route that a way is.
pub(super) fn route(router: &Router<'_>, way: &Way) -> PrepareRoute {
    match way {
        Way::Private => PrepareRoute::AlreadyPrivate,
        Way::Rule(names) => {
            let (prefix, upstream) = (names.ecr_repository_prefix.to_string(), upstream_url(names));
            match router.existing(names) {
                Some(_) => PrepareRoute::ExistingRule { prefix, upstream },
                None => PrepareRoute::NewRule { prefix, upstream },
            }
        }
        Way::HealthomicsCopies { upstream, credential_arn } => PrepareRoute::HealthomicsCopies {
            upstream: upstream.clone(),
            credential_arn: credential_arn.clone(),
        },
        Way::Clone(reason) => PrepareRoute::Clone { reason: reason.clone() },
        Way::Cannot(reason) => PrepareRoute::Cannot { reason: reason.clone() },
    }
}

/// Writes down what is known of an image that is not cloned.
pub(super) fn take_known(image: &mut PlannedImage) {
    match &image.named.route {
        PrepareRoute::Cannot { reason } => {
            let error =
                OperationError::new(format!("cannot bring `{}` into ECR", image.named.name)).refused(reason);
            image.problem.get_or_insert(error);
        }
        PrepareRoute::HealthomicsCopies { .. } => image.action = PlannedAction::LeaveToHealthomics,
        PrepareRoute::AlreadyPrivate => {
            image.named.destination = Some(image.named.name.clone());
            image.named.digest = image.named.source_digest.clone();
        }
        _ => {}
    }
    if image.problem.is_some() {
        image.action = PlannedAction::Refused;
    }
}

/// Writes down what the plan of clones says of an image.
pub(super) fn take_clone(
    image: &mut PlannedImage,
    planned: &clone::PlannedClone,
    clones: Option<&ClonePlan>,
) {
    let led = match planned.step {
        Step::SameAs { image } => clones.and_then(|clones| clones.images.get(image)),
        _ => None,
    };
    let told = led.unwrap_or(planned);
    image.named.destination = Some(planned.destination.clone()).filter(|name| !name.is_empty());
    image.named.source_digest = told.source_digest.clone().or(image.named.source_digest.take());
    image.named.digest = told.digest.clone();
    if image.named.route == PrepareRoute::AlreadyPrivate {
        image.named.digest = image.named.source_digest.clone();
    }
    if !told.platforms.is_empty() {
        image.named.platforms = told.platforms.clone();
    }
    image.size_bytes = told.size_bytes;
    if let CloneRoute::Copy { reason: Some(reason) } = &planned.route {
        image.named.route = PrepareRoute::Clone { reason: reason.clone() };
    }
    image.action = match &planned.step {
        Step::UpToDate => PlannedAction::Nothing,
        Step::Copy { .. } | Step::AddReferrers { .. } => PlannedAction::Copy,
        Step::Prime => PlannedAction::PullThrough,
        Step::SameAs { .. } => PlannedAction::SameAsAnother,
        Step::Cancelled => PlannedAction::Cancelled,
        Step::Conflict { .. } | Step::Refused { .. } => PlannedAction::Refused,
    };
    match &told.step {
        Step::Refused { error } => image.problem = Some(error.clone()),
        Step::Conflict { existing } => {
            let error = OperationError::new(format!("cannot copy to `{}`", planned.destination));
            let words = format!("the tag stands for {existing}, another image");
            let hint = "take another --clone-prefix, or let tags move with --overwrite";
            image.problem = Some(error.refused(words).hint(hint));
        }
        _ => {}
    }
    if image.problem.is_some() {
        image.action = PlannedAction::Refused;
    }
}

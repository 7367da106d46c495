//! Has ECR import what rules cover, and checks again.

use std::collections::HashMap;

use aws::ecr::FailureCode;
use futures_util::{StreamExt as _, stream};
use image::ImageReference;

use super::report::{Availability, Cause, CheckReport, CheckedImage};
use super::request::CheckRequest;
use super::survey;
use crate::account::Account;
use crate::error::Result;
use crate::finding::Code;
use crate::prime::{Prime, PrimeFailure};
use crate::private_registry::PrivateRegistry;

/// Images that ECR is made to import at once.
const AT_ONCE: usize = 8;

/// Imports and checks.
pub(super) async fn run(
    account: &Account,
    registry: &PrivateRegistry,
    request: &CheckRequest,
) -> Result<CheckReport> {
    let before = survey::run(account, registry, request).await?;
    let mut wanted: HashMap<String, Prime> = HashMap::new();
    for image in before.images.iter().filter(|image| may_come(image)) {
        if let (Some(prime), Some(uri)) = (prime(image), image.uri.clone()) {
            wanted.entry(uri).or_insert(prime);
        }
    }
    if wanted.is_empty() {
        return Ok(before);
    }
    let outcomes: HashMap<String, Option<PrimeFailure>> = stream::iter(wanted)
        .map(async |(uri, prime)| {
            let outcome = prime.pull(registry, request.prime_patience).await;
            (uri, outcome.err())
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let mut after = survey::run(account, registry, request).await?;
    after.imported = outcomes.values().filter(|error| error.is_none()).count();
    for image in &mut after.images {
        let outcome = image.uri.as_ref().and_then(|uri| outcomes.get(uri)).cloned();
        if let Some(failure) = outcome.flatten() {
            image.refused_by_ecr(failure);
        }
    }
    Ok(after)
}

/// Returns whether a rule may bring an image, or the rest of it.
fn may_come(image: &CheckedImage) -> bool {
    if image.rule.is_none() {
        return false;
    }
    let incomplete = || image.findings.iter().any(|finding| finding.code == Code::Incomplete);
    match (image.availability, image.cause) {
        (Availability::PulledThrough, _) => true,
        (_, Some(Cause::ImageNotFound | Cause::WrongArchitecture | Cause::EcrUnknown)) => false,
        _ if image.stored.is_some() => incomplete(),
        _ => true,
    }
}

fn prime(image: &CheckedImage) -> Option<Prime> {
    let place: ImageReference = image.uri.as_deref()?.parse().ok()?;
    let upstream: ImageReference = image.reading.upstream.as_deref()?.parse().ok()?;
    Some(Prime {
        image: upstream,
        rule: image.rule.clone()?,
        repository: place.repository().clone(),
        tag: place.tag_or_latest()?.to_owned(),
        pinned: place.digest().cloned(),
        upstream: None,
    })
}

impl CheckedImage {
    /// Takes what ECR said when it was to import the image.
    fn refused_by_ecr(&mut self, PrimeFailure { error, code }: PrimeFailure) {
        let words = error.refused.clone().unwrap_or_default();
        self.evidence.push(super::Evidence::new(format!("ECR, {}", error.tried), words.clone()));
        self.prime_error = Some(error.clone());
        if self.stored.is_some() {
            return;
        }
        // ECR went there itself: what it says of upstream counts more than what we see.
        let cause = match code {
            Some(FailureCode::UpstreamTooManyRequests) => Some(Cause::RateLimited),
            Some(FailureCode::UpstreamAccessDenied) => Some(Cause::UpstreamAccessDenied),
            Some(FailureCode::UpstreamUnavailable) => Some(Cause::UpstreamUnreachable),
            _ => None,
        };
        match cause {
            Some(cause) => {
                self.availability = Availability::NotThere;
                self.cause = Some(cause);
                self.problem = Some(error);
            }
            None if self.availability == Availability::PulledThrough => {
                self.availability = Availability::Unknown;
                self.problem = Some(error);
            }
            None => {}
        }
    }
}

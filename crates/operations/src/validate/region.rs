//! Whether HealthOmics is offered where the registry is.

use super::observe::View;
use crate::finding::{Code, Finding, Severity};
use crate::healthomics::{Availability, REGIONS};

/// Looks at the Region.
pub(super) fn check(view: &View<'_>, findings: &mut Vec<Finding>) {
    let region = view.account.region();
    let offered = || format!("choose one of {}", REGIONS.join(", "));
    match Availability::of(region) {
        Availability::Offered => {}
        Availability::NotOffered if region.partition() != "aws" => findings.push(
            Finding::new(
                Severity::Error,
                Code::RegionNotServed,
                region.as_str(),
                "neither HealthOmics nor pull through cache is offered in this Region",
            )
            .hint(offered()),
        ),
        Availability::NotOffered => findings.push(
            Finding::new(
                Severity::Error,
                Code::RegionNotServed,
                region.as_str(),
                "HealthOmics is not offered in this Region, and takes images from a registry of its own Region alone",
            )
            .hint(offered()),
        ),
        Availability::Unknown => findings.push(
            Finding::new(
                Severity::Warning,
                Code::RegionUnknown,
                region.as_str(),
                "could not tell whether HealthOmics is offered in this Region: it is newer than what is known here",
            )
            .hint("see AWS's list of the Regions of HealthOmics"),
        ),
    }
}

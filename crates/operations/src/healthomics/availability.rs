//! Where HealthOmics is offered.

use image::Region;

/// Whether HealthOmics runs workflows in a Region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Availability {
    /// It does.
    Offered,
    /// It does not.
    NotOffered,
    /// The Region is newer than these tables.
    Unknown,
}

/// The Regions with HealthOmics, after AWS's table of its endpoints.
pub(crate) const REGIONS: [&str; 10] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-southeast-1",
    "eu-central-1",
    "eu-west-1",
    "eu-west-2",
    "il-central-1",
    "us-east-1",
    "us-east-2",
    "us-west-2",
];

/// The other Regions of the standard partition that these tables know.
const OTHERS: [&str; 24] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-3",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-west-1",
];

impl Availability {
    /// Returns whether HealthOmics is offered in a Region, as far as it is known.
    pub(crate) fn of(region: &Region) -> Self {
        let name = region.as_str();
        if REGIONS.contains(&name) {
            Self::Offered
        } else if OTHERS.contains(&name) || region.partition() != "aws" {
            Self::NotOffered
        } else {
            Self::Unknown
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_known_or_called_unknown() {
        let of = |name: &str| Availability::of(&name.parse().unwrap());
        assert_eq!(of("us-east-1"), Availability::Offered);
        assert_eq!(of("sa-east-1"), Availability::NotOffered);
        assert_eq!(of("us-gov-west-1"), Availability::NotOffered);
        assert_eq!(of("cn-north-1"), Availability::NotOffered);
        assert_eq!(of("eu-southwest-9"), Availability::Unknown);
        assert!(!REGIONS.iter().any(|region| OTHERS.contains(region)));
    }
}

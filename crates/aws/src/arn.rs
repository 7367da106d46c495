//! Amazon Resource Names, in every partition.

use std::fmt;
use std::str::FromStr;

use image::{AccountId, Region, RepositoryName};

/// Longest ARN, in bytes.
const LONGEST: usize = 2048;

/// The name of a resource: `arn:partition:service:region:account:resource`.
///
/// Region and account are empty where the service leaves them out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arn {
    partition: String,
    service: String,
    region: String,
    account: String,
    resource: String,
}

impl Arn {
    /// Returns the name of a repository in a private registry.
    pub fn repository(region: &Region, account: &AccountId, name: &RepositoryName) -> Self {
        Self::ecr(region, account, name.as_str())
    }

    /// Returns the name that stands for every repository below a prefix; for all of the registry without one.
    pub fn repositories(region: &Region, account: &AccountId, prefix: Option<&str>) -> Self {
        match prefix {
            Some(prefix) => Self::ecr(region, account, &format!("{}/*", prefix.trim_end_matches('/'))),
            None => Self::ecr(region, account, "*"),
        }
    }

    /// Returns the name that stands for the account itself: `arn:aws:iam::123456789012:root`.
    pub fn account_root(region: &Region, account: &AccountId) -> Self {
        Self {
            partition: region.partition().to_owned(),
            service: "iam".to_owned(),
            region: String::new(),
            account: account.to_string(),
            resource: "root".to_owned(),
        }
    }

    fn ecr(region: &Region, account: &AccountId, repository: &str) -> Self {
        Self {
            partition: region.partition().to_owned(),
            service: "ecr".to_owned(),
            region: region.to_string(),
            account: account.to_string(),
            resource: format!("repository/{repository}"),
        }
    }

    /// Returns the partition: `aws`, `aws-cn`, `aws-us-gov`.
    pub fn partition(&self) -> &str {
        &self.partition
    }

    /// Returns the service: `ecr`.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// Returns the Region; empty where the service has none in its names.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Returns the account; empty where the service has none in its names.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Returns all that stands behind the account: `repository/quay/biocontainers/bwa`.
    pub fn resource(&self) -> &str {
        &self.resource
    }
}

impl FromStr for Arn {
    type Err = InvalidArn;

    /// Reads a name.
    ///
    /// # Errors
    /// [`InvalidArn`] when a part is missing, the text is longer than 2,048 bytes, or it has a space.
    fn from_str(text: &str) -> Result<Self, InvalidArn> {
        if text.len() > LONGEST || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(InvalidArn);
        }
        let mut parts = text.splitn(6, ':');
        let mut part = || parts.next().map(str::to_owned).ok_or(InvalidArn);
        let (arn, partition, service) = (part()?, part()?, part()?);
        let (region, account, resource) = (part()?, part()?, part()?);
        if arn != "arn" || partition.is_empty() || service.is_empty() || resource.is_empty() {
            return Err(InvalidArn);
        }
        Ok(Self { partition, service, region, account, resource })
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, service, region, account, resource } = self;
        write!(f, "arn:{partition}:{service}:{region}:{account}:{resource}")
    }
}

/// A text that is no ARN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidArn;

impl fmt::Display for InvalidArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it must be of the form `arn:partition:service:region:account:resource`")
    }
}

impl std::error::Error for InvalidArn {}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(name: &str) -> Region {
        name.parse().unwrap()
    }

    #[test]
    fn repositories_are_named_in_each_partition() {
        let account: AccountId = "123456789012".parse().unwrap();
        let name: RepositoryName = "quay/biocontainers/bwa".parse().unwrap();
        for (place, expected) in [
            ("us-east-1", "arn:aws:ecr:us-east-1:123456789012:repository/quay/biocontainers/bwa"),
            ("cn-north-1", "arn:aws-cn:ecr:cn-north-1:123456789012:repository/quay/biocontainers/bwa"),
            (
                "us-gov-west-1",
                "arn:aws-us-gov:ecr:us-gov-west-1:123456789012:repository/quay/biocontainers/bwa",
            ),
        ] {
            let arn = Arn::repository(&region(place), &account, &name);
            assert_eq!(arn.to_string(), expected);
            assert_eq!(expected.parse(), Ok(arn));
        }
        let below = Arn::repositories(&region("eu-west-1"), &account, Some("quay/"));
        assert_eq!(below.to_string(), "arn:aws:ecr:eu-west-1:123456789012:repository/quay/*");
        let all = Arn::repositories(&region("eu-west-1"), &account, None);
        assert_eq!(all.to_string(), "arn:aws:ecr:eu-west-1:123456789012:repository/*");
        let root = Arn::account_root(&region("cn-north-1"), &account);
        assert_eq!(root.to_string(), "arn:aws-cn:iam::123456789012:root");
    }

    #[test]
    fn a_resource_keeps_its_colons() {
        let arn: Arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:ecr-pullthroughcache/hub-AbCdEf"
            .parse()
            .unwrap();
        assert_eq!(arn.service(), "secretsmanager");
        assert_eq!((arn.region(), arn.account()), ("us-east-1", "123456789012"));
        assert_eq!(arn.resource(), "secret:ecr-pullthroughcache/hub-AbCdEf");
    }

    #[test]
    fn other_texts_are_no_arns() {
        for text in [
            "",
            "arn",
            "arn:aws:ecr:us-east-1:123456789012",
            "arn::ecr:r:a:x",
            "arn:aws:ecr:r:a:",
            "a:b:c:d:e:f",
        ] {
            assert_eq!(text.parse::<Arn>(), Err(InvalidArn), "{text}");
        }
        assert_eq!("arn:aws:ecr:r:a:x y".parse::<Arn>(), Err(InvalidArn));
        assert_eq!(format!("arn:aws:ecr:r:a:{}", "x".repeat(3000)).parse::<Arn>(), Err(InvalidArn));
    }
}

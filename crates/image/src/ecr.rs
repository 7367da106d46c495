//! Private Amazon ECR registries: accounts, Regions, and their hosts in every partition.

use std::fmt;
use std::str::FromStr;

use crate::error::{ImageError, Problem};
use crate::grammar::Cursor;
use crate::host::RegistryHost;

/// An AWS account: 12 digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(String);

/// An AWS Region: `us-east-1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(String);

/// A partition: where its Regions' names begin, what it is called in ARNs, and its domains.
struct Partition {
    region_prefix: &'static str,
    name: &'static str,
    suffix: &'static str,
    dual_stack_suffix: &'static str,
}

/// The partitions of AWS; the last one takes every Region that no other one claims.
const PARTITIONS: [Partition; 8] = [
    Partition::new("cn-", "aws-cn", "amazonaws.com.cn", "on.amazonwebservices.com.cn"),
    Partition::new("us-gov-", "aws-us-gov", "amazonaws.com", "on.aws"),
    Partition::new("us-isob-", "aws-iso-b", "sc2s.sgov.gov", ""),
    Partition::new("us-isof-", "aws-iso-f", "csp.hci.ic.gov", ""),
    Partition::new("us-iso-", "aws-iso", "c2s.ic.gov", ""),
    Partition::new("eu-isoe-", "aws-iso-e", "cloud.adc-e.uk", ""),
    Partition::new("eusc-", "aws-eusc", "amazonaws.eu", ""),
    Partition::new("", "aws", "amazonaws.com", "on.aws"),
];

impl Partition {
    const fn new(
        region_prefix: &'static str,
        name: &'static str,
        suffix: &'static str,
        dual_stack_suffix: &'static str,
    ) -> Self {
        Self { region_prefix, name, suffix, dual_stack_suffix }
    }

    fn of(region: &str) -> &'static Self {
        let last = &PARTITIONS[PARTITIONS.len() - 1];
        PARTITIONS.iter().find(|partition| region.starts_with(partition.region_prefix)).unwrap_or(last)
    }
}

impl AccountId {
    /// Returns the 12 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AccountId {
    type Err = ImageError;

    fn from_str(text: &str) -> Result<Self, ImageError> {
        if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Self(text.to_owned()));
        }
        Err(Cursor::new("an AWS account", text).error(Problem::Form("12 digits")))
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Region {
    /// Returns the Region's name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the domain under which the Region's partition has its services: `amazonaws.com`.
    pub fn domain(&self) -> &'static str {
        Partition::of(&self.0).suffix
    }

    /// Returns the name of the Region's partition as it stands in ARNs: `aws`, `aws-cn`, `aws-us-gov`.
    pub fn partition(&self) -> &'static str {
        Partition::of(&self.0).name
    }
}

impl FromStr for Region {
    type Err = ImageError;

    fn from_str(text: &str) -> Result<Self, ImageError> {
        let parts: Vec<&str> = text.split('-').collect();
        let number =
            parts.last().is_some_and(|last| !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit()));
        let word = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
        // The last part of a Region is its number, all before it are words of small letters.
        if (3..=5).contains(&parts.len())
            && text.len() <= 32
            && number
            && parts.iter().rev().skip(1).all(word)
        {
            return Ok(Self(text.to_owned()));
        }
        Err(Cursor::new("an AWS Region", text).error(Problem::Form("a name like `us-east-1`")))
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The registry of one account in one Region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EcrHost {
    account: AccountId,
    region: Region,
}

impl EcrHost {
    /// Returns the registry of an account in a Region.
    pub fn new(account: AccountId, region: Region) -> Self {
        Self { account, region }
    }

    /// Returns the private registry that a host is, in any partition and in the FIPS and dual-stack forms;
    /// `None` when it is none.
    pub fn of(host: &RegistryHost) -> Option<Self> {
        let (account, rest) = host.as_str().split_once('.')?;
        let account: AccountId = account.parse().ok()?;
        for (service, dual_stack) in
            [("dkr.ecr.", false), ("dkr.ecr-fips.", false), ("dkr-ecr.", true), ("dkr-ecr-fips.", true)]
        {
            let Some(rest) = rest.strip_prefix(service) else { continue };
            let (region, suffix) = rest.split_once('.')?;
            let region: Region = region.parse().ok()?;
            let partition = Partition::of(region.as_str());
            let expected = if dual_stack { partition.dual_stack_suffix } else { partition.suffix };
            return (!expected.is_empty() && suffix == expected).then_some(Self { account, region });
        }
        None
    }

    /// Returns the account.
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// Returns the Region.
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// Returns the ordinary host of the registry: `123456789012.dkr.ecr.us-east-1.amazonaws.com`.
    pub fn host(&self) -> RegistryHost {
        RegistryHost::from_checked(self.to_string())
    }
}

impl fmt::Display for EcrHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.dkr.ecr.{}.{}", self.account, self.region, self.region.domain())
    }
}

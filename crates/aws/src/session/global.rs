//! Where the services answer that are in one Region of their partition.

use super::Session;
use super::environment::{ENDPOINT_URL_IAM, Environment};

/// Where a service is asked, and for which Region requests to it are signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GlobalPlace {
    pub(crate) endpoint: String,
    pub(crate) region: String,
}

impl Session {
    /// Returns where IAM answers: the address that was given for it or for every service, or AWS's own.
    ///
    /// Source: IAM's endpoints, one for each partition.
    pub(crate) fn iam_place(&self) -> GlobalPlace {
        let (host, region) = match self.region().partition() {
            "aws-cn" => ("iam.cn-north-1.amazonaws.com.cn", "cn-north-1"),
            "aws-us-gov" => ("iam.us-gov.amazonaws.com", "us-gov-west-1"),
            _ => ("iam.amazonaws.com", "us-east-1"),
        };
        let given = self.endpoint_url().map(str::to_owned);
        let endpoint = given
            .or_else(|| Environment::of_process().get(ENDPOINT_URL_IAM))
            .or_else(|| self.config().endpoint_url().map(str::to_owned))
            .unwrap_or_else(|| format!("https://{host}"));
        GlobalPlace { endpoint, region: region.to_owned() }
    }
}

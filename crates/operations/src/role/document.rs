//! The policies of a run's role, filled in for an account.

use image::{AccountId, EcrRepositoryPrefix, Region};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::{ASSUME_ROLE, REPOSITORY_ACTIONS, TOKEN_ACTION};
use crate::account::repository_arn;
use crate::healthomics::SERVICE;

/// For which repositories a role is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleScope {
    /// The account of the repositories and of the runs.
    pub account: AccountId,
    /// The Region of both.
    pub region: Region,
    /// The prefixes of the repositories; none for all.
    pub prefixes: Vec<EcrRepositoryPrefix>,
}

/// The two documents of a run's role.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RolePolicies {
    /// The version of this shape: `1`.
    pub schema_version: u32,
    /// What the role may do with images: a policy to attach to it.
    pub permissions: Value,
    /// Who may take the role on: HealthOmics, for runs of the account.
    pub trust: Value,
}

impl RoleScope {
    /// Returns the ARNs of the repositories.
    pub(super) fn repositories(&self) -> Vec<String> {
        let arn = |name: &str| repository_arn(&self.region, &self.account, name);
        if self.prefixes.is_empty() || self.prefixes.iter().any(EcrRepositoryPrefix::is_root) {
            return vec![arn("*")];
        }
        self.prefixes.iter().map(|prefix| arn(&format!("{prefix}/*"))).collect()
    }

    /// Returns the ARNs of the account's runs.
    pub(super) fn runs(&self) -> String {
        let Self { account, region, .. } = self;
        format!("arn:{}:omics:{region}:{account}:run/*", region.partition())
    }
}

/// Returns the policies of a run's role.
pub fn policies(scope: &RoleScope) -> RolePolicies {
    let repositories = match scope.repositories().as_slice() {
        [one] => json!(one),
        several => json!(several),
    };
    let permissions = json!({
        "Version": "2012-10-17",
        "Statement": [
            { "Effect": "Allow", "Action": REPOSITORY_ACTIONS, "Resource": repositories },
            { "Effect": "Allow", "Action": TOKEN_ACTION, "Resource": "*" },
        ],
    });
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": { "Service": SERVICE },
            "Action": ASSUME_ROLE,
            "Condition": {
                "StringEquals": { "aws:SourceAccount": scope.account.as_str() },
                "ArnLike": { "aws:SourceArn": scope.runs() },
            },
        }],
    });
    RolePolicies { schema_version: 1, permissions, trust }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(region: &str, prefixes: &[&str]) -> RoleScope {
        RoleScope {
            account: "123456789012".parse().unwrap(),
            region: region.parse().unwrap(),
            prefixes: prefixes.iter().map(|prefix| prefix.parse().unwrap()).collect(),
        }
    }

    #[test]
    fn account_region_and_partition_are_filled_in() {
        let found = policies(&scope("us-gov-west-1", &[])).permissions;
        let arn = "arn:aws-us-gov:ecr:us-gov-west-1:123456789012:repository/*";
        assert_eq!(found["Statement"][0]["Resource"], arn);
        assert_eq!(found["Statement"][1]["Action"], "ecr:GetAuthorizationToken");
    }

    #[test]
    fn prefixes_narrow_it() {
        let found = policies(&scope("eu-west-1", &["quay", "ecr-public/"])).permissions;
        let arns = ["quay", "ecr-public"]
            .map(|prefix| format!("arn:aws:ecr:eu-west-1:123456789012:repository/{prefix}/*"));
        assert_eq!(found["Statement"][0]["Resource"], json!(arns));
        let all = policies(&scope("eu-west-1", &["quay", "ROOT"])).permissions;
        assert_eq!(all["Statement"][0]["Resource"], "arn:aws:ecr:eu-west-1:123456789012:repository/*");
    }
}

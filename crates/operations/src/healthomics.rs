//! What HealthOmics asks of an image and of the repository it is in.

use image::Region;
use policy::{Document, Kind, Merged, OwnStatement, Request, Source, Verdict, Widening};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::error::{OperationError, Result};

/// The principal that pulls images for runs.
pub(crate) const SERVICE: &str = "omics.amazonaws.com";

/// The Sid by which our statement in a repository's policy is found again.
pub(crate) const READ_SID: &str = "HealthOmicsReadAccess";

/// What the service needs of a repository.
pub(crate) const READ_ACTIONS: [&str; 3] =
    ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"];

/// How many of these actions a pull cannot do without; the last one is asked for by the guide alone.
const REQUIRED_ACTIONS: usize = 2;

/// The largest image that runs on instances without GPU, in bytes.
pub(crate) const LARGEST_ON_CPU: u64 = 45 << 30;

/// The largest image that runs at all, in bytes.
pub(crate) const LARGEST_ON_GPU: u64 = 95 << 30;

/// Whether HealthOmics may read the images of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Access {
    /// It may: the policy was read back and says so.
    Accessible,
    /// It may not.
    NotAccessible {
        /// Why not.
        reason: String,
    },
    /// It hangs on something that is known only when a run asks.
    Depends {
        /// On what.
        reason: String,
    },
    /// The policy could not be read.
    Unknown {
        /// Why not.
        reason: String,
    },
}

impl Access {
    /// Returns the verdict in a few words, as tables show it.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Accessible => "yes",
            Self::NotAccessible { .. } => "no",
            Self::Depends { .. } => "depends",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// Returns why it is not a plain yes.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Accessible => None,
            Self::NotAccessible { reason } | Self::Depends { reason } | Self::Unknown { reason } => {
                Some(reason)
            }
        }
    }
}

/// The access of HealthOmics to a repository, for what a pull needs and for all that its guide lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReadAccess {
    /// Whether a pull goes through.
    pub(crate) access: Access,
    /// Whether nothing of the guide's list is missing.
    pub(crate) complete: bool,
}

/// Returns what a repository's policy gives to HealthOmics; runs are taken to be of the repository's account.
///
/// A policy that cannot be read as one is taken for none that is known.
pub(crate) fn read_access(policy_text: Option<&str>, arn: &str, account: &str) -> ReadAccess {
    let document: Option<Document> = match policy_text.map(policy::parse).transpose() {
        Ok(document) => document,
        Err(error) => {
            let reason = format!("the repository's policy does not parse: {error}");
            return ReadAccess { access: Access::Unknown { reason }, complete: false };
        }
    };
    let source = match &document {
        Some(document) => Source::new(Kind::Repository, arn, document),
        None => Source::none(Kind::Repository, arn),
    };
    let mut access = Access::Accessible;
    let mut complete = true;
    for (place, action) in READ_ACTIONS.into_iter().enumerate() {
        let request = Request::from_service(SERVICE, action, arn).with("aws:SourceAccount", account);
        let decision = policy::decide(&[source], &request);
        complete &= decision.verdict == Verdict::Allowed;
        if place >= REQUIRED_ACTIONS {
            continue;
        }
        let reason = || format!("{action}: {decision}");
        match (decision.verdict, &access) {
            (Verdict::Denied, Access::Accessible | Access::Depends { .. }) => {
                access = Access::NotAccessible { reason: reason() };
            }
            (Verdict::Depends, Access::Accessible) => access = Access::Depends { reason: reason() },
            _ => {}
        }
    }
    ReadAccess { access, complete }
}

/// Returns a repository's policy with the statement by which HealthOmics may read; all else stays as it was.
///
/// # Errors
/// When the policy cannot be read, would be too long, or uses our Sid for something else.
pub(crate) fn with_read_access(repository: &str, policy_text: Option<&str>) -> Result<Merged> {
    let statement = json!({
        "Sid": READ_SID,
        "Effect": "Allow",
        "Principal": { "Service": SERVICE },
        "Action": READ_ACTIONS,
    });
    OwnStatement::new(statement)
        .and_then(|own| policy::merge(Kind::Repository, policy_text, &own, Widening::Never))
        .map_err(|error| {
            OperationError::new(format!(
                "cannot add HealthOmics' read access to the policy of `{repository}`"
            ))
            .refused(error)
            .hint("change the policy by hand, or pass --no-grant")
        })
}

/// Returns the ARN of a repository that does not exist yet.
pub(crate) fn repository_arn(region: &Region, account: &str, repository: &str) -> String {
    format!("arn:{}:ecr:{region}:{account}:repository/{repository}", region.partition())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:ecr:us-east-1:123456789012:repository/tools/bwa";
    const ACCOUNT: &str = "123456789012";

    #[test]
    fn no_policy_means_no_access_and_ours_gives_it() {
        let before = read_access(None, ARN, ACCOUNT);
        assert!(matches!(before.access, Access::NotAccessible { .. }), "{before:?}");
        let merged = with_read_access("tools/bwa", None).unwrap();
        let after = read_access(Some(&merged.text), ARN, ACCOUNT);
        assert_eq!(after, ReadAccess { access: Access::Accessible, complete: true });
        assert_eq!(with_read_access("tools/bwa", Some(&merged.text)).unwrap().text, merged.text);
    }

    #[test]
    fn two_actions_are_enough_and_are_not_all() {
        let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"omics.amazonaws.com"},
            "Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"],
            "Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"}}}]}"#;
        let found = read_access(Some(text), ARN, ACCOUNT);
        assert_eq!(found, ReadAccess { access: Access::Accessible, complete: false });
        let elsewhere = read_access(Some(text), ARN, "210987654321");
        assert!(matches!(elsewhere.access, Access::NotAccessible { .. }));
    }

    #[test]
    fn a_deny_wins_and_a_condition_hangs() {
        let text = r#"{"Version":"2012-10-17","Statement":[
            {"Effect":"Allow","Principal":{"Service":"omics.amazonaws.com"},"Action":"ecr:*"},
            {"Effect":"Deny","Principal":"*","Action":"ecr:BatchGetImage"}]}"#;
        assert!(matches!(read_access(Some(text), ARN, ACCOUNT).access, Access::NotAccessible { .. }));
        let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"omics.amazonaws.com"},
            "Action":"ecr:*","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:omics:us-east-1:123456789012:workflow/1"}}}]}"#;
        assert!(matches!(read_access(Some(text), ARN, ACCOUNT).access, Access::Depends { .. }));
        assert!(matches!(read_access(Some("nonsense"), ARN, ACCOUNT).access, Access::Unknown { .. }));
    }
}

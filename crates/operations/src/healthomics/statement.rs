//! Our two statements: the one in policies of repositories and templates, and the one in the registry's policy.

use policy::{Kind, Merged, OwnStatement, Widening};
use serde_json::{Value, json};

use super::{IMPORT_ACTIONS, READ_ACTIONS, READ_SID, SERVICE};
use crate::error::{OperationError, Result};

/// The Sid by which our statement in a registry's policy is found again.
pub(crate) const IMPORT_SID: &str = "HealthOmicsPullThrough";

/// Returns a policy of a repository, or of a template, with the statement by which HealthOmics may read; all else
/// stays as it was.
///
/// `subject` names whose policy it is, as errors do: "the repository `x`". `source_account` binds the grant to runs
/// of that account.
///
/// # Errors
/// When the policy cannot be read, would be too long, or uses our Sid for something else.
pub(crate) fn with_read_access(
    subject: &str,
    policy_text: Option<&str>,
    source_account: Option<&str>,
) -> Result<Merged> {
    let mut statement = json!({
        "Sid": READ_SID,
        "Effect": "Allow",
        "Principal": { "Service": SERVICE },
        "Action": READ_ACTIONS,
    });
    bind(&mut statement, source_account);
    OwnStatement::new(statement)
        .and_then(|own| policy::merge(Kind::Repository, policy_text, &own, Widening::Never))
        .map_err(|error| {
            OperationError::new(format!("cannot add HealthOmics' read access to the policy of {subject}"))
                .refused(error)
                .hint("change the policy by hand, or leave the grant out")
        })
}

/// Returns a registry's policy with the statement by which HealthOmics may make repositories and fill them through
/// rules, for these repositories and those that the statement is for already; all else stays as it was.
///
/// `resources` are ARNs, mostly `arn:...:repository/PREFIX/*`.
///
/// # Errors
/// When the policy cannot be read, would be too long, or uses our Sid for something else.
pub(crate) fn with_import_access(
    kind: Kind,
    policy_text: Option<&str>,
    resources: &[String],
    source_account: Option<&str>,
) -> Result<Merged> {
    let mut statement = json!({
        "Sid": IMPORT_SID,
        "Effect": "Allow",
        "Principal": { "Service": SERVICE },
        "Action": IMPORT_ACTIONS,
        "Resource": resources,
    });
    bind(&mut statement, source_account);
    // What is asked for is one more prefix: the entries that are there stay, and those of the new one are added.
    OwnStatement::new(statement)
        .and_then(|own| policy::merge(kind, policy_text, &own, Widening::Asked))
        .map_err(|error| {
            OperationError::new("cannot add HealthOmics' pull through access to the registry policy")
                .refused(error)
                .hint("change the policy by hand: `omics-ecr validate` says what it lacks")
        })
}

fn bind(statement: &mut Value, source_account: Option<&str>) {
    if let (Some(account), Some(elements)) = (source_account, statement.as_object_mut()) {
        let condition = json!({ "StringEquals": { "aws:SourceAccount": account } });
        elements.insert("Condition".to_owned(), condition);
    }
}

//! What has to become of one repository's policy so that HealthOmics may read, or so that our grant is gone.

use std::collections::BTreeSet;

use image::RepositoryName;
use policy::Change;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::OperationError;
use crate::healthomics::{self, Access, Judge, READ_ACTIONS, READ_SID, SERVICE};

/// What is done about a repository's policy.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum PolicyStep {
    /// Nothing: it is as it was asked for.
    Unchanged,
    /// It is written.
    Write {
        /// The policy as it is; none where there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "String")]
        before: Option<String>,
        /// The policy as it will be; none where it is taken away, as no statement is left.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "String")]
        after: Option<String>,
    },
    /// Nothing, though something was asked for that cannot be done.
    Refused {
        /// Why not.
        error: OperationError,
    },
}

/// A step, and what is to be said of it: a message with a hint.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Decided {
    /// What is done.
    pub(crate) step: PolicyStep,
    /// What is to be said.
    pub(crate) remark: Option<(String, &'static str)>,
    /// Whether a statement forbids what is asked for, so that no grant gives it.
    pub(crate) forbidden: bool,
}

impl From<PolicyStep> for Decided {
    fn from(step: PolicyStep) -> Self {
        Self { step, remark: None, forbidden: false }
    }
}

/// Returns how errors name a repository.
pub(crate) fn subject(name: &RepositoryName) -> String {
    format!("the repository `{name}`")
}

/// Returns what has to become of a policy so that HealthOmics may read.
///
/// A grant that someone bound to conditions stays bound: it is reported, not widened. Where a Deny would win all the
/// same nothing is written, and the error names it.
pub(crate) fn with(
    judge: &Judge,
    name: &RepositoryName,
    arn: &str,
    text: Option<&str>,
    source_account: Option<&str>,
) -> Decided {
    let now = judge.read(text, arn);
    if now.complete && source_account.is_none() {
        return PolicyStep::Unchanged.into();
    }
    if let (Access::Depends { reason }, None) = (&now.access, source_account) {
        let message = format!("HealthOmics' access is bound to conditions and was left so: {reason}");
        return Decided {
            step: PolicyStep::Unchanged,
            remark: Some((message, "see that the conditions hold for your runs")),
            forbidden: false,
        };
    }
    let merged = match healthomics::with_read_access(&subject(name), text, source_account) {
        Ok(merged) => merged,
        Err(error) => return PolicyStep::Refused { error }.into(),
    };
    if let Access::NotAccessible { reason } = judge.read(Some(&merged.text), arn).access {
        let error = OperationError::new(format!("cannot give HealthOmics access to `{name}`"))
            .refused(reason)
            .hint("change the statement that forbids it, or except `omics.amazonaws.com` from it");
        return Decided { step: PolicyStep::Refused { error }, remark: None, forbidden: true };
    }
    if merged.change == Change::Unchanged {
        return PolicyStep::Unchanged.into();
    }
    PolicyStep::Write { before: text.map(str::to_owned), after: Some(merged.text) }.into()
}

/// Returns what has to become of a policy so that our grant is gone; statements of others are not touched.
pub(crate) fn without(judge: &Judge, name: &RepositoryName, arn: &str, text: Option<&str>) -> Decided {
    let withdrawn = match policy::withdraw(text.unwrap_or_default(), READ_SID, is_ours) {
        Ok(withdrawn) => withdrawn,
        Err(error) => {
            let error = OperationError::new(format!("cannot take HealthOmics' access from `{name}`"))
                .refused(error)
                .hint("change the policy by hand: what others wrote into it is not touched");
            return PolicyStep::Refused { error }.into();
        }
    };
    let after = withdrawn.as_ref().map_or(text, |withdrawn| withdrawn.text.as_deref());
    let remark = match judge.read(after, arn).access {
        Access::Accessible | Access::Depends { .. } => Some((
            "HealthOmics may still read it, by a statement that is not ours".to_owned(),
            "change that statement by hand, if it should not",
        )),
        Access::NotAccessible { .. } | Access::Unknown { .. } => None,
    };
    let step = match withdrawn {
        Some(withdrawn) => PolicyStep::Write { before: text.map(str::to_owned), after: withdrawn.text },
        None => PolicyStep::Unchanged,
    };
    Decided { step, remark, forbidden: false }
}

/// Returns why a statement with our Sid is more than our grant, where it is.
fn is_ours(elements: &Map<String, Value>) -> Result<(), &'static str> {
    let values = |value: Option<&Value>| -> BTreeSet<String> {
        match value {
            Some(Value::String(one)) => BTreeSet::from([one.clone()]),
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => BTreeSet::new(),
        }
    };
    if elements.get("Effect").and_then(Value::as_str) != Some("Allow") {
        return Err("it does not grant");
    }
    let principal = elements.get("Principal").and_then(Value::as_object);
    let alone = principal.is_some_and(|principal| {
        principal.len() == 1 && values(principal.get("Service")) == BTreeSet::from([SERVICE.to_owned()])
    });
    if !alone {
        return Err("it grants to others than HealthOmics, too");
    }
    let actions = values(elements.get("Action"));
    if actions.is_empty() || !actions.iter().all(|action| READ_ACTIONS.contains(&action.as_str())) {
        return Err("it grants other actions than reading");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:ecr:us-east-1:123456789012:repository/tools/bwa";

    fn judge() -> Judge {
        Judge::of_repositories("123456789012")
    }

    fn name() -> RepositoryName {
        "tools/bwa".parse().unwrap()
    }

    fn written(decided: Decided) -> Option<String> {
        match decided.step {
            PolicyStep::Write { after, .. } => after,
            other => panic!("nothing is written: {other:?}"),
        }
    }

    #[test]
    fn a_shared_statement_keeps_its_other_service() {
        let shared = r#"{"Version":"2012-10-17","Statement":[{"Sid":"both","Effect":"Allow",
            "Principal":{"Service":["lambda.amazonaws.com","omics.amazonaws.com"]},"Action":"ecr:BatchGetImage"}]}"#;
        let after = written(with(&judge(), &name(), ARN, Some(shared), None)).unwrap();
        assert!(after.contains("lambda.amazonaws.com") && after.contains(READ_SID), "{after}");
        let back = written(without(&judge(), &name(), ARN, Some(&after))).unwrap();
        assert!(back.contains("lambda.amazonaws.com") && !back.contains(READ_SID), "{back}");
    }

    #[test]
    fn a_deny_is_named_and_stays() {
        let deny = r#"{"Version":"2012-10-17","Statement":[{"Sid":"closed","Effect":"Deny","Principal":"*","Action":"ecr:*"}]}"#;
        let decided = with(&judge(), &name(), ARN, Some(deny), None);
        let PolicyStep::Refused { error } = decided.step else { panic!("{decided:?}") };
        assert!(error.refused.unwrap().contains("closed"));
    }

    #[test]
    fn a_grant_for_another_account_is_no_grant() {
        let foreign = r#"{"Version":"2012-10-17","Statement":[{"Sid":"x","Effect":"Allow",
            "Principal":{"Service":"omics.amazonaws.com"},"Action":"ecr:*",
            "Condition":{"StringEquals":{"aws:SourceAccount":"999999999999"}}}]}"#;
        let after = written(with(&judge(), &name(), ARN, Some(foreign), None)).unwrap();
        assert!(judge().read(Some(&after), ARN).access.is_yes());
        assert!(after.contains("999999999999"));
    }

    #[test]
    fn a_source_account_binds_the_grant() {
        let account = "123456789012";
        let plain = written(with(&judge(), &name(), ARN, None, None)).unwrap();
        let bound = written(with(&judge(), &name(), ARN, Some(&plain), Some(account))).unwrap();
        assert!(bound.contains("aws:SourceAccount"), "{bound}");
        assert!(judge().read(Some(&bound), ARN).access.is_yes());
        let again = with(&judge(), &name(), ARN, Some(&bound), Some(account));
        assert_eq!(again.step, PolicyStep::Unchanged);
    }

    #[test]
    fn our_grant_alone_leaves_no_policy() {
        let ours = written(with(&judge(), &name(), ARN, None, None)).unwrap();
        assert_eq!(written(without(&judge(), &name(), ARN, Some(&ours))), None);
        assert_eq!(without(&judge(), &name(), ARN, None).step, PolicyStep::Unchanged);
    }

    #[test]
    fn a_grant_that_others_share_is_not_taken_back() {
        let shared = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"{READ_SID}","Effect":"Allow",
            "Principal":{{"Service":["{SERVICE}","lambda.amazonaws.com"]}},"Action":"ecr:BatchGetImage"}}]}}"#
        );
        let decided = without(&judge(), &name(), ARN, Some(&shared));
        assert!(matches!(decided.step, PolicyStep::Refused { .. }), "{decided:?}");
    }
}

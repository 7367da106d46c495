//! Decides one request by one policy document, for people, checks and assistants.
//!
//! Owns what is taken to be known of a request that a person describes in a few words. Reads no account: what a
//! role or the service may do by all policies together is other operations' work.

mod cases;

use std::collections::BTreeMap;

use policy::{
    Caution, Decision, Document, Kind, Principal, Reason, RegistryScope, Request, Source, StatementRef,
    Verdict,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use cases::{CaseOutcome, CasesReport, decide_cases};

use crate::error::{OperationError, Result};

/// What a policy document is attached to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AttachedTo {
    /// An ECR repository.
    #[default]
    Repository,
    /// An ECR registry whose policy speaks for every action (scope V2).
    Registry,
    /// An ECR registry whose policy speaks for replication, import and creation alone (scope V1).
    #[serde(alias = "registry_v1")]
    RegistryV1,
    /// Any other resource; a role's trust policy, too.
    Resource,
    /// A user, group or role.
    Identity,
    /// A user or role, as its permissions boundary.
    Boundary,
}

impl AttachedTo {
    fn kind(self) -> Kind {
        match self {
            Self::Repository => Kind::Repository,
            Self::Registry => Kind::Registry(RegistryScope::V2),
            Self::RegistryV1 => Kind::Registry(RegistryScope::V1),
            Self::Resource => Kind::Resource,
            Self::Identity => Kind::Identity,
            Self::Boundary => Kind::Boundary,
        }
    }
}

/// A request, and the one document that decides it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Question {
    /// The document's text; none where there is no policy.
    pub policy: Option<String>,
    /// What it is attached to.
    pub attached_to: AttachedTo,
    /// Who asks: a service (`omics.amazonaws.com`), an ARN, an account, or `*` for anybody.
    pub principal: String,
    /// The action: `ecr:BatchGetImage`.
    pub action: String,
    /// The ARN of the resource, or `*`.
    pub resource: String,
    /// The condition keys of the request with their values.
    pub context: BTreeMap<String, Vec<String>>,
    /// Condition keys of which nothing is known.
    pub unknown: Vec<String>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DecisionReport {
    /// The version of this shape: `1`.
    pub schema_version: u32,
    /// Whether the request may go through.
    pub verdict: Verdict,
    /// The Sid of the statement that decided; none where none did, or it has no Sid.
    pub decided_by: Option<String>,
    /// Why, in words.
    pub why: String,
    /// The statement that decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "StatementRef")]
    pub statement: Option<StatementRef>,
    /// Why, as data.
    pub reason: Reason,
    /// What else to know.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cautions: Vec<Caution>,
}

impl DecisionReport {
    fn of(decision: Decision) -> Self {
        let statement = decision.decided_by().cloned();
        Self {
            schema_version: 1,
            verdict: decision.verdict,
            decided_by: statement.as_ref().and_then(|statement| statement.sid.clone()),
            why: decision.to_string(),
            statement,
            reason: decision.why,
            cautions: decision.cautions,
        }
    }
}

/// Decides a request by the document alone.
///
/// What is not said of the request is taken as IAM takes it: a key that is not in the context is absent. Keys that real
/// requests carry and that are not said have an unknown value, which gives "depends" where it decides: the time; of
/// a service its source ARN and source account.
///
/// # Errors
/// When the policy or the principal cannot be read.
pub fn decide(question: &Question) -> Result<DecisionReport> {
    let tried = || OperationError::new("cannot decide by the policy");
    let document: Option<Document> = match question.policy.as_deref() {
        None => None,
        Some(text) => Some(policy::parse(text).map_err(|error| {
            tried()
                .refused(error)
                .hint("give a policy document as JSON: an object with `Version` and `Statement`")
        })?),
    };
    let request = request(question)?;
    let source = match &document {
        Some(document) => Source::new(question.attached_to.kind(), "policy", document),
        None => Source::none(question.attached_to.kind(), "policy"),
    };
    Ok(DecisionReport::of(policy::decide(&[source], &request)))
}

fn request(question: &Question) -> Result<Request> {
    let principal = principal(&question.principal)?;
    let mut request = Request::new(principal.clone(), &question.action, &question.resource)
        .present("aws:CurrentTime")
        .present("aws:EpochTime");
    if let Principal::Service(service) = &principal {
        request = request
            .with("aws:PrincipalIsAWSService", "true")
            .with("aws:PrincipalServiceName", service)
            .present("aws:SourceArn")
            .present("aws:SourceAccount");
    }
    for (key, values) in &question.context {
        request = request.with_values(key, values.iter().map(String::as_str));
    }
    Ok(question.unknown.iter().fold(request, |request, key| request.unknown(key)))
}

/// Reads who asks: a service, an ARN, an account, or `*`.
fn principal(text: &str) -> Result<Principal> {
    let refused = |error: policy::PrincipalError| {
        OperationError::new(format!("cannot tell who `{text}` is"))
            .refused(error)
            .hint("give a service such as omics.amazonaws.com, the ARN of a role or user, an account, or *")
    };
    if text == "*" {
        return Ok(Principal::Anonymous);
    }
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Principal::account_root(text).map_err(refused);
    }
    if text.starts_with("arn:") {
        return Principal::from_arn(text).map_err(refused);
    }
    let is_name = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    if text.contains('.') && text.split('.').all(is_name) {
        return Ok(Principal::Service(text.to_owned()));
    }
    Err(OperationError::new(format!("cannot tell who `{text}` is"))
        .hint("give a service such as omics.amazonaws.com, the ARN of a role or user, an account, or *"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(policy: &str, change: impl FnOnce(&mut Question)) -> Result<DecisionReport> {
        let mut question = Question {
            policy: Some(policy.to_owned()),
            principal: "omics.amazonaws.com".to_owned(),
            action: "ecr:BatchGetImage".to_owned(),
            resource: "arn:aws:ecr:us-east-1:123456789012:repository/quay/bwa".to_owned(),
            ..Question::default()
        };
        change(&mut question);
        decide(&question)
    }

    const BOUND: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"A","Effect":"Allow",
        "Principal":{"Service":"omics.amazonaws.com"},"Action":"ecr:BatchGetImage",
        "Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"}}}]}"#;

    #[test]
    fn what_is_not_said_of_a_service_leaves_it_open() {
        let open = ask(BOUND, |_| ()).unwrap();
        assert_eq!((open.verdict, open.decided_by.as_deref()), (Verdict::Depends, Some("A")));
        let known = |account: &str| {
            let account = account.to_owned();
            ask(BOUND, |question| {
                question.context.insert("aws:SourceAccount".to_owned(), vec![account]);
            })
        };
        assert_eq!(known("123456789012").unwrap().verdict, Verdict::Allowed);
        assert_eq!(known("999999999999").unwrap().verdict, Verdict::Denied);
    }

    #[test]
    fn a_guard_denies_a_service_and_says_why() {
        let guard = r#"{"Version":"2012-10-17","Statement":[{"Sid":"G","Effect":"Deny","Principal":"*","Action":"*",
            "Condition":{"StringNotEquals":{"aws:PrincipalOrgID":"o-1"}}}]}"#;
        let report = ask(guard, |_| ()).unwrap();
        assert_eq!((report.verdict, report.decided_by.as_deref()), (Verdict::Denied, Some("G")));
        assert!(report.why.contains("aws:PrincipalOrgID"), "{}", report.why);
        let spared = guard.replace(
            "\"Condition\":{",
            "\"Condition\":{\"BoolIfExists\":{\"aws:PrincipalIsAWSService\":\"false\"},",
        );
        assert_eq!(ask(&spared, |_| ()).unwrap().decided_by, None);
    }

    #[test]
    fn no_policy_decides_nothing_and_nonsense_is_an_error() {
        let none = ask("", |question| question.policy = None).unwrap();
        assert_eq!((none.verdict, none.decided_by), (Verdict::Denied, None));
        assert!(ask("{", |_| ()).is_err());
        for principal in ["", "omics", "arn:aws:iam::12:role/x", "omics..com"] {
            let asked = ask(BOUND, |question| question.principal = principal.to_owned());
            assert!(asked.is_err(), "{principal}");
        }
    }

    #[test]
    fn every_kind_of_principal_is_read() {
        for principal in ["*", "123456789012", "arn:aws:iam::123456789012:role/run", "lambda.amazonaws.com"] {
            let asked = ask(BOUND, |question| question.principal = principal.to_owned());
            assert_eq!(asked.unwrap().verdict, Verdict::Denied, "{principal}");
        }
    }
}

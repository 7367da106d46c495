//! A file of cases: documents and requests, with the verdicts that are expected of them.

use std::collections::BTreeMap;

use policy::Verdict;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{AttachedTo, DecisionReport, Question, decide};
use crate::error::{OperationError, Result};

/// The most cases of one file.
const MOST_CASES: usize = 100_000;

/// A file of cases.
#[derive(Debug, Deserialize)]
struct CasesFile {
    cases: Vec<Value>,
}

/// A case as the file has it.
#[derive(Debug, Deserialize)]
struct Case {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    kind: AttachedTo,
    #[serde(default)]
    policy: Option<Value>,
    request: CaseRequest,
    #[serde(default)]
    verdict: Option<String>,
    /// Present and null where no statement may have decided.
    #[serde(default, deserialize_with = "present")]
    decided_by: Option<Option<String>>,
}

#[derive(Debug, Deserialize)]
struct CaseRequest {
    principal: Value,
    action: String,
    resource: String,
    #[serde(default)]
    context: BTreeMap<String, OneOrMany>,
    #[serde(default)]
    unknown: Vec<String>,
}

/// The value of a context key.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(Scalar),
    Many(Vec<Scalar>),
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Scalar {
    Text(String),
    Truth(bool),
    Number(serde_json::Number),
}

fn present<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(deserializer).map(Some)
}

/// What came of one case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CaseOutcome {
    /// The name of the case, or its place in the file.
    pub name: String,
    /// The answer; none where the case could not be read.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub decision: Option<DecisionReport>,
    /// Why the case could not be decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "OperationError")]
    pub error: Option<OperationError>,
    /// The verdict that the file expects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub expected: Option<String>,
    /// Whether the answer is what the file expects; none where it expects nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub as_expected: Option<bool>,
}

/// What came of all cases of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CasesReport {
    /// The version of this shape: `1`.
    pub schema_version: u32,
    /// How many cases there are.
    pub total: usize,
    /// How many answers are not what the file expects, cases that could not be read among them.
    pub failed: usize,
    /// The cases, in the order of the file.
    pub cases: Vec<CaseOutcome>,
}

/// Decides every case of a file: `{"cases": [{"name", "kind", "policy", "request": {"principal", "action",
/// "resource", "context"}, "verdict", "decided_by"}]}`.
///
/// # Errors
/// When the text is no such file; a case that cannot be read is an outcome of its own.
pub fn decide_cases(text: &str) -> Result<CasesReport> {
    let tried = || OperationError::new("cannot read the file of cases");
    let file: CasesFile = serde_json::from_str(text)
        .map_err(|error| tried().refused(error).hint("write it as {\"cases\": [...]}"))?;
    if file.cases.len() > MOST_CASES {
        return Err(tried().refused(format!("it has more than {MOST_CASES} cases")).hint("split the file"));
    }
    let cases: Vec<CaseOutcome> =
        file.cases.into_iter().enumerate().map(|(place, case)| outcome(place, case)).collect();
    let failed = cases.iter().filter(|case| case.error.is_some() || case.as_expected == Some(false)).count();
    Ok(CasesReport { schema_version: 1, total: cases.len(), failed, cases })
}

fn outcome(place: usize, case: Value) -> CaseOutcome {
    let name =
        case.get("name").and_then(Value::as_str).map_or_else(|| format!("case {}", place + 1), str::to_owned);
    let failed = |error: OperationError, expected: Option<String>| CaseOutcome {
        name: name.clone(),
        decision: None,
        error: Some(error),
        expected,
        as_expected: None,
    };
    let case: Case = match serde_json::from_value(case) {
        Ok(case) => case,
        Err(error) => return failed(OperationError::new("cannot read the case").refused(error), None),
    };
    match question(&case).and_then(|question| decide(&question)) {
        Ok(decision) => {
            let by = case.decided_by.as_ref().is_none_or(|by| *by == decision.decided_by);
            let verdict = case.verdict.as_deref().map(|verdict| verdict == word(decision.verdict) && by);
            CaseOutcome {
                name: case.name.unwrap_or(name),
                decision: Some(decision),
                error: None,
                expected: case.verdict,
                as_expected: verdict,
            }
        }
        Err(error) => failed(error, case.verdict),
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allowed => "allowed",
        Verdict::Denied => "denied",
        Verdict::Depends => "depends",
    }
}

fn question(case: &Case) -> Result<Question> {
    let texts = |values: &OneOrMany| match values {
        OneOrMany::One(one) => vec![one.text()],
        OneOrMany::Many(many) => many.iter().map(Scalar::text).collect(),
    };
    Ok(Question {
        policy: match &case.policy {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.clone()),
            Some(document) => Some(document.to_string()),
        },
        attached_to: case.kind,
        principal: principal(&case.request.principal)?,
        action: case.request.action.clone(),
        resource: case.request.resource.clone(),
        context: case.request.context.iter().map(|(key, values)| (key.clone(), texts(values))).collect(),
        unknown: case.request.unknown.clone(),
    })
}

/// Returns the principal of a case, which is written as in a policy.
fn principal(value: &Value) -> Result<String> {
    let text = match value {
        Value::String(text) => Some(text.clone()),
        Value::Object(labels) if labels.len() == 1 => {
            labels.values().next().and_then(Value::as_str).map(str::to_owned)
        }
        _ => None,
    };
    text.ok_or_else(|| {
        OperationError::new("cannot read the principal of the case")
            .refused("it is neither a text nor an object with one label and one text")
            .hint("write it as {\"Service\": \"omics.amazonaws.com\"} or {\"AWS\": \"arn:...\"}")
    })
}

impl Scalar {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Truth(truth) => truth.to_string(),
            Self::Number(number) => number.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expectations_are_compared_and_bad_cases_told() {
        let file = r#"{"cases": [
            {"name": "open", "policy": {"Statement": {"Sid": "A", "Effect": "Allow", "Principal": "*", "Action": "*"}},
             "request": {"principal": {"AWS": "*"}, "action": "ecr:PutImage", "resource": "*"},
             "verdict": "allowed", "decided_by": "A"},
            {"name": "wrong", "policy": null, "verdict": "allowed",
             "request": {"principal": "*", "action": "ecr:PutImage", "resource": "*"}},
            {"name": "none decided", "policy": null, "verdict": "denied", "decided_by": null,
             "request": {"principal": "*", "action": "ecr:PutImage", "resource": "*"}},
            {"name": "asked only", "policy": null,
             "request": {"principal": "*", "action": "ecr:PutImage", "resource": "*"}},
            {"request": 7}
        ]}"#;
        let report = decide_cases(file).unwrap();
        let expected: Vec<Option<bool>> = report.cases.iter().map(|case| case.as_expected).collect();
        assert_eq!(expected, [Some(true), Some(false), Some(true), None, None]);
        assert_eq!((report.total, report.failed), (5, 2));
        assert_eq!(report.cases[4].name, "case 5");
        assert!(decide_cases("[]").is_err());
    }
}

//! Policy documents as texts: reading, judging, merging our statement in and taking it out again.

use policy::{
    Change, Kind, OwnStatement, Principal, RegistryScope, Request, Source, Widening, decide, merge, parse,
    withdraw,
};
use serde_json::{Value, json};

use super::{Form, Target, gist, hold, mark};

pub(super) const TARGET: Target = Target {
    name: "policy",
    about: "policy documents: parser, findings, merge and withdrawal",
    form: Form::Json,
    waits: false,
    tokens: &[
        "Version",
        "Id",
        "Statement",
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
        "AWS",
        "Service",
        "Federated",
        "CanonicalUser",
        "StringLike",
        "StringNotEqualsIfExists",
        "ForAllValues:ArnLike",
        "ForAnyValue:StringEquals",
        "NumericLessThan",
        "DateLessThan",
        "IpAddress",
        "NotIpAddress",
        "Null",
        "Bool",
        "BinaryEquals",
        "aws:SourceArn",
        "aws:SourceAccount",
        "aws:CurrentTime",
        "aws:PrincipalServiceName",
        "Allow",
        "Deny",
        "*",
        "2012-10-17",
        "2008-10-17",
        "ecr:*",
        "ecr:BatchGetImage",
        "arn:aws:iam::111122223333:root",
        "::::::",
        "111122223333",
        "${aws:username}",
        "${",
        "${*}",
        "${a,'b'}",
        "10.0.0.0/8",
        "::/0",
        "2024-01-01T00:00:00Z",
        "Ours",
        "puller.amazonaws.com",
        "true",
        "1e999",
        "YQ==",
    ],
    check,
};

const SID: &str = "Ours";
const ARN: &str = "arn:aws:ecr:eu-west-1:111122223333:repository/hub/tool";

fn own() -> Result<OwnStatement, String> {
    OwnStatement::new(json!({
        "Sid": SID, "Effect": "Allow", "Principal": {"Service": "puller.amazonaws.com"},
        "Action": ["ecr:BatchGetImage"], "Resource": "arn:aws:ecr:eu-west-1:111122223333:repository/hub/*"
    }))
    .map_err(|error| format!("own: {error}"))
}

fn others(text: &str) -> Result<Vec<Value>, String> {
    let document = parse(text).map_err(|error| format!("text: what was written is not read: {error}"))?;
    let count = document.statements().len();
    let elements =
        (0..count).filter_map(|index| document.statement_elements(index).cloned().map(Value::Object));
    Ok(elements.filter(|statement| statement["Sid"] != SID).collect())
}

fn check(input: &[u8]) -> Result<u64, String> {
    let text = String::from_utf8_lossy(input);
    let document = match parse(&text) {
        Ok(document) => document,
        Err(error) => {
            let merged = merge(Kind::Resource, Some(&text), &own()?, Widening::Asked);
            hold(merged.is_err() || text.trim().is_empty(), || "merge: into what is no policy".to_owned())?;
            return Ok(mark(gist(&error)));
        }
    };
    let mut verdicts = Vec::new();
    for request in [
        Request::from_service("puller.amazonaws.com", "ecr:BatchGetImage", ARN),
        Request::from_service("puller.amazonaws.com", "ecr:BatchGetImage", ARN).for_all_matching("arn:*a*"),
        Request::from_caller(Principal::Anonymous, "ecr:PutImage", ARN).others_unknown(),
    ] {
        for kind in [Kind::Repository, Kind::Registry(RegistryScope::V2), Kind::Identity, Kind::Boundary] {
            let decision = decide(&[Source::new(kind, "made up", &document)], &request);
            serde_json::to_string(&decision).map_err(|error| format!("decision: {error}"))?;
            verdicts.push((decision.verdict.to_string(), decision.to_string().len().min(1)));
            let problems = document.problems(kind);
            verdicts.push((problems.iter().map(gist).take(3).collect(), problems.len().min(4)));
        }
    }
    let before = others(&text)?;
    for (kind, widening) in [(Kind::Repository, Widening::Never), (Kind::Resource, Widening::Asked)] {
        let Ok(merged) = merge(kind, Some(&text), &own()?, widening) else { continue };
        hold(others(&merged.text)? == before, || format!("others: a statement changed in {}", merged.text))?;
        let again =
            merge(kind, Some(&merged.text), &own()?, widening).map_err(|error| format!("again: {error}"))?;
        hold(again.text == merged.text && matches!(again.change, Change::Unchanged), || {
            format!("again: {} becomes {}", merged.text, again.text)
        })?;
        let without =
            withdraw(&merged.text, SID, |_| Ok(())).map_err(|error| format!("withdrawal: {error}"))?;
        let left = without.and_then(|without| without.text);
        let left = left.map_or(Ok(Vec::new()), |text| others(&text))?;
        hold(left == before, || format!("withdrawal: takes more than ours of {}", merged.text))?;
        verdicts.push((format!("{:?}", merged.change).chars().take(5).collect(), merged.differences.len()));
    }
    Ok(mark(verdicts))
}

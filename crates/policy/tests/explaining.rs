//! What a decision says beside its verdict: words, near misses, remedies that work, and problems of documents.

use policy::{
    Decision, Document, Kind, Miss, Principal, Problem, Reason, RegistryScope, Remedy, Request, Source,
    Verdict, decide, parse,
};
use serde_json::{Value, json};

const SERVICE: &str = "puller.amazonaws.com";
const ARN: &str = "arn:aws:ecr:eu-west-1:111122223333:repository/tools/samtools";

fn read(statements: Value) -> Document {
    parse(&json!({"Version": "2012-10-17", "Statement": statements}).to_string()).unwrap()
}

fn decide_one(kind: Kind, statements: &Value, request: &Request) -> Decision {
    let document = read(statements.clone());
    decide(&[Source::new(kind, "tools/samtools", &document)], request)
}

fn by_service() -> Request {
    Request::from_service(SERVICE, "ecr:BatchGetImage", ARN)
}

fn grant() -> Value {
    json!({"Sid": "Read", "Effect": "Allow", "Principal": {"Service": SERVICE}, "Action": "ecr:BatchGetImage"})
}

#[test]
fn decisions_in_words() {
    let words = |statements: Value| decide_one(Kind::Repository, &statements, &by_service()).to_string();
    assert_eq!(
        words(json!([grant()])),
        "allowed by statement 1 (`Read`) of repository policy `tools/samtools`"
    );
    assert_eq!(
        words(json!([grant(), {"Effect": "Deny", "Principal": "*", "Action": "*",
            "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-lab", "aws:SourceVpce": "vpce-1"}}}])),
        "denied by statement 2 of repository policy `tools/samtools`, because the request lacks `aws:PrincipalOrgID` and \
         `StringNotEquals` then holds and the request lacks `aws:SourceVpce` and `StringNotEquals` then holds"
    );
    assert_eq!(
        words(
            json!([{"Sid": "Read", "Effect": "Allow", "Principal": {"Service": SERVICE}, "Action": "ecr:*",
            "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:batch:*:*:*"}, "StringEquals": {"aws:SourceAccount": "1"}}}])
        ),
        "depends: statement 1 (`Read`) of repository policy `tools/samtools` allows depending on the value of \
         `aws:SourceArn` and the value of `aws:SourceAccount`"
    );
    assert_eq!(
        words(json!([{"Effect": "Allow", "Principal": {"Service": SERVICE}, "Action": "ecr:BatchGetImage",
            "Condition": {"StringEquals": {"aws:RequestedRegion": ["us-east-1", "us-west-2"], "aws:SourceVpc": "v"}}}])),
        "denied: no statement grants it; statement 1 of repository policy `tools/samtools` does not grant: \
         `StringEquals` wants `aws:RequestedRegion` to be us-east-1 or us-west-2 and it is eu-west-1; \
         `StringEquals` wants `aws:SourceVpc` to be v and the request lacks it"
    );
    assert_eq!(words(json!([])), "denied: no statement grants it");
}

#[test]
fn the_statements_that_lack_least_are_told() {
    let decision = decide_one(
        Kind::Registry(RegistryScope::V2),
        &json!([
            {"Sid": "Far", "Effect": "Allow", "Principal": {"Service": "pusher.amazonaws.com"}, "Action": "s3:*", "Resource": "*"},
            {"Sid": "Action", "Effect": "Allow", "Principal": "*", "Action": "ecr:PutImage", "Resource": "*"},
            {"Sid": "Never", "Effect": "Deny", "Principal": "*", "Action": "ecr:PutImage", "Resource": "*"},
            {"Sid": "Resource", "Effect": "Allow", "Principal": "*", "Action": "ecr:*", "Resource": "*/quay/*"}
        ]),
        &by_service(),
    );
    let Reason::NoGrant { nearest, .. } = &decision.why else { panic!("{decision}") };
    let told: Vec<(&str, &[Miss])> =
        nearest.iter().map(|near| (near.statement.sid.as_deref().unwrap(), &near.missed[..])).collect();
    assert_eq!(told, [("Action", &[Miss::Action][..]), ("Resource", &[Miss::Resource][..])]);
}

/// Returns the statement changed as the remedy says.
fn remedied(mut statement: Value, remedy: &Remedy) -> Value {
    match remedy {
        Remedy::AddCondition { operator, key, value } => statement["Condition"][operator][key] = json!(value),
        Remedy::AddToNotPrincipal { service } => statement["NotPrincipal"]["Service"] = json!(service),
    }
    statement
}

#[test]
fn remedies_spare_the_service_and_nobody_else() {
    let role = "arn:aws:iam::444455556666:role/stranger";
    for deny in [
        json!({"Effect": "Deny", "Principal": "*", "Action": "*", "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-lab"}}}),
        json!({"Effect": "Deny", "Principal": "*", "Action": "*", "Condition": {"StringNotEqualsIfExists": {"aws:SourceVpce": "vpce-1"}}}),
        json!({"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": "*", "Condition": {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}),
        json!({"Effect": "Deny", "NotPrincipal": {"AWS": "arn:aws:iam::111122223333:role/boss"}, "Action": "*"}),
    ] {
        let allow = json!({"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"});
        let decision = decide_one(Kind::Repository, &json!([allow, deny]), &by_service());
        let Reason::ExplicitDeny { denials } = &decision.why else { panic!("{decision}") };
        let remedy = denials[0].remedy.as_ref().unwrap_or_else(|| panic!("{deny} has a remedy"));
        assert!(!remedy.to_string().is_empty());
        let changed = json!([allow, remedied(deny.clone(), remedy)]);
        assert_eq!(
            decide_one(Kind::Repository, &changed, &by_service()).verdict,
            Verdict::Allowed,
            "{changed}"
        );
        let stranger = Request::from_caller(Principal::from_arn(role).unwrap(), "ecr:BatchGetImage", ARN)
            .with("aws:PrincipalOrgID", "o-other")
            .with("aws:SourceVpce", "vpce-9")
            .with("aws:SourceIp", "203.0.113.9");
        assert_eq!(decide_one(Kind::Repository, &changed, &stranger).verdict, Verdict::Denied, "{changed}");
    }
}

#[test]
fn every_denial_is_told() {
    let deny = |sid: &str| json!({"Sid": sid, "Effect": "Deny", "Principal": "*", "Action": "ecr:*"});
    let decision = decide_one(Kind::Repository, &json!([deny("One"), grant(), deny("Two")]), &by_service());
    let Reason::ExplicitDeny { denials } = &decision.why else { panic!("{decision}") };
    let sids: Vec<_> = denials.iter().map(|denial| denial.statement.sid.as_deref().unwrap()).collect();
    assert_eq!(sids, ["One", "Two"]);
}

#[test]
fn a_caller_brings_the_keys_of_its_identity() {
    let ask = |arn: &str, condition: Value| {
        let statement = json!({"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition});
        let request = Request::from_caller(Principal::from_arn(arn).unwrap(), "ecr:BatchGetImage", ARN);
        decide_one(Kind::Identity, &statement, &request).verdict
    };
    let user = "arn:aws:iam::111122223333:user/lab/ada";
    let role = "arn:aws:iam::111122223333:role/runner";
    let session = "arn:aws:sts::111122223333:assumed-role/runner/one";
    assert_eq!(ask(user, json!({"StringEquals": {"aws:username": "ada"}})), Verdict::Allowed);
    assert_eq!(ask(role, json!({"StringEquals": {"aws:username": "ada"}})), Verdict::Denied);
    assert_eq!(
        ask(role, json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/run*"}})),
        Verdict::Allowed
    );
    assert_eq!(
        ask(session, json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/run*"}})),
        Verdict::Depends
    );
    assert_eq!(
        ask(session, json!({"StringEquals": {"aws:PrincipalAccount": "111122223333"}})),
        Verdict::Allowed
    );
    assert_eq!(ask(role, json!({"Bool": {"aws:PrincipalIsAWSService": "true"}})), Verdict::Denied);
    assert_eq!(ask(role, json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})), Verdict::Depends);
    assert_eq!(ask(role, json!({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}})), Verdict::Allowed);
    for wrong in [
        "",
        "arn",
        "arn:aws:iam::1:role/x",
        "arn:aws:iam::111122223333:group/x",
        "arn:aws:iam::111122223333:role/",
    ] {
        assert!(Principal::from_arn(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_decision_is_plain_data() {
    let deny = json!({"Sid": "D", "Effect": "Deny", "Principal": "*", "Action": "*",
        "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-lab"}}});
    let decision = decide_one(Kind::Repository, &json!([grant(), deny]), &by_service());
    assert_eq!(
        serde_json::to_value(&decision).unwrap(),
        json!({
            "verdict": "denied",
            "why": {"reason": "explicit_deny", "denials": [{
                "statement": {"document": "tools/samtools", "kind": "repository", "index": 1, "sid": "D"},
                "absent": [{"operator": "StringNotEquals", "key": "aws:PrincipalOrgID"}],
                "remedy": {"change": "add_condition", "operator": "BoolIfExists",
                    "key": "aws:PrincipalIsAWSService", "value": "false"}
            }]},
            "cautions": []
        })
    );
}

#[test]
fn problems_of_a_registry_policy() {
    let document = parse(
        &json!({"Stament": 1, "Statement": [
            {"Sid": "A b", "Effect": "Allow", "Principal": {"AWS": ["*", "AROAEXAMPLEEXAMPLE123", "arn:aws:iam::1:role/*"]},
                "Action": "ecr:*", "Condition": {"StringRhymes": {"a": "b"}}},
            {"Sid": "A b", "Effect": "Allow", "NotPrincipal": {"Service": SERVICE}, "Action": "ecr:*", "Resource": "*", "action": 1},
            {"Effect": "Deny", "Action": "ecr:*", "Resource": "x".repeat(10_240)}
        ]})
        .to_string(),
    )
    .unwrap();
    let problems = document.problems(Kind::Registry(RegistryScope::V2));
    let words: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let characters = document.to_compact().len();
    assert_eq!(
        words,
        [
            &format!("the document has {characters} characters, more than 10240"),
            "element `Stament` is not known",
            "statement 1: principal `AROAEXAMPLEEXAMPLE123` no longer exists",
            "statement 1: principal `arn:aws:iam::1:role/*` with a wildcard means nobody",
            "statement 1 names no resource",
            "statement 1: condition operator `StringRhymes` is not known",
            "statement 2: element `action` is not known",
            "statements 1 and 2 have the same Sid `A b`",
            "statement 2 allows everybody but the principals it lists",
            "statement 3 names no principal",
        ]
    );
}

#[test]
fn problems_differ_by_kind() {
    let document = read(json!([{"Sid": "A b", "Effect": "Allow", "Principal": "*", "Action": "ecr:*"}]));
    assert_eq!(document.problems(Kind::Repository), []);
    assert_eq!(
        document.problems(Kind::Identity),
        [
            Problem::SidCharacters { statement: 0, sid: "A b".to_owned() },
            Problem::PrincipalNotTaken { statement: 0 },
            Problem::NoResource { statement: 0 },
        ]
    );
}

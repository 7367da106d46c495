//! Input made to break: nothing panics, and all of it ends soon.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::time::{Duration, Instant};

use policy::{
    Kind, MAX_TEXT_BYTES, OwnStatement, ParseFault, Principal, RegistryScope, Request, Source, Widening,
    decide, merge, parse,
};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Ample for a slow machine and an unoptimized build, and far below what quadratic blow-up would take.
const SOON: Duration = Duration::from_secs(20);

fn ask(text: &str) {
    let Ok(document) = parse(text) else { return };
    let arn = "arn:aws:ecr:eu-west-1:111122223333:repository/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    for request in [
        Request::from_service("puller.amazonaws.com", "ecr:BatchGetImage", arn),
        Request::from_service("puller.amazonaws.com", "ecr:BatchGetImage", arn).for_all_matching("arn:*a*"),
        Request::from_caller(Principal::account_root("111122223333").unwrap(), "ecr:PutImage", arn),
    ] {
        for kind in [Kind::Repository, Kind::Registry(RegistryScope::V2), Kind::Identity, Kind::Boundary] {
            let decision = decide(&[Source::new(kind, "hostile", &document)], &request);
            let _ = (decision.to_string(), serde_json::to_string(&decision).unwrap());
            let _ = document.problems(kind).iter().map(ToString::to_string).collect::<String>();
        }
    }
}

fn own() -> OwnStatement {
    OwnStatement::new(json!({
        "Sid": "Ours", "Effect": "Allow", "Principal": {"Service": "puller.amazonaws.com"},
        "Action": ["ecr:BatchGetImage"], "Resource": "arn:aws:ecr:eu-west-1:111122223333:repository/hub/*"
    }))
    .unwrap()
}

#[test]
fn deep_nesting_is_refused() {
    for text in
        ["[".repeat(200_000), "{\"a\":".repeat(50_000), format!("{{\"Statement\":{}", "[".repeat(200_000))]
    {
        assert!(matches!(parse(&text).unwrap_err().fault, ParseFault::Unreadable(_)));
    }
    let deep_condition = format!(
        r#"{{"Statement":{{"Effect":"Deny","Action":"*","Condition":{}1{}}}}}"#,
        "{\"a\":".repeat(60),
        "}".repeat(60)
    );
    assert!(parse(&deep_condition).unwrap_err().to_string().contains("nested deeper than 32 levels"));
}

#[test]
fn long_text_is_refused_unread() {
    let text = " ".repeat(MAX_TEXT_BYTES + 1);
    assert_eq!(parse(&text).unwrap_err().fault, ParseFault::TooLong { bytes: MAX_TEXT_BYTES + 1 });
}

#[test]
fn stars_and_lists_end_soon() {
    let started = Instant::now();
    let stars = "*a".repeat(60_000) + "b";
    ask(&json!({"Statement": {"Effect": "Allow", "Principal": "*", "Action": stars, "Resource": stars}})
        .to_string());
    let list: Vec<String> = (0..15_000).map(|number| format!("*a*a*b{number}")).collect();
    ask(&json!({"Statement": {"Effect": "Allow", "Principal": {"AWS": list}, "Action": "*"}}).to_string());
    ask(&json!({"Statement": {"Effect": "Allow", "Principal": "*", "Action": list, "Resource": "*"}})
        .to_string());
    ask(&json!({"Statement": {"Effect": "Deny", "Principal": "*", "Action": "*", "NotResource": list}})
        .to_string());
    let values = json!({"StringNotLike": {"aws:PrincipalServiceName": list}});
    ask(&json!({"Statement": {"Effect": "Deny", "Principal": "*", "Action": "*", "Condition": values}})
        .to_string());
    let statements: Vec<Value> =
        (0..4_000).map(|_| json!({"Effect": "Allow", "Action": "a", "Principal": "*"})).collect();
    ask(&json!({"Statement": statements}).to_string());
    let variables = "${aws:username}".repeat(15_000);
    ask(&json!({"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": variables
    }})
    .to_string());
    let open = "${".repeat(100_000);
    ask(&json!({"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": open
    }})
    .to_string());
    assert!(started.elapsed() < SOON, "took {:?}", started.elapsed());
}

#[test]
fn a_merge_into_a_long_list_ends_soon() {
    let started = Instant::now();
    let list: Vec<String> = (0..4_000).map(|number| format!("*x*{number}*")).collect();
    let text = json!({"Statement": {
        "Sid": "Ours", "Effect": "Allow", "Principal": {"Service": "puller.amazonaws.com"}, "Action": list, "Resource": list
    }});
    let _ = merge(Kind::Resource, Some(&text.to_string()), &own(), Widening::Asked).unwrap();
    assert!(started.elapsed() < SOON, "took {:?}", started.elapsed());
}

/// JSON that looks like a policy here and there.
fn almost_policy() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(
        &[
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
            "StringLike",
            "ForAllValues:ArnLike",
            "NumericLessThan",
            "DateLessThan",
            "IpAddress",
            "Null",
            "Bool",
            "BinaryEquals",
            "aws:SourceArn",
            "aws:CurrentTime",
            "",
        ][..],
    );
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
        prop::sample::select(
            &[
                "Allow",
                "Deny",
                "*",
                "2012-10-17",
                "2008-10-17",
                "ecr:*",
                "arn:aws:iam::111122223333:root",
                "::::::",
                "111122223333",
                "${aws:username}",
                "${",
                "${*}",
                "${a,'b'}",
                "${a,}",
                "10.0.0.0/8",
                "2024-01-01",
                "Ours",
            ][..]
        )
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((names.clone(), inner), 0..6)
                .prop_map(|pairs| pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

/// A statement with odd values in its elements.
fn odd_statement() -> impl Strategy<Value = Value> {
    let odd = || "[a-z*?:${}',/.0-9]{0,10}";
    (odd(), odd(), odd(), "[A-Za-z:]{0,20}", odd(), odd()).prop_map(
        |(principal, action, resource, operator, key, value)| {
            json!({
                "Effect": "Allow", "Principal": {"AWS": principal}, "Action": action, "Resource": resource,
                "Condition": {operator: {key: value.clone()}, "ArnLike": {"aws:SourceArn": value.clone()},
                    "StringNotEquals": {"aws:PrincipalServiceName": value}}
            })
        },
    )
}

proptest! {
    // As many at least; `PROPTEST_CASES` asks for more.
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(800), ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,80}") {
        ask(&text);
        let _ = merge(Kind::Repository, Some(&text), &own(), Widening::Never);
    }

    #[test]
    fn any_json_is_read_or_refused(value in almost_policy(), cut in 0_usize..400) {
        let text = value.to_string();
        ask(&text);
        if let Err(error) = parse(&text) {
            prop_assert!(error.to_string().starts_with("cannot read the policy document: "));
        }
        if let Some(cut) = text.get(..cut) {
            ask(cut);
        }
        let _ = merge(Kind::Repository, Some(&text), &own(), Widening::Asked);
        let _ = OwnStatement::new(value);
    }

    #[test]
    fn odd_statements_are_decided(statements in prop::collection::vec(odd_statement(), 1..3)) {
        ask(&json!({"Version": "2012-10-17", "Statement": statements}).to_string());
    }
}

//! What a merge changes, what it leaves, and what it refuses.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use policy::{
    Cause, Change, Difference, Kind, MergeError, Merged, OwnStatement, Principal, RegistryScope, Request,
    Source, Widening, decide, merge, parse,
};
use proptest::prelude::*;
use serde_json::{Value, json};

const REGISTRY: Kind = Kind::Registry(RegistryScope::V2);

fn repository_grant() -> OwnStatement {
    OwnStatement::new(json!({
        "Sid": "Ours", "Effect": "Allow", "Principal": {"Service": "puller.amazonaws.com"},
        "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    }))
    .unwrap()
}

fn registry_grant(prefix: &str) -> OwnStatement {
    OwnStatement::new(json!({
        "Sid": "Ours", "Effect": "Allow", "Principal": {"Service": "puller.amazonaws.com"},
        "Action": ["ecr:CreateRepository", "ecr:BatchImportUpstreamImage"],
        "Resource": format!("arn:aws:ecr:eu-west-1:111122223333:repository/{prefix}*")
    }))
    .unwrap()
}

fn run(kind: Kind, document: &Value, own: &OwnStatement) -> Merged {
    merge(kind, Some(&document.to_string()), own, Widening::Never).unwrap()
}

fn statements(merged: &Merged) -> Vec<Value> {
    let value: Value = serde_json::from_str(&merged.text).unwrap();
    match &value["Statement"] {
        Value::Array(list) => list.clone(),
        single => vec![single.clone()],
    }
}

fn not_added(merged: &Merged, element: &str) -> Option<(Vec<String>, Cause)> {
    merged.differences.iter().find_map(|difference| match difference {
        Difference::NotAdded { element: found, entries, cause } if found == element => {
            Some((entries.clone(), *cause))
        }
        _ => None,
    })
}

#[test]
fn without_a_document_one_is_made() {
    for current in [None, Some(""), Some(" \n")] {
        let merged = merge(Kind::Repository, current, &repository_grant(), Widening::Never).unwrap();
        assert!(matches!(merged.change, Change::Added { index: 0, .. }));
        assert_eq!(
            merged.text,
            r#"{"Version":"2012-10-17","Statement":[{"Sid":"Ours","Effect":"Allow","Principal":{"Service":"puller.amazonaws.com"},"Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"]}]}"#
        );
        assert_eq!(merged.characters, merged.text.len());
    }
}

#[test]
fn a_single_statement_becomes_a_list_only_when_one_is_added() {
    let other = json!({"Note": 1, "Version": "2008-10-17", "Statement": {"Sid": "Theirs", "Effect": "Deny", "Principal": "*", "Action": "ecr:PutImage"}});
    let merged = run(Kind::Repository, &other, &repository_grant());
    assert!(merged.text.starts_with(r#"{"Note":1,"Version":"2008-10-17","Statement":[{"Sid":"Theirs","#));
    assert_eq!(statements(&merged).len(), 2);
    let single = json!({"Statement": {"Sid": "Ours", "Effect": "Allow", "Principal": {"Service": "puller.amazonaws.com"}, "Action": "ecr:BatchGetImage"}});
    let merged = run(Kind::Repository, &single, &repository_grant());
    assert!(merged.text.starts_with(r#"{"Statement":{"Sid":"Ours""#));
    assert!(merged.text.contains(r#""Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"]"#));
}

#[test]
fn what_says_the_same_is_unchanged_to_the_byte() {
    let text = r#"{ "Statement": [ {"Effect":"Allow", "Sid":"Ours", "Principal":{"Service":["puller.amazonaws.com"]},
        "Action":["ecr:getdownloadurlforlayer","ecr:BatchGetImage"], "Resource":"*"} ] }"#;
    let merged = merge(Kind::Repository, Some(text), &repository_grant(), Widening::Never).unwrap();
    assert_eq!(merged.change, Change::Unchanged);
    assert_eq!(merged.text, text);
    assert_eq!(merged.characters, text.len());
    assert!(merged.differences.is_empty());
}

#[test]
fn a_lost_principal_and_action_are_repaired_in_place() {
    let document = json!({"Statement": [
        {"Sid": "First", "Effect": "Allow", "Principal": "*", "Action": "ecr:DescribeImages"},
        {"Sid": "Ours", "Mark": true, "Effect": "Allow", "Principal": {"Service": []}, "Action": "ecr:BatchGetImage"},
        {"Sid": "Last", "Effect": "Deny", "Principal": "*", "Action": "ecr:PutImage"}
    ]});
    let merged = run(Kind::Repository, &document, &repository_grant());
    let Change::Repaired { index, before, after } = &merged.change else { panic!("{:?}", merged.change) };
    assert_eq!((*index, before), (1, &document["Statement"][1]));
    assert_eq!(
        after,
        &json!({"Sid": "Ours", "Mark": true, "Effect": "Allow", "Principal": {"Service": "puller.amazonaws.com"},
            "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]})
    );
    let now = statements(&merged);
    assert_eq!((&now[0], &now[2]), (&document["Statement"][0], &document["Statement"][2]));
}

#[test]
fn another_prefix_is_added_to_our_resources() {
    let first = merge(REGISTRY, None, &registry_grant("quay/"), Widening::Never).unwrap();
    let second = merge(REGISTRY, Some(&first.text), &registry_grant("hub/"), Widening::Never).unwrap();
    assert_eq!(
        statements(&second)[0]["Resource"],
        json!([
            "arn:aws:ecr:eu-west-1:111122223333:repository/quay/*",
            "arn:aws:ecr:eu-west-1:111122223333:repository/hub/*"
        ])
    );
    assert!(matches!(&second.differences[..], [Difference::Beyond { element, .. }] if element == "Resource"));
    let again = merge(REGISTRY, Some(&second.text), &registry_grant("quay/"), Widening::Never).unwrap();
    assert_eq!(again.change, Change::Unchanged);
}

#[test]
fn a_hand_scoped_statement_is_not_widened() {
    let scoped = json!({"Statement": [{
        "Sid": "Ours", "Effect": "Allow", "Principal": {"Service": "puller.amazonaws.com"},
        "Action": ["ecr:CreateRepository", "ecr:BatchImportUpstreamImage"],
        "Resource": "arn:aws:ecr:eu-west-1:111122223333:repository/quay/tools/*",
        "Condition": {"StringEquals": {"aws:SourceAccount": "444455556666"}}
    }]});
    for wanted in ["quay/", ""] {
        let merged = run(REGISTRY, &scoped, &registry_grant(wanted));
        assert_eq!(merged.change, Change::Unchanged);
        let entry = format!("arn:aws:ecr:eu-west-1:111122223333:repository/{wanted}*");
        assert_eq!(not_added(&merged, "Resource"), Some((vec![entry], Cause::NarrowedByHand)));
        assert!(merged.differences.iter().any(|difference| matches!(
            difference,
            Difference::OtherCondition { key, wanted, .. } if key == "aws:SourceAccount" && wanted.is_empty()
        )));
    }
    let asked =
        merge(REGISTRY, Some(&scoped.to_string()), &registry_grant("quay/"), Widening::Asked).unwrap();
    let now = &statements(&asked)[0];
    assert_eq!(now["Resource"].as_array().unwrap().len(), 2);
    assert_eq!(now["Condition"], scoped["Statement"][0]["Condition"], "a condition stays even then");
}

#[test]
fn a_repository_statement_scoped_by_hand_stays() {
    let scoped = json!({"Statement": {
        "Sid": "Ours", "Effect": "Allow", "Principal": {"Service": "puller.amazonaws.com"},
        "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        "Resource": "arn:aws:ecr:eu-west-1:111122223333:repository/one"
    }});
    let merged = run(Kind::Repository, &scoped, &repository_grant());
    assert_eq!(merged.change, Change::Unchanged);
    assert_eq!(not_added(&merged, "Resource"), Some((vec!["*".to_owned()], Cause::NarrowedByHand)));
}

#[test]
fn others_in_a_shared_statement_gain_nothing_and_lose_nothing() {
    let shared = json!({"Statement": [{
        "Sid": "Ours", "Effect": "Allow", "Action": "ecr:BatchGetImage",
        "Principal": {"Service": ["pusher.amazonaws.com", "puller.amazonaws.com"]}
    }]});
    let merged = run(Kind::Repository, &shared, &repository_grant());
    assert_eq!(merged.change, Change::Unchanged);
    let entries = vec!["ecr:GetDownloadUrlForLayer".to_owned()];
    assert_eq!(not_added(&merged, "Action"), Some((entries, Cause::SharedWithOthers)));
    let asked =
        merge(Kind::Repository, Some(&shared.to_string()), &repository_grant(), Widening::Asked).unwrap();
    assert_eq!(statements(&asked)[0]["Principal"], shared["Statement"][0]["Principal"]);
    assert_eq!(statements(&asked)[0]["Action"], json!(["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]));
}

#[test]
fn a_wanted_condition_is_added_and_another_value_is_kept() {
    let own = OwnStatement::new(json!({
        "Sid": "Ours", "Effect": "Allow", "Principal": {"Service": "puller.amazonaws.com"}, "Action": "ecr:BatchGetImage",
        "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}}
    }))
    .unwrap();
    let plain = json!({"Statement": [{"Sid": "Ours", "Effect": "Allow", "Principal": {"Service": "puller.amazonaws.com"}, "Action": "ecr:BatchGetImage"}]});
    let merged = run(Kind::Repository, &plain, &own);
    assert_eq!(statements(&merged)[0]["Condition"], own.elements()["Condition"]);
    let mut other = plain.clone();
    other["Statement"][0]["Condition"] = json!({"stringequals": {"AWS:SourceAccount": ["444455556666"]}});
    let merged = run(Kind::Repository, &other, &own);
    assert_eq!(merged.change, Change::Unchanged);
    assert!(matches!(&merged.differences[..], [Difference::OtherCondition { found, wanted, .. }]
        if found == &["444455556666"] && wanted == &["111122223333"]));
    other["Statement"][0]["Condition"] = json!({"stringequals": {"AWS:SourceAccount": ["111122223333"]}});
    assert!(run(Kind::Repository, &other, &own).differences.is_empty());
    let mut beside = plain;
    beside["Statement"][0]["Condition"] = json!({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}});
    let merged = run(Kind::Repository, &beside, &own);
    assert_eq!(
        statements(&merged)[0]["Condition"],
        json!({"StringEquals": {"aws:RequestedRegion": "eu-west-1", "aws:SourceAccount": "111122223333"}})
    );
}

#[test]
fn an_account_is_its_id_or_its_root() {
    let own = OwnStatement::new(json!({
        "Sid": "Ours", "Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "ecr:BatchGetImage"
    }))
    .unwrap();
    let stored = json!({"Statement": [{"Sid": "Ours", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "ecr:BatchGetImage"}]});
    let merged = run(Kind::Repository, &stored, &own);
    assert_eq!((merged.change, merged.differences.len()), (Change::Unchanged, 0));
}

#[test]
fn what_cannot_be_merged_is_refused() {
    let refuse =
        |kind, text: &str| merge(kind, Some(text), &repository_grant(), Widening::Never).unwrap_err();
    let broken = refuse(Kind::Repository, "{\"Statement\": [\n oops");
    assert!(matches!(broken, MergeError::Unreadable { .. }));
    assert!(broken.to_string().contains("line 2"), "{broken}");
    let ours = |elements: &str| format!(r#"{{"Sid":"Ours",{elements}}}"#);
    let allow = ours(r#""Effect":"Allow","Principal":"*","Action":"*""#);
    let twice = refuse(Kind::Repository, &format!(r#"{{"Statement":[{allow},{allow}]}}"#));
    assert!(matches!(twice, MergeError::SidTwice { first: 0, second: 1, .. }));
    for elements in [
        r#""Effect":"Deny","Principal":"*","Action":"*""#,
        r#""Effect":"Allow","NotPrincipal":"*","Action":"*""#,
        r#""Effect":"Allow","Principal":"*","NotAction":"s3:*""#,
        r#""Effect":"Allow","Principal":"*","Action":"*","NotResource":"x""#,
        r#""Effect":"Allow","Principal":{"Service":"pusher.amazonaws.com"},"Action":"*""#,
    ] {
        let taken = refuse(Kind::Repository, &format!(r#"{{"Statement":[{}]}}"#, ours(elements)));
        assert!(matches!(taken, MergeError::SidTaken { index: 0, .. }), "{elements}: {taken}");
    }
    let variables = OwnStatement::new(json!({
        "Sid": "V", "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "${aws:username}"
    }))
    .unwrap();
    let old = merge(Kind::Repository, Some(r#"{"Statement":[]}"#), &variables, Widening::Never);
    assert!(matches!(old, Err(MergeError::OldVersion { .. })));
}

#[test]
fn only_a_statement_that_can_be_found_again_is_ours() {
    for wrong in [
        json!("x"),
        json!({"Effect": "Allow", "Action": "*"}),
        json!({"Sid": "", "Effect": "Allow", "Action": "*"}),
        json!({"Sid": "A", "Effect": "Allow", "NotAction": "*"}),
        json!({"Sid": "A", "Effect": "Allow"}),
    ] {
        assert!(matches!(OwnStatement::new(wrong.clone()), Err(MergeError::NotUsable { .. })), "{wrong}");
    }
}

#[test]
fn the_limit_counts_characters_of_the_compact_text() {
    let theirs = |length: usize| {
        let sid = "é".repeat(length);
        json!({"Statement": [{"Sid": sid, "Effect": "Deny", "Principal": "*", "Action": "ecr:PutImage"}]})
            .to_string()
    };
    let base =
        merge(Kind::Repository, Some(&theirs(0)), &repository_grant(), Widening::Never).unwrap().characters;
    let fits = theirs(10_240 - base);
    let merged = merge(Kind::Repository, Some(&fits), &repository_grant(), Widening::Never).unwrap();
    assert_eq!(merged.characters, 10_240);
    assert!(merged.text.len() > 10_240, "bytes are not what is counted");
    let spaced = fits.replace(',', ",          ");
    assert!(merge(Kind::Repository, Some(&spaced), &repository_grant(), Widening::Never).is_ok());
    let over = theirs(10_241 - base);
    let refused = merge(Kind::Repository, Some(&over), &repository_grant(), Widening::Never).unwrap_err();
    assert!(matches!(refused, MergeError::TooLong { characters: 10_241, limit: 10_240, .. }));
    assert!(merge(Kind::Resource, Some(&over), &repository_grant(), Widening::Never).is_ok());
}

/// Statements of others and, now and then, something with our Sid.
fn some_statement() -> impl Strategy<Value = Value> {
    let sid = prop::option::of(prop::sample::select(&["Ours", "Theirs", "A b", ""][..]));
    let services = prop::collection::vec(
        prop::sample::select(&["puller.amazonaws.com", "pusher.amazonaws.com"][..]),
        0..3,
    );
    let actions = prop::collection::vec(
        prop::sample::select(&["ecr:BatchGetImage", "ecr:*", "ecr:CreateRepository", "ecr:putimage"][..]),
        0..3,
    );
    let resources = prop::option::of(prop::collection::vec(
        prop::sample::select(
            &[
                "*",
                "arn:aws:ecr:eu-west-1:111122223333:repository/quay/*",
                "arn:aws:ecr:eu-west-1:111122223333:repository/quay/a/*",
                "arn:aws:ecr:eu-west-1:111122223333:repository/x",
            ][..],
        ),
        0..3,
    ));
    let condition = prop::option::of(prop::sample::select(&["111122223333", "444455556666"][..]));
    let kept = prop::option::of(any::<u8>());
    (sid, any::<bool>(), services, actions, resources, condition, kept).prop_map(
        |(sid, deny, services, actions, resources, condition, kept)| {
            let mut statement = json!({});
            if let Some(kept) = kept {
                statement["Kept"] = json!({"as": [kept, null, {"it": "is"}]});
            }
            statement["Effect"] = json!(if deny { "Deny" } else { "Allow" });
            if let Some(sid) = sid {
                statement["Sid"] = json!(sid);
            }
            statement["Principal"] =
                if services.len() == 1 { json!({"AWS": "*"}) } else { json!({"Service": services}) };
            statement["Action"] = if actions.len() == 1 { json!(actions[0]) } else { json!(actions) };
            if let Some(resources) = resources {
                statement["Resource"] = json!(resources);
            }
            if let Some(account) = condition {
                statement["Condition"] = json!({"StringEquals": {"aws:SourceAccount": account}});
            }
            statement
        },
    )
}

proptest! {
    // As many at least; `PROPTEST_CASES` asks for more.
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(1_500), ..ProptestConfig::default() })]

    #[test]
    fn merging_twice_is_merging_once_and_others_stay(
        list in prop::collection::vec(some_statement(), 0..4),
        single in any::<bool>(),
        asked in any::<bool>(),
        registry in any::<bool>(),
        conditioned in any::<bool>(),
    ) {
        let document = match &list[..] {
            [one] if single => json!({"Id": 7, "Statement": one, "Zeta": [1, {"b": 2, "a": 1}]}),
            _ => json!({"Id": 7, "Statement": list, "Zeta": [1, {"b": 2, "a": 1}]}),
        };
        let (kind, mut own) = if registry {
            (REGISTRY, registry_grant("quay/").elements().clone())
        } else {
            (Kind::Repository, repository_grant().elements().clone())
        };
        if conditioned {
            own.insert("Condition".to_owned(), json!({"StringEquals": {"aws:SourceAccount": "111122223333"}}));
        }
        let own = OwnStatement::new(Value::Object(own)).unwrap();
        let widening = if asked { Widening::Asked } else { Widening::Never };
        let text = document.to_string();
        let merged = match merge(kind, Some(&text), &own, widening) {
            Ok(merged) => merged,
            Err(MergeError::SidTaken { .. } | MergeError::SidTwice { .. }) => return Ok(()),
            Err(other) => return Err(TestCaseError::fail(other.to_string())),
        };
        let again = merge(kind, Some(&merged.text), &own, widening).unwrap();
        prop_assert_eq!(&again.change, &Change::Unchanged);
        prop_assert_eq!(&again.text, &merged.text);
        prop_assert_eq!(&again.differences, &merged.differences);

        let now: Value = serde_json::from_str(&merged.text).unwrap();
        prop_assert_eq!(&now["Id"], &document["Id"]);
        prop_assert_eq!(now["Zeta"].to_string(), document["Zeta"].to_string());
        let now = statements(&merged);
        let changed = match &merged.change {
            Change::Unchanged => None,
            Change::Added { index, .. } | Change::Repaired { index, .. } => Some(*index),
        };
        prop_assert_eq!(now.len(), list.len() + usize::from(matches!(merged.change, Change::Added { .. })));
        for (index, before) in list.iter().enumerate().filter(|(index, _)| Some(*index) != changed) {
            prop_assert_eq!(now[index].to_string(), before.to_string());
        }
        // A repair adds: whatever the statement said before, it still says.
        if let Change::Repaired { before, after, .. } = &merged.change {
            for (element, value) in before.as_object().unwrap() {
                if !["Principal", "Action", "Resource", "Condition"].contains(&element.as_str()) {
                    prop_assert_eq!(value, &after[element]);
                }
            }
            prop_assert!(before.get("Condition").is_none_or(|block| block == &after["Condition"]));
        }
        // Whatever was denied to others by these documents stays denied, and allowed stays allowed.
        for service in ["pusher.amazonaws.com", "else.amazonaws.com"] {
            for action in ["ecr:BatchGetImage", "ecr:CreateRepository", "ecr:PutImage"] {
                let request = Request::new(
                    Principal::Service(service.to_owned()),
                    action,
                    "arn:aws:ecr:eu-west-1:111122223333:repository/quay/a/b",
                ).with("aws:SourceAccount", "111122223333");
                let verdict = |text: &str| {
                    let document = parse(text).unwrap();
                    decide(&[Source::new(kind, "merged", &document)], &request).verdict
                };
                if !asked {
                    prop_assert_eq!(verdict(&text), verdict(&merged.text), "{} {}", service, action);
                }
            }
        }
    }
}

//! Decisions against a second, plainer implementation, over made-up documents and requests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

#[path = "naive/evaluator.rs"]
mod evaluator;
#[path = "naive/worlds.rs"]
mod worlds;

use policy::{Document, Effect, Kind, Principal, Request, Source, Verdict, decide, parse};
use proptest::prelude::*;
use serde_json::{Value, json};

use evaluator::{Question, allowed, glob};
use worlds::{KEYS, VALUES, worlds};

const SERVICE: &str = "puller.amazonaws.com";
const ACCOUNT: &str = "111122223333";

fn one_or_more(choices: &'static [&'static str]) -> impl Strategy<Value = Value> {
    prop_oneof![
        prop::sample::select(choices).prop_map(|text| json!(text)),
        prop::collection::vec(prop::sample::select(choices), 1..3).prop_map(|list| json!(list)),
    ]
}

fn principal() -> impl Strategy<Value = Value> {
    let services = one_or_more(&[SERVICE, "pusher.amazonaws.com", "puller.*"]).boxed();
    let identities = one_or_more(&[
        "*",
        ACCOUNT,
        "444455556666",
        "arn:aws:iam::111122223333:root",
        "arn:aws:iam::111122223333:role/runner",
        "arn:aws:iam::111122223333:role/other",
    ])
    .boxed();
    prop_oneof![
        Just(json!("*")),
        services.clone().prop_map(|names| json!({"Service": names})),
        identities.clone().prop_map(|names| json!({"AWS": names})),
        (services, identities)
            .prop_map(|(services, identities)| json!({"Service": services, "AWS": identities})),
    ]
}

fn conditions() -> impl Strategy<Value = Value> {
    let operator = prop::sample::select(&[
        "StringEquals",
        "StringNotEquals",
        "StringEqualsIgnoreCase",
        "StringNotEqualsIgnoreCase",
        "StringLike",
        "StringNotLike",
        "Bool",
        "Null",
        "NumericEquals",
        "NumericNotEquals",
        "NumericLessThan",
        "ForAllValues:StringEquals",
        "ForAllValues:StringNotEquals",
        "ForAnyValue:StringLike",
        "ForAnyValue:StringNotEquals",
        "StringEqualsIfExists",
        "StringNotLikeIfExists",
        "ForAnyValue:StringEqualsIfExists",
        "BoolIfExists",
    ]);
    let entry =
        (operator, prop::sample::select(&KEYS[..]), any::<bool>()).prop_flat_map(|(operator, key, upper)| {
            let values = match operator {
                "Null" | "Bool" | "BoolIfExists" => one_or_more(&["true", "false"]).boxed(),
                "NumericEquals" | "NumericNotEquals" | "NumericLessThan" => {
                    one_or_more(&["7", "7.0", "8"]).boxed()
                }
                _ => one_or_more(&["a", "A*", "*b", "?", "Ab", "*"]).boxed(),
            };
            let key = if upper { key.to_uppercase() } else { key.to_owned() };
            values.prop_map(move |values| (operator, key.clone(), values))
        });
    prop::collection::vec(entry, 0..3).prop_map(|entries| {
        let mut block = json!({});
        for (operator, key, values) in entries {
            block[operator][key] = values;
        }
        block
    })
}

fn statement() -> impl Strategy<Value = Value> {
    let action = one_or_more(&["ecr:BatchGetImage", "ecr:*", "ECR:batch*", "ecr:PutImage", "s3:*", "*"]);
    let resource = one_or_more(&["*", "*/hub/*", "*/quay/*", "arn:aws:ecr:*:repository/hub/a?", "*/HUB/*"]);
    let deny = prop::bool::weighted(0.3);
    (deny, principal(), action, prop::option::of(resource), conditions(), [prop::bool::weighted(0.2); 3])
        .prop_map(
            |(deny, principal, action, resource, conditions, [not_principal, not_action, not_resource])| {
                let mut statement = json!({"Effect": if deny { "Deny" } else { "Allow" }});
                statement[if not_principal { "NotPrincipal" } else { "Principal" }] = principal;
                statement[if not_action { "NotAction" } else { "Action" }] = action;
                if let Some(resource) = resource {
                    statement[if not_resource { "NotResource" } else { "Resource" }] = resource;
                }
                if conditions.as_object().is_some_and(|block| !block.is_empty()) {
                    statement["Condition"] = conditions;
                }
                statement
            },
        )
}

fn document() -> impl Strategy<Value = Value> {
    prop_oneof![
        prop::collection::vec(statement(), 0..4)
            .prop_map(|list| json!({"Version": "2012-10-17", "Statement": list})),
        statement().prop_map(|single| json!({"Statement": single})),
    ]
}

/// What is known of each key: absent, some values, or nothing at all.
fn keys() -> impl Strategy<Value = Vec<Option<Vec<&'static str>>>> {
    let known = prop::collection::vec(prop::sample::select(&VALUES[..]), 0..3);
    prop::collection::vec(prop::option::weighted(0.7, known), KEYS.len())
}

fn request(service: bool, action: &str, resource: &str, keys: &[Option<Vec<&str>>]) -> Request {
    let principal = if service {
        Principal::Service(SERVICE.to_owned())
    } else {
        Principal::from_arn("arn:aws:iam::111122223333:role/runner").unwrap()
    };
    KEYS.iter().zip(keys).fold(Request::new(principal, action, resource), |request, (key, known)| match known
    {
        Some(values) => request.with_values(key, values.iter().copied()),
        None => request.unknown(key),
    })
}

fn read(documents: &[Value]) -> Vec<Document> {
    documents.iter().map(|document| parse(&document.to_string()).unwrap()).collect()
}

fn sources(documents: &[Document]) -> Vec<Source<'_>> {
    documents.iter().map(|document| Source::new(Kind::Repository, "made up", document)).collect()
}

proptest! {
    // As many at least; `PROPTEST_CASES` asks for more.
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(1_000), ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_the_plain_reading_in_every_world(
        documents in prop::collection::vec(document(), 1..3),
        service in any::<bool>(),
        action in prop::sample::select(&["ecr:BatchGetImage", "ecr:putimage"][..]),
        resource in prop::sample::select(&[
            "arn:aws:ecr:eu-west-1:111122223333:repository/hub/ab",
            "arn:aws:ecr:eu-west-1:111122223333:repository/quay/hub/x",
        ][..]),
        keys in keys(),
    ) {
        let question = Question {
            service: service.then_some(SERVICE),
            role: (!service).then_some((ACCOUNT, "runner")),
            action,
            resource,
        };
        let parsed = read(&documents);
        let decision = decide(&sources(&parsed), &request(service, action, resource, &keys));
        let answers: Vec<bool> = worlds(&keys).iter().map(|world| allowed(&documents, &question, world)).collect();
        match decision.verdict {
            Verdict::Allowed => prop_assert!(answers.iter().all(|answer| *answer), "{decision}"),
            Verdict::Denied => prop_assert!(answers.iter().all(|answer| !*answer), "{decision}"),
            Verdict::Depends => prop_assert!(answers.len() > 1, "{decision}"),
        }
        prop_assert!(decision.to_string().starts_with(&decision.verdict.to_string()));
    }

    #[test]
    fn another_deny_never_opens(
        documents in prop::collection::vec(document(), 1..3),
        deny in statement(),
        keys in keys(),
    ) {
        let mut deny = deny;
        deny["Effect"] = json!("Deny");
        let request = request(true, "ecr:BatchGetImage", "arn:aws:ecr:eu-west-1:111122223333:repository/hub/ab", &keys);
        let before = decide(&sources(&read(&documents)), &request).verdict;
        let mut with_deny = documents.clone();
        with_deny.push(json!({"Statement": deny}));
        let after = decide(&sources(&read(&with_deny)), &request).verdict;
        let openness = |verdict| match verdict {
            Verdict::Denied => 0,
            Verdict::Depends => 1,
            Verdict::Allowed => 2,
        };
        prop_assert!(openness(after) <= openness(before), "{before} became {after}");
    }

    #[test]
    fn order_and_split_do_not_matter(documents in prop::collection::vec(document(), 1..3), keys in keys()) {
        let request = request(true, "ecr:BatchGetImage", "arn:aws:ecr:eu-west-1:111122223333:repository/hub/ab", &keys);
        // Only documents of one version may be put together; none here holds a variable.
        let mut all: Vec<Value> = Vec::new();
        for document in &documents {
            match &document["Statement"] {
                Value::Array(list) => all.extend(list.iter().cloned()),
                single => all.push(single.clone()),
            }
        }
        all.reverse();
        let together = read(&[json!({"Statement": all})]);
        let apart = read(&documents);
        prop_assert_eq!(
            decide(&sources(&together), &request).verdict,
            decide(&sources(&apart), &request).verdict
        );
    }

    #[test]
    fn globs_agree(pattern in "[ab*?/]{0,12}", text in "[ab/]{0,12}") {
        let document = parse(&json!({"Statement": {
            "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": pattern
        }}).to_string()).unwrap();
        let request = Request::new(Principal::Anonymous, "x:y", &text);
        let decision = decide(&[Source::new(Kind::Repository, "made up", &document)], &request);
        let letters = |text: &str| text.chars().collect::<Vec<char>>();
        prop_assert_eq!(decision.is_allowed(), glob(&letters(&pattern), &letters(&text)));
    }

    #[test]
    fn patterns_asked_about_agree_with_their_members(
        granted in "[ab*?]{0,6}",
        asked in "[ab*?]{0,6}",
        members in prop::collection::vec("[ab]{0,6}", 20),
    ) {
        let document = parse(&json!({"Statement": {
            "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": granted
        }}).to_string()).unwrap();
        let verdict = |request: &Request| {
            decide(&[Source::new(Kind::Repository, "made up", &document)], request).verdict
        };
        let all = verdict(&Request::new(Principal::Anonymous, "x:y", "").for_all_matching(&asked));
        let letters = |text: &str| text.chars().collect::<Vec<char>>();
        for member in members.iter().filter(|member| glob(&letters(&asked), &letters(member))) {
            let one = verdict(&Request::new(Principal::Anonymous, "x:y", member));
            prop_assert!(all == Verdict::Depends || all == one, "{all} for all, {one} for {member}");
        }
    }
}

#[test]
fn effects_of_decisions_are_those_of_their_statements() {
    let document = read(&[json!({"Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "*"},
        {"Effect": "Deny", "Principal": "*", "Action": "ecr:Put*"}
    ]})]);
    for (action, effect) in [("ecr:BatchGetImage", Effect::Allow), ("ecr:PutImage", Effect::Deny)] {
        let request = Request::new(Principal::Anonymous, action, "*");
        let decision = decide(&sources(&document), &request);
        let by = decision.decided_by().unwrap();
        assert_eq!(document[0].statements()[by.index].effect(), effect);
    }
}

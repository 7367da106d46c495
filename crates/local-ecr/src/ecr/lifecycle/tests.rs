//! What policies do, by the examples of ECR's own guide, and which texts are no policy.

use proptest::prelude::*;
use serde_json::json;

use super::*;

const DAY: u64 = 24 * 3600 * 1000;
const NOW: Timestamp = Timestamp(1000 * DAY);

fn image(digest: &str, tags: &[&str], days: u64) -> Candidate {
    Candidate {
        digest: digest.to_owned(),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        pushed_at: Timestamp(NOW.0 - days * DAY),
        ..Candidate::default()
    }
}

fn rule(priority: u64, selection: serde_json::Value, action: serde_json::Value) -> serde_json::Value {
    json!({ "rulePriority": priority, "selection": selection, "action": action })
}

fn expire() -> serde_json::Value {
    json!({ "type": "expire" })
}

fn keep(prefixes: &[&str], number: u64) -> serde_json::Value {
    json!({ "tagStatus": "tagged", "tagPrefixList": prefixes, "countType": "imageCountMoreThan", "countNumber": number })
}

/// Returns the marks of a policy: digest, rule.
fn marked(rules: &[serde_json::Value], images: &[Candidate]) -> Vec<(String, u64)> {
    let policy = LifecyclePolicy::read(&json!({ "rules": rules }).to_string()).expect("it is a policy");
    let marks = policy.evaluate(images.to_vec(), NOW);
    marks.into_iter().map(|mark| (mark.image.digest, mark.priority)).collect()
}

fn are(expected: &[(&str, u64)]) -> Vec<(String, u64)> {
    expected.iter().map(|(digest, rule)| ((*digest).to_owned(), *rule)).collect()
}

#[test]
fn an_image_is_touched_by_the_first_rule_that_selects_it_alone() {
    let images = [
        image("a", &["beta-1", "prod-1"], 10),
        image("b", &["beta-2", "prod-2"], 9),
        image("c", &["beta-3"], 8),
    ];
    let prod_first = [rule(1, keep(&["prod"], 1), expire()), rule(2, keep(&["beta"], 1), expire())];
    assert_eq!(marked(&prod_first, &images), are(&[("a", 1)]), "b is one of the first rule's, and stays");
    let beta_first = [rule(2, keep(&["prod"], 1), expire()), rule(1, keep(&["beta"], 1), expire())];
    assert_eq!(marked(&beta_first, &images), are(&[("a", 1), ("b", 1)]));
    assert_eq!(
        marked(&[rule(1, keep(&["alpha", "beta"], 1), expire())], &images),
        are(&[]),
        "all prefixes or none"
    );
    assert_eq!(marked(&[rule(1, keep(&["prod", "beta"], 1), expire())], &images), are(&[("a", 1)]));
}

#[test]
fn a_rule_counts_images_that_another_one_marks() {
    let images = [image("a", &["prod-1"], 9), image("b", &[], 6), image("c", &[], 3)];
    let any = json!({ "tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1 });
    let untagged = json!({ "tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 5 });
    let rules = [rule(1, untagged, expire()), rule(9, any, expire())];
    assert_eq!(marked(&rules, &images), are(&[("a", 9), ("b", 1)]));
}

#[test]
fn ages_are_counted_in_whole_days_from_the_moment_that_the_rule_names() {
    let since = |kind: &str, days: u64| json!({ "tagStatus": "any", "countType": kind, "countUnit": "days", "countNumber": days });
    let archive = json!({ "type": "transition", "targetStorageClass": "archive" });
    let pushed = [
        image("a", &["1"], 30),
        Candidate { pushed_at: Timestamp(NOW.0 - 30 * DAY - 1), ..image("b", &[], 0) },
    ];
    assert_eq!(marked(&[rule(1, since("sinceImagePushed", 30), expire())], &pushed), are(&[("b", 1)]));
    let moment = |days: u64| Some(Timestamp(NOW.0 - days * DAY));
    let pulled = [
        Candidate { pulled_at: moment(2), ..image("a", &[], 200) },
        Candidate { pulled_at: moment(100), ..image("b", &[], 200) },
        Candidate { pulled_at: moment(100), activated_at: moment(3), ..image("c", &[], 200) },
        image("d", &[], 200),
        Candidate { held: true, ..image("e", &[], 200) },
        Candidate { archived: true, archived_at: moment(91), ..image("f", &[], 200) },
        Candidate { archived: true, archived_at: moment(89), ..image("g", &[], 200) },
    ];
    let mut transitioned = since("sinceImageTransitioned", 90);
    transitioned["storageClass"] = json!("archive");
    let rules = [rule(1, since("sinceImagePulled", 90), archive), rule(2, transitioned, expire())];
    assert_eq!(marked(&rules, &pulled), are(&[("b", 1), ("d", 1), ("f", 2)]));
}

#[test]
fn patterns_match_with_stars() {
    let images = [image("a", &["1.0-sha-abc"], 3), image("b", &["1.0"], 2)];
    let patterns = |list: &[&str]| json!({ "tagStatus": "tagged", "tagPatternList": list, "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 1 });
    assert_eq!(marked(&[rule(1, patterns(&["*-sha-*"]), expire())], &images), are(&[("a", 1)]));
    assert_eq!(marked(&[rule(1, patterns(&["1.*"]), expire())], &images), are(&[("a", 1), ("b", 1)]));
}

#[test]
fn texts_that_are_no_policy_are_refused_with_the_reason() {
    let one = |selection: serde_json::Value, action: serde_json::Value| json!({ "rules": [rule(1, selection, action)] });
    let selection = |extra: serde_json::Value| {
        let mut selection =
            json!({ "tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 3 });
        selection.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
        selection
    };
    let plain = || selection(json!({}));
    assert!(LifecyclePolicy::read(&one(plain(), expire()).to_string()).is_ok());
    let any = |priority| rule(priority, selection(json!({ "tagStatus": "any" })), expire());
    for (bad, reason) in [
        (json!("x"), "Could not map policyString into LifecyclePolicy."),
        (json!({}), r#"missing required properties (["rules"])"#),
        (json!({ "rules": vec![any(1); 51] }), "at most 50"),
        (json!({ "rules": [any(1), rule(1, plain(), expire())] }), "must be unique"),
        (json!({ "rules": [any(1), rule(2, plain(), expire())] }), "lowest priority"),
        (json!({ "rules": [rule(0, plain(), expire())] }), "positive integer"),
        (one(json!({}), expire()), r#"(["countNumber","countType","tagStatus"])"#),
        (one(selection(json!({ "tagStatus": "x" })), expire()), "not found in enum"),
        (one(selection(json!({ "other": 1 })), expire()), r#"not allowed by the schema: (["other"])"#),
        (one(selection(json!({ "tagStatus": "tagged" })), expire()), r#"(["tagPrefixList"])"#),
        (
            one(selection(json!({ "tagPrefixList": ["a"] })), expire()),
            r#"not allowed by the schema: (["tagPrefixList"])"#,
        ),
        (
            one(selection(json!({ "tagStatus": "tagged", "tagPrefixList": [] })), expire()),
            "at least one text",
        ),
        (
            one(selection(json!({ "tagStatus": "tagged", "tagPatternList": ["*a*b*c*d*"] })), expire()),
            "more than 4 wildcards",
        ),
        (one(selection(json!({ "countNumber": 0 })), expire()), "positive integer"),
        (
            one(selection(json!({ "countUnit": "days" })), expire()),
            r#"not allowed by the schema: (["countUnit"])"#,
        ),
        (one(selection(json!({ "countType": "sinceImagePushed" })), expire()), r#"(["countUnit"])"#),
        (one(selection(json!({ "storageClass": "archive" })), expire()), "not found in enum"),
        (
            one(selection(json!({ "countType": "sinceImagePulled", "countUnit": "days" })), expire()),
            r#"possible values: ["transition"]"#,
        ),
        (
            one(selection(json!({ "countType": "sinceImageTransitioned", "countUnit": "days" })), expire()),
            r#"(["storageClass"])"#,
        ),
        (
            one(
                selection(
                    json!({ "countType": "sinceImageTransitioned", "countUnit": "days", "storageClass": "archive" }),
                ),
                expire(),
            ),
            "at least 90",
        ),
        (one(plain(), json!({ "type": "transition" })), r#"(["targetStorageClass"])"#),
        (
            one(plain(), json!({ "type": "expire", "targetStorageClass": "archive" })),
            "not allowed by the schema",
        ),
    ] {
        let fault = LifecyclePolicy::read(&bad.to_string()).expect_err("it is no policy");
        assert!(fault.message.contains("Lifecycle policy validation failure: "), "{fault}");
        assert!(fault.message.contains(reason), "{bad}: {fault}");
    }
}

proptest! {
    /// No policy marks what an index needs, and no count leaves fewer images than it says.
    #[test]
    fn what_is_kept_stays(held in proptest::collection::vec(any::<bool>(), 0..40), kept in 1..50_u64) {
        let images: Vec<Candidate> = held
            .iter()
            .enumerate()
            .map(|(number, held)| Candidate { held: *held, ..image(&number.to_string(), &[], number as u64) })
            .collect();
        let any = json!({ "tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": kept });
        let marks = marked(&[rule(1, any, expire())], &images);
        prop_assert!(marks.iter().all(|(digest, _)| !held[digest.parse::<usize>().expect("a number")]));
        prop_assert!((images.len() - marks.len()) as u64 >= kept.min(images.len() as u64));
    }
}

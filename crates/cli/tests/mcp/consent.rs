//! Whoever can be asked is asked, with the plan in the question.

use serde_json::{Value, json};

use crate::session::{Session, words};
use crate::world::World;

fn world() -> (World, Vec<String>) {
    let world = World::new();
    world.ecr("CreateRepository", &json!({"repositoryName": "tools/bwa"}));
    let mut arguments = world.arguments();
    arguments.push("--allow-write".to_owned());
    (world, arguments)
}

fn grant() -> Value {
    json!({"name": "GrantHealthOmicsECRAccess", "arguments": {"repository_name": "tools/bwa"}})
}

#[test]
fn in_the_earlier_era_the_answer_decides() {
    let (world, arguments) = world();
    let mut session = Session::start(&words(&arguments), &json!({"elicitation": {}}));
    let before = world.snapshot();
    for action in ["decline", "cancel"] {
        let id = session.request("tools/call", grant());
        let answer = session.wait(id, |_| json!({"action": action}));
        assert_eq!(answer["result"]["structuredContent"]["status"], "declined", "{answer}");
        assert_eq!(world.snapshot(), before);
    }
    let question = &session.others[0]["params"];
    let message = question["message"].as_str().unwrap();
    assert!(message.contains("tools/bwa") && message.contains("omics.amazonaws.com"), "{message}");
    let id = session.request("tools/call", grant());
    let answer = session.wait(id, |_| json!({"action": "accept", "content": {}}));
    assert_eq!(answer["result"]["structuredContent"]["status"], "applied", "{answer}");
    assert_ne!(world.snapshot(), before);
}

#[test]
fn in_the_newer_era_an_answer_is_good_for_its_own_plan() {
    let (world, arguments) = world();
    let mut session = Session::modern(&words(&arguments), &json!({"elicitation": {"form": {}}}));
    let before = world.snapshot();
    let asked = session.call("tools/call", grant());
    assert_eq!(asked["result"]["resultType"], "input_required", "{asked}");
    let request = &asked["result"]["inputRequests"]["consent"];
    assert_eq!(request["method"], "elicitation/create", "{asked}");
    let answered = |state: &Value, action: &str| {
        let mut call = grant();
        call["requestState"] = state.clone();
        call["inputResponses"] = json!({"consent": {"action": action, "content": {}}});
        call
    };
    let state = asked["result"]["requestState"].clone();
    let forged = json!(format!("{}x", state.as_str().unwrap()));
    let again = session.call("tools/call", answered(&forged, "accept"));
    assert_eq!(again["result"]["resultType"], "input_required", "{again}");
    let declined = session.call("tools/call", answered(&state, "decline"));
    assert_eq!(declined["result"]["structuredContent"]["status"], "declined", "{declined}");
    assert_eq!(world.snapshot(), before);
    // Somebody else writes a policy in between: the plan is another one, and is asked for again.
    let other = json!({"Version": "2012-10-17", "Statement": [{"Sid": "Other", "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "ecr:BatchGetImage"}]});
    world
        .ecr("SetRepositoryPolicy", &json!({"repositoryName": "tools/bwa", "policyText": other.to_string()}));
    let again = session.call("tools/call", answered(&state, "accept"));
    assert_eq!(again["result"]["resultType"], "input_required", "{again}");
    let applied = session.call("tools/call", answered(&again["result"]["requestState"], "accept"));
    assert_eq!(applied["result"]["structuredContent"]["status"], "applied", "{applied}");
}

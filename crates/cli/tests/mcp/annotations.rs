//! What each annotation says is true: the account is the same before and after.

use serde_json::{Value, json};

use crate::session::{Session, example, words};
use crate::world::World;

/// Something to call each tool with.
fn calls() -> Vec<(&'static str, Value)> {
    vec![
        ("ScanWorkflow", json!({"workflow_folder": example("wdl")})),
        ("ListECRPullThroughCacheRules", json!({})),
        ("ValidateECRConfiguration", json!({})),
        ("ExplainFinding", json!({"finding_id": "OE101"})),
        ("CheckContainerAvailability", json!({"container_uri": "tools/bwa:1"})),
        ("GenerateServiceRolePolicy", json!({"prefixes": ["quay"]})),
        ("CheckServiceRole", json!({"role_arn": "no-such-role"})),
        ("DetectDrift", json!({})),
        ("CreateECRPullThroughCache", json!({"registry": "quay.io", "ecr_prefix": "quay"})),
        ("GrantHealthOmicsECRAccess", json!({"repository_name": "tools/bwa"})),
        (
            "CloneContainerToECR",
            json!({"source_uri": "127.0.0.1:9/a/b:1", "target_repository": "a/b", "target_tag": "1"}),
        ),
    ]
}

fn world() -> World {
    let world = World::new();
    world.ecr("CreateRepository", &json!({"repositoryName": "tools/bwa"}));
    world
}

#[test]
fn tools_that_read_change_nothing_even_when_writing_is_allowed() {
    let world = world();
    let mut arguments = world.arguments();
    arguments.extend(["--allow-write", "--allow-path"].map(str::to_owned));
    arguments.push(example("wdl"));
    let mut session = Session::start(&words(&arguments), &json!({}));
    let listed = session.call("tools/list", json!({}));
    let mut tried = 0;
    for tool in listed["result"]["tools"].as_array().unwrap() {
        if tool["annotations"]["readOnlyHint"] != true {
            continue;
        }
        let name = tool["name"].as_str().unwrap();
        let (_, call) = calls().into_iter().find(|(own, _)| *own == name).unwrap_or_else(|| panic!("{name}"));
        let before = world.snapshot();
        session.tool(name, call);
        assert_eq!(world.snapshot(), before, "{name}");
        tried += 1;
    }
    assert!(tried >= 8, "{tried}");
}

#[test]
fn without_the_right_to_write_no_tool_changes_anything() {
    let world = world();
    let arguments = world.arguments();
    let mut session = Session::start(&words(&arguments), &json!({}));
    let before = world.snapshot();
    for (name, call) in calls() {
        session.tool(name, call);
        assert_eq!(world.snapshot(), before, "{name}");
    }
    let planned = session.tool("GrantHealthOmicsECRAccess", json!({"repository_name": "tools/bwa"}));
    assert_eq!(planned["structuredContent"]["status"], "planned");
    assert!(planned["structuredContent"]["plan"]["repositories"].is_array(), "{planned}");
}

#[test]
fn a_second_call_of_an_idempotent_tool_changes_nothing_more_and_nothing_is_taken_away() {
    let world = world();
    let own = json!({"Version": "2012-10-17", "Statement": [{"Sid": "Own", "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "ecr:BatchGetImage"}]});
    let policy = json!({"repositoryName": "tools/bwa", "policyText": own.to_string()});
    world.ecr("SetRepositoryPolicy", &policy);
    let mut arguments = world.arguments();
    arguments.push("--allow-write".to_owned());
    let mut session = Session::start(&words(&arguments), &json!({}));
    for name in ["CreateECRPullThroughCache", "GrantHealthOmicsECRAccess"] {
        let (_, call) = calls().into_iter().find(|(own, _)| *own == name).unwrap();
        let first = session.tool(name, call.clone());
        assert_eq!(first["isError"], false, "{first}");
        assert_eq!(first["structuredContent"]["status"], "applied", "{first}");
        let after = world.snapshot();
        let second = session.tool(name, call);
        assert_eq!(second["structuredContent"]["status"], "unchanged", "{second}");
        assert_eq!(world.snapshot(), after, "{name}");
    }
    let policy = world.ecr("GetRepositoryPolicy", &json!({"repositoryName": "tools/bwa"}));
    let text = policy["policyText"].as_str().unwrap();
    assert!(text.contains("\"Own\"") && text.contains("omics.amazonaws.com"), "{text}");
}

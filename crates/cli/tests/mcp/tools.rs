//! What is listed, what tools answer, and which files they may use.

use serde_json::{Value, json};

use crate::session::{Session, example, words};
use crate::world::World;

#[test]
fn both_eras_are_answered_and_list_the_same_tools() {
    let earlier = Session::start(&[], &json!({})).call("tools/list", json!({}));
    let mut newer = Session::modern(&[], &json!({}));
    let discovered = newer.call("server/discover", json!({}));
    let versions = &discovered["result"]["supportedVersions"];
    assert!(versions.as_array().unwrap().contains(&json!("2026-07-28")), "{discovered}");
    let listed = newer.call("tools/list", json!({}));
    assert_eq!(listed["result"]["tools"], earlier["result"]["tools"]);
    assert!(listed["result"]["ttlMs"].as_u64().unwrap() > 0);
    assert_eq!(listed["result"]["cacheScope"], "public");
    let names: Vec<&str> = listed["result"]["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| tool["name"].as_str().unwrap())
        .collect();
    for name in [
        "CreateECRPullThroughCache",
        "ListECRPullThroughCacheRules",
        "ValidateECRConfiguration",
        "CheckContainerAvailability",
        "CloneContainerToECR",
        "GrantHealthOmicsECRAccess",
        "GenerateContainerRegistryMap",
    ] {
        assert!(names.contains(&name), "{names:?}");
    }
}

#[test]
fn the_map_of_a_folder_is_written_and_returned() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.json").display().to_string();
    let examples = example("wdl");
    let mut session = Session::start(
        &[
            "--account",
            "123456789012",
            "--region",
            "us-east-1",
            "--allow-path",
            &examples,
            "--allow-path",
            &folder.path().display().to_string(),
        ],
        &json!({}),
    );
    let call = json!({"workflow_folder": examples, "output_path": path});
    let result = session.tool("GenerateContainerRegistryMap", call.clone());
    assert_eq!(result["isError"], false, "{result}");
    assert_eq!(result["structuredContent"]["changed_entries"], 2);
    let text: Value = serde_json::from_str(result["content"][1]["text"].as_str().unwrap()).unwrap();
    assert_eq!(text, result["structuredContent"]);
    let map: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(
        map["quay.io/biocontainers/bwa:0.7.17--h5bf99c6_8"],
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/quay/biocontainers/bwa:0.7.17--h5bf99c6_8"
    );
    let again = session.tool("GenerateContainerRegistryMap", call);
    assert_eq!(again["structuredContent"]["changed_entries"], 0);
    let rewrite = json!({"workflow_folder": examples, "map_path": path, "apply": true});
    let shown = session.tool("RewriteWorkflow", rewrite);
    assert_eq!(shown["structuredContent"]["status"], "planned");
    assert!(shown["structuredContent"]["hint"].as_str().unwrap().contains("--allow-write"), "{shown}");
}

#[test]
fn the_roots_of_a_client_are_the_folders_that_may_be_used() {
    let root = json!({"roots": [{"uri": format!("file://{}", example("cwl"))}]});
    let scan = |folder: &str| json!({"name": "ScanWorkflow", "arguments": {"workflow_folder": folder}});
    let mut session = Session::start(&[], &json!({"roots": {}}));
    for (folder, is_error) in [(example("cwl"), false), (example("wdl"), true), ("/etc".to_owned(), true)] {
        let id = session.request("tools/call", scan(&folder));
        let answer = session.wait(id, |_| root.clone());
        assert_eq!(answer["result"]["isError"], is_error, "{answer}");
    }
    let mut session = Session::modern(&[], &json!({"roots": {}}));
    let asked = session.call("tools/call", scan(&example("cwl")));
    assert_eq!(asked["result"]["resultType"], "input_required", "{asked}");
    let mut retry = scan(&example("cwl"));
    retry["requestState"] = asked["result"]["requestState"].clone();
    retry["inputResponses"] = json!({"roots": root});
    let answer = session.call("tools/call", retry);
    assert_eq!(answer["result"]["isError"], false, "{answer}");
    // Without roots of a client the server may use the folder it was started in.
    let mut session = Session::start(&[], &json!({}));
    let outside = session.tool("ScanWorkflow", json!({"workflow_folder": "/etc"}));
    assert_eq!(outside["isError"], true);
    assert!(outside["content"][0]["text"].as_str().unwrap().contains("--allow-path"), "{outside}");
}

#[test]
fn failures_are_tool_errors_and_malformed_calls_are_errors_of_the_protocol() {
    let nowhere = ["--endpoint-url", "http://127.0.0.1:9", "--region", "us-east-1"];
    let mut session = Session::start(&nowhere, &json!({}));
    for (tool, arguments) in [
        ("ListECRPullThroughCacheRules", json!({})),
        ("ScanWorkflow", json!({"workflow_folder": "no/such/folder"})),
        ("CreateECRPullThroughCache", json!({"registry": "docker.io", "ecr_prefix": "docker-hub"})),
        ("GrantHealthOmicsECRAccess", json!({"repository_name": "Not A Name"})),
        ("ListECRPullThroughCacheRules", json!({"regoin": "us-east-1"})),
        ("CheckContainerAvailability", json!({})),
        ("ExplainFinding", json!({"finding_id": "OE999"})),
    ] {
        let result = session.tool(tool, arguments);
        assert_eq!(result["isError"], true, "{result}");
        assert!(result.get("structuredContent").is_none(), "{result}");
        let text = result["content"][0]["text"].as_str().unwrap();
        assert!(text.starts_with("error: cannot") && text.contains("\ncaused by: "), "{text}");
    }
    let unknown = session.call("tools/call", json!({"name": "NoSuchTool", "arguments": {}}));
    assert_eq!(unknown["error"]["code"], -32602, "{unknown}");
    let cursor = session.call("tools/list", json!({"cursor": "x"}));
    assert_eq!(cursor["error"]["code"], -32602, "{cursor}");
}

#[test]
fn resources_prompts_and_completions_are_there() {
    let world = World::new();
    world.ecr(
        "CreatePullThroughCacheRule",
        &json!({"ecrRepositoryPrefix": "quay", "upstreamRegistryUrl": "quay.io"}),
    );
    world.ecr("CreateRepository", &json!({"repositoryName": "tools/bwa"}));
    let arguments = world.arguments();
    let mut session = Session::start(&words(&arguments), &json!({}));
    for (uri, part) in [
        ("omics-ecr://registries", "public.ecr.aws"),
        ("omics-ecr://findings", "OE101"),
        ("omics-ecr://findings/OE101", "## OE101"),
        ("omics-ecr://schemas/ScanWorkflow", "\"$defs\""),
        ("ecr://rules", "quay.io"),
        ("ecr://registry-policy", "null"),
        ("ecr://templates", "templates"),
    ] {
        let read = session.call("resources/read", json!({"uri": uri}));
        let text = read["result"]["contents"][0]["text"].as_str().unwrap_or_else(|| panic!("{read}"));
        assert!(text.contains(part), "{text}");
    }
    for uri in [
        "omics-ecr://schemas/Nothing",
        "ecr://nothing",
        "ecr://template/nothing",
        "omics-ecr://findings/OE999",
        "x",
    ] {
        let missing = session.call("resources/read", json!({"uri": uri}));
        assert_eq!(missing["error"]["code"], -32002, "{missing}");
    }
    assert_eq!(session.call("prompts/list", json!({}))["result"]["prompts"].as_array().unwrap().len(), 4);
    let complete = |session: &mut Session, reference: Value, name: &str, value: &str| {
        let params = json!({"ref": reference, "argument": {"name": name, "value": value}});
        session.call("completion/complete", params)["result"]["completion"]["values"].clone()
    };
    let prompt = |name: &str| json!({"type": "ref/prompt", "name": name});
    let registries = complete(&mut session, prompt("set_up_registry"), "registry", "qu");
    assert_eq!(registries, json!(["quay.io"]));
    let images = complete(&mut session, prompt("why_can_healthomics_not_pull"), "container_uri", "to");
    assert_eq!(images, json!(["tools/bwa"]));
    let schema = json!({"type": "ref/resource", "uri": "omics-ecr://schemas/{tool}"});
    assert_eq!(complete(&mut session, schema, "tool", "scan"), json!(["ScanWorkflow"]));
    let template = json!({"type": "ref/resource", "uri": "ecr://template/{prefix}"});
    assert_eq!(complete(&mut session, template, "prefix", ""), json!(["quay"]));
}

#[test]
fn fifty_calls_at_once_are_all_answered_and_progress_is_told_to_who_asks() {
    let world = World::new();
    let arguments = world.arguments();
    let mut session = Session::start(&words(&arguments), &json!({}));
    let call = json!({"name": "ListECRPullThroughCacheRules", "arguments": {}});
    let mut open: Vec<u64> = (0..50).map(|_| session.request("tools/call", call.clone())).collect();
    while !open.is_empty() {
        let answer = session.read();
        assert_eq!(answer["result"]["isError"], false, "{answer}");
        open.retain(|id| answer["id"] != *id);
    }
    let mut asked = call;
    asked["_meta"] = json!({"progressToken": "p"});
    session.call("tools/call", asked);
    assert!(session.others.iter().any(|told| told["params"]["progressToken"] == "p"));
}

/// Returns the messages for the client's log so far.
fn logged(session: &Session) -> Vec<Value> {
    let messages = session.others.iter().filter(|told| told["method"] == "notifications/message");
    messages.map(|told| told["params"].clone()).collect()
}

#[test]
fn a_client_that_asks_for_a_log_is_told_when_calls_end_and_no_other() {
    let good = json!({"name": "ExplainFinding", "arguments": {"finding_id": "OE101"}});
    let bad = json!({"name": "ExplainFinding", "arguments": {"finding_id": "OE999"}});
    let mut session = Session::start(&[], &json!({}));
    session.call("tools/call", good.clone());
    assert_eq!(logged(&session), Vec::<Value>::new());
    session.call("logging/setLevel", json!({"level": "warning"}));
    session.call("tools/call", good.clone());
    assert_eq!(logged(&session), Vec::<Value>::new());
    session.call("tools/call", bad);
    session.call("logging/setLevel", json!({"level": "debug"}));
    session.call("tools/call", good.clone());
    let told = logged(&session);
    let shown: Vec<_> = told.iter().map(|told| (&told["level"], &told["data"]["outcome"])).collect();
    assert_eq!(shown, [(&json!("warning"), &json!("failed")), (&json!("info"), &json!("answered"))]);
    assert_eq!(told[0]["data"]["tool"], "ExplainFinding");

    let mut session = Session::modern(&[], &json!({}));
    session.call("tools/call", good.clone());
    assert_eq!(logged(&session), Vec::<Value>::new());
    let mut asked = good.clone();
    asked["_meta"] = json!({"io.modelcontextprotocol/logLevel": "info"});
    session.call("tools/call", asked);
    session.call("tools/call", good);
    assert_eq!(logged(&session).len(), 1);
}

#[test]
fn a_cache_that_has_a_credential_needs_none_again() {
    let world = World::new();
    let arguments = world.arguments();
    let mut session = Session::start(&words(&arguments), &json!({}));
    let call = json!({"registry": "docker.io", "ecr_prefix": "docker-hub"});
    let refused = session.tool("CreateECRPullThroughCache", call.clone());
    assert_eq!(refused["isError"], true, "{refused}");
    assert!(refused["content"][0]["text"].as_str().unwrap().contains("needs a credential"), "{refused}");
    let arn = world.secret("ecr-pullthroughcache/docker-hub");
    let rule = json!({"ecrRepositoryPrefix": "docker-hub", "upstreamRegistryUrl": "registry-1.docker.io",
        "credentialArn": arn});
    world.ecr("CreatePullThroughCacheRule", &rule);
    let planned = session.tool("CreateECRPullThroughCache", call);
    assert_eq!(planned["isError"], false, "{planned}");
    assert_eq!(planned["structuredContent"]["status"], "planned", "{planned}");
}

#[test]
fn cwl_takes_the_parameter_where_it_is_asked_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.json").display().to_string();
    let examples = example("cwl");
    let target = ["--account", "123456789012", "--region", "us-east-1"];
    let paths = ["--allow-path", &examples, "--allow-path", &folder.path().display().to_string()];
    let mut session = Session::start(&[&target[..], &paths[..]].concat(), &json!({}));
    session.tool("GenerateContainerRegistryMap", json!({"workflow_folder": examples, "output_path": path}));
    let mut rewrite = json!({"workflow_folder": examples, "map_path": path, "cwl_expressions": true});
    let alone = session.tool("RewriteWorkflow", rewrite.clone());
    assert_eq!(alone["isError"], true, "{alone}");
    rewrite["parameterize"] = json!("ecr_registry");
    let shown = session.tool("RewriteWorkflow", rewrite.clone());
    let text = shown["structuredContent"]["plan"]["files"].to_string();
    assert!(text.contains("$(inputs.ecr_registry)"), "{shown}");
    rewrite["cwl_expressions"] = json!(false);
    let shown = session.tool("RewriteWorkflow", rewrite);
    assert!(!shown.to_string().contains("$(inputs.ecr_registry)"), "{shown}");
}

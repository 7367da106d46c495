//! What each annotation says is true: account and files are looked at before and after every tool.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::session::{Session, words};
use crate::world::{World, files, keeps};

/// An account with something in it, and a folder with a workflow and a map.
struct Scene {
    world: World,
    folder: tempfile::TempDir,
    /// A public image that the account does not have.
    image: String,
}

/// Somebody's own statement, which nothing may take away.
fn own_policy() -> String {
    let statement = json!({"Sid": "Own", "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::123456789012:root"}, "Action": "ecr:BatchGetImage"});
    json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

impl Scene {
    fn new() -> Self {
        let world = World::new();
        let image = world.images().push("lab/caller:2", "amd64");
        world.ecr("CreateRepository", &json!({"repositoryName": "tools/bwa"}));
        let policy = json!({"repositoryName": "tools/bwa", "policyText": own_policy()});
        world.ecr("SetRepositoryPolicy", &policy);
        let rule = json!({"ecrRepositoryPrefix": "mirror", "upstreamRegistryUrl": "public.ecr.aws"});
        world.ecr("CreatePullThroughCacheRule", &rule);
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("workflow")).unwrap();
        let text =
            format!("process A {{\n  container '{image}'\n  script:\n  'true'\n}}\nworkflow {{ A() }}\n");
        std::fs::write(folder.path().join("workflow/main.nf"), text).unwrap();
        let target = "123456789012.dkr.ecr.us-east-1.amazonaws.com/lab/caller:2";
        let map = json!({ image.as_str(): target, "somebody.example/else:1": "kept" }).to_string();
        std::fs::write(folder.path().join("map.json"), map).unwrap();
        Self { world, folder, image }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn session(&self, more: &[&str]) -> Session {
        let mut arguments = self.world.arguments();
        arguments.extend(["--allow-path".to_owned(), self.folder.path().display().to_string()]);
        arguments.extend(more.iter().map(|word| (*word).to_owned()));
        Session::start(&words(&arguments), &json!({}))
    }

    /// Returns account and files.
    fn snapshot(&self) -> (Value, Vec<(String, String)>) {
        (self.world.snapshot(), files(self.folder.path()))
    }

    /// Returns what to call each tool with: something that it does, where it does anything.
    fn calls(&self) -> BTreeMap<&'static str, Value> {
        let (workflow, map, new) = (self.path("workflow"), self.path("map.json"), self.path("new.json"));
        BTreeMap::from([
            ("PrepareWorkflow", json!({"workflow_folder": workflow})),
            ("ScanWorkflow", json!({"workflow_folder": workflow})),
            ("GenerateContainerRegistryMap", json!({"workflow_folder": workflow, "output_path": new})),
            ("RewriteWorkflow", json!({"workflow_folder": workflow, "map_path": map, "apply": true})),
            ("CreateECRPullThroughCache", json!({"registry": "quay.io", "ecr_prefix": "quay"})),
            ("ListECRPullThroughCacheRules", json!({})),
            ("ValidateECRConfiguration", json!({})),
            ("ExplainFinding", json!({"finding_id": "OE101"})),
            ("CheckContainerAvailability", json!({"container_uri": "tools/bwa:1"})),
            ("CloneContainerToECR", json!({"source_uri": self.image, "target_repository": "lab/other"})),
            ("GrantHealthOmicsECRAccess", json!({"repository_name": "tools/bwa"})),
            ("GenerateServiceRolePolicy", json!({"prefixes": ["quay"]})),
            ("CheckServiceRole", json!({"role_arn": "no-such-role"})),
            ("DetectDrift", json!({})),
        ])
    }
}

/// Returns the tools as they are listed, each of which has to have a call.
fn listed(session: &mut Session, calls: &BTreeMap<&str, Value>) -> Vec<(String, Value)> {
    let listed = session.call("tools/list", json!({}));
    let tools = listed["result"]["tools"].as_array().unwrap();
    let tools: Vec<(String, Value)> = tools
        .iter()
        .map(|tool| (tool["name"].as_str().unwrap().to_owned(), tool["annotations"].clone()))
        .collect();
    assert!(tools.iter().all(|(name, _)| calls.contains_key(name.as_str())), "{tools:?}");
    tools
}

#[test]
fn without_the_right_to_write_only_a_map_that_was_asked_for_is_written() {
    let scene = Scene::new();
    let mut session = scene.session(&[]);
    let calls = scene.calls();
    for (name, _) in listed(&mut session, &calls) {
        let before = scene.snapshot();
        let answer = session.tool(&name, calls[name.as_str()].clone());
        if name == "GenerateContainerRegistryMap" {
            assert_eq!(answer["isError"], false, "{answer}");
            std::fs::remove_file(scene.path("new.json")).unwrap();
        }
        assert_eq!(scene.snapshot(), before, "{name}");
    }
}

#[test]
fn every_hint_holds_where_writing_is_allowed() {
    let tools = {
        let scene = Scene::new();
        listed(&mut scene.session(&[]), &scene.calls())
    };
    let mut changed = Vec::new();
    for (name, hints) in tools {
        let scene = Scene::new();
        let mut session = scene.session(&["--allow-write"]);
        let call = scene.calls().remove(name.as_str()).unwrap();
        let before = scene.snapshot();
        let answer = session.tool(&name, call.clone());
        let after = scene.snapshot();
        if hints["readOnlyHint"] == true {
            assert_eq!(after, before, "{name} says that it only reads");
            continue;
        }
        assert_eq!(answer["isError"], false, "{answer}");
        assert_ne!(after, before, "{name} does nothing here, so nothing is shown: {answer}");
        let is_kept = keeps(&before.0, &after.0) && before.1.iter().all(|file| after.1.contains(file));
        let is_destructive = hints["destructiveHint"] == true;
        assert_eq!(is_kept, !is_destructive, "{name}: {hints}\n{before:#?}\n{after:#?}");
        let again = session.tool(&name, call);
        if hints["idempotentHint"] == true {
            assert_eq!(scene.snapshot(), after, "{name} says that a second call does nothing more: {again}");
        }
        changed.push(name);
    }
    changed.sort();
    let expected = [
        "CloneContainerToECR",
        "CreateECRPullThroughCache",
        "GenerateContainerRegistryMap",
        "GrantHealthOmicsECRAccess",
        "PrepareWorkflow",
        "RewriteWorkflow",
    ];
    assert_eq!(changed, expected);
}

#[test]
fn what_is_merged_into_keeps_what_it_has() {
    let scene = Scene::new();
    let mut session = scene.session(&["--allow-write"]);
    session.tool("GrantHealthOmicsECRAccess", json!({"repository_name": "tools/bwa"}));
    let policy = scene.world.ecr("GetRepositoryPolicy", &json!({"repositoryName": "tools/bwa"}));
    let text = policy["policyText"].as_str().unwrap();
    assert!(text.contains("\"Own\"") && text.contains("omics.amazonaws.com"), "{text}");
    let map = scene.path("map.json");
    let call = json!({"workflow_folder": scene.path("workflow"), "output_path": map});
    session.tool("GenerateContainerRegistryMap", call);
    assert!(std::fs::read_to_string(map).unwrap().contains("somebody.example/else:1"));
}

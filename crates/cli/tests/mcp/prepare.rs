//! A workflow and an image, from the plan over the question to the account.

use std::path::Path;

use serde_json::{Value, json};

use crate::gate::Gate;
use crate::session::{Session, words};
use crate::world::World;

const QUAY: &str = "quay.io/biocontainers/bwa:0.7.17--h5bf99c6_8";
const LAB: &str = "registry.lab.example/lab/caller:2";

/// A workflow of two images, the registries that stand in for theirs, and a local ECR in a folder.
struct Project {
    folder: tempfile::TempDir,
    gate: Gate,
    /// What the registries run on.
    _world: World,
}

impl Project {
    fn new() -> Self {
        let world = World::new();
        world.images().push("biocontainers/bwa:0.7.17--h5bf99c6_8", "amd64");
        world.images().push("lab/caller:2", "amd64");
        let gate = world.images().runtime.block_on(Gate::before(world.images().source.clone()));
        let folder = tempfile::tempdir().unwrap();
        let process = |(name, image): (&str, &str)| {
            format!("process {name} {{\n  container '{image}'\n  script:\n  '''\n  true\n  '''\n}}\n")
        };
        let text: String = [("A", QUAY), ("B", LAB)].map(process).concat();
        std::fs::create_dir(folder.path().join("workflow")).unwrap();
        std::fs::write(folder.path().join("workflow/main.nf"), text + "workflow { A() }\n").unwrap();
        Self { folder, gate, _world: world }
    }

    fn arguments(&self) -> Vec<String> {
        let text = |path: &Path| path.display().to_string();
        let mut arguments = vec!["--local".to_owned(), "--local-data".to_owned()];
        arguments.push(text(&self.folder.path().join("ecr")));
        for host in ["quay.io", "registry.lab.example"] {
            arguments.extend(["--upstream".to_owned(), format!("{host}={}", self.gate.endpoint())]);
        }
        arguments.extend(["--allow-write".to_owned(), "--allow-path".to_owned(), text(self.folder.path())]);
        arguments
    }

    fn call(&self) -> Value {
        let workflow = self.folder.path().join("workflow").display().to_string();
        json!({"name": "PrepareWorkflow", "arguments": {"workflow_folder": workflow}})
    }
}

fn rules(session: &mut Session) -> usize {
    let listed = session.tool("ListECRPullThroughCacheRules", json!({}));
    listed["structuredContent"]["rules"].as_array().unwrap_or_else(|| panic!("{listed}")).len()
}

/// Holds the answer of a workflow that was made ready.
fn ready(answer: &Value) {
    let content = &answer["structuredContent"];
    assert_eq!((&answer["isError"], &content["status"]), (&json!(false), &json!("applied")), "{answer}");
    let outcome = |image: &str| {
        let images = content["report"]["images"].as_array().unwrap();
        images.iter().find(|own| own["image"] == image).unwrap()["outcome"].clone()
    };
    assert_eq!((outcome(QUAY), outcome(LAB)), (json!("pulled-through"), json!("copied")), "{answer}");
    assert!(content["report"]["image_map"][LAB].is_string(), "{answer}");
}

#[test]
fn a_workflow_is_made_ready_when_the_user_agrees_and_not_before() {
    let project = Project::new();
    let arguments = project.arguments();
    let mut session = Session::start(&words(&arguments), &json!({"elicitation": {}}));
    for action in ["decline", "cancel"] {
        let id = session.request("tools/call", project.call());
        let answer = session.wait(id, |_| json!({"action": action}));
        assert_eq!(answer["result"]["structuredContent"]["status"], "declined", "{answer}");
        assert_eq!(rules(&mut session), 0);
    }
    let question = session.others[0]["params"]["message"].as_str().unwrap().to_owned();
    assert!(question.contains(QUAY) && question.contains(LAB) && question.contains("`quay`"), "{question}");
    let id = session.request("tools/call", project.call());
    let answer = session.wait(id, |_| json!({"action": "accept", "content": {}}));
    ready(&answer["result"]);
    assert_eq!(rules(&mut session), 1);
    let again = session.tool("PrepareWorkflow", project.call()["arguments"].clone());
    assert_eq!(again["structuredContent"]["status"], "unchanged", "{again}");
}

#[test]
fn in_the_newer_era_the_answer_comes_with_the_second_call() {
    let project = Project::new();
    let arguments = project.arguments();
    let mut session = Session::modern(&words(&arguments), &json!({"elicitation": {"form": {}}}));
    let answered = |state: &Value, action: &str| {
        let mut call = project.call();
        call["requestState"] = state.clone();
        call["inputResponses"] = json!({"consent": {"action": action, "content": {}}});
        call
    };
    let asked = session.call("tools/call", project.call());
    assert_eq!(asked["result"]["resultType"], "input_required", "{asked}");
    let state = asked["result"]["requestState"].clone();
    let declined = session.call("tools/call", answered(&state, "decline"));
    assert_eq!(declined["result"]["structuredContent"]["status"], "declined", "{declined}");
    assert_eq!(rules(&mut session), 0);
    let applied = session.call("tools/call", answered(&state, "accept"));
    ready(&applied["result"]);
}

#[test]
fn an_image_is_cloned_and_told_of() {
    let world = World::new();
    let source = world.images().push("lab/caller:2", "amd64");
    let mut arguments = world.arguments();
    arguments.push("--allow-write".to_owned());
    let mut session = Session::start(&words(&arguments), &json!({"elicitation": {}}));
    let call = json!({"source_uri": source, "target_repository": "lab/caller", "target_tag": "2"});
    let call = json!({"name": "CloneContainerToECR", "arguments": call});
    let before = world.snapshot();
    let id = session.request("tools/call", call.clone());
    let answer = session.wait(id, |_| json!({"action": "decline"}));
    assert_eq!(answer["result"]["structuredContent"]["status"], "declined", "{answer}");
    assert_eq!(world.snapshot(), before);
    let mut asked = call.clone();
    asked["_meta"] = json!({"progressToken": "bytes"});
    let id = session.request("tools/call", asked);
    let answer = session.wait(id, |_| json!({"action": "accept", "content": {}}));
    let content = &answer["result"]["structuredContent"];
    assert_eq!(answer["result"]["isError"], false, "{answer}");
    assert_eq!(content["report"]["images"][0]["outcome"], "copied", "{answer}");
    assert_eq!(content["report"]["images"][0]["healthomics_access"]["verdict"], "accessible", "{answer}");
    assert!(world.images().has("lab/caller:2"));
    let told: Vec<f64> = session
        .others
        .iter()
        .filter(|told| told["params"]["progressToken"] == "bytes")
        .map(|told| told["params"]["progress"].as_f64().unwrap())
        .collect();
    assert!(!told.is_empty() && told.is_sorted_by(|one, next| one < next), "{told:?}");
    let again = session.tool("CloneContainerToECR", call["arguments"].clone());
    assert_eq!(again["structuredContent"]["status"], "unchanged", "{again}");
}

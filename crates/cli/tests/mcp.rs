//! The server as a client sees it: lines of JSON over standard input and output.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

struct Session {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    next: u64,
}

impl Session {
    /// Starts the server and shakes hands as clients of the earlier protocol era do.
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_omics-ecr"))
            .arg("mcp")
            .args(arguments)
            .env_remove("AWS_REGION")
            .env_remove("AWS_DEFAULT_REGION")
            .env_remove("OMICS_ECR_ACCOUNT")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut session = Self { child, input, output, next: 1 };
        let hello = session.call(
            "initialize",
            json!({
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "clientInfo": {"name": "test", "version": "1"},
            }),
        );
        assert_eq!(hello["result"]["serverInfo"]["name"], "omics-ecr");
        assert_eq!(hello["result"]["serverInfo"]["version"], env!("CARGO_PKG_VERSION"));
        session.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        session
    }

    fn send(&mut self, message: &Value) {
        writeln!(self.input.as_mut().unwrap(), "{message}").unwrap();
    }

    fn call(&mut self, method: &str, params: Value) -> Value {
        let id = self.next;
        self.next += 1;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(answer["id"], id);
        answer
    }

    fn map(&mut self, arguments: Value) -> Value {
        let call = json!({"name": "GenerateContainerRegistryMap", "arguments": arguments});
        self.call("tools/call", call)["result"].clone()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // The server ends when its input does.
        drop(self.input.take());
        let status = self.child.wait().unwrap();
        if !std::thread::panicking() {
            assert!(status.success());
        }
    }
}

fn example(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name);
    folder.canonicalize().unwrap().display().to_string()
}

#[test]
fn the_tool_says_what_it_is_and_what_it_returns() {
    let mut session = Session::start(&[]);
    let listed = session.call("tools/list", json!({}));
    let tool = &listed["result"]["tools"][0];
    assert_eq!(tool["name"], "GenerateContainerRegistryMap");
    assert_eq!(tool["inputSchema"]["required"], json!(["workflow_folder", "output_path"]));
    assert_eq!(tool["outputSchema"]["type"], "object");
    let annotations = &tool["annotations"];
    assert_eq!(annotations["readOnlyHint"], false);
    assert_eq!(annotations["destructiveHint"], false);
    assert_eq!(annotations["idempotentHint"], true);
    assert_eq!(annotations["openWorldHint"], false);
    for parameter in tool["inputSchema"]["properties"].as_object().unwrap().values() {
        assert!(parameter["description"].is_string(), "{parameter}");
    }
}

#[test]
fn the_map_of_a_folder_is_written_and_returned() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.json").display().to_string();
    let mut session = Session::start(&["--account", "123456789012", "--region", "us-east-1"]);
    let result = session.map(json!({"workflow_folder": example("wdl"), "output_path": path}));
    assert_eq!(result["isError"], false);
    let structured = &result["structuredContent"];
    assert_eq!(structured["changed_entries"], 2);
    assert_eq!(structured["unresolved"], 0);
    let map: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(
        map["quay.io/biocontainers/bwa:0.7.17--h5bf99c6_8"],
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/quay/biocontainers/bwa:0.7.17--h5bf99c6_8"
    );
    let again = session.map(json!({"workflow_folder": example("wdl"), "output_path": path}));
    assert_eq!(again["structuredContent"]["changed_entries"], 0);
}

#[test]
fn a_call_without_an_account_writes_placeholders_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.json").display().to_string();
    let mut session = Session::start(&[]);
    let result = session.map(json!({"workflow_folder": example("cwl"), "output_path": path}));
    let structured = &result["structuredContent"];
    assert_eq!(structured["registry"], "ACCOUNT.dkr.ecr.REGION.amazonaws.com");
    let findings = structured["findings"].as_array().unwrap();
    assert!(findings.iter().any(|finding| finding["code"] == "OE008"));
    assert_eq!(structured["clones"].as_array().unwrap().len(), 1);
}

#[test]
fn failures_are_tool_errors_in_three_parts() {
    let mut session = Session::start(&[]);
    for arguments in [
        json!({"workflow_folder": "/no/such/folder", "output_path": "/tmp/never-written.json"}),
        json!({"workflow_folder": example("wdl"), "output_path": "/no/such/folder/map.json"}),
        json!({"workflow_folder": example("wdl"), "output_path": "x.json", "account": "12"}),
    ] {
        let result = session.map(arguments);
        assert_eq!(result["isError"], true);
        let text = result["content"][0]["text"].as_str().unwrap();
        for part in ["error: cannot", "caused by: ", "hint: "] {
            assert!(text.contains(part), "{text}");
        }
    }
}

//! The same server over HTTP: who is answered.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use serde_json::{Value, json};

use crate::session::command;

/// A server over HTTP.
struct Server {
    child: Child,
    url: String,
    runtime: tokio::runtime::Runtime,
}

impl Server {
    fn start(token: Option<&str>) -> Self {
        rustls::crypto::ring::default_provider().install_default().unwrap_or_default();
        let mut command = command(&["--http", "127.0.0.1:0"]);
        if let Some(token) = token {
            command.env("OMICS_ECR_MCP_TOKEN", token);
        }
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("serving on ").unwrap_or_else(|| panic!("{line}")).to_owned();
        Self { child, url, runtime: tokio::runtime::Runtime::new().unwrap() }
    }

    /// Returns the status and the text of the answer to a request that needs no session.
    fn list(&self, headers: &[(&str, &str)]) -> (u16, String) {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        }}});
        self.post(&body, headers)
    }

    fn post(&self, body: &Value, headers: &[(&str, &str)]) -> (u16, String) {
        self.runtime.block_on(async {
            let mut post = reqwest::Client::new()
                .post(&self.url)
                .header("content-type", "application/json")
                .header("accept", "application/json, text/event-stream")
                .header("mcp-protocol-version", "2026-07-28")
                .header("mcp-method", body["method"].as_str().unwrap())
                .body(body.to_string());
            for (name, value) in headers {
                post = post.header(*name, *value);
            }
            let answer = post.send().await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn strangers_by_name_or_origin_are_refused() {
    let server = Server::start(None);
    let (status, text) = server.list(&[]);
    assert_eq!(status, 200, "{text}");
    assert!(text.contains("CloneContainerToECR"), "{text}");
    let own = server.url.trim_end_matches("/mcp").to_owned();
    assert_eq!(server.list(&[("origin", &own)]).0, 200);
    assert_eq!(server.list(&[("origin", "https://evil.example")]).0, 403);
    assert_eq!(server.list(&[("origin", "null")]).0, 403);
    assert_eq!(server.list(&[("host", "evil.example")]).0, 403);
}

#[test]
fn a_token_that_is_set_is_asked_for() {
    let token = "a-token-of-some-length";
    let server = Server::start(Some(token));
    assert_eq!(server.list(&[]).0, 401);
    assert_eq!(server.list(&[("authorization", "Bearer another-token-of-length")]).0, 401);
    assert_eq!(server.list(&[("authorization", &format!("Bearer {token}"))]).0, 200);
}

#[test]
fn nobody_beyond_this_machine_is_served_without_a_token() {
    let refused = command(&["--http", "0.0.0.0:0"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    let text = String::from_utf8_lossy(&refused.stderr);
    assert!(text.contains("bearer token") && text.contains("OMICS_ECR_MCP_TOKEN"), "{text}");
}

#[test]
fn roots_that_a_stranger_names_open_nothing() {
    let server = Server::start(None);
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "ScanWorkflow", "arguments": {"workflow_folder": "/etc"},
        "inputResponses": {"roots": {"roots": [{"uri": "file:///"}]}},
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {"roots": {}},
        },
    }});
    let (status, text) = server.post(&call, &[("mcp-name", "ScanWorkflow")]);
    assert_eq!(status, 200, "{text}");
    assert!(text.contains("outside of the folders"), "{text}");
}

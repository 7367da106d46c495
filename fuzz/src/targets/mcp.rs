//! Lines of the Model Context Protocol, after a session has begun.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use mcp::{AccountChoice, Config, Connect, Purpose, Server};
use operations::{Account, EcrTarget, OperationError, PrivateRegistry, Result as Outcome};
use rmcp::ServiceExt as _;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

use super::loopback::runtime;
use super::{Form, Target, hold, mark};

pub(super) const TARGET: Target = Target {
    name: "mcp",
    about: "lines of the Model Context Protocol in a session of the server",
    form: Form::Json,
    waits: true,
    tokens: &[
        "jsonrpc",
        "2.0",
        "id",
        "method",
        "params",
        "initialize",
        "notifications/initialized",
        "notifications/cancelled",
        "ping",
        "tools/list",
        "tools/call",
        "resources/list",
        "resources/templates/list",
        "resources/read",
        "resources/subscribe",
        "prompts/list",
        "prompts/get",
        "completion/complete",
        "logging/setLevel",
        "roots/list",
        "name",
        "arguments",
        "uri",
        "cursor",
        "requestId",
        "reason",
        "_meta",
        "progressToken",
        "ref",
        "argument",
        "ref/prompt",
        "ref/resource",
        "ScanWorkflow",
        "GenerateContainerRegistryMap",
        "CheckContainerAvailability",
        "CloneContainerToECR",
        "CreateECRPullThroughCache",
        "ListECRPullThroughCacheRules",
        "ValidateECRConfiguration",
        "GrantHealthOmicsECRAccess",
        "workflow_folder",
        "output_path",
        "container_uri",
        "source_uri",
        "target_repository",
        "registry",
        "ecr_prefix",
        "repository_name",
        "quay.io/a/b:1",
        "/etc/passwd",
        "..",
        "/",
        "file:///",
        "result",
        "error",
        "code",
        "message",
        "-32700",
        "true",
        "\n",
    ],
    check,
};

const BEGIN: &str = "{\"jsonrpc\":\"2.0\",\"id\":\"begin\",\"method\":\"initialize\",\"params\":{\"protocolVersion\":\"2025-06-18\",\"capabilities\":{},\"clientInfo\":{\"name\":\"fuzz\",\"version\":\"1\"}}}\n{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n";
const END: &str = "\n{\"jsonrpc\":\"2.0\",\"id\":\"end of all\",\"method\":\"ping\"}\n";

/// How long a session may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// Most lines of one input.
const MOST_LINES: usize = 40;

/// There is no account: what is under test is what comes before one.
struct NoAccount;

impl Connect for NoAccount {
    fn account<'a>(&'a self, _: &'a AccountChoice) -> LocalBoxFuture<'a, Outcome<Account>> {
        Box::pin(async { Err(OperationError::new("cannot open an account")) })
    }

    fn registry<'a>(&'a self, _: &'a Account, _: Purpose) -> LocalBoxFuture<'a, Outcome<PrivateRegistry>> {
        Box::pin(async { Err(OperationError::new("cannot open a registry")) })
    }
}

fn check(input: &[u8]) -> Result<u64, String> {
    let folder = tempfile::tempdir().map_err(|error| format!("harness: {error}"))?;
    let config = Config {
        connect: Arc::new(NoAccount),
        target: EcrTarget::default(),
        allow_write: false,
        allowed_paths: vec![folder.path().to_owned()],
    };
    let server = Server::new(config, false).map_err(|error| format!("harness: {error}"))?;
    let lines: Vec<&[u8]> = input.split(|byte| *byte == b'\n').take(MOST_LINES).collect();
    let mut said = BEGIN.as_bytes().to_vec();
    said.extend(lines.join(&b'\n'));
    said.extend(END.as_bytes());
    runtime()?.block_on(async {
        let session = tokio::time::timeout(PATIENCE, session(server, said)).await;
        session.map_err(|_| "silence: the session goes on for ever".to_owned())?
    })
}

/// Holds a session; returns a mark of its answers.
async fn session(server: Server, said: Vec<u8>) -> Result<u64, String> {
    let (own, theirs) = tokio::io::duplex(1 << 16);
    let serving = tokio::spawn(async move {
        if let Ok(running) = server.serve(theirs).await {
            // A session that breaks off is one of the ways to end.
            let _ = running.waiting().await;
        }
    });
    let (read, mut write) = tokio::io::split(own);
    let writing = tokio::spawn(async move {
        // The server may have ended the session.
        let _ = write.write_all(&said).await;
        let _ = write.flush().await;
        write
    });
    let mut answers = BufReader::new(read).lines();
    let mut ways = Vec::new();
    let mut ended = false;
    while let Some(line) = answers.next_line().await.map_err(|error| format!("output: {error}"))? {
        let answer: Value =
            serde_json::from_str(&line).map_err(|error| format!("output: {error} in {line}"))?;
        hold(answer["jsonrpc"] == "2.0", || format!("output: {line}"))?;
        ways.push((
            answer["error"]["code"].as_i64(),
            answer["result"]["isError"].as_bool(),
            answer["method"].is_string(),
        ));
        if answer["id"] == "end of all" {
            ended = true;
            break;
        }
    }
    drop(answers);
    drop(writing.await);
    serving.abort();
    ways.sort_unstable();
    ways.dedup();
    Ok(mark((ways, ended)))
}

//! A local ECR on a loopback address, new for each input, and requests to it as bytes.

use std::sync::OnceLock;
use std::time::Duration;

use image::RegistryHost;
use local_ecr::{Config, Handle, LocalEcr};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Hosts of upstream registries; one that has nothing answers in their place.
const UPSTREAMS: [&str; 6] =
    ["quay.io", "docker.io", "ghcr.io", "registry.k8s.io", "public.ecr.aws", "registry.gitlab.com"];

/// Most requests of one input.
pub(super) const MOST_REQUESTS: usize = 24;

pub(super) fn runtime() -> Result<&'static Runtime, String> {
    static RUNTIME: OnceLock<Option<Runtime>> = OnceLock::new();
    let make = || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().ok();
    RUNTIME.get_or_init(make).as_ref().ok_or_else(|| "harness: no runtime".to_owned())
}

/// Opens a registry that has nothing, if it is not open yet; returns its URL.
async fn empty_upstream() -> std::io::Result<String> {
    static URL: OnceCell<String> = OnceCell::const_new();
    let open = || async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    // One request fits into a read; whoever sends more is answered all the same.
                    let _ = stream.read(&mut [0; 4096]).await;
                    let answer = b"HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
                    let _ = stream.write_all(answer).await;
                });
            }
        });
        Ok(url)
    };
    URL.get_or_try_init(open).await.cloned()
}

/// A server with the repository `team/tool` and the rule `quay`.
pub(super) struct Loopback {
    handle: Handle,
}

/// The answer to a request.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

impl Loopback {
    pub(super) async fn start() -> Result<Self, String> {
        let harness = |error: &dyn ToString| format!("harness: {}", error.to_string());
        let account = "000000000000".parse().map_err(|error| harness(&error))?;
        let region = "us-east-1".parse().map_err(|error| harness(&error))?;
        let mut config = Config::new(account, region);
        config.limits.idle = Duration::from_millis(500);
        let upstream = empty_upstream().await.map_err(|error| harness(&error))?;
        for host in UPSTREAMS {
            let host: RegistryHost = host.parse().map_err(|error| harness(&error))?;
            config.pull_through.upstreams.insert(host, upstream.clone());
        }
        let handle = LocalEcr::start(config).await.map_err(|error| harness(&error))?;
        let own = Self { handle };
        for (operation, body) in [
            ("CreateRepository", json!({ "repositoryName": "team/tool" })),
            (
                "CreatePullThroughCacheRule",
                json!({ "ecrRepositoryPrefix": "quay", "upstreamRegistryUrl": "quay.io" }),
            ),
        ] {
            let answer = own.control(operation, body.to_string().as_bytes()).await?;
            super::hold(answer.status == 200, || format!("harness: {operation} is refused"))?;
        }
        Ok(own)
    }

    /// Asks the control plane; a name with a dot is a whole target.
    pub(super) async fn control(&self, operation: &str, body: &[u8]) -> Result<Answer, String> {
        let target = match operation.contains('.') {
            true => operation.to_owned(),
            false => format!("AmazonEC2ContainerRegistry_V20150921.{operation}"),
        };
        let head = format!("x-amz-target: {target}\r\ncontent-type: application/x-amz-json-1.1\r\n");
        self.ask("POST", "/", &head, body).await
    }

    /// Sends a request as it is.
    pub(super) async fn ask(
        &self,
        method: &str,
        path: &str,
        head: &str,
        body: &[u8],
    ) -> Result<Answer, String> {
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{head}content-length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(body);
        let exchange = async {
            let mut stream = TcpStream::connect(self.handle.address()).await?;
            // A server may answer before it has read all.
            let _ = stream.write_all(&request).await;
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer).await;
            std::io::Result::Ok(answer)
        };
        let answer = tokio::time::timeout(PATIENCE, exchange)
            .await
            .map_err(|_| format!("silence: no answer to {method} {path}"))?
            .map_err(|error| format!("harness: {error}"))?;
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
        let status = answer.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
        match (status, end) {
            (Some(status), Some(end)) => {
                Ok(Answer { status, body: answer.get(end + 4..).unwrap_or_default().to_vec() })
            }
            _ => Err(format!("answer: {method} {path} has none: {:?}", String::from_utf8_lossy(&answer))),
        }
    }
}

impl Answer {
    /// Returns the body as JSON, `Null` where it is none.
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Returns the beginning of the body, for messages.
    pub(super) fn words(&self) -> String {
        String::from_utf8_lossy(&self.body).chars().take(300).collect()
    }
}

//! An HTTP server that answers as a test tells it to, and remembers what it was asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws::{Options, Secret, Session, StaticCredentials};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
}

impl Request {
    /// Returns the operation: behind the dot of `X-Amz-Target`, or `Action` of a form.
    pub(crate) fn operation(&self) -> String {
        match self.headers.get("x-amz-target") {
            Some(target) => target.rsplit('.').next().unwrap().to_owned(),
            None => {
                let action = self.body.split('&').find_map(|field| field.strip_prefix("Action="));
                action.unwrap_or_default().to_owned()
            }
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
    wait: Duration,
    cut: bool,
}

impl Reply {
    pub(crate) fn json(body: Value) -> Self {
        let headers = vec![("content-type", "application/x-amz-json-1.1".to_owned())];
        Self { status: 200, headers, body: body.to_string(), wait: Duration::ZERO, cut: false }
    }

    pub(crate) fn xml(body: impl Into<String>) -> Self {
        let headers = vec![("content-type", "text/xml".to_owned())];
        Self { status: 200, headers, body: body.into(), wait: Duration::ZERO, cut: false }
    }

    /// An error as AWS JSON 1.1 has it.
    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        let mut reply = Self::json(json!({ "__type": code, "message": message }));
        reply.status = status;
        reply.headers.push(("x-amzn-requestid", "11111111-2222-3333-4444-555555555555".to_owned()));
        reply
    }

    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn after(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Sends half of the body and closes the connection.
    pub(crate) fn cut(mut self) -> Self {
        self.cut = true;
        self
    }
}

type Script = Arc<dyn Fn(&Request) -> Reply + Send + Sync>;

/// A running server.
pub(crate) struct Server {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Starts a server that answers each request by itself.
    pub(crate) async fn start(script: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let script: Script = Arc::new(script);
        let log = seen.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (script, log) = (script.clone(), log.clone());
                tokio::spawn(async move {
                    // A client that goes away ends its connection and nothing else.
                    let _ = serve(stream, script, log).await;
                });
            }
        });
        Self { url, seen }
    }

    /// Starts a server that gives these answers, one after the other, and fails the test by 500 after the last.
    pub(crate) async fn in_turn<const N: usize>(replies: [Reply; N]) -> Self {
        let replies = Mutex::new(replies.into_iter());
        Self::start(move |_| {
            let next = replies.lock().unwrap().next();
            next.unwrap_or_else(|| Reply::error(500, "ServerException", "the script has no more answers"))
        })
        .await
    }

    pub(crate) fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn operations(&self) -> Vec<String> {
        self.seen().iter().map(Request::operation).collect()
    }

    /// Opens a session that asks this server.
    pub(crate) async fn session(&self) -> Session {
        Session::open(self.options()).await.unwrap()
    }

    pub(crate) fn options(&self) -> Options {
        options(&self.url)
    }
}

/// Returns options with fixed credentials in `us-east-1`.
pub(crate) fn options(url: &str) -> Options {
    Options {
        region: Some("us-east-1".parse().unwrap()),
        endpoint_url: Some(url.to_owned()),
        credentials: Some(StaticCredentials {
            access_key_id: "AKIDTEST".to_owned(),
            secret_access_key: Secret::new("sesame"),
            session_token: None,
        }),
        ..Options::default()
    }
}

async fn serve(stream: TcpStream, script: Script, log: Arc<Mutex<Vec<Request>>>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let mut headers = HashMap::new();
        loop {
            let mut header = String::new();
            stream.read_line(&mut header).await?;
            let Some((name, value)) = header.trim_end().split_once(':') else { break };
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        let request = Request { headers, body: String::from_utf8(body).unwrap() };
        let reply = script(&request);
        log.lock().unwrap().push(request);
        tokio::time::sleep(reply.wait).await;
        let mut head = format!("HTTP/1.1 {} X\r\ncontent-length: {}\r\n", reply.status, reply.body.len());
        for (name, value) in &reply.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += "\r\n";
        let body = if reply.cut { &reply.body[..reply.body.len() / 2] } else { &reply.body };
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(body.as_bytes()).await?;
        stream.flush().await?;
        if reply.cut {
            return Ok(());
        }
    }
}

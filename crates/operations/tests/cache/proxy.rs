//! A way to the account on which chosen operations are refused.

use std::sync::{Arc, Mutex};

use operations::Account;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::account::{World, session};

/// A way to an account on which some operations are refused.
pub(crate) struct Way {
    pub(crate) account: Account,
    refused: Arc<Mutex<Vec<&'static str>>>,
}

impl Way {
    /// Opens a way on which these operations of ECR or Secrets Manager are refused.
    pub(crate) async fn without(world: &World, operations: &[&'static str]) -> Self {
        let refused = Arc::new(Mutex::new(operations.to_vec()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (target, operations) = (world.handle.endpoint(), refused.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(pass(stream, target.clone(), operations.clone()));
            }
        });
        let account = Account::open(&session(&endpoint, "local").await).await.unwrap();
        Self { account, refused }
    }

    /// Opens the way for everything.
    pub(crate) fn open(&self) {
        self.refused.lock().unwrap().clear();
    }
}

/// Passes one request on, or refuses it.
async fn pass(mut stream: TcpStream, target: String, refused: Arc<Mutex<Vec<&'static str>>>) {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let headers: Vec<(String, String)> = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let header =
        |wanted: &str| headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    let length: usize = header("content-length").map_or(0, |text| text.parse().unwrap());
    while bytes.len() < end + length {
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let operation =
        header("x-amz-target").and_then(|text| text.rsplit_once('.')).map(|(_, name)| name.to_owned());
    let is_refused = operation.as_deref().is_some_and(|name| refused.lock().unwrap().contains(&name));
    let (status, kind, body) = match is_refused {
        true => {
            let text =
                r#"{"__type":"AccessDeniedException","message":"User is not authorized to perform it"}"#;
            (400, "application/x-amz-json-1.1".to_owned(), text.to_owned())
        }
        false => {
            let mut request = reqwest::Client::new().post(target).body(bytes[end..].to_vec());
            for name in ["x-amz-target", "content-type", "authorization", "x-amz-date"] {
                if let Some(value) = header(name) {
                    request = request.header(name, value);
                }
            }
            let answer = request.send().await.unwrap();
            let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
            (answer.status().as_u16(), kind, answer.text().await.unwrap())
        }
    };
    let answer = format!(
        "HTTP/1.1 {status} x\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(answer.as_bytes()).await.unwrap_or_default();
}

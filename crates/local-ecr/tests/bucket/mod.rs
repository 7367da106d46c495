//! A bucket of S3 in memory, behind HTTP on loopback: as much of the protocol as a server asks for.

#![allow(clippy::expect_used, reason = "only tests use it")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::Digest;

/// What the bucket has.
#[derive(Debug, Default)]
struct Content {
    objects: BTreeMap<String, Bytes>,
    multiparts: BTreeMap<String, BTreeMap<u32, Bytes>>,
    begun: u64,
}

type Shared = Arc<Mutex<Content>>;

/// A running bucket.
#[derive(Debug)]
pub(crate) struct Bucket {
    /// Where it answers.
    pub(crate) endpoint: String,
    content: Shared,
}

impl Bucket {
    /// Starts an empty bucket.
    pub(crate) async fn start() -> Self {
        let content = Shared::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&content));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { endpoint, content }
    }

    /// Returns how many objects have keys with a text in them.
    pub(crate) fn count(&self, text: &str) -> usize {
        self.content.lock().expect("a lock").objects.keys().filter(|key| key.contains(text)).count()
    }
}

fn etag(bytes: &[u8]) -> String {
    let sum = sha2::Sha256::digest(bytes);
    format!("\"{}\"", sum.iter().take(16).map(|byte| format!("{byte:02x}")).collect::<String>())
}

fn error(status: StatusCode, code: &str) -> Response {
    (status, format!("<Error><Code>{code}</Code><Message>{code}</Message></Error>")).into_response()
}

async fn answer(State(content): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 64 << 20).await.expect("a body");
    let query: BTreeMap<String, String> = parts
        .uri
        .query()
        .unwrap_or_default()
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (name.to_owned(), value.replace("%2F", "/")))
        .collect();
    let path = parts.uri.path().trim_start_matches('/');
    let key = path.split_once('/').map_or("", |(_, key)| key).to_owned();
    let mut content = content.lock().expect("a lock");
    match (parts.method, query.get("uploadId")) {
        (Method::POST, None) => {
            content.begun += 1;
            let id = format!("upload-{}", content.begun);
            content.multiparts.insert(id.clone(), BTreeMap::new());
            let answer = format!(
                "<InitiateMultipartUploadResult><Bucket>b</Bucket><Key>{key}</Key><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"
            );
            answer.into_response()
        }
        (Method::PUT, Some(id)) => {
            let number = query.get("partNumber").and_then(|text| text.parse().ok()).expect("a part's number");
            let tag = etag(&body);
            content.multiparts.get_mut(id).expect("an upload").insert(number, body);
            (StatusCode::OK, [(header::ETAG, tag)]).into_response()
        }
        (Method::POST, Some(id)) => {
            let parts = content.multiparts.remove(id).expect("an upload");
            let whole: Bytes = parts.into_values().flatten().collect::<Vec<u8>>().into();
            let tag = etag(&whole);
            content.objects.insert(key.clone(), whole);
            let answer = format!(
                "<CompleteMultipartUploadResult><Bucket>b</Bucket><Key>{key}</Key><ETag>{tag}</ETag></CompleteMultipartUploadResult>"
            );
            answer.into_response()
        }
        (Method::PUT, None) => put(&mut content, key, &parts.headers, body),
        (Method::GET, None) if key.is_empty() => {
            list(&content, query.get("prefix").map_or("", String::as_str))
        }
        (Method::GET | Method::HEAD, None) => get(&content, &key, &parts.headers),
        (Method::DELETE, id) => {
            match id {
                Some(id) => drop(content.multiparts.remove(id)),
                None => drop(content.objects.remove(&key)),
            }
            StatusCode::NO_CONTENT.into_response()
        }
        _ => error(StatusCode::NOT_IMPLEMENTED, "NotImplemented"),
    }
}

fn put(content: &mut Content, key: String, headers: &HeaderMap, body: Bytes) -> Response {
    let there = content.objects.get(&key).map(|bytes| etag(bytes));
    let free = headers.get(header::IF_NONE_MATCH).is_none() || there.is_none();
    let wanted = headers.get(header::IF_MATCH).and_then(|tag| tag.to_str().ok());
    if !free || wanted.is_some_and(|tag| there.as_deref() != Some(tag)) {
        return error(StatusCode::PRECONDITION_FAILED, "PreconditionFailed");
    }
    let tag = etag(&body);
    content.objects.insert(key, body);
    (StatusCode::OK, [(header::ETAG, tag)]).into_response()
}

fn get(content: &Content, key: &str, headers: &HeaderMap) -> Response {
    let Some(bytes) = content.objects.get(key) else { return error(StatusCode::NOT_FOUND, "NoSuchKey") };
    let modified = (header::LAST_MODIFIED, "Tue, 03 Nov 2026 10:00:00 GMT".to_owned());
    let facts = [(header::ETAG, etag(bytes)), modified];
    let range = headers.get(header::RANGE).and_then(|range| range.to_str().ok()?.strip_prefix("bytes="));
    let bounds = range.and_then(|range| range.split_once('-'));
    let Some((first, last)) = bounds else { return (StatusCode::OK, facts, bytes.clone()).into_response() };
    let (first, last): (usize, usize) = (first.parse().expect("a number"), last.parse().expect("a number"));
    let end = bytes.len().min(last + 1);
    let said = [(header::CONTENT_RANGE, format!("bytes {first}-{}/{}", end - 1, bytes.len()))];
    (StatusCode::PARTIAL_CONTENT, facts, said, bytes.slice(first..end)).into_response()
}

fn list(content: &Content, prefix: &str) -> Response {
    let mut answer = "<ListBucketResult><Name>b</Name><IsTruncated>false</IsTruncated>".to_owned();
    for (key, bytes) in content.objects.iter().filter(|(key, _)| key.starts_with(prefix)) {
        write!(
            answer,
            "<Contents><Key>{key}</Key><LastModified>2026-11-03T10:00:00.000Z</LastModified><ETag>{}</ETag><Size>{}</Size></Contents>",
            etag(bytes).replace('"', "&quot;"),
            bytes.len()
        )
        .expect("memory");
    }
    answer.push_str("</ListBucketResult>");
    answer.into_response()
}

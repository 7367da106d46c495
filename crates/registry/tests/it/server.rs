//! A registry in memory that does what the specification says, and on demand what registries really do.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, stream};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderMap, LOCATION, RANGE, WWW_AUTHENTICATE,
};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use image::{ImageReference, RegistryHost};
use rustls::crypto::ring;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::images::digest_of;

pub type Body = BoxBody<Bytes, io::Error>;

/// A request that came.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: Method,
    pub path: String,
    pub authorization: Option<String>,
    pub range: Option<String>,
    pub length: Option<String>,
}

/// What a registry does in place of what it should.
#[derive(Clone)]
pub enum Trick {
    /// Answers this instead: status, headers, body.
    Answer(u16, Vec<(&'static str, String)>, &'static str),
    /// Sends so many bytes of the body and cuts the connection.
    Cut(usize),
    /// Sends so many bytes of the body and nothing more, but stays.
    Stall(usize),
    /// Sends these bytes in place of the body.
    Replace(Bytes),
    /// Takes so many bytes of the request's body and cuts the connection.
    CutRequest(usize),
    /// Takes nothing of the request's body, and stays.
    StallRequest,
    /// Cuts the connection when the request is complete, having done what was asked.
    CutAnswer,
    /// Does what was asked and gives the answer these headers too.
    Header(&'static str, String),
    /// Does what was asked and answers with another status.
    Status(u16),
}

struct Rule {
    method: Method,
    part: String,
    left: usize,
    trick: Trick,
}

/// Who gets in.
#[derive(Clone, Default)]
pub enum Door {
    #[default]
    Open,
    /// Basic, with these values of `Authorization` let in.
    Basic(Vec<String>),
    /// Bearer: the realm, and whether the token service wants this `Authorization`.
    Bearer { realm: String, login: Option<String> },
}

/// When a mount is made.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub enum Mounts {
    #[default]
    /// Where the other repository has the blob.
    Always,
    /// Where a manifest of the other repository names it, as Amazon ECR does.
    Named,
    /// Never.
    Never,
}

#[derive(Default)]
pub struct State {
    pub blobs: HashMap<(String, String), Bytes>,
    pub manifests: HashMap<(String, String), (String, Bytes)>,
    uploads: HashMap<String, BytesMut>,
    pub seen: Vec<Seen>,
    rules: Vec<Rule>,
    pub door: Door,
    pub mounts: Mounts,
    pub no_range: bool,
    pub no_referrers: bool,
    pub no_digest_header: bool,
    pub believes_digests: bool,
    /// Headers of every answer.
    pub always: Vec<(&'static str, String)>,
    next: u64,
}

/// A running registry; it ends with the test's runtime.
#[derive(Clone)]
pub struct Registry {
    pub host: RegistryHost,
    pub state: Arc<Mutex<State>>,
}

impl Registry {
    pub async fn start() -> Self {
        Self::start_with(None).await
    }

    /// Starts a registry that speaks TLS; returns it with the certificate to trust, as PEM.
    pub async fn start_with_tls() -> (Self, Vec<u8>) {
        let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.into())
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        (Self::start_with(Some(acceptor)).await, made.cert.pem().into_bytes())
    }

    async fn start_with(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host: RegistryHost = listener.local_addr().unwrap().to_string().parse().unwrap();
        let registry = Self { host, state: Arc::default() };
        let served = registry.clone();
        tokio::spawn(async move {
            loop {
                let Ok((connection, _)) = listener.accept().await else { return };
                let (served, tls) = (served.clone(), tls.clone());
                tokio::spawn(async move {
                    let service = service_fn(move |request| {
                        let served = served.clone();
                        async move { served.answer(request).await }
                    });
                    let server = hyper::server::conn::http1::Builder::new();
                    let _ = match tls {
                        None => server.serve_connection(TokioIo::new(connection), service).await,
                        Some(tls) => {
                            let Ok(connection) = tls.accept(connection).await else { return };
                            server.serve_connection(TokioIo::new(connection), service).await
                        }
                    };
                });
            }
        });
        registry
    }

    pub fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap())
    }

    /// Returns a reference of this registry: `team/tool:1`.
    pub fn reference(&self, rest: &str) -> ImageReference {
        format!("{}/{rest}", self.host).parse().unwrap()
    }

    /// Does a trick the next so many times that a method meets a path with this part.
    pub fn trick(&self, method: Method, part: &str, times: usize, trick: Trick) {
        self.with(|state| state.rules.push(Rule { method, part: part.to_owned(), left: times, trick }));
    }

    pub fn seen(&self, method: &Method, part: &str) -> Vec<Seen> {
        self.with(|state| {
            let hits = state.seen.iter().filter(|seen| seen.method == *method && seen.path.contains(part));
            hits.cloned().collect()
        })
    }

    pub fn count(&self, method: &Method, part: &str) -> usize {
        self.seen(method, part).len()
    }

    pub fn requests(&self) -> usize {
        self.with(|state| state.seen.len())
    }

    pub fn forget(&self) {
        self.with(|state| state.seen.clear());
    }

    /// Returns the bytes of a manifest by tag or digest.
    pub fn manifest(&self, repository: &str, reference: &str) -> Option<Bytes> {
        let key = (repository.to_owned(), reference.to_owned());
        self.with(|state| state.manifests.get(&key).map(|(_, bytes)| bytes.clone()))
    }

    pub fn has_blob(&self, repository: &str, digest: &str) -> bool {
        self.with(|state| state.blobs.contains_key(&(repository.to_owned(), digest.to_owned())))
    }

    /// Returns whether anything of the repository can be pulled.
    pub fn has_any_manifest(&self, repository: &str) -> bool {
        self.with(|state| state.manifests.keys().any(|(name, _)| name == repository))
    }

    fn tricked(&self, method: &Method, path: &str) -> Option<Trick> {
        self.with(|state| {
            let rule = state
                .rules
                .iter_mut()
                .find(|rule| rule.left > 0 && rule.method == *method && path.contains(&rule.part))?;
            rule.left -= 1;
            Some(rule.trick.clone())
        })
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<Body>, io::Error> {
        let (head, mut body) = request.into_parts();
        let path = head.uri.path_and_query().map(|path| path.to_string()).unwrap_or_default();
        let text = |name| head.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let seen = Seen {
            method: head.method.clone(),
            path: path.clone(),
            authorization: text(AUTHORIZATION),
            range: text(RANGE),
            length: text(CONTENT_LENGTH),
        };
        self.with(|state| state.seen.push(seen.clone()));
        let trick = self.tricked(&head.method, &path);
        match &trick {
            Some(Trick::Answer(status, headers, text)) => {
                let mut answer = Response::builder().status(*status);
                for (name, value) in headers {
                    answer = answer.header(*name, value);
                }
                return Ok(answer.body(full(Bytes::from_static(text.as_bytes()))).unwrap());
            }
            Some(Trick::StallRequest) => std::future::pending::<()>().await,
            _ => {}
        }
        let mut content = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(io::Error::other)?;
            content.extend_from_slice(frame.data_ref().unwrap_or(&Bytes::new()));
            if let Some(Trick::CutRequest(most)) = &trick
                && content.len() >= *most
            {
                return Err(io::Error::other("cut"));
            }
        }
        let (mut head, bytes) = match self.guard(&seen) {
            Some(refusal) => refusal.into_parts(),
            None => self.serve(&seen, &head.headers, content.freeze()).into_parts(),
        };
        for (name, value) in self.with(|state| state.always.clone()) {
            head.headers.insert(name, value.parse().unwrap());
        }
        let length = bytes.len();
        let body = match trick {
            Some(Trick::CutAnswer) => return Err(io::Error::other("cut")),
            Some(Trick::Cut(sent)) => {
                part(&bytes, sent, stream::iter([Err(io::Error::other("cut"))]).boxed())
            }
            Some(Trick::Stall(sent)) => part(&bytes, sent, stream::pending().boxed()),
            Some(Trick::Replace(other)) => {
                head.headers.remove(CONTENT_LENGTH);
                return Ok(Response::from_parts(head, full(other)));
            }
            Some(Trick::Header(name, value)) => {
                head.headers.insert(name, value.parse().unwrap());
                full(bytes)
            }
            Some(Trick::Status(status)) => {
                head.status = StatusCode::from_u16(status).unwrap();
                full(bytes)
            }
            _ => full(bytes),
        };
        if seen.method != Method::HEAD {
            head.headers.insert(CONTENT_LENGTH, length.into());
        }
        Ok(Response::from_parts(head, body))
    }

    /// Refuses whoever may not come in, or gives tokens.
    fn guard(&self, seen: &Seen) -> Option<Response<Bytes>> {
        let refuse = |challenge: String| {
            let body = r#"{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}"#;
            Some(reply(401, &[(WWW_AUTHENTICATE.as_str(), &challenge)], Bytes::from(body)))
        };
        match self.with(|state| state.door.clone()) {
            Door::Open => None,
            Door::Basic(accepted) => {
                let known = seen.authorization.as_ref().is_some_and(|sent| accepted.contains(sent));
                if known { None } else { refuse(r#"Basic realm="test""#.to_owned()) }
            }
            Door::Bearer { login, .. } if seen.path.starts_with("/token") => {
                if login.is_some() && login != seen.authorization {
                    return Some(reply(
                        401,
                        &[],
                        Bytes::from_static(br#"{"details":"incorrect username or password"}"#),
                    ));
                }
                let scopes: Vec<&str> =
                    seen.path.split(['?', '&']).filter_map(|pair| pair.strip_prefix("scope=")).collect();
                let token = format!("for+{}", scopes.join("+"));
                let body = format!(r#"{{"token":"{token}","expires_in":300}}"#);
                Some(reply(200, &[], Bytes::from(body)))
            }
            Door::Bearer { realm, .. } => {
                let repository = repository_of(&seen.path).unwrap_or_default();
                let action = match seen.method {
                    Method::GET | Method::HEAD => "pull",
                    _ => "push",
                };
                let allowed = seen.authorization.as_ref().is_some_and(|sent| {
                    sent.strip_prefix("Bearer for+").is_some_and(|scopes| {
                        let wanted = format!("repository%3A{}%3A", repository.replace('/', "%2F"));
                        scopes.split('+').any(|scope| scope.starts_with(&wanted) && scope.contains(action))
                    })
                });
                let scope = format!("repository:{repository}:pull");
                if allowed {
                    None
                } else {
                    refuse(format!(r#"Bearer realm="{realm}",service="test",scope="{scope}""#))
                }
            }
        }
    }

    fn serve(&self, seen: &Seen, headers: &HeaderMap, content: Bytes) -> Response<Bytes> {
        if seen.path == "/v2/" {
            return Response::new(Bytes::from_static(b"{}"));
        }
        let path = seen.path.trim_start_matches("/v2/");
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let query: HashMap<&str, &str> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        let write = !matches!(seen.method, Method::GET | Method::HEAD);
        for (mark, kind) in
            [("/blobs/uploads/", 'u'), ("/blobs/", 'b'), ("/manifests/", 'm'), ("/referrers/", 'r')]
        {
            let Some((repository, rest)) = path.split_once(mark) else { continue };
            return self.with(|state| match kind {
                'u' => state.upload(&seen.method, repository, rest, &query, content),
                'b' => state.blob(repository, rest, seen.range.as_deref()),
                'm' if write => state.put_manifest(repository, rest, headers, content),
                'm' => state.manifest(repository, rest),
                _ => state.referrers(repository, rest),
            });
        }
        missing("NAME_UNKNOWN")
    }
}

impl State {
    fn blob(&self, repository: &str, digest: &str, range: Option<&str>) -> Response<Bytes> {
        let Some(bytes) = self.blobs.get(&(repository.to_owned(), digest.to_owned())) else {
            return missing("BLOB_UNKNOWN");
        };
        let range = range.filter(|_| !self.no_range).and_then(|range| range.strip_prefix("bytes="));
        match range.and_then(|range| range.split('-').next()).and_then(|start| start.parse::<usize>().ok()) {
            Some(start) => {
                let told = format!("bytes {start}-{}/{}", bytes.len() - 1, bytes.len());
                reply(206, &[(CONTENT_RANGE.as_str(), &told)], bytes.slice(start..))
            }
            None => reply(200, &[], bytes.clone()),
        }
    }

    fn manifest(&self, repository: &str, reference: &str) -> Response<Bytes> {
        match self.manifests.get(&(repository.to_owned(), reference.to_owned())) {
            Some((kind, bytes)) => {
                let digest = digest_of(bytes);
                let mut headers = vec![(CONTENT_TYPE.as_str(), kind.as_str())];
                if !self.no_digest_header {
                    headers.push(("docker-content-digest", &digest));
                }
                reply(200, &headers, bytes.clone())
            }
            None => missing("MANIFEST_UNKNOWN"),
        }
    }

    fn put_manifest(
        &mut self,
        repository: &str,
        reference: &str,
        headers: &HeaderMap,
        content: Bytes,
    ) -> Response<Bytes> {
        let document: serde_json::Value = serde_json::from_slice(&content).unwrap();
        for named in named(&document, &["config"]).into_iter().chain(named(&document, &["layers"])) {
            if !self.blobs.contains_key(&(repository.to_owned(), named)) {
                return reply(
                    400,
                    &[],
                    Bytes::from_static(br#"{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN"}]}"#),
                );
            }
        }
        for child in named(&document, &["manifests"]) {
            if !self.manifests.contains_key(&(repository.to_owned(), child)) {
                return reply(400, &[], Bytes::from_static(br#"{"errors":[{"code":"MANIFEST_UNKNOWN"}]}"#));
            }
        }
        let kind = headers.get(CONTENT_TYPE).unwrap().to_str().unwrap().to_owned();
        let digest = digest_of(&content);
        for key in [reference, digest.as_str()] {
            self.manifests.insert((repository.to_owned(), key.to_owned()), (kind.clone(), content.clone()));
        }
        let mut told = vec![("docker-content-digest", digest.as_str())];
        let subject = named(&document, &["subject"]);
        if let (Some(subject), false) = (subject.first(), self.no_referrers) {
            told.push(("oci-subject", subject));
        }
        reply(201, &told, Bytes::new())
    }

    fn referrers(&self, repository: &str, digest: &str) -> Response<Bytes> {
        if self.no_referrers {
            return missing("UNSUPPORTED");
        }
        let mut found = HashMap::new();
        for ((name, _), (kind, bytes)) in &self.manifests {
            let document: serde_json::Value = serde_json::from_slice(bytes).unwrap();
            if name == repository && named(&document, &["subject"]) == [digest] {
                let entry =
                    serde_json::json!({"mediaType": kind, "digest": digest_of(bytes), "size": bytes.len()});
                found.insert(digest_of(bytes), entry);
            }
        }
        let kind = "application/vnd.oci.image.index.v1+json";
        let manifests: Vec<_> = found.into_values().collect();
        let index = serde_json::json!({"schemaVersion": 2, "mediaType": kind, "manifests": manifests});
        reply(200, &[(CONTENT_TYPE.as_str(), kind)], Bytes::from(index.to_string()))
    }

    fn upload(
        &mut self,
        method: &Method,
        repository: &str,
        id: &str,
        query: &HashMap<&str, &str>,
        content: Bytes,
    ) -> Response<Bytes> {
        let place = |id: &str| format!("/v2/{repository}/blobs/uploads/{id}?state=x");
        if *method == Method::POST {
            if let (Some(digest), Some(from)) = (query.get("mount"), query.get("from"))
                && let Some(bytes) = self.blobs.get(&((*from).to_owned(), (*digest).to_owned())).cloned()
            {
                let names = |(name, _): &(String, String), text: &Bytes| {
                    name == from && String::from_utf8_lossy(text).contains(digest)
                };
                let named = self.manifests.iter().any(|(key, (_, text))| names(key, text));
                if self.mounts == Mounts::Always || (self.mounts == Mounts::Named && named) {
                    self.blobs.insert((repository.to_owned(), (*digest).to_owned()), bytes);
                    return reply(201, &[(LOCATION.as_str(), "/done")], Bytes::new());
                }
            }
            self.next += 1;
            let id = format!("session-{}", self.next);
            self.uploads.insert(id.clone(), BytesMut::new());
            return reply(202, &[(LOCATION.as_str(), &place(&id))], Bytes::new());
        }
        let Some(held) = self.uploads.get_mut(id) else { return missing("BLOB_UPLOAD_UNKNOWN") };
        held.extend_from_slice(&content);
        if *method == Method::PATCH {
            return reply(202, &[(LOCATION.as_str(), &place(id))], Bytes::new());
        }
        let bytes = self.uploads.remove(id).unwrap_or_default().freeze();
        let digest = query.get("digest").copied().unwrap_or_default();
        if !self.believes_digests && digest != digest_of(&bytes) {
            return reply(400, &[], Bytes::from_static(br#"{"errors":[{"code":"DIGEST_INVALID"}]}"#));
        }
        self.blobs.insert((repository.to_owned(), digest.to_owned()), bytes);
        reply(201, &[(LOCATION.as_str(), "/done")], Bytes::new())
    }
}

fn named(document: &serde_json::Value, path: &[&str]) -> Vec<String> {
    let Some(value) = path.first().and_then(|name| document.get(name)) else { return Vec::new() };
    let entries = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
    entries.iter().filter_map(|entry| entry["digest"].as_str().map(str::to_owned)).collect()
}

fn repository_of(path: &str) -> Option<String> {
    let path = path.strip_prefix("/v2/")?;
    let end = ["/blobs/", "/manifests/", "/referrers/"].iter().filter_map(|mark| path.find(mark)).min()?;
    Some(path[..end].to_owned())
}

fn reply(status: u16, headers: &[(&str, &str)], body: Bytes) -> Response<Bytes> {
    let mut answer = Response::builder().status(status);
    for (name, value) in headers {
        answer = answer.header(*name, *value);
    }
    answer.body(body).unwrap()
}

fn missing(code: &str) -> Response<Bytes> {
    reply(404, &[], Bytes::from(format!(r#"{{"errors":[{{"code":"{code}","message":"unknown"}}]}}"#)))
}

pub fn full(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never: Infallible| match never {}).boxed()
}

/// The first bytes, and then what comes instead of the rest.
fn part(bytes: &Bytes, sent: usize, rest: stream::BoxStream<'static, io::Result<Bytes>>) -> Body {
    let first = bytes.slice(..sent.min(bytes.len()));
    // A moment between the two, so that what was sent is not lost with the connection.
    let first = stream::once(async move { Ok(first) });
    let pause = stream::once(async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        Ok(Bytes::new())
    });
    let frames = first.chain(pause).chain(rest).map(|piece: io::Result<Bytes>| piece.map(Frame::data));
    BodyExt::boxed(StreamBody::new(SyncStream(Mutex::new(frames.boxed()))))
}

/// Makes a stream shareable, as a boxed body has to be.
struct SyncStream(Mutex<stream::BoxStream<'static, io::Result<Frame<Bytes>>>>);

impl futures_util::Stream for SyncStream {
    type Item = io::Result<Frame<Bytes>>;

    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        self.0.lock().unwrap().as_mut().poll_next(context)
    }
}

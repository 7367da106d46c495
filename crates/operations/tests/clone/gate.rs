//! Stands before a registry: notes what is asked, and does on demand what networks and registries do.

#![allow(dead_code, reason = "every suite takes what it needs")]

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{AUTHORIZATION, CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING, WWW_AUTHENTICATE};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use local_ecr::Handle;
use tokio::net::TcpSocket;
use tokio::sync::watch;

type Body = BoxBody<Bytes, io::Error>;

/// What happens in place of what should.
#[derive(Clone)]
pub(crate) enum Trick {
    /// This is the answer: status, headers, body.
    Answer(u16, Vec<(&'static str, String)>, String),
    /// The connection ends before anything was done.
    LoseRequest,
    /// The connection ends when everything was done.
    LoseAnswer,
    /// The answer ends after so many bytes, with the connection.
    Cut(usize),
    /// The body is another one of the same length.
    Garble,
    /// The body comes in pieces of so many bytes, with a pause after each.
    Slow(usize, Duration),
    /// From here on nobody listens, for so long or until no trick is done any more.
    Refuse(Option<Duration>),
    /// The connection ends in the middle of the bytes: of those that are uploaded, else of the answer's.
    Reset,
    /// The first half of the answer's bytes comes and nothing more, but the connection stays; of an operation's answer
    /// nothing comes.
    Stall,
}

struct Rule {
    meets: Box<dyn Fn(&str) -> bool + Send>,
    /// Requests that pass before it.
    spared: usize,
    left: usize,
    trick: Trick,
}

#[derive(Default)]
struct State {
    seen: Vec<String>,
    rules: Vec<Rule>,
    always: Vec<(String, &'static str, String)>,
    /// The one `Authorization` that is let in, if not all are.
    login: Option<String>,
    /// How many tricks were done, those left out that change nothing.
    done: usize,
}

/// A gate before a registry, which it keeps running.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) address: SocketAddr,
    behind: Arc<Handle>,
    http: reqwest::Client,
    state: Arc<Mutex<State>>,
    open: Arc<watch::Sender<bool>>,
}

/// Returns a socket at an address that nobody listens at.
fn bound(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

impl Gate {
    /// Opens a gate before a registry.
    pub(crate) async fn before(behind: impl Into<Arc<Handle>>) -> Self {
        rustls::crypto::ring::default_provider().install_default().unwrap_or_default();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self::before_with(behind, http).await
    }

    /// Opens a gate that asks the registry through a client that others use too.
    pub(crate) async fn before_with(behind: impl Into<Arc<Handle>>, http: reqwest::Client) -> Self {
        // It keeps the port while nobody listens.
        let place = bound(([127, 0, 0, 1], 0).into()).unwrap();
        let address = place.local_addr().unwrap();
        let open = Arc::new(watch::Sender::new(true));
        let gate = Self { address, behind: behind.into(), http, state: Arc::default(), open };
        let mut listener = Some(bound(address).and_then(|socket| socket.listen(1024)).unwrap());
        let (own, mut changes) = (gate.clone(), gate.open.subscribe());
        tokio::spawn(async move {
            let _place = place;
            loop {
                if listener.is_none() {
                    let _ = changes.wait_for(|open| *open).await;
                    listener = bound(address).and_then(|socket| socket.listen(1024)).ok();
                }
                let Some(listening) = &listener else { continue };
                let accepted = tokio::select! {
                    accepted = listening.accept() => accepted,
                    _ = changes.wait_for(|open| !open) => {
                        listener = None;
                        continue;
                    }
                };
                let Ok((connection, _)) = accepted else { return };
                let own = own.clone();
                tokio::spawn(async move {
                    let service = service_fn(|request| own.pass(request));
                    let server = hyper::server::conn::http1::Builder::new();
                    // Connections that break are what a gate is for.
                    let _ = server.serve_connection(TokioIo::new(connection), service).await;
                });
            }
        });
        gate
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap())
    }

    /// Does a trick for `times` requests whose line has this part, after the first `spared` of them.
    ///
    /// A line is the method and the path, or the method and the operation: `GET /v2/...`, `POST CreateRepository`.
    pub(crate) fn trick(&self, part: &str, spared: usize, times: usize, trick: Trick) {
        let part = part.to_owned();
        let meets = Box::new(move |line: &str| line.contains(&part));
        self.with(|state| state.rules.push(Rule { meets, spared, left: times, trick }));
    }

    /// Does a trick for `times` requests whose line is such a one.
    pub(crate) fn trick_where(
        &self,
        meets: impl Fn(&str) -> bool + Send + 'static,
        times: usize,
        trick: Trick,
    ) {
        self.with(|state| state.rules.push(Rule { meets: Box::new(meets), spared: 0, left: times, trick }));
    }

    /// Does no trick any more, and listens.
    pub(crate) fn trick_no_more(&self) {
        self.with(|state| state.rules.clear());
        self.open.send_replace(true);
    }

    /// Returns how many tricks were done since the last time, without those that had nothing to change.
    pub(crate) fn tricks_done(&self) -> usize {
        self.with(|state| std::mem::take(&mut state.done))
    }

    /// Gives answers to requests whose line has this part a header.
    pub(crate) fn always(&self, part: &str, name: &'static str, value: &str) {
        self.with(|state| state.always.push((part.to_owned(), name, value.to_owned())));
    }

    /// Lets in only requests with this `Authorization`.
    pub(crate) fn guard(&self, login: &str) {
        self.with(|state| state.login = Some(login.to_owned()));
    }

    /// Returns how many requests had this part in their line.
    pub(crate) fn count(&self, part: &str) -> usize {
        self.with(|state| state.seen.iter().filter(|line| line.contains(part)).count())
    }

    /// Returns the lines of all requests.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.with(|state| state.seen.clone())
    }

    pub(crate) fn forget(&self) {
        self.with(|state| state.seen.clear());
    }

    fn tricked(&self, line: &str) -> Option<Trick> {
        self.with(|state| {
            for rule in state.rules.iter_mut().filter(|rule| rule.left > 0 && (rule.meets)(line)) {
                if rule.spared > 0 {
                    rule.spared -= 1;
                    continue;
                }
                rule.left -= 1;
                state.done += 1;
                return Some(rule.trick.clone());
            }
            None
        })
    }

    async fn pass(&self, request: Request<Incoming>) -> io::Result<Response<Body>> {
        let (mut head, body) = request.into_parts();
        let path = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
        let target = head.headers.get("x-amz-target").and_then(|value| value.to_str().ok());
        let operation = target.and_then(|target| target.rsplit_once('.')).map(|(_, name)| name.to_owned());
        let line = format!("{} {}", head.method, operation.as_deref().unwrap_or(&path));
        self.with(|state| state.seen.push(line.clone()));
        if !*self.open.borrow() {
            return Err(io::Error::other("closed"));
        }
        let given = head.headers.remove(AUTHORIZATION);
        if let Some(wanted) = self.with(|state| state.login.clone()) {
            if given.is_none_or(|given| given != wanted.as_str()) {
                let refused =
                    Response::builder().status(401).header(WWW_AUTHENTICATE, "Basic realm=\"gate\"");
                return Ok(refused.body(full(Bytes::new())).unwrap());
            }
        } else if let Some(given) = given {
            head.headers.insert(AUTHORIZATION, given);
        }
        let trick = self.tricked(&line);
        match &trick {
            Some(Trick::Answer(status, headers, text)) => {
                let mut answer = Response::builder().status(*status);
                for (name, value) in headers {
                    answer = answer.header(*name, value);
                }
                return Ok(answer.body(full(Bytes::from(text.clone()))).unwrap());
            }
            Some(Trick::LoseRequest) => return Err(io::Error::other("lost")),
            Some(Trick::Reset) if line.starts_with("PUT ") => return lose_half(&head.headers, body).await,
            Some(Trick::Refuse(time)) => {
                self.open.send_replace(false);
                if let (Some(time), open) = (*time, self.open.clone()) {
                    tokio::spawn(async move {
                        tokio::time::sleep(time).await;
                        open.send_replace(true);
                    });
                }
                return Err(io::Error::other("closed"));
            }
            _ => {}
        }
        let content = body.collect().await.map_err(io::Error::other)?.to_bytes();
        let mut onward = self.http.request(head.method.clone(), format!("{}{path}", self.behind.endpoint()));
        for (name, value) in head.headers.iter().filter(|(name, _)| **name != HOST && **name != CONNECTION) {
            onward = onward.header(name, value);
        }
        let answer = onward.body(content).send().await.map_err(io::Error::other)?;
        let mut passed = Response::builder().status(answer.status());
        for (name, value) in answer.headers() {
            if *name != TRANSFER_ENCODING && (*name != CONTENT_LENGTH || head.method == "HEAD") {
                passed = passed.header(name, value);
            }
        }
        for (part, name, value) in self.with(|state| state.always.clone()) {
            if line.contains(&part) {
                passed = passed.header(name, value);
            }
        }
        let mut bytes = answer.bytes().await.map_err(io::Error::other)?;
        if operation.is_some() {
            // Whoever comes through the gate finds the registry behind it.
            let text = String::from_utf8_lossy(&bytes).replace(&self.behind.endpoint(), &self.endpoint());
            bytes = Bytes::from(text);
        }
        let length = bytes.len();
        let body = match trick {
            Some(Trick::LoseAnswer) => return Err(io::Error::other("lost")),
            Some(Trick::Cut(most)) => {
                passed = passed.header(CONTENT_LENGTH, length);
                // A moment between the two, so that what was sent is not lost with the connection.
                let pause = Duration::from_millis(50);
                pieces(vec![bytes.slice(..most.min(length))], pause, Some(io::Error::other("cut")))
            }
            Some(Trick::Garble) => {
                if length == 0 {
                    self.with(|state| state.done -= 1);
                }
                full(bytes.iter().rev().copied().collect())
            }
            Some(Trick::Stall) if length == 0 || operation.is_some() || path == "/" => {
                std::future::pending().await
            }
            Some(Trick::Reset) if length == 0 => return Err(io::Error::other("lost")),
            Some(Trick::Reset) => {
                passed = passed.header(CONTENT_LENGTH, length);
                let pause = Duration::from_millis(10);
                pieces(vec![bytes.slice(..length / 2)], pause, Some(io::Error::other("cut")))
            }
            Some(Trick::Stall) => {
                passed = passed.header(CONTENT_LENGTH, length);
                let half = stream::iter([Ok(Frame::data(bytes.slice(..length / 2)))]);
                let frames = half.chain(stream::pending()).boxed();
                BodyExt::boxed(StreamBody::new(SyncStream(Mutex::new(frames))))
            }
            Some(Trick::Slow(size, pause)) => {
                passed = passed.header(CONTENT_LENGTH, length);
                let starts = (0..length).step_by(size);
                pieces(starts.map(|at| bytes.slice(at..length.min(at + size))).collect(), pause, None)
            }
            _ => full(bytes),
        };
        Ok(passed.body(body).unwrap())
    }
}

/// Takes half of what is sent, and ends the connection.
async fn lose_half<T>(headers: &hyper::HeaderMap, mut body: Incoming) -> io::Result<T> {
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let (half, mut taken) = (length.unwrap_or(0_usize) / 2, 0);
    while taken < half
        && let Some(Ok(frame)) = body.frame().await
    {
        taken += frame.data_ref().map_or(0, Bytes::len);
    }
    Err(io::Error::other("cut"))
}

fn full(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed()
}

fn pieces(pieces: Vec<Bytes>, pause: Duration, end: Option<io::Error>) -> Body {
    let sent = stream::iter(pieces).then(move |piece| async move {
        tokio::time::sleep(pause).await;
        Ok(Frame::data(piece))
    });
    let last = stream::iter(end).then(move |error| async move {
        tokio::time::sleep(pause).await;
        Err(error)
    });
    let frames: stream::BoxStream<'static, io::Result<Frame<Bytes>>> = sent.chain(last).boxed();
    BodyExt::boxed(StreamBody::new(SyncStream(Mutex::new(frames))))
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

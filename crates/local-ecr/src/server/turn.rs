//! What surrounds every request: its id, its turn, its line in the log, and its figures.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hyper::body::{Frame, SizeHint};
use prometheus_client::metrics::counter::Counter;
use tokio::sync::OwnedSemaphorePermit;
use tracing::{Instrument, Span};

use super::App;
use crate::control;
use crate::distribution::OciError;
use crate::metrics::{OperationName, Plane};

/// The header with the id of a request.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// The id of a request, beside it.
#[derive(Debug, Clone, Default)]
pub(crate) struct RequestId(Arc<str>);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Gives a request its id and its turn, and counts what it moves until its answer is taken whole.
pub(super) async fn around(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let id = RequestId(uuid::Uuid::new_v4().to_string().into());
    let path = request.uri().path();
    let plane = Plane::of(path);
    // The path alone: the query of a download URL lets anybody in.
    let span = tracing::info_span!(
        "request",
        %id,
        method = %request.method(),
        path,
        key = tracing::field::Empty
    );
    let mut course = Course::begin(&app, plane, span.clone());
    request.extensions_mut().insert(id.clone());
    let bytes = app.metrics().bytes(plane);
    let received = bytes.received;
    let request = request.map(|body| Body::new(Counted { body, counter: received, course: None }));
    let head = *request.method() == Method::HEAD;

    let work = async {
        // Who asks how the server is must hear that it is busy.
        if plane != Plane::Other {
            course.turn = match app.turn().await {
                Some(turn) => Some(turn),
                None => return busy(plane),
            };
        }
        next.run(request).await
    };
    let mut response = work.instrument(span).await;
    course.answered(&response);
    if let Ok(id) = HeaderValue::from_str(&id.0) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    if head {
        // Nothing of the body is sent.
        return response;
    }
    response.map(|body| Body::new(Counted { body, counter: bytes.sent, course: Some(course) }))
}

/// Answers a request that found no turn in time.
fn busy(plane: Plane) -> Response {
    let mut response = match plane {
        Plane::Registry => {
            let text = "the registry works on as many requests as it takes";
            OciError::new(StatusCode::TOO_MANY_REQUESTS, "TOOMANYREQUESTS", text).into_response()
        }
        Plane::Control | Plane::Other => control::throttled(),
    };
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// One request from its head to the last byte of its answer.
struct Course {
    app: Arc<App>,
    plane: Plane,
    span: Span,
    turn: Option<OwnedSemaphorePermit>,
    begun: Instant,
    answer: Option<(u16, Option<OperationName>)>,
    sent: u64,
}

impl Course {
    fn begin(app: &Arc<App>, plane: Plane, span: Span) -> Self {
        app.metrics().begun();
        let (app, begun) = (Arc::clone(app), Instant::now());
        Self { app, plane, span, turn: None, begun, answer: None, sent: 0 }
    }

    fn answered(&mut self, response: &Response) {
        let status = response.status().as_u16();
        let operation = response.extensions().get::<OperationName>().cloned();
        let seconds = self.begun.elapsed().as_secs_f64();
        self.app.metrics().answered(self.plane, operation.as_ref(), status, seconds);
        self.answer = Some((status, operation));
    }
}

impl Drop for Course {
    fn drop(&mut self) {
        self.app.metrics().ended();
        let millis = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let sent = self.sent;
        self.span.in_scope(|| match self.answer.take() {
            Some((status, operation)) => {
                let operation = operation.as_ref().map_or("other", OperationName::name);
                if status >= 500 {
                    tracing::warn!(operation, status, sent, millis, "answered");
                } else if self.plane == Plane::Other {
                    tracing::debug!(status, sent, millis, "answered");
                } else {
                    tracing::info!(operation, status, sent, millis, "answered");
                }
            }
            None => tracing::info!(millis, "the client went away"),
        });
    }
}

/// A body whose bytes are counted; the course of a request ends with the body of its answer.
struct Counted {
    body: Body,
    counter: Counter,
    course: Option<Course>,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            let length = data.len() as u64;
            self.counter.inc_by(length);
            if let Some(course) = &mut self.course {
                course.sent += length;
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

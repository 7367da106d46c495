//! Uploads of blobs: whole, in pieces, and by mount.

use std::sync::Arc;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::Response;
use image::Digest;

use super::error::OciError;
use super::query::Query;
use super::{CONTENT_DIGEST, body, content_length, empty, header_text};
use crate::ecr::Ecr;
use crate::ecr::template::{Purpose, governing};
use crate::fault::{Code, Fault};
use crate::server::App;
use crate::storage::{REPOSITORIES, RepositoryRow, Rows, Session, SessionGuard};

/// Most bytes of a layer.
pub(crate) const LARGEST_LAYER: u64 = 52_000 << 20;

/// The header with the id of an upload.
const UPLOAD_ID: header::HeaderName = header::HeaderName::from_static("docker-upload-uuid");

fn location(session: &Session) -> String {
    format!("/v2/{}/blobs/uploads/{}", session.repository, session.id)
}

fn blob_location(name: &str, digest: &Digest) -> String {
    format!("/v2/{name}/blobs/{digest}")
}

fn range(size: u64) -> String {
    format!("0-{}", size.saturating_sub(1))
}

fn progress(status: StatusCode, session: &Session, size: u64) -> Response {
    empty(
        status,
        [
            (header::LOCATION, location(session).as_str()),
            (header::RANGE, &range(size)),
            (UPLOAD_ID, &session.id),
        ],
    )
}

fn created(name: &str, digest: &Digest) -> Response {
    let location = blob_location(name, digest);
    let digest = digest.to_string();
    empty(StatusCode::CREATED, [(header::LOCATION, &location), (CONTENT_DIGEST, &digest)])
}

/// Returns the repository that is pushed to, which a template may create on this push.
pub(super) fn pushed_to(ecr: &Ecr, name: &str) -> Result<RepositoryRow, Fault> {
    if let Some(row) = ecr.storage.metadata.read()?.get(&REPOSITORIES, name)? {
        return Ok(row);
    }
    ecr.storage.metadata.change(|change| {
        let Some(template) = governing(change, name, Purpose::CreateOnPush)? else {
            return Err(ecr.no_repository(name, None));
        };
        let row = template.repository(ecr.clock.now());
        match ecr.create_repository(change, name, &row) {
            // Another push was faster.
            Err(fault) if fault.code == Code::RepositoryAlreadyExists => ecr.repository(change, name, None),
            other => other.map(|()| row),
        }
    })
}

/// `POST /v2/<name>/blobs/uploads/`
pub(super) async fn start(
    app: &Arc<App>,
    name: &str,
    request: &Parts,
    body: Body,
) -> Result<Response, OciError> {
    let query = Query::read(request.uri.query());
    if let Some(algorithm) = query.get("digest-algorithm")
        && !["sha256", "sha512"].contains(&algorithm)
    {
        return Err(OciError::digest(algorithm));
    }
    let mount = query.get("mount").and_then(|digest| digest.parse::<Digest>().ok());
    let digest = query.get("digest").map(|text| text.parse::<Digest>().map_err(|_| OciError::digest(text)));
    let digest = digest.transpose()?;
    let source = query.get("from").map(str::to_owned);
    let repository = name.to_owned();
    let announced = digest.is_none();
    let started = app
        .blocking(move |ecr| {
            pushed_to(ecr, &repository)?;
            if let (Some(digest), Some(source)) = (&mount, &source)
                && ecr.mount_layer(&repository, source, digest)?.is_some()
            {
                return Ok(Err(digest.clone()));
            }
            let session = ecr.storage.uploads.start(&repository, ecr.clock.now())?;
            let session = session.ok_or_else(|| Fault::new(Code::LimitExceeded, "too many open uploads"))?;
            if announced {
                session.announce()?;
            }
            Ok(Ok(Arc::new(session)))
        })
        .await?;
    let session = match started {
        Ok(session) => session,
        Err(mounted) => return Ok(created(name, &mounted)),
    };
    let Some(digest) = digest else {
        return Ok(progress(StatusCode::ACCEPTED, &session, 0));
    };
    match receive(app, &session, body).await {
        Ok(guard) => complete(app, session, guard, digest).await,
        Err(error) => {
            app.blocking(move |ecr| Ok(ecr.storage.uploads.forget(&session)?)).await?;
            Err(error)
        }
    }
}

async fn receive(app: &Arc<App>, session: &Session, body: Body) -> Result<SessionGuard, OciError> {
    let guard = session.lock().await;
    if guard.is_closed() {
        return Err(app.ecr.no_upload(&session.repository, &session.id).into());
    }
    Ok(body::receive(guard, body, LARGEST_LAYER, app.limits.idle).await?)
}

async fn complete(
    app: &Arc<App>,
    session: Arc<Session>,
    guard: SessionGuard,
    digest: Digest,
) -> Result<Response, OciError> {
    let name = session.repository.clone();
    let expected = digest.clone();
    app.blocking(move |ecr| ecr.finish_upload(&session, guard, &expected)).await?;
    Ok(created(&name, &digest))
}

async fn session(app: &Arc<App>, name: &str, id: &str) -> Result<Arc<Session>, OciError> {
    let (name, id) = (name.to_owned(), id.to_owned());
    let session = app.blocking(move |ecr| {
        let session = ecr.storage.uploads.get(&name, &id, ecr.clock.now())?;
        session.map(Arc::new).ok_or_else(|| ecr.no_upload(&name, &id))
    });
    Ok(session.await?)
}

/// Checks where the bytes of a request say that they begin.
async fn check_start(session: &Session, request: &Parts) -> Result<(), OciError> {
    let Some(said) = header_text(request, &header::CONTENT_RANGE) else { return Ok(()) };
    let size = session.lock().await.size();
    let refused = |status| {
        OciError::new(status, "BLOB_UPLOAD_INVALID", "the bytes do not follow what the upload has")
            .with(header::LOCATION, location(session))
            .with(header::RANGE, range(size))
            .with(UPLOAD_ID, session.id.clone())
    };
    let said = said.strip_prefix("bytes").unwrap_or(said).trim_start_matches([' ', '=']);
    let said = said.split_once('/').map_or(said, |(range, _)| range);
    let bounds = said.split_once('-').and_then(|(first, last)| {
        Some((first.trim().parse::<u64>().ok()?, last.trim().parse::<u64>().ok()?))
    });
    let Some((first, last)) = bounds else { return Err(refused(StatusCode::BAD_REQUEST)) };
    if first != size {
        return Err(refused(StatusCode::RANGE_NOT_SATISFIABLE));
    }
    let length = last.checked_sub(first).and_then(|length| length.checked_add(1));
    if content_length(request).is_some_and(|said| Some(said) != length) {
        return Err(refused(StatusCode::BAD_REQUEST));
    }
    Ok(())
}

/// `PATCH /v2/<name>/blobs/uploads/<id>`
pub(super) async fn append(
    app: &Arc<App>,
    name: &str,
    id: &str,
    request: &Parts,
    body: Body,
) -> Result<Response, OciError> {
    let session = session(app, name, id).await?;
    check_start(&session, request).await?;
    let mut guard = receive(app, &session, body).await?;
    let appended = Arc::clone(&session);
    let size = app
        .blocking(move |ecr| {
            guard.settle().map_err(|failure| ecr.upload_fault(&appended, failure))?;
            Ok(guard.size())
        })
        .await?;
    Ok(progress(StatusCode::ACCEPTED, &session, size))
}

/// `PUT /v2/<name>/blobs/uploads/<id>?digest=<digest>`
pub(super) async fn finish(
    app: &Arc<App>,
    name: &str,
    id: &str,
    request: &Parts,
    body: Body,
) -> Result<Response, OciError> {
    let session = session(app, name, id).await?;
    let query = Query::read(request.uri.query());
    let text = query.get("digest").unwrap_or_default();
    let digest: Digest = text.parse().map_err(|_| OciError::digest(text))?;
    check_start(&session, request).await?;
    let guard = receive(app, &session, body).await?;
    complete(app, session, guard, digest).await
}

/// `GET /v2/<name>/blobs/uploads/<id>`
pub(super) async fn status(app: &Arc<App>, name: &str, id: &str) -> Result<Response, OciError> {
    let session = session(app, name, id).await?;
    let size = session.lock().await.size();
    Ok(progress(StatusCode::NO_CONTENT, &session, size))
}

/// `DELETE /v2/<name>/blobs/uploads/<id>`
pub(super) async fn cancel(app: &Arc<App>, name: &str, id: &str) -> Result<Response, OciError> {
    let session = session(app, name, id).await?;
    let mut guard = session.lock().await;
    app.blocking(move |ecr| {
        guard.cancel().map_err(|failure| ecr.upload_fault(&session, failure))?;
        drop(guard);
        Ok(ecr.storage.uploads.forget(&session)?)
    })
    .await?;
    Ok(empty(StatusCode::NO_CONTENT, []))
}

//! Manifests: pull, push and delete.

use std::sync::Arc;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::Response;
use image::Digest;

use super::error::OciError;
use super::query::Query;
use super::{CONTENT_DIGEST, body, empty, header_text, upload, value};
use crate::constraint;
use crate::ecr::identity::Caller;
use crate::ecr::image::{ImageId, Push, is_referenced};
use crate::fault::{Code, Fault};
use crate::manifest::LARGEST;
use crate::pull_through::ImagePull;
use crate::server::App;
use crate::storage::{IMAGES, Rows, key};

/// The header that names the subject whose referrers now have the manifest.
const SUBJECT: HeaderName = HeaderName::from_static("oci-subject");
/// The header that names the tags that were set beside a digest.
const TAG: HeaderName = HeaderName::from_static("oci-tag");
/// Most tags of one push by digest.
const MOST_TAGS: usize = 50;

/// Returns what a reference in a path names: a digest where it has a colon.
fn image_id(reference: &str) -> Result<ImageId, OciError> {
    if reference.contains(':') {
        let digest: Digest = reference.parse().map_err(|_| OciError::digest(reference))?;
        return Ok(ImageId::of_digest(&digest.to_string()));
    }
    Ok(ImageId { image_digest: None, image_tag: Some(reference.to_owned()) })
}

/// `GET` and `HEAD /v2/<name>/manifests/<reference>`
pub(super) async fn get(
    app: &Arc<App>,
    caller: &Caller,
    name: &str,
    reference: &str,
    head: bool,
) -> Result<Response, OciError> {
    let id = image_id(reference)?;
    let repository = name.to_owned();
    let pull = ImagePull { repository: repository.clone(), id: id.clone(), caller: caller.clone() };
    let pulled = app.pull_through.ensure_image(&pull).await;
    let caller = caller.clone();
    let found = app
        .blocking(move |ecr| {
            let view = ecr.storage.metadata.read()?;
            ecr.repository(&view, &repository, None)?;
            ecr.authorize(&view, &caller, "ecr:BatchGetImage", Some(&repository))?;
            let Ok(digest) = id.resolve(&view, &repository)? else { return Ok(None) };
            let image = key(&[&repository, &digest]);
            let (Some(row), Some(bytes)) = (view.get(&IMAGES, &image)?, view.manifest(&image)?) else {
                return Ok(None);
            };
            if row.archived {
                // As Amazon ECR does: who pulls is told that there is none.
                return Err(Fault::new(
                    Code::ImageNotFound,
                    "The image is archived and must be restored first",
                ));
            }
            ecr.record_pull(&view, &caller, &repository, &digest, &row)?;
            Ok(Some((digest, row.media_type, bytes)))
        })
        .await;
    let (digest, media_type, bytes) = match (found, pulled) {
        (Ok(Some(found)), _) => found,
        (_, Err(failure)) => return Err(OciError::upstream(&failure, reference)),
        (Ok(None), Ok(())) => return Err(OciError::no_manifest(reference)),
        (Err(fault), Ok(())) => return Err(fault.into()),
    };
    let mut response = empty(
        StatusCode::OK,
        [
            (header::CONTENT_TYPE, &media_type),
            (header::CONTENT_LENGTH, &bytes.len().to_string()),
            (header::ETAG, &format!("\"{digest}\"")),
            (CONTENT_DIGEST, &digest),
        ],
    );
    if !head {
        *response.body_mut() = Body::from(bytes);
    }
    Ok(response)
}

/// `PUT /v2/<name>/manifests/<reference>`
pub(super) async fn put(
    app: &Arc<App>,
    name: &str,
    reference: &str,
    request: &Parts,
    body: Body,
) -> Result<Response, OciError> {
    let query = Query::read(request.uri.query());
    let (digest, tags) = destination(reference, &query)?;
    // Parameters of the media type, such as a character set, do not change what it is.
    let media_type = header_text(request, &header::CONTENT_TYPE)
        .map(|text| text.split(';').next().unwrap_or_default().trim().to_owned())
        .filter(|text| !text.is_empty());
    let bytes = body::collect(body, LARGEST, app.limits.idle).await?;
    let bytes = bytes.ok_or_else(|| OciError::too_large("the manifest", LARGEST as u64))?;
    let repository = name.to_owned();
    let asked = tags.clone();
    let pushed = app
        .blocking(move |ecr| {
            upload::pushed_to(ecr, &repository)?;
            ecr.storage.metadata.change(|change| {
                let row = ecr.repository(change, &repository, None)?;
                let mut push = Push {
                    repository: &repository,
                    bytes: &bytes,
                    media_type: media_type.as_deref(),
                    tag: asked.first().map(String::as_str),
                    digest: digest.as_ref(),
                };
                let pushed = ecr.push_image(change, &row, &push)?;
                for tag in asked.iter().skip(1) {
                    push.tag = Some(tag);
                    ecr.push_image(change, &row, &push)?;
                }
                Ok(pushed)
            })
        })
        .await?;
    let digest = pushed.digest.to_string();
    let location = format!("/v2/{name}/manifests/{digest}");
    let mut response = empty(StatusCode::CREATED, [(header::LOCATION, &location), (CONTENT_DIGEST, &digest)]);
    if let Some(subject) = &pushed.manifest.subject {
        response.headers_mut().insert(SUBJECT, value(subject));
    }
    if reference.contains(':') {
        for tag in &tags {
            response.headers_mut().append(TAG, value(tag));
        }
    }
    Ok(response)
}

/// Returns the digest that a pushed manifest must have, and the tags to set.
fn destination(reference: &str, query: &Query) -> Result<(Option<Digest>, Vec<String>), OciError> {
    let read = |text: &str| text.parse::<Digest>().map_err(|_| OciError::digest(text));
    let (digest, tags): (_, Vec<String>) = if reference.contains(':') {
        (Some(read(reference)?), query.all("tag").map(str::to_owned).collect())
    } else {
        (query.get("digest").map(read).transpose()?, vec![reference.to_owned()])
    };
    if tags.len() > MOST_TAGS {
        let text = format!("more than {MOST_TAGS} tags in one push");
        return Err(OciError::new(StatusCode::URI_TOO_LONG, "TAG_INVALID", text));
    }
    if let Some(tag) = tags.iter().find(|tag| !constraint::IMAGE_TAG.holds(tag)) {
        return Err(OciError::new(StatusCode::BAD_REQUEST, "TAG_INVALID", format!("invalid tag `{tag}`")));
    }
    Ok((digest, tags))
}

/// `DELETE /v2/<name>/manifests/<reference>`: a tag goes alone, a digest with its tags.
pub(super) async fn delete(app: &Arc<App>, name: &str, reference: &str) -> Result<Response, OciError> {
    let id = image_id(reference)?;
    let repository = name.to_owned();
    let wanted = reference.to_owned();
    app.blocking(move |ecr| {
        ecr.storage.metadata.change(|change| {
            ecr.repository(change, &repository, None)?;
            match (&id.image_tag, &id.image_digest) {
                (Some(tag), _) => ecr.remove_tag(change, &repository, tag),
                (None, Some(digest)) => {
                    if is_referenced(change, &repository, digest)? {
                        let text = "the image is referenced by an image index of the repository";
                        return Err(Fault::new(Code::AccessDenied, text));
                    }
                    ecr.remove_image(change, &repository, digest)
                }
                (None, None) => Ok(false),
            }
        })
    })
    .await?
    .then_some(())
    .ok_or_else(|| OciError::no_manifest(&wanted))?;
    Ok(empty(StatusCode::ACCEPTED, []))
}

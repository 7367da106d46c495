//! What refers to an image: signatures, SBOMs and other artifacts with it as their subject.

use std::sync::Arc;

use axum::http::request::Parts;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use image::Digest;
use serde_json::json;

use super::error::OciError;
use super::query::Query;
use super::value;
use crate::manifest::OCI_INDEX;
use crate::server::App;
use crate::storage::{IMAGES, ImageRow, REFERRERS, Rows, StorageError, below, key};

/// The header that says by what the list was filtered.
const FILTERS: HeaderName = HeaderName::from_static("oci-filters-applied");

/// Returns what refers to a digest, in the order of digests.
pub(crate) fn referrers_of(
    rows: &impl Rows,
    repository: &str,
    subject: &str,
) -> Result<Vec<(String, ImageRow)>, StorageError> {
    let mut found = Vec::new();
    for (digest, ()) in rows.all(&REFERRERS, &below(&[repository, subject]))? {
        if let Some(image) = rows.get(&IMAGES, &key(&[repository, &digest]))? {
            found.push((digest, image));
        }
    }
    Ok(found)
}

/// `GET /v2/<name>/referrers/<digest>?artifactType=<type>`
pub(super) async fn list(
    app: &Arc<App>,
    name: &str,
    digest: &str,
    request: &Parts,
) -> Result<Response, OciError> {
    let digest: Digest = digest.parse().map_err(|_| OciError::digest(digest))?;
    let brought = app.pull_through.ensure_referrers(name, &digest).await;
    brought.map_err(|failure| OciError::upstream(&failure, &digest.to_string()))?;
    let query = Query::read(request.uri.query());
    let wanted = query.get("artifactType").filter(|text| !text.is_empty()).map(str::to_owned);
    let filter = wanted.clone();
    let repository = name.to_owned();
    let manifests = app
        .blocking(move |ecr| {
            let view = ecr.storage.metadata.read()?;
            ecr.repository(&view, &repository, None)?;
            let found = referrers_of(&view, &repository, &digest.to_string())?;
            let matching = found.into_iter().filter(|(_, image)| match &filter {
                Some(wanted) => image.artifact_type.as_ref() == Some(wanted),
                None => true,
            });
            Ok(matching.map(|(digest, image)| descriptor(&digest, &image)).collect::<Vec<_>>())
        })
        .await?;
    let index = json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests });
    let mut response = (StatusCode::OK, index.to_string()).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, value(OCI_INDEX));
    if wanted.is_some() {
        response.headers_mut().insert(FILTERS, value("artifactType"));
    }
    Ok(response)
}

fn descriptor(digest: &str, image: &ImageRow) -> serde_json::Value {
    let mut descriptor =
        json!({ "mediaType": image.media_type, "digest": digest, "size": image.manifest_size });
    if let Some(artifact_type) = &image.artifact_type {
        descriptor["artifactType"] = json!(artifact_type);
    }
    if !image.annotations.is_empty() {
        descriptor["annotations"] = json!(image.annotations);
    }
    descriptor
}

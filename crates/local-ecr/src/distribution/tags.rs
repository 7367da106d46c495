//! The list of tags, page by page.

use std::sync::Arc;

use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use super::error::OciError;
use super::query::Query;
use super::value;
use crate::server::App;
use crate::storage::{Rows, TAGS, below};

/// Most tags of a page, and the size of a page where none is asked for.
const PAGE: usize = 1000;

/// `GET /v2/<name>/tags/list?n=<n>&last=<last>`
pub(super) async fn list(app: &Arc<App>, name: &str, request: &Parts) -> Result<Response, OciError> {
    let query = Query::read(request.uri.query());
    let limit = match query.get("n") {
        None => PAGE,
        Some(text) => {
            let refused =
                || OciError::new(StatusCode::BAD_REQUEST, "PAGINATION_NUMBER_INVALID", "n is no number");
            text.parse::<usize>().map_err(|_| refused())?.min(PAGE)
        }
    };
    let last = query.get("last").map(str::to_owned);
    let repository = name.to_owned();
    let mut tags = app
        .blocking(move |ecr| {
            let view = ecr.storage.metadata.read()?;
            ecr.repository(&view, &repository, None)?;
            let mut tags = Vec::new();
            // One more than asked for tells whether another page follows.
            view.scan(&TAGS, &below(&[&repository]), last.as_deref(), |tag, _| {
                tags.push(tag.to_owned());
                tags.len() <= limit
            })?;
            Ok(tags)
        })
        .await?;
    let more = tags.len() > limit;
    tags.truncate(limit);
    let mut response = json!({ "name": name, "tags": tags }).to_string().into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, value("application/json"));
    if let Some(last) = tags.last().filter(|_| more) {
        let last = utf8_percent_encode(last, NON_ALPHANUMERIC);
        let link = format!("</v2/{name}/tags/list?n={limit}&last={last}>; rel=\"next\"");
        response.headers_mut().insert(header::LINK, value(&link));
    }
    Ok(response)
}

//! Errors of the registry, as OCI distribution writes them.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::fault::{Code, Fault};
use crate::pull_through::{Failure, FailureKind};
use crate::storage::StorageError;

/// An answer of the registry that is no success.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OciError {
    status: StatusCode,
    code: &'static str,
    message: String,
    more: Box<More>,
}

/// What most errors do not have.
#[derive(Debug, Clone, PartialEq, Default)]
struct More {
    detail: Value,
    headers: Vec<(header::HeaderName, String)>,
}

impl OciError {
    /// Returns an error of a code.
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), more: Box::default() }
    }

    /// Adds a header to the answer.
    pub(crate) fn with(mut self, name: header::HeaderName, value: impl Into<String>) -> Self {
        self.more.headers.push((name, value.into()));
        self
    }

    /// Returns the answer to a path that leads nowhere.
    pub(super) fn no_route() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NAME_INVALID", "no such path")
    }

    /// Returns the answer to a name that no repository can have.
    pub(super) fn name(name: &str) -> Self {
        let mut error = Self::new(StatusCode::BAD_REQUEST, "NAME_INVALID", "invalid repository name");
        error.more.detail = json!({ "name": name });
        error
    }

    /// Returns the answer to a digest that is none.
    pub(super) fn digest(digest: &str) -> Self {
        let mut error = Self::new(StatusCode::BAD_REQUEST, "DIGEST_INVALID", "invalid digest");
        error.more.detail = json!({ "digest": digest });
        error
    }

    /// Returns the answer to a blob that is not there.
    pub(super) fn no_blob(digest: &str) -> Self {
        let mut error = Self::new(StatusCode::NOT_FOUND, "BLOB_UNKNOWN", "blob unknown to registry");
        error.more.detail = json!({ "digest": digest });
        error
    }

    /// Returns the answer to a manifest that is not there.
    pub(super) fn no_manifest(reference: &str) -> Self {
        let mut error = Self::new(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", "Requested image not found");
        error.more.detail = json!({ "reference": reference });
        error
    }

    /// Returns the answer to content that upstream had to give and did not.
    pub(super) fn upstream(failure: &Failure, reference: &str) -> Self {
        let (status, code) = match failure.kind {
            FailureKind::NotFound => return Self::no_manifest(reference),
            FailureKind::AccessDenied | FailureKind::Secret => (StatusCode::FORBIDDEN, "DENIED"),
            FailureKind::TooManyRequests => (StatusCode::TOO_MANY_REQUESTS, "TOOMANYREQUESTS"),
            FailureKind::Unavailable => (StatusCode::BAD_GATEWAY, "UNKNOWN"),
            FailureKind::Server => return Self::internal(),
        };
        Self::new(status, code, failure.to_string())
    }

    /// Returns the answer to a method that the path does not take.
    pub(super) fn method() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", "the operation is unsupported")
    }

    /// Returns the answer to what this registry does not do.
    pub(super) fn unsupported(message: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "UNSUPPORTED", message)
    }

    /// Returns the answer to bytes beyond a limit.
    pub(super) fn too_large(what: &str, limit: u64) -> Self {
        let text = format!("{what} is larger than {limit} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "SIZE_INVALID", text)
    }

    /// Returns the answer to a server that failed.
    pub(super) fn internal() -> Self {
        Fault::new(Code::Server, "the request ended before its work").into()
    }
}

impl IntoResponse for OciError {
    fn into_response(self) -> Response {
        let error = match self.more.detail {
            Value::Null => json!({ "code": self.code, "message": self.message }),
            detail => json!({ "code": self.code, "message": self.message, "detail": detail }),
        };
        let mut response = (self.status, json!({ "errors": [error] }).to_string()).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in self.more.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

impl From<Fault> for OciError {
    fn from(fault: Fault) -> Self {
        let (status, code) = match fault.code {
            Code::RepositoryNotFound => (StatusCode::NOT_FOUND, "NAME_UNKNOWN"),
            Code::ImageNotFound => (StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN"),
            Code::UploadNotFound => (StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN"),
            Code::LayersNotFound => (StatusCode::NOT_FOUND, "MANIFEST_BLOB_UNKNOWN"),
            Code::ReferencedImagesNotFound => (StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN"),
            Code::InvalidLayer | Code::ImageDigestDoesNotMatch => (StatusCode::BAD_REQUEST, "DIGEST_INVALID"),
            Code::ImageTagAlreadyExists => (StatusCode::BAD_REQUEST, "TAG_INVALID"),
            Code::AccessDenied => (StatusCode::FORBIDDEN, "DENIED"),
            Code::LimitExceeded => (StatusCode::TOO_MANY_REQUESTS, "TOOMANYREQUESTS"),
            Code::Server => (StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN"),
            _ => (StatusCode::BAD_REQUEST, "MANIFEST_INVALID"),
        };
        Self::new(status, code, fault.message)
    }
}

impl From<StorageError> for OciError {
    fn from(error: StorageError) -> Self {
        Fault::from(error).into()
    }
}

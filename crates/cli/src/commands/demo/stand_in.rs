//! Small registries that stand in for public ones: they hand out what they were given, to anybody.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use image::{EcrHost, ImageReference, RegistryHost};
use operations::OperationError;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::images::{BuiltImage, Content};

/// What a registry has, by the path below `/v2/`.
type Shelf = HashMap<String, Content>;

/// The stand-ins of all registries that images come from; they end when this is dropped.
#[derive(Debug)]
pub(super) struct StandIns {
    /// What stands in for what.
    pub(super) registries: Vec<StandIn>,
    tasks: Vec<JoinHandle<()>>,
}

/// A registry that stands in for another one.
#[derive(Debug, Clone, Serialize)]
pub(super) struct StandIn {
    /// The registry it stands in for.
    #[serde(serialize_with = "serialize_host")]
    pub(super) host: RegistryHost,
    /// Where it answers.
    pub(super) endpoint: String,
    /// How many of the images it has.
    pub(super) images: usize,
}

impl StandIns {
    /// Starts a registry for each host of these images, with an image under each name.
    ///
    /// A name with a digest gets none: no bytes of ours have that digest. Private ECRs get no stand-in.
    ///
    /// # Errors
    /// When an image cannot be built, or no port is free.
    pub(super) async fn start(images: &[ImageReference]) -> operations::Result<Self> {
        let mut shelves: BTreeMap<&RegistryHost, (Shelf, usize)> = BTreeMap::new();
        for image in images {
            if EcrHost::of(image.host()).is_some() {
                continue;
            }
            let (shelf, number) = shelves.entry(image.host()).or_default();
            if let Some(tag) = image.tag_or_latest().filter(|_| image.digest().is_none()) {
                put(shelf, image, tag)?;
                *number += 1;
            }
        }
        let mut started = Self { registries: Vec::new(), tasks: Vec::new() };
        for (host, (shelf, images)) in shelves {
            let no_port = |error| {
                OperationError::new(format!("cannot start a registry in the place of {host}")).refused(error)
            };
            let listener = TcpListener::bind("127.0.0.1:0").await.map_err(no_port)?;
            let endpoint = format!("http://{}", listener.local_addr().map_err(no_port)?);
            let router = Router::new().fallback(answer).with_state(Arc::new(shelf));
            started.tasks.push(tokio::spawn(async move {
                // It ends with its task, never by itself.
                let _ = axum::serve(listener, router).await;
            }));
            started.registries.push(StandIn { host: host.clone(), endpoint, images });
        }
        Ok(started)
    }

    /// Returns where the stand-in of each registry answers.
    pub(super) fn endpoints(&self) -> HashMap<RegistryHost, String> {
        self.registries.iter().map(|one| (one.host.clone(), one.endpoint.clone())).collect()
    }
}

impl Drop for StandIns {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Puts an image on a shelf. Images of Docker Hub are for two architectures, as most of them are there.
fn put(shelf: &mut Shelf, image: &ImageReference, tag: &str) -> operations::Result<()> {
    let repository = image.repository().as_str();
    let program = repository.rsplit('/').next().unwrap_or(repository);
    let architectures: &[&str] = if image.host().is_docker_hub() { &["amd64", "arm64"] } else { &["amd64"] };
    let built = BuiltImage::build(&format!("{program}:{tag}"), program, architectures)?;
    if let Some(top) = built.manifests.last() {
        shelf.insert(format!("{repository}/manifests/{tag}"), top.clone());
    }
    for manifest in built.manifests {
        shelf.insert(format!("{repository}/manifests/{}", manifest.digest), manifest);
    }
    for blob in built.blobs {
        shelf.insert(format!("{repository}/blobs/{}", blob.digest), blob);
    }
    Ok(())
}

/// Answers as OCI distribution says for whoever only reads.
async fn answer(State(shelf): State<Arc<Shelf>>, request: Request) -> Response {
    let with_body = match *request.method() {
        Method::GET => true,
        Method::HEAD => false,
        _ => return StatusCode::METHOD_NOT_ALLOWED.into_response(),
    };
    let Some(path) = request.uri().path().strip_prefix("/v2/") else {
        return StatusCode::NOT_FOUND.into_response();
    };
    if path.is_empty() {
        return StatusCode::OK.into_response();
    }
    let Some(content) = shelf.get(path) else {
        let unknown = if path.contains("/blobs/") { "BLOB_UNKNOWN" } else { "MANIFEST_UNKNOWN" };
        let body = serde_json::json!({ "errors": [{ "code": unknown, "message": "not here" }] });
        return (StatusCode::NOT_FOUND, body.to_string()).into_response();
    };
    let body = if with_body { Body::from(Bytes::copy_from_slice(&content.bytes)) } else { Body::empty() };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content.media_type));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(content.bytes.len()));
    if let Ok(digest) = HeaderValue::from_str(&content.digest) {
        headers.insert(HeaderName::from_static("docker-content-digest"), digest);
    }
    response
}

fn serialize_host<S: serde::Serializer>(host: &RegistryHost, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(host.as_str())
}

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
    /// The images that they have.
    pub(super) images: Vec<StandInImage>,
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

/// An image that a stand-in has.
#[derive(Debug, Clone, Serialize)]
pub(super) struct StandInImage {
    /// The name that was asked for.
    image: String,
    /// The digest of what stands in for it.
    digest: String,
}

/// What becomes of names with a digest, which no bytes of ours have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pinned {
    /// Nothing: they are not there.
    Absent,
    /// An image is there under the digest that it has.
    UnderDigestsOfTheirOwn,
}

impl StandIns {
    /// Starts a registry for each host in these names of images, with an image under each name. Private ECRs get no stand-in.
    ///
    /// # Errors
    /// When an image cannot be built, or no port is free.
    pub(super) async fn start(names: &[&str], pinned: Pinned) -> operations::Result<Self> {
        let mut has = Vec::new();
        let mut shelves: BTreeMap<RegistryHost, (Shelf, usize)> = BTreeMap::new();
        for name in names {
            let Ok(image) = name.parse::<ImageReference>() else { continue };
            if EcrHost::of(image.host()).is_some() {
                continue;
            }
            let (shelf, number) = shelves.entry(image.host().clone()).or_default();
            let digest = match (image.digest(), pinned) {
                (Some(_), Pinned::Absent) => continue,
                (Some(digest), Pinned::UnderDigestsOfTheirOwn) => {
                    put_pinned(shelf, &image, &digest.to_string())?
                }
                (None, _) => put(shelf, &image)?,
            };
            has.push(StandInImage { image: (*name).to_owned(), digest });
            *number += 1;
        }
        let mut started = Self { registries: Vec::new(), images: has, tasks: Vec::new() };
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
            started.registries.push(StandIn { host, endpoint, images });
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

/// Puts an image on a shelf and returns its digest. Images of Docker Hub are for two architectures, as most of them are
/// there.
fn put(shelf: &mut Shelf, image: &ImageReference) -> operations::Result<String> {
    let repository = image.repository().as_str();
    let tag = image.tag_or_latest().unwrap_or("latest");
    let program = repository.rsplit('/').next().unwrap_or(repository);
    let architectures: &[&str] = if image.host().is_docker_hub() { &["amd64", "arm64"] } else { &["amd64"] };
    let built = BuiltImage::build(&format!("{program}:{tag}"), program, architectures)?;
    let (digest, top) = shelve(shelf, repository, built);
    shelf.extend(top.map(|top| (format!("{repository}/manifests/{tag}"), top)));
    Ok(digest)
}

/// Puts an image on a shelf in the place of one with a digest, the same image for the same digest; returns the digest
/// that it has. A tag that the name has stands for it, unless it stands for another image.
fn put_pinned(shelf: &mut Shelf, image: &ImageReference, digest: &str) -> operations::Result<String> {
    let repository = image.repository().as_str();
    let (own, top) = shelve(shelf, repository, BuiltImage::build(digest, "pinned", &["amd64", "arm64"])?);
    if let (Some(tag), Some(top)) = (image.tag(), top) {
        shelf.entry(format!("{repository}/manifests/{tag}")).or_insert(top);
    }
    Ok(own)
}

/// Puts what an image consists of on a shelf; returns its digest and what its tag is to stand for.
fn shelve(shelf: &mut Shelf, repository: &str, built: BuiltImage) -> (String, Option<Content>) {
    let top = built.manifests.last().cloned();
    let digest = top.as_ref().map(|top| top.digest.clone()).unwrap_or_default();
    for manifest in built.manifests {
        shelf.insert(format!("{repository}/manifests/{}", manifest.digest), manifest);
    }
    for blob in built.blobs {
        shelf.insert(format!("{repository}/blobs/{}", blob.digest), blob);
    }
    (digest, top)
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

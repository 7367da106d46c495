//! CompleteLayerUpload

use image::Digest;
use serde::{Deserialize, Serialize};

use crate::constraint;
use crate::control::Operation;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::fault::{Code, Fault};
use crate::storage::{LAYERS, Rows, key};

/// Fewest bytes of every part but the last.
const SMALLEST_PART: u64 = 5 << 20;

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CompleteLayerUpload {
    registry_id: Option<String>,
    repository_name: String,
    upload_id: String,
    layer_digests: Vec<String>,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    registry_id: String,
    repository_name: String,
    upload_id: String,
    layer_digest: String,
}

impl Operation for CompleteLayerUpload {
    const REQUIRED: &'static [&'static str] = &["repositoryName", "uploadId", "layerDigests"];
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        let view = ecr.storage.metadata.read()?;
        ecr.repository(&view, &self.repository_name, self.registry_id.as_ref())?;
        let session = ecr.storage.uploads.get(&self.repository_name, &self.upload_id, ecr.clock.now())?;
        let session = session.ok_or_else(|| ecr.no_upload(&self.repository_name, &self.upload_id))?;
        constraint::count("layerDigests", self.layer_digests.len(), 1, 100)?;
        let mut digests = Vec::new();
        for text in &self.layer_digests {
            constraint::DIGEST.check("layerDigests", text)?;
            digests.push(text.parse::<Digest>().map_err(|error| Fault::parameter("layerDigests", error))?);
        }
        let guard = session.blocking_lock();
        let (size, (_, smallest)) = (guard.size(), guard.parts());
        if size == 0 {
            let text = format!(
                "The upload with id '{}' does not contain any layer parts: it was empty",
                self.upload_id
            );
            return Err(Fault::new(Code::EmptyUpload, text));
        }
        if smallest.is_some_and(|smallest| smallest < SMALLEST_PART) {
            let text = format!("Layer parts must be at least {SMALLEST_PART} bytes in size, except the last");
            return Err(Fault::new(Code::LayerPartTooSmall, text));
        }
        let Some(digest) = digests.first() else {
            return Err(Fault::parameter("layerDigests", "Member must not be null"));
        };
        let text = digest.to_string();
        if view.has(&LAYERS, &key(&[&self.repository_name, &text]))? {
            drop(guard);
            ecr.storage.uploads.forget(&session)?;
            return Err(Fault::new(
                Code::LayerAlreadyExists,
                format!(
                    "Layer with digest '{text}' already exists in the repository with name '{}' in registry \
                     with id '{}'",
                    self.repository_name,
                    ecr.registry_id()
                ),
            ));
        }
        ecr.finish_upload(&session, guard, digest)?;
        Ok(Response {
            registry_id: ecr.registry_id().to_owned(),
            repository_name: self.repository_name,
            upload_id: self.upload_id,
            layer_digest: text,
        })
    }
}

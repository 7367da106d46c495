//! UploadLayerPart

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::control::Operation;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::fault::{Code, Fault};

/// Most bytes of a part.
const LARGEST_PART: usize = 20_971_520;
/// Most parts of a layer.
const MOST_PARTS: u32 = 4200;

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UploadLayerPart {
    registry_id: Option<String>,
    repository_name: String,
    upload_id: String,
    part_first_byte: u64,
    part_last_byte: u64,
    layer_part_blob: String,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    registry_id: String,
    repository_name: String,
    upload_id: String,
    last_byte_received: u64,
}

impl Operation for UploadLayerPart {
    const REQUIRED: &'static [&'static str] =
        &["repositoryName", "uploadId", "partFirstByte", "partLastByte", "layerPartBlob"];
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        let view = ecr.storage.metadata.read()?;
        ecr.repository(&view, &self.repository_name, self.registry_id.as_ref())?;
        let session = ecr.storage.uploads.get(&self.repository_name, &self.upload_id, ecr.clock.now())?;
        let gone = || ecr.no_upload(&self.repository_name, &self.upload_id);
        let session = session.ok_or_else(gone)?;
        let part = STANDARD
            .decode(&self.layer_part_blob)
            .map_err(|_| Fault::new(Code::Serialization, "layerPartBlob is not base64"))?;
        if part.len() > LARGEST_PART {
            let rule = format!("Member must have length less than or equal to {LARGEST_PART}");
            return Err(Fault::parameter("layerPartBlob", rule));
        }
        let mut guard = session.blocking_lock();
        if guard.is_closed() {
            return Err(gone());
        }
        let size = guard.size();
        let length = part.len() as u64;
        let consecutive = self.part_first_byte == size && self.part_last_byte.checked_add(1) == Some(size + length);
        if !consecutive || length == 0 {
            return Err(Fault::new(
                Code::InvalidLayerPart,
                format!(
                    "Invalid layer part upload for upload with id '{}' in the repository with name '{}' in the \
                     registry with id '{}': the part does not follow byte {}, the last one received",
                    self.upload_id,
                    self.repository_name,
                    ecr.registry_id(),
                    size.saturating_sub(1)
                ),
            )
            .with("registryId", ecr.registry_id())
            .with("repositoryName", self.repository_name.as_str())
            .with("uploadId", self.upload_id.as_str())
            .with("lastValidByteReceived", size.saturating_sub(1)));
        }
        if guard.parts().0 >= MOST_PARTS {
            let text = format!("The maximum limit of {MOST_PARTS} parts of a layer has been reached");
            return Err(Fault::new(Code::LimitExceeded, text));
        }
        guard.append(&[Bytes::from(part)])?;
        guard.count_part(length);
        guard.settle().map_err(|failure| ecr.upload_fault(&session, failure))?;
        Ok(Response {
            registry_id: ecr.registry_id().to_owned(),
            repository_name: self.repository_name,
            upload_id: self.upload_id,
            last_byte_received: guard.size().saturating_sub(1),
        })
    }
}

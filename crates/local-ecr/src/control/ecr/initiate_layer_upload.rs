//! InitiateLayerUpload

use serde::{Deserialize, Serialize};

use crate::control::Operation;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::fault::{Code, Fault};

/// The size of parts that clients are told to send, in bytes.
const PART_SIZE: u64 = 10 << 20;

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InitiateLayerUpload {
    registry_id: Option<String>,
    repository_name: String,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    upload_id: String,
    part_size: u64,
}

impl Operation for InitiateLayerUpload {
    const REQUIRED: &'static [&'static str] = &["repositoryName"];
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        let view = ecr.storage.metadata.read()?;
        ecr.repository(&view, &self.repository_name, self.registry_id.as_ref())?;
        let session = ecr.storage.uploads.start(&self.repository_name, ecr.clock.now())?;
        let session =
            session.ok_or_else(|| Fault::new(Code::LimitExceeded, "too many open uploads"))?;
        session.announce()?;
        Ok(Response { upload_id: session.id.clone(), part_size: PART_SIZE })
    }
}

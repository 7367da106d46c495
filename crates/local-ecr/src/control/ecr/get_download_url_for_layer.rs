//! GetDownloadUrlForLayer

use image::Digest;
use serde::{Deserialize, Serialize};

use crate::constraint;
use crate::control::Operation;
use crate::download;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::fault::{Code, Fault};

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GetDownloadUrlForLayer {
    registry_id: Option<String>,
    repository_name: String,
    layer_digest: String,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    download_url: String,
    layer_digest: String,
}

impl Operation for GetDownloadUrlForLayer {
    const REQUIRED: &'static [&'static str] = &["repositoryName", "layerDigest"];
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        let view = ecr.storage.metadata.read()?;
        ecr.repository(&view, &self.repository_name, self.registry_id.as_ref())?;
        constraint::DIGEST.check("layerDigest", &self.layer_digest)?;
        let missing = || {
            Fault::new(
                Code::LayersNotFound,
                format!(
                    "The layer with digest '{}' does not exist in the repository with name '{}' in the \
                     registry with id '{}'",
                    self.layer_digest,
                    self.repository_name,
                    ecr.registry_id()
                ),
            )
        };
        let digest: Digest = self.layer_digest.parse().map_err(|_| missing())?;
        if ecr.layer_size(&view, &self.repository_name, &digest.to_string())?.is_none() {
            return Err(missing());
        }
        Ok(Response {
            download_url: download::url(ecr, &self.repository_name, &digest),
            layer_digest: self.layer_digest,
        })
    }
}

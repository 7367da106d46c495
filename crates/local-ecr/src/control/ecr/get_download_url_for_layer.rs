//! GetDownloadUrlForLayer

use image::Digest;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::constraint;
use crate::control::{Context, Operation, operation};
use crate::download;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::fault::{Code, Fault};
use crate::pull_through::FailureKind;

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

/// Carries out a request; a layer that a rule has to fetch is on its way when the URL is given out.
pub(crate) async fn call(context: Context, body: &[u8]) -> Result<Value, Fault> {
    let request: GetDownloadUrlForLayer = operation::read(GetDownloadUrlForLayer::REQUIRED, body)?;
    if let Ok(digest) = request.layer_digest.parse::<Digest>()
        && let Err(failure) = context.app.pull_through.layer(&request.repository_name, &digest).await
    {
        match failure.kind {
            // The operation itself says what is missing.
            FailureKind::NotFound => {}
            FailureKind::Server => return Err(failure.into()),
            _ => return Err(Fault::new(Code::UnableToGetUpstreamLayer, failure.to_string())),
        }
    }
    operation::run(context, request).await
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
        if ecr.is_archived_layer(&view, &self.repository_name, &digest.to_string())? {
            let text = format!("The layer with digest '{digest}' belongs to an archived image");
            return Err(Fault::new(Code::LayerInaccessible, text));
        }
        Ok(Response {
            download_url: download::url(ecr, &self.repository_name, &digest),
            layer_digest: self.layer_digest,
        })
    }
}

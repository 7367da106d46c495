//! BatchCheckLayerAvailability

use serde::{Deserialize, Serialize};

use crate::constraint;
use crate::control::Operation;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::fault::Fault;

/// What a layer is said to be where its own media type is not known.
const MEDIA_TYPE: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BatchCheckLayerAvailability {
    registry_id: Option<String>,
    repository_name: String,
    layer_digests: Vec<String>,
}

/// `Layer`
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Layer {
    layer_digest: String,
    layer_availability: &'static str,
    layer_size: u64,
    media_type: &'static str,
}

/// `LayerFailure`
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Failure {
    layer_digest: String,
    failure_code: &'static str,
    failure_reason: &'static str,
}

/// The answer.
#[derive(Debug, Serialize)]
pub(crate) struct Response {
    layers: Vec<Layer>,
    failures: Vec<Failure>,
}

impl Operation for BatchCheckLayerAvailability {
    const REQUIRED: &'static [&'static str] = &["repositoryName", "layerDigests"];
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        constraint::count("layerDigests", self.layer_digests.len(), 1, 100)?;
        let view = ecr.storage.metadata.read()?;
        ecr.repository(&view, &self.repository_name, self.registry_id.as_ref())?;
        let (mut layers, mut failures) = (Vec::new(), Vec::new());
        for layer_digest in self.layer_digests {
            if !constraint::DIGEST.holds(&layer_digest) {
                failures.push(Failure {
                    layer_digest,
                    failure_code: "InvalidLayerDigest",
                    failure_reason: "Invalid request parameters: layer digest should satisfy the regex \
                                     '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
                });
                continue;
            }
            match ecr.layer_size(&view, &self.repository_name, &layer_digest)? {
                Some(layer_size) => {
                    let archived = ecr.is_archived_layer(&view, &self.repository_name, &layer_digest)?;
                    layers.push(Layer {
                        layer_digest,
                        layer_availability: if archived { "ARCHIVED" } else { "AVAILABLE" },
                        layer_size,
                        media_type: MEDIA_TYPE,
                    });
                }
                None => failures.push(Failure {
                    layer_digest,
                    failure_code: "MissingLayerDigest",
                    failure_reason: "Requested layer not found",
                }),
            }
        }
        Ok(Response { layers, failures })
    }
}

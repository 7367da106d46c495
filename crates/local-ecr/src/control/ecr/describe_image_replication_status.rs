//! DescribeImageReplicationStatus

use serde::{Deserialize, Serialize};

use super::describe_images::existing_image;
use super::put_replication_configuration::destinations;
use crate::control::Operation;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::ecr::image::ImageId;
use crate::fault::Fault;

/// Why no image is copied anywhere: this registry stands alone.
const NO_REPLICATION: &str = "ReplicationNotImplemented";

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DescribeImageReplicationStatus {
    registry_id: Option<String>,
    repository_name: String,
    image_id: ImageId,
}

/// `ImageReplicationStatus`
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Status {
    region: String,
    registry_id: String,
    status: &'static str,
    failure_code: &'static str,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    repository_name: String,
    image_id: ImageId,
    replication_statuses: Vec<Status>,
}

impl Operation for DescribeImageReplicationStatus {
    const REQUIRED: &'static [&'static str] = &["repositoryName", "imageId"];
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        let view = ecr.storage.metadata.read()?;
        ecr.repository(&view, &self.repository_name, self.registry_id.as_ref())?;
        let (digest, row) = existing_image(ecr, &view, &self.repository_name, &self.image_id)?;
        let (mut destinations, set_at) = destinations(&view, &self.repository_name)?;
        if row.pushed_at < set_at {
            // What was there before is not replicated.
            destinations.clear();
        }
        let failed = |(region, registry): (&str, &str)| Status {
            region: region.to_owned(),
            registry_id: registry.to_owned(),
            status: "FAILED",
            failure_code: NO_REPLICATION,
        };
        Ok(Response {
            replication_statuses: destinations.iter().map(|destination| failed(destination.place())).collect(),
            image_id: ImageId { image_digest: Some(digest), image_tag: self.image_id.image_tag },
            repository_name: self.repository_name,
        })
    }
}

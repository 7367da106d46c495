//! UpdateImageStorageClass

use serde::{Deserialize, Serialize};

use super::describe_images::existing_image;
use crate::constraint;
use crate::control::Operation;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::ecr::image::ImageId;
use crate::fault::Fault;

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdateImageStorageClass {
    registry_id: Option<String>,
    repository_name: String,
    image_id: ImageId,
    target_storage_class: String,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    registry_id: String,
    repository_name: String,
    image_id: ImageId,
    image_status: &'static str,
}

impl Operation for UpdateImageStorageClass {
    const REQUIRED: &'static [&'static str] = &["repositoryName", "imageId", "targetStorageClass"];
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        constraint::one_of("targetStorageClass", &self.target_storage_class, &["STANDARD", "ARCHIVE"])?;
        let archive = self.target_storage_class == "ARCHIVE";
        let digest = ecr.storage.metadata.change(|change| {
            ecr.repository(change, &self.repository_name, self.registry_id.as_ref())?;
            let (digest, _) = existing_image(ecr, change, &self.repository_name, &self.image_id)?;
            ecr.set_archived(change, &self.repository_name, &digest, archive)?;
            Ok::<_, Fault>(digest)
        })?;
        Ok(Response {
            registry_id: ecr.registry_id().to_owned(),
            repository_name: self.repository_name,
            image_id: ImageId { image_digest: Some(digest), image_tag: self.image_id.image_tag },
            image_status: if archive { "ARCHIVED" } else { "ACTIVE" },
        })
    }
}

//! StartImageScan

use serde::{Deserialize, Serialize};

use super::describe_images::existing_image;
use crate::control::{Operation, left_out};
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::ecr::image::ImageId;
use crate::fault::Fault;

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StartImageScan {
    registry_id: Option<String>,
    repository_name: String,
    image_id: ImageId,
}

/// There is none: no scanner is here.
#[derive(Debug, Serialize)]
pub(crate) enum Response {}

impl Operation for StartImageScan {
    const REQUIRED: &'static [&'static str] = &["repositoryName", "imageId"];
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        let view = ecr.storage.metadata.read()?;
        ecr.repository(&view, &self.repository_name, self.registry_id.as_ref())?;
        existing_image(ecr, &view, &self.repository_name, &self.image_id)?;
        Err(left_out("Amazon ECR", "StartImageScan"))
    }
}

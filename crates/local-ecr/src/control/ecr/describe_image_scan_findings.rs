//! DescribeImageScanFindings

use serde::{Deserialize, Serialize};

use super::describe_images::{existing_image, shown};
use crate::constraint;
use crate::control::Operation;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::ecr::image::ImageId;
use crate::fault::{Code, Fault};

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DescribeImageScanFindings {
    registry_id: Option<String>,
    repository_name: String,
    image_id: ImageId,
    max_results: Option<i64>,
}

/// There is none: no image is scanned here.
#[derive(Debug, Serialize)]
pub(crate) enum Response {}

impl Operation for DescribeImageScanFindings {
    const REQUIRED: &'static [&'static str] = &["repositoryName", "imageId"];
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        constraint::max_results(self.max_results, 100, 1000)?;
        let view = ecr.storage.metadata.read()?;
        ecr.repository(&view, &self.repository_name, self.registry_id.as_ref())?;
        let (digest, _) = existing_image(ecr, &view, &self.repository_name, &self.image_id)?;
        let image = shown(&ImageId { image_digest: Some(digest), image_tag: self.image_id.image_tag });
        let text = format!(
            "Image scan does not exist for the image with '{image}' in the repository with the name '{}' in the \
             registry with the id '{}'",
            self.repository_name,
            ecr.registry_id()
        );
        Err(Fault::new(Code::ScanNotFound, text))
    }
}

//! DescribeImageSigningStatus

use serde::{Deserialize, Serialize};

use super::describe_images::existing_image;
use super::put_signing_configuration::kept;
use crate::control::Operation;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::ecr::image::ImageId;
use crate::fault::Fault;

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DescribeImageSigningStatus {
    registry_id: Option<String>,
    repository_name: String,
    image_id: ImageId,
}

/// `ImageSigningStatus`
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Status {
    signing_profile_arn: String,
    failure_code: &'static str,
    failure_reason: &'static str,
    status: &'static str,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    repository_name: String,
    image_id: ImageId,
    registry_id: String,
    signing_statuses: Vec<Status>,
}

impl Operation for DescribeImageSigningStatus {
    const REQUIRED: &'static [&'static str] = &["repositoryName", "imageId"];
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        let view = ecr.storage.metadata.read()?;
        ecr.repository(&view, &self.repository_name, self.registry_id.as_ref())?;
        let (digest, row) = existing_image(ecr, &view, &self.repository_name, &self.image_id)?;
        // What was pushed before is not signed.
        let kept = kept(&view)?.filter(|kept| kept.set_at <= row.pushed_at);
        let profiles = kept.iter().flat_map(|kept| kept.configuration.profiles(&self.repository_name));
        let failed = |profile: &str| Status {
            signing_profile_arn: profile.to_owned(),
            failure_code: "SigningNotImplemented",
            failure_reason: "this local registry has no AWS Signer and signs no image",
            status: "FAILED",
        };
        Ok(Response {
            signing_statuses: profiles.map(failed).collect(),
            image_id: ImageId { image_digest: Some(digest), image_tag: self.image_id.image_tag },
            registry_id: ecr.registry_id().to_owned(),
            repository_name: self.repository_name,
        })
    }
}

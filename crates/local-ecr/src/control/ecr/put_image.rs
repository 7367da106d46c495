//! PutImage

use image::Digest;
use serde::{Deserialize, Serialize};

use crate::constraint;
use crate::control::Operation;
use crate::control::ecr::batch_get_image::Image;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::ecr::image::{ImageId, Push};
use crate::fault::{Code, Fault};

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PutImage {
    registry_id: Option<String>,
    repository_name: String,
    image_manifest: String,
    image_manifest_media_type: Option<String>,
    image_tag: Option<String>,
    image_digest: Option<String>,
}

/// The answer.
#[derive(Debug, Serialize)]
pub(crate) struct Response {
    image: Image,
}

impl Operation for PutImage {
    const REQUIRED: &'static [&'static str] = &["repositoryName", "imageManifest"];
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        let (digest, pushed) = ecr.storage.metadata.change(|change| {
        let row = ecr.repository(change, &self.repository_name, self.registry_id.as_ref())?;
        constraint::count("imageManifest", self.image_manifest.len(), 1, crate::manifest::LARGEST)?;
        let digest = match &self.image_digest {
            None => None,
            Some(text) => {
                constraint::DIGEST.check("imageDigest", text)?;
                Some(text.parse::<Digest>().map_err(|error| Fault::parameter("imageDigest", error))?)
            }
        };
        let push = Push {
            repository: &self.repository_name,
            bytes: self.image_manifest.as_bytes(),
            media_type: self.image_manifest_media_type.as_deref(),
            tag: self.image_tag.as_deref(),
            digest: digest.as_ref(),
        };
        let pushed = ecr.push_image(change, &row, &push)?;
        let digest = pushed.digest.to_string();
        if pushed.known {
            let tag = self.image_tag.as_ref().map_or_else(String::new, |tag| format!(" and tag '{tag}'"));
            return Err(Fault::new(
                Code::ImageAlreadyExists,
                format!(
                    "Image with digest '{digest}'{tag} already exists in the repository with name '{}' in \
                     registry with id '{}'",
                    self.repository_name,
                    ecr.registry_id()
                ),
            ));
        }
Ok::<_, Fault>((digest, pushed))
        })?;
        Ok(Response {
            image: Image {
                registry_id: ecr.registry_id().to_owned(),
                repository_name: self.repository_name,
                image_id: ImageId { image_digest: Some(digest), image_tag: self.image_tag },
                image_manifest: self.image_manifest,
                image_manifest_media_type: pushed.manifest.media_type,
            },
        })
    }
}

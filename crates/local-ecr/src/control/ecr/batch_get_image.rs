//! BatchGetImage

use serde::{Deserialize, Serialize};

use crate::constraint;
use crate::control::Operation;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::ecr::image::{ImageFailure, ImageId};
use crate::fault::{Code, Fault};
use crate::storage::{IMAGES, Rows, View, key};

/// The request.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BatchGetImage {
    /// The registry.
    pub(crate) registry_id: Option<String>,
    /// The repository.
    pub(crate) repository_name: String,
    /// The images.
    pub(crate) image_ids: Vec<ImageId>,
    accepted_media_types: Option<Vec<String>>,
}

/// `Image`
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Image {
    /// The registry.
    pub(crate) registry_id: String,
    /// The repository.
    pub(crate) repository_name: String,
    /// Digest and tag.
    pub(crate) image_id: ImageId,
    /// The manifest's text.
    pub(crate) image_manifest: String,
    /// The manifest's media type.
    pub(crate) image_manifest_media_type: String,
}

/// The answer.
#[derive(Debug, Serialize)]
pub(crate) struct Response {
    images: Vec<Image>,
    failures: Vec<ImageFailure>,
}

impl BatchGetImage {
    /// Checks what the request says of itself.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        constraint::count("imageIds", self.image_ids.len(), 1, 100)?;
        match &self.accepted_media_types {
            Some(types) => constraint::count("acceptedMediaTypes", types.len(), 1, 100),
            None => Ok(()),
        }
    }

    fn image(
        &self,
        ecr: &Ecr,
        view: &View,
        id: &ImageId,
    ) -> Result<Result<Image, ImageFailure>, Fault> {
        let digest = match id.resolve(view, &self.repository_name)? {
            Ok(digest) => digest,
            Err(failure) => return Ok(Err(failure)),
        };
        let image = key(&[&self.repository_name, &digest]);
        let (Some(row), Some(bytes)) = (view.get(&IMAGES, &image)?, view.manifest(&image)?) else {
            return Ok(Err(id.failure("ImageNotFound", "Requested image not found")));
        };
        if row.archived {
            return Ok(Err(id.failure("ImageInaccessible", "The image is in the archive")));
        }
        ecr.record_pull(&self.repository_name, &digest, &row)?;
        let text = String::from_utf8(bytes)
            .map_err(|_| Fault::new(Code::Server, "the manifest is no text"))?;
        Ok(Ok(Image {
            registry_id: ecr.registry_id().to_owned(),
            repository_name: self.repository_name.clone(),
            image_id: ImageId { image_digest: Some(digest), image_tag: id.image_tag.clone() },
            image_manifest: text,
            image_manifest_media_type: row.media_type,
        }))
    }
}

impl Operation for BatchGetImage {
    const REQUIRED: &'static [&'static str] = &["repositoryName", "imageIds"];
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        self.check()?;
        let view = ecr.storage.metadata.read()?;
        ecr.repository(&view, &self.repository_name, self.registry_id.as_ref())?;
        let (mut images, mut failures) = (Vec::new(), Vec::new());
        for id in &self.image_ids {
            match self.image(ecr, &view, id)? {
                Ok(image) => images.push(image),
                Err(failure) => failures.push(failure),
            }
        }
        Ok(Response { images, failures })
    }
}

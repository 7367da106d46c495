//! BatchDeleteImage

use serde::{Deserialize, Serialize};

use crate::constraint;
use crate::control::Operation;
use crate::ecr::Ecr;
use crate::ecr::identity::Caller;
use crate::ecr::image::{ImageFailure, ImageId, is_referenced, tags_of};
use crate::fault::Fault;
use crate::storage::Change;

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BatchDeleteImage {
    registry_id: Option<String>,
    repository_name: String,
    image_ids: Vec<ImageId>,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    image_ids: Vec<ImageId>,
    failures: Vec<ImageFailure>,
}

impl BatchDeleteImage {
    /// Deletes one image by digest, or one tag and the image with its last tag.
    fn delete(
        &self,
        ecr: &Ecr,
        change: &Change,
        id: &ImageId,
    ) -> Result<Result<Vec<ImageId>, ImageFailure>, Fault> {
        let repository = &self.repository_name;
        let digest = match id.resolve(change, repository)? {
            Ok(digest) => digest,
            Err(failure) => return Ok(Err(failure)),
        };
        let tags = tags_of(change, repository, &digest)?;
        let only_tag = id.image_tag.as_ref().filter(|_| tags.len() > 1);
        if let Some(tag) = only_tag {
            ecr.remove_tag(change, repository, tag)?;
            return Ok(Ok(vec![ImageId::new(&digest, tag)]));
        }
        if is_referenced(change, repository, &digest)? {
            let reason = "Requested image referenced by manifest list";
            return Ok(Err(id.failure("ImageReferencedByManifestList", reason)));
        }
        ecr.remove_image(change, repository, &digest)?;
        if tags.is_empty() {
            return Ok(Ok(vec![ImageId::of_digest(&digest)]));
        }
        Ok(Ok(tags.iter().map(|tag| ImageId::new(&digest, tag)).collect()))
    }
}

impl Operation for BatchDeleteImage {
    const REQUIRED: &'static [&'static str] = &["repositoryName", "imageIds"];
    type Response = Response;

    fn run(self, ecr: &Ecr, _caller: &Caller) -> Result<Response, Fault> {
        constraint::count("imageIds", self.image_ids.len(), 1, 100)?;
        let (image_ids, failures) = ecr.storage.metadata.change(|change| {
        ecr.repository(change, &self.repository_name, self.registry_id.as_ref())?;
        let (mut image_ids, mut failures) = (Vec::new(), Vec::new());
        for id in &self.image_ids {
            match self.delete(ecr, change, id)? {
                Ok(deleted) => image_ids.extend(deleted),
                Err(failure) => failures.push(failure),
            }
        }
Ok::<_, Fault>((image_ids, failures))
        })?;
        Ok(Response { image_ids, failures })
    }
}

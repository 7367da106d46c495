//! `BatchDeleteImage`.

use ::image::RepositoryName;

use super::{ImageFailure, ImageId};
use crate::ecr::{Ecr, MOST_NAMES};
use crate::error::AwsError;

/// Images that were to be deleted: those that are, and those that could not be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeletedImages {
    /// What is deleted: an entry for each tag and digest that is gone.
    pub deleted: Vec<ImageId>,
    /// What could not be, and why.
    pub failures: Vec<ImageFailure>,
}

impl Ecr {
    /// Deletes tags and images: by tag, the tag, and the image with its last tag; by digest, the image with all
    /// its tags.
    ///
    /// Spec: ECR `BatchDeleteImage`.
    ///
    /// # Errors
    /// [`AwsError`] when the repository does not exist, or ECR refuses; requests of 100 images before that one
    /// may have been carried out.
    pub async fn delete_images(
        &self,
        repository: &RepositoryName,
        images: &[ImageId],
    ) -> Result<DeletedImages, AwsError> {
        let mut all = DeletedImages::default();
        // One after the other: what an index needs cannot go before the index.
        for images in images.chunks(MOST_NAMES) {
            let call = self.call("BatchDeleteImage", format!("delete images of repository `{repository}`"));
            let answer = call
                .run(|attempts| {
                    let request = self
                        .client()
                        .batch_delete_image()
                        .set_registry_id(self.registry_id())
                        .repository_name(repository.as_str())
                        .set_image_ids(Some(images.iter().map(ImageId::field).collect()));
                    request.customize().interceptor(attempts).send()
                })
                .await?;
            for id in answer.image_ids.unwrap_or_default() {
                all.deleted.push(ImageId::read(&call, id)?);
            }
            all.failures.extend(ImageFailure::read_all(answer.failures));
        }
        Ok(all)
    }
}

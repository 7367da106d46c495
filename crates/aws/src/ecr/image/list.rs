//! `ListImages`.

use ::image::RepositoryName;
use aws_sdk_ecr::types;

use super::ImageId;
use crate::ecr::{Ecr, LARGEST_PAGE};
use crate::error::AwsError;
use crate::paging::Pages;

/// Which images are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TagFilter {
    /// All.
    #[default]
    Any,
    /// Those with a tag.
    Tagged,
    /// Those without a tag.
    Untagged,
}

impl Ecr {
    /// Returns tags and digests of a repository's images, one entry for each tag; archived ones too.
    ///
    /// Spec: ECR `ListImages`, all pages.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when the repository does not exist, and whatever else
    /// ECR says.
    pub async fn image_ids(
        &self,
        repository: &RepositoryName,
        filter: TagFilter,
    ) -> Result<Vec<ImageId>, AwsError> {
        let call = self.call("ListImages", format!("list the images of repository `{repository}`"));
        let status = match filter {
            TagFilter::Any => types::TagStatus::Any,
            TagFilter::Tagged => types::TagStatus::Tagged,
            TagFilter::Untagged => types::TagStatus::Untagged,
        };
        let filter = types::ListImagesFilter::builder()
            .tag_status(status)
            .image_status(types::ImageStatusFilter::Any)
            .build();
        let mut all = Vec::new();
        let mut pages = Pages::default();
        while let Some(token) = pages.turn(&call)? {
            let answer = call
                .run(|attempts| {
                    let request = self
                        .client()
                        .list_images()
                        .set_registry_id(self.registry_id())
                        .repository_name(repository.as_str())
                        .filter(filter.clone())
                        .max_results(LARGEST_PAGE)
                        .set_next_token(token);
                    request.customize().interceptor(attempts).send()
                })
                .await?;
            pages.read(answer.next_token);
            for id in answer.image_ids.unwrap_or_default() {
                all.push(ImageId::read(&call, id)?);
            }
        }
        Ok(all)
    }
}

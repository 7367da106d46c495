//! `BatchGetImage`.

use ::image::{Digest, RepositoryName};

use super::{ImageFailure, ImageId};
use crate::ecr::{Ecr, MOST_NAMES};
use crate::error::AwsError;

/// A manifest as ECR stores it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The tag that it was asked for by, if it was, and its digest.
    pub image: ImageId,
    /// Its digest.
    pub digest: Digest,
    /// Its media type.
    pub media_type: Option<String>,
    /// Its text, byte for byte.
    pub text: String,
}

/// Manifests that were asked for, and those that could not be had.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifests {
    /// What was found.
    pub found: Vec<Manifest>,
    /// What was not, and why.
    pub failures: Vec<ImageFailure>,
}

/// Every media type of a manifest. ECR translates what it stores into one that is accepted, which changes its
/// digest, so all are.
const MEDIA_TYPES: [&str; 4] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];

impl Ecr {
    /// Returns manifests of images. In a repository below a pull through cache rule, ECR first pulls what it
    /// does not have from upstream, when it is asked for by tag.
    ///
    /// Spec: ECR `BatchGetImage`.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when the repository does not exist, or would have to be
    /// made by someone who may, and whatever else ECR says.
    pub async fn manifests(
        &self,
        repository: &RepositoryName,
        images: &[ImageId],
    ) -> Result<Manifests, AwsError> {
        let chunks = images.chunks(MOST_NAMES);
        let parts =
            self.session().try_each(chunks, |images| self.batch_get_image(repository, images)).await?;
        let mut all = Manifests::default();
        for mut part in parts {
            all.found.append(&mut part.found);
            all.failures.append(&mut part.failures);
        }
        Ok(all)
    }

    async fn batch_get_image(
        &self,
        repository: &RepositoryName,
        images: &[ImageId],
    ) -> Result<Manifests, AwsError> {
        let tried = match images {
            [image] => format!("get image `{repository}{image}`"),
            images => format!("get {} images of repository `{repository}`", images.len()),
        };
        let call = self.call("BatchGetImage", tried);
        let answer = call
            .run(|attempts| {
                let request = self
                    .client()
                    .batch_get_image()
                    .set_registry_id(self.registry_id())
                    .repository_name(repository.as_str())
                    .set_image_ids(Some(images.iter().map(ImageId::field).collect()))
                    .set_accepted_media_types(Some(MEDIA_TYPES.map(str::to_owned).to_vec()));
                request.customize().interceptor(attempts).send()
            })
            .await?;
        let mut found = Vec::new();
        for image in answer.images.unwrap_or_default() {
            let id = ImageId::read(&call, call.need(image.image_id, "imageId")?)?;
            found.push(Manifest {
                digest: call.need(id.digest.clone(), "imageDigest")?,
                image: id,
                media_type: image.image_manifest_media_type,
                text: call.need(image.image_manifest, "imageManifest")?,
            });
        }
        Ok(Manifests { found, failures: ImageFailure::read_all(answer.failures) })
    }
}

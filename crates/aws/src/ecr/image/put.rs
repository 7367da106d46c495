//! `PutImage`.

use ::image::{Digest, RepositoryName};

use crate::ecr::Ecr;
use crate::error::AwsError;

/// A manifest to be stored; its layers and images must be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewManifest {
    /// Its text, byte for byte; at most 4 MiB.
    pub text: String,
    /// Its media type.
    pub media_type: Option<String>,
    /// The tag that is to point to it.
    pub tag: Option<String>,
    /// Its digest, which ECR then checks.
    pub digest: Option<Digest>,
}

/// What storing a manifest came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutOutcome {
    /// It is stored, or the tag moved to it.
    Stored,
    /// It was there already, with the same tag.
    AlreadyThere,
}

impl Ecr {
    /// Stores a manifest.
    ///
    /// Spec: ECR `PutImage`.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) when the tag may not move,
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when the repository, a layer or an image that it names is
    /// not there, and whatever else ECR says.
    pub async fn put_image(
        &self,
        repository: &RepositoryName,
        manifest: &NewManifest,
    ) -> Result<PutOutcome, AwsError> {
        let tag = manifest.tag.as_ref().map_or(String::new(), |tag| format!(":{tag}"));
        let call = self.call("PutImage", format!("put image `{repository}{tag}`"));
        let answer = call
            .run(|attempts| {
                let request = self
                    .client()
                    .put_image()
                    .set_registry_id(self.registry_id())
                    .repository_name(repository.as_str())
                    .image_manifest(&manifest.text)
                    .set_image_manifest_media_type(manifest.media_type.clone())
                    .set_image_tag(manifest.tag.clone())
                    .set_image_digest(manifest.digest.as_ref().map(Digest::to_string));
                request.customize().interceptor(attempts).send()
            })
            .await
            .map_err(AwsError::from);
        match answer {
            Ok(_) => Ok(PutOutcome::Stored),
            Err(error) if error.is("ImageAlreadyExistsException") => Ok(PutOutcome::AlreadyThere),
            Err(error) => Err(error),
        }
    }
}

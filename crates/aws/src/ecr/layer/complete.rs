//! `CompleteLayerUpload`.

use image::{Digest, RepositoryName};

use crate::ecr::Ecr;
use crate::error::AwsError;

impl Ecr {
    /// Ends the upload of a layer, whose digest ECR then checks. A layer that the repository has already is a
    /// success.
    ///
    /// Spec: ECR `CompleteLayerUpload`.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) when the digest is another, a part but the last was below
    /// 5 MiB, or nothing was uploaded, and whatever else ECR says.
    pub async fn complete_layer_upload(
        &self,
        repository: &RepositoryName,
        upload_id: &str,
        digest: &Digest,
    ) -> Result<(), AwsError> {
        let tried = format!("complete the upload of layer {digest} to repository `{repository}`");
        let call = self.call("CompleteLayerUpload", tried);
        let answer = call
            .run(|attempts| {
                let request = self
                    .client()
                    .complete_layer_upload()
                    .set_registry_id(self.registry_id())
                    .repository_name(repository.as_str())
                    .upload_id(upload_id)
                    .layer_digests(digest.to_string());
                request.customize().interceptor(attempts).send()
            })
            .await
            .map_err(AwsError::from);
        match answer {
            Ok(_) => Ok(()),
            Err(error) if error.is("LayerAlreadyExistsException") => Ok(()),
            Err(error) => Err(error),
        }
    }
}

//! `GetDownloadUrlForLayer`.

use image::{Digest, RepositoryName};

use crate::ecr::Ecr;
use crate::error::AwsError;
use crate::secret::Secret;

impl Ecr {
    /// Returns an address that a layer can be read from for a while, by whoever knows it. Only layers that an
    /// image names have one.
    ///
    /// Spec: ECR `GetDownloadUrlForLayer`.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when no image of the repository has the layer, and
    /// whatever else ECR says.
    pub async fn layer_url(&self, repository: &RepositoryName, layer: &Digest) -> Result<Secret, AwsError> {
        let tried = format!("get the address of layer {layer} of repository `{repository}`");
        let call = self.call("GetDownloadUrlForLayer", tried);
        let answer = call
            .run(|attempts| {
                let request = self
                    .client()
                    .get_download_url_for_layer()
                    .set_registry_id(self.registry_id())
                    .repository_name(repository.as_str())
                    .layer_digest(layer.to_string());
                request.customize().interceptor(attempts).send()
            })
            .await?;
        call.need(answer.download_url, "downloadUrl").map(Secret::new)
    }
}

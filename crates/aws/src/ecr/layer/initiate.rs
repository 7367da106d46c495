//! `InitiateLayerUpload`.

use image::RepositoryName;

use crate::ecr::Ecr;
use crate::error::AwsError;

/// An upload that ECR has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartedUpload {
    /// ECR's name for it.
    pub upload_id: String,
    /// How large ECR wants each part but the last, in bytes.
    pub part_bytes: usize,
}

/// Largest part that ECR takes, in bytes.
const LARGEST_PART: i64 = 20_971_520;

impl Ecr {
    /// Begins the upload of a layer and returns it.
    ///
    /// Spec: ECR `InitiateLayerUpload`.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when the repository does not exist, and whatever else
    /// ECR says.
    pub async fn initiate_layer_upload(
        &self,
        repository: &RepositoryName,
    ) -> Result<StartedUpload, AwsError> {
        let tried = format!("begin the upload of a layer to repository `{repository}`");
        let call = self.call("InitiateLayerUpload", tried);
        let answer = call
            .run(|attempts| {
                let request = self
                    .client()
                    .initiate_layer_upload()
                    .set_registry_id(self.registry_id())
                    .repository_name(repository.as_str());
                request.customize().interceptor(attempts).send()
            })
            .await?;
        let part_bytes = call.need(answer.part_size, "partSize")?;
        let part_bytes = usize::try_from(part_bytes.clamp(1, LARGEST_PART)).unwrap_or(1);
        Ok(StartedUpload { upload_id: call.need(answer.upload_id, "uploadId")?, part_bytes })
    }
}

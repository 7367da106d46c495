//! `UploadLayerPart`.

use std::time::Duration;

use aws_sdk_ecr::config::timeout::TimeoutConfig;
use aws_sdk_ecr::operation::upload_layer_part::UploadLayerPartError;
use aws_sdk_ecr::primitives::Blob;
use image::RepositoryName;

use crate::ecr::Ecr;
use crate::error::AwsError;

/// What came of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartOutcome {
    /// ECR has it, and every byte before this one.
    Accepted {
        /// The byte that comes next.
        next_byte: u64,
    },
    /// ECR does not want a part that begins there.
    Misplaced {
        /// The byte that ECR wants next.
        next_byte: u64,
    },
}

/// How long a part may take: 20 MiB on a slow line.
const PART_TIMEOUT: Duration = Duration::from_secs(600);

impl Ecr {
    /// Sends a part of a layer, which begins at byte `first_byte` of it. Parts must follow each other.
    ///
    /// Spec: ECR `UploadLayerPart`.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) for an empty part; [`AwsError`] when the upload is unknown
    /// or ECR refuses.
    pub async fn upload_layer_part(
        &self,
        repository: &RepositoryName,
        upload_id: &str,
        first_byte: u64,
        part: Vec<u8>,
    ) -> Result<PartOutcome, AwsError> {
        let tried =
            format!("upload bytes {first_byte} and following of a layer to repository `{repository}`");
        let call = self.call("UploadLayerPart", tried);
        let length = part.len() as u64;
        let bounds = length
            .checked_sub(1)
            .and_then(|rest| first_byte.checked_add(rest))
            .and_then(|last| Some((i64::try_from(first_byte).ok()?, i64::try_from(last).ok()?)));
        let Some((first, last)) = bounds else {
            return Err(call.refused("the part is empty, or lies where no layer reaches"));
        };
        let timeouts = TimeoutConfig::builder().read_timeout(PART_TIMEOUT).build();
        let answer = call
            .run(|attempts| {
                let request = self
                    .client()
                    .upload_layer_part()
                    .set_registry_id(self.registry_id())
                    .repository_name(repository.as_str())
                    .upload_id(upload_id)
                    .part_first_byte(first)
                    .part_last_byte(last)
                    .layer_part_blob(Blob::new(part));
                let patience = aws_sdk_ecr::config::Builder::new().timeout_config(timeouts);
                request.customize().config_override(patience).interceptor(attempts).send()
            })
            .await;
        match answer {
            Ok(answer) => {
                let last = call.need(answer.last_byte_received, "lastByteReceived")?;
                Ok(PartOutcome::Accepted { next_byte: after(last) })
            }
            Err(failure) => match failure.service {
                Some(UploadLayerPartError::InvalidLayerPartException(refusal)) => {
                    let last = refusal.last_valid_byte_received.ok_or(failure.error)?;
                    // No part is a single byte long: the byte 0 says that there is none.
                    Ok(PartOutcome::Misplaced { next_byte: if last <= 0 { 0 } else { after(last) } })
                }
                _ => Err(failure.error),
            },
        }
    }
}

/// Returns the byte after the last one that ECR has.
fn after(last: i64) -> u64 {
    u64::try_from(last.saturating_add(1)).unwrap_or(0)
}

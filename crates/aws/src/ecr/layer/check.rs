//! `BatchCheckLayerAvailability`.

use aws_sdk_ecr::types;
use image::{Digest, RepositoryName};

use crate::ecr::{Ecr, MOST_NAMES};
use crate::error::AwsError;

/// Whether a repository has a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LayerState {
    /// It has.
    Available,
    /// It has not.
    Unavailable,
    /// It has, but must restore it first.
    Archived,
    /// A state newer than this crate.
    Other(String),
}

/// A layer of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// Its digest.
    pub digest: Digest,
    /// Whether the repository has it.
    pub state: LayerState,
    /// Its size in bytes, where the repository has it.
    pub size_bytes: Option<u64>,
    /// Its media type, where ECR knows it.
    pub media_type: Option<String>,
}

/// Layers that were asked for, and those that ECR would not look for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LayerAvailability {
    /// What ECR looked for.
    pub layers: Vec<Layer>,
    /// What it did not: the digest as it was sent, and why.
    pub failures: Vec<(String, String)>,
}

impl Ecr {
    /// Returns which layers a repository has; 100 to a request.
    ///
    /// Spec: ECR `BatchCheckLayerAvailability`.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when the repository does not exist, and whatever else
    /// ECR says.
    pub async fn layers(
        &self,
        repository: &RepositoryName,
        digests: &[Digest],
    ) -> Result<LayerAvailability, AwsError> {
        let chunks = digests.chunks(MOST_NAMES);
        let parts = self.session().try_each(chunks, |digests| self.check_layers(repository, digests)).await?;
        let mut all = LayerAvailability::default();
        for mut part in parts {
            all.layers.append(&mut part.layers);
            all.failures.append(&mut part.failures);
        }
        Ok(all)
    }

    async fn check_layers(
        &self,
        repository: &RepositoryName,
        digests: &[Digest],
    ) -> Result<LayerAvailability, AwsError> {
        let tried = format!("look for {} layers in repository `{repository}`", digests.len());
        let call = self.call("BatchCheckLayerAvailability", tried);
        let answer = call
            .run(|attempts| {
                let request = self
                    .client()
                    .batch_check_layer_availability()
                    .set_registry_id(self.registry_id())
                    .repository_name(repository.as_str())
                    .set_layer_digests(Some(digests.iter().map(Digest::to_string).collect()));
                request.customize().interceptor(attempts).send()
            })
            .await?;
        let mut layers = Vec::with_capacity(digests.len());
        for layer in answer.layers.unwrap_or_default() {
            layers.push(Layer {
                digest: call.read(layer.layer_digest.as_deref(), "layerDigest")?,
                state: match call.need(layer.layer_availability, "layerAvailability")? {
                    types::LayerAvailability::Available => LayerState::Available,
                    types::LayerAvailability::Unavailable => LayerState::Unavailable,
                    types::LayerAvailability::Archived => LayerState::Archived,
                    other => LayerState::Other(other.as_str().to_owned()),
                },
                size_bytes: layer.layer_size.and_then(|size| u64::try_from(size).ok()),
                media_type: layer.media_type,
            });
        }
        let failures = answer.failures.unwrap_or_default().into_iter().map(|failure| {
            let code = failure.failure_code.map(|code| code.as_str().to_owned()).unwrap_or_default();
            (failure.layer_digest.unwrap_or_default(), failure.failure_reason.unwrap_or(code))
        });
        Ok(LayerAvailability { layers, failures: failures.collect() })
    }
}

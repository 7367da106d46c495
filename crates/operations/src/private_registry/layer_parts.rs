//! Very large layers through ECR's own requests, which can go on where they stopped.

use aws::AwsError;
use aws::ecr::{Ecr, PartOutcome};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use image::{Digest, RegistryHost, RepositoryName};
use registry::{Cause, Error, LayerPartUpload, PartRefusal, PartSession, Refusal, Result, Side};

/// ECR's layer parts, as the copy engine takes them.
pub(super) struct EcrParts {
    ecr: Ecr,
    host: RegistryHost,
}

impl EcrParts {
    /// Returns the parts of a registry.
    pub(super) fn new(ecr: Ecr, host: RegistryHost) -> Self {
        Self { ecr, host }
    }

    /// Returns what ECR said as the engine's errors do.
    fn failed(&self, error: &AwsError) -> Error {
        let tried = error.tried();
        let tried = tried.strip_prefix("cannot ").unwrap_or(&tried).to_owned();
        let host = self.host.to_string();
        let cause = match error.status() {
            Some(status) => Cause::Refused(Refusal {
                host,
                status,
                code: error.code().map(str::to_owned),
                words: error.words().to_owned(),
                retry_after: None,
            }),
            None => Cause::Connection { host, words: error.words().to_owned() },
        };
        Error::new(tried, cause).at(Some(Side::Destination))
    }
}

impl LayerPartUpload for EcrParts {
    fn start<'a>(&'a self, repository: &'a RepositoryName) -> BoxFuture<'a, Result<PartSession>> {
        Box::pin(async move {
            let begun = self.ecr.initiate_layer_upload(repository).await;
            let begun = begun.map_err(|error| self.failed(&error))?;
            Ok(PartSession { id: begun.upload_id, part_size: begun.part_bytes })
        })
    }

    fn part<'a>(
        &'a self,
        repository: &'a RepositoryName,
        id: &'a str,
        first: u64,
        bytes: Bytes,
    ) -> BoxFuture<'a, std::result::Result<(), PartRefusal>> {
        Box::pin(async move {
            let end = first + bytes.len() as u64;
            match self.ecr.upload_layer_part(repository, id, first, bytes.to_vec()).await {
                Ok(PartOutcome::Accepted { next_byte } | PartOutcome::Misplaced { next_byte })
                    if next_byte == end =>
                {
                    Ok(())
                }
                Ok(PartOutcome::Accepted { next_byte } | PartOutcome::Misplaced { next_byte }) => {
                    let words = format!("{} wants byte {next_byte} of the layer next", self.host);
                    let tried = format!("write bytes {first} to {end} of a layer of {repository}");
                    let error = Error::new(tried, Cause::Content(words)).at(Some(Side::Destination));
                    Err(PartRefusal { error, received: Some(next_byte) })
                }
                Err(error) => Err(PartRefusal { error: self.failed(&error), received: None }),
            }
        })
    }

    fn complete<'a>(
        &'a self,
        repository: &'a RepositoryName,
        id: &'a str,
        digest: &'a Digest,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let ended = self.ecr.complete_layer_upload(repository, id, digest).await;
            ended.map_err(|error| self.failed(&error))
        })
    }
}

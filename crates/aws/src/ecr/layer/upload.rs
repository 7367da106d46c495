//! A layer uploaded in parts, with constant memory, that can go on where it stopped.

use std::fmt;
use std::mem;

use image::{Digest, RepositoryName};

use super::{PartOutcome, StartedUpload};
use crate::ecr::Ecr;
use crate::error::AwsError;

/// The upload of one layer, in parts that follow each other. Holds at most one part in memory, and a second one
/// while it is sent.
///
/// The upload outlives this value: [`LayerUpload::resume`] takes it up again at [`LayerUpload::sent_bytes`].
#[derive(Debug)]
pub struct LayerUpload {
    ecr: Ecr,
    repository: RepositoryName,
    upload: StartedUpload,
    sent: u64,
    part: Vec<u8>,
}

/// Why an upload cannot go on as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WriteError {
    /// A request failed. What was sent before stands, and the upload may be resumed at
    /// [`LayerUpload::sent_bytes`].
    Failed(AwsError),
    /// ECR lost bytes it had acknowledged, or has bytes of someone else: read the layer again from this byte on.
    Rewind {
        /// The byte that ECR wants next; the upload stands there.
        next_byte: u64,
    },
}

impl LayerUpload {
    /// Begins an upload.
    ///
    /// # Errors
    /// As of [`Ecr::initiate_layer_upload`].
    pub async fn start(ecr: &Ecr, repository: &RepositoryName) -> Result<Self, AwsError> {
        let upload = ecr.initiate_layer_upload(repository).await?;
        Ok(Self::resume(ecr, repository, upload, 0))
    }

    /// Takes up an upload of which `sent` bytes are with ECR; makes no request.
    pub fn resume(ecr: &Ecr, repository: &RepositoryName, upload: StartedUpload, sent: u64) -> Self {
        Self { ecr: ecr.clone(), repository: repository.clone(), upload, sent, part: Vec::new() }
    }

    /// Returns ECR's name for the upload, and the size of its parts.
    pub fn upload(&self) -> &StartedUpload {
        &self.upload
    }

    /// Returns how many bytes ECR has.
    pub fn sent_bytes(&self) -> u64 {
        self.sent
    }

    /// Takes the next bytes of the layer, and sends every part that is full.
    ///
    /// # Errors
    /// [`WriteError`]; bytes that were taken and not sent are forgotten then, and the layer is to be read again
    /// from [`sent_bytes`](Self::sent_bytes) on.
    pub async fn write(&mut self, mut bytes: &[u8]) -> Result<(), WriteError> {
        let part_bytes = self.upload.part_bytes.max(1);
        while !bytes.is_empty() {
            if self.part.capacity() == 0 {
                self.part.reserve_exact(part_bytes);
            }
            let room = part_bytes.saturating_sub(self.part.len()).min(bytes.len());
            let (now, later) = bytes.split_at(room);
            self.part.extend_from_slice(now);
            bytes = later;
            if self.part.len() >= part_bytes {
                self.send().await?;
            }
        }
        Ok(())
    }

    /// Sends what is left and ends the upload.
    ///
    /// # Errors
    /// [`WriteError`], as of [`write`](Self::write) and [`Ecr::complete_layer_upload`].
    pub async fn finish(&mut self, digest: &Digest) -> Result<(), WriteError> {
        if !self.part.is_empty() {
            self.send().await?;
        }
        let upload_id = &self.upload.upload_id;
        self.ecr.complete_layer_upload(&self.repository, upload_id, digest).await.map_err(WriteError::Failed)
    }

    /// Sends the part. After an answer that was lost, ECR has it already and says so; that is a success.
    async fn send(&mut self) -> Result<(), WriteError> {
        let part = mem::take(&mut self.part);
        let end = self.sent.saturating_add(part.len() as u64);
        let sent =
            self.ecr.upload_layer_part(&self.repository, &self.upload.upload_id, self.sent, part).await;
        match sent.map_err(WriteError::Failed)? {
            PartOutcome::Accepted { next_byte } | PartOutcome::Misplaced { next_byte }
                if next_byte == end =>
            {
                self.sent = end;
                Ok(())
            }
            PartOutcome::Accepted { next_byte } | PartOutcome::Misplaced { next_byte } => {
                self.sent = next_byte;
                Err(WriteError::Rewind { next_byte })
            }
        }
    }
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => error.fmt(f),
            Self::Rewind { next_byte } => write!(f, "ECR wants the layer again from byte {next_byte} on"),
        }
    }
}

impl std::error::Error for WriteError {}

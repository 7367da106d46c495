//! What a server keeps: blobs and rows, in a folder of its own or in a bucket that many servers share.
//!
//! Owns the layout of the data, the order of writes that makes a kill harmless, and the sweep of what nothing
//! refers to any more. Knows nothing of requests, of ECR's rules or of who may do what.

mod blobs;
mod data;
mod error;
mod import;
mod metadata;
mod records;
mod rows;
mod s3;
mod sweep;
mod uploads;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use blobs::BlobFiles;
pub(crate) use blobs::{Blob, Blobs, to_digest};
pub use data::{Data, DataError, S3Location};
pub use error::StorageError;
pub(crate) use import::ImportFile;
pub(crate) use metadata::Metadata;
pub(crate) use records::*;
pub(crate) use rows::{Change, Rows, Table, View};
pub(crate) use s3::BucketRequests;
use s3::{Bucket, Objects};
use uploads::UploadFiles;
pub(crate) use uploads::{Session, SessionGuard, UploadFailure, Uploads};

/// The open storage of one server.
#[derive(Debug)]
pub(crate) struct Storage {
    /// The rows.
    pub(crate) metadata: Metadata,
    /// The blobs.
    pub(crate) blobs: Blobs,
    /// The uploads that are not finished.
    pub(crate) uploads: Uploads,
    /// The folder of files that are on their way from an upstream registry.
    spool: PathBuf,
    /// Removes the folder of a server without one, when the server goes.
    _temporary: Option<tempfile::TempDir>,
}

impl Storage {
    /// Opens the storage, creates what is missing and removes what an earlier end left half done.
    ///
    /// # Errors
    /// When the folder cannot be made or read, another server has it open, the bucket does not answer, or a
    /// newer version wrote it.
    pub(crate) fn open(data: &Data) -> Result<Self, StorageError> {
        match data {
            Data::Folder(folder) => {
                let metadata = || Metadata::open(&folder.join("metadata.redb"));
                Self::open_in(folder, true, metadata, None)
            }
            Data::Memory => {
                let temporary = temporary_folder()?;
                let folder = temporary.path().to_owned();
                Self::open_in(&folder, false, Metadata::in_memory, Some(temporary))
            }
            Data::S3(location) => Self::open_bucket(Bucket::connect(location)?),
        }
    }

    /// Opens the storage in a bucket, with a temporary folder for what is needed locally.
    fn open_bucket(bucket: Bucket) -> Result<Self, StorageError> {
        let temporary = temporary_folder()?;
        let failed = |error| StorageError::io("make a file in", temporary.path(), error);
        let copy = tempfile::tempfile_in(temporary.path()).map_err(failed)?;
        let spool = temporary.path().to_owned();
        let bucket = Arc::new(bucket);
        Ok(Self {
            metadata: Metadata::shared(Arc::clone(&bucket), copy)?,
            blobs: Blobs::Objects(Objects { bucket: Arc::clone(&bucket) }),
            uploads: Uploads::Objects(bucket),
            spool,
            _temporary: Some(temporary),
        })
    }

    /// Returns how many requests the bucket was asked, where the data is in one.
    pub(crate) fn bucket_requests(&self) -> Option<Arc<BucketRequests>> {
        match &self.blobs {
            Blobs::Files(_) => None,
            Blobs::Objects(objects) => Some(objects.bucket.requests()),
        }
    }

    fn open_in(
        folder: &Path,
        durable: bool,
        metadata: impl FnOnce() -> Result<Metadata, StorageError>,
        temporary: Option<tempfile::TempDir>,
    ) -> Result<Self, StorageError> {
        std::fs::create_dir_all(folder).map_err(|error| StorageError::io("make", folder, error))?;
        // The database is opened first: its lock keeps a second server from sweeping the first one's files.
        let metadata = metadata()?;
        let blobs = Blobs::Files(BlobFiles::open(&folder.join("blobs"), durable)?);
        let spool = folder.join("uploads");
        let uploads = Uploads::Files(UploadFiles::open(&spool)?);
        Ok(Self { metadata, blobs, uploads, spool, _temporary: temporary })
    }
}

fn temporary_folder() -> Result<tempfile::TempDir, StorageError> {
    let made = tempfile::Builder::new().prefix("local-ecr-").tempdir();
    made.map_err(|error| StorageError::io("make a temporary folder", Path::new(""), error))
}

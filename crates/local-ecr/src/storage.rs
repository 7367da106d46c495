//! What a server keeps: blobs as files named by their digest, everything else as rows of one database.
//!
//! Owns the layout of the data folder, the order of writes that makes a kill harmless, and the sweep of what
//! nothing refers to any more. Knows nothing of requests, of ECR's rules or of who may do what.

mod blobs;
mod error;
mod import;
mod metadata;
mod records;
mod sweep;
mod uploads;

use std::path::{Path, PathBuf};

pub(crate) use blobs::{BlobFile, Blobs, to_digest};
pub use error::StorageError;
pub(crate) use import::ImportFile;
pub(crate) use metadata::{Change, Metadata, Rows, Table, View};
pub(crate) use records::*;
pub(crate) use uploads::{Session, SessionGuard, UploadFailure, Uploads};

/// Where a server keeps its data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// In a folder, which is created when missing; survives a restart and a kill.
    Folder(PathBuf),
    /// In memory, with blobs in a folder for temporary files that goes away with the server.
    Memory,
}

/// The open storage of one server.
#[derive(Debug)]
pub(crate) struct Storage {
    /// The rows.
    pub(crate) metadata: Metadata,
    /// The blobs.
    pub(crate) blobs: Blobs,
    /// The uploads that are not finished.
    pub(crate) uploads: Uploads,
    /// Removes the folder of a server without one, when the server goes.
    _temporary: Option<tempfile::TempDir>,
}

impl Storage {
    /// Opens the storage, creates what is missing and removes what an earlier end left half done.
    ///
    /// # Errors
    /// When the folder cannot be made or read, another server has it open, or a newer version wrote it.
    pub(crate) fn open(data: &Data) -> Result<Self, StorageError> {
        match data {
            Data::Folder(folder) => {
                let metadata = || Metadata::open(&folder.join("metadata.redb"));
                Self::open_in(folder, true, metadata, None)
            }
            Data::Memory => {
                let temporary = tempfile::Builder::new()
                    .prefix("local-ecr-")
                    .tempdir()
                    .map_err(|error| StorageError::io("make a temporary folder", Path::new(""), error))?;
                let folder = temporary.path().to_owned();
                Self::open_in(&folder, false, Metadata::in_memory, Some(temporary))
            }
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
        let blobs = Blobs::open(&folder.join("blobs"), durable)?;
        let uploads = Uploads::open(&folder.join("uploads"), durable)?;
        Ok(Self { metadata, blobs, uploads, _temporary: temporary })
    }
}

//! Files that grow while others read them: blobs on their way from an upstream registry.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;

use bytes::Bytes;
use image::Digest;

use super::Storage;
use super::blobs::Stored;
use super::error::StorageError;
use super::uploads::import_path;

/// A file that becomes a blob; dropped before that, it is removed.
#[derive(Debug)]
pub(crate) struct ImportFile {
    path: PathBuf,
    file: File,
}

impl ImportFile {
    /// Makes an empty file beside the uploads.
    pub(crate) fn create(storage: &Storage) -> Result<Self, StorageError> {
        let path = import_path(&storage.spool);
        let file = File::create_new(&path).map_err(|error| StorageError::io("make", &path, error))?;
        Ok(Self { path, file })
    }

    /// Returns the file opened once more, to be read from its beginning.
    pub(crate) fn open(&self) -> Result<File, StorageError> {
        File::open(&self.path).map_err(|error| StorageError::io("open", &self.path, error))
    }

    /// Appends bytes; blocks.
    pub(crate) fn append(&mut self, chunks: &[Bytes]) -> Result<(), StorageError> {
        for chunk in chunks {
            self.file.write_all(chunk).map_err(|error| StorageError::io("write", &self.path, error))?;
        }
        Ok(())
    }

    /// Takes the file into the storage under its digest, which the caller has checked; blocks.
    pub(crate) fn adopt(self, storage: &Storage, digest: &Digest, size: u64) -> Result<Stored, StorageError> {
        storage.blobs.take_file(&self.path, digest, size)
    }
}

impl Drop for ImportFile {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "a file of an import stays until the next start");
        }
    }
}

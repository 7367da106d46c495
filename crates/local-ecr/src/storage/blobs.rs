//! Blobs, wherever they are kept: opening them, and how what was uploaded becomes one.

mod files;

use std::io;
use std::path::Path;
use std::sync::RwLockReadGuard;

use image::{Algorithm, Digest};

use super::Storage;
use super::error::StorageError;
use super::rows::{Change, Rows};
use super::s3::{ObjectBlob, ObjectStored, Objects};
pub(crate) use files::BlobFile;
pub(super) use files::{BlobFiles, digest_of};

/// The blobs of a server.
#[derive(Debug)]
pub(crate) enum Blobs {
    /// Files of a folder.
    Files(BlobFiles),
    /// Objects of a bucket.
    Objects(Objects),
}

/// A blob that can be read.
#[derive(Debug)]
pub(crate) enum Blob {
    /// An open file.
    File(BlobFile),
    /// Objects.
    Objects(ObjectBlob),
}

/// Bytes that the storage has under a digest, and that no row knows yet.
#[derive(Debug)]
pub(crate) struct Stored {
    /// The digest.
    pub(crate) digest: Digest,
    /// Their size in bytes.
    pub(crate) size: u64,
    pub(super) objects: Option<ObjectStored>,
}

impl Blob {
    /// Returns its size in bytes.
    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::File(file) => file.size,
            Self::Objects(objects) => objects.size(),
        }
    }
}

impl Blobs {
    /// Opens a blob, or returns `None` when it is not there.
    pub(crate) fn open(&self, rows: &impl Rows, digest: &Digest) -> Result<Option<Blob>, StorageError> {
        Ok(match self {
            Self::Files(files) => files.open_blob(digest)?.map(Blob::File),
            Self::Objects(objects) => objects.open(rows, digest)?.map(Blob::Objects),
        })
    }

    /// Keeps the sweep away until the guard is dropped; taken around putting a blob and writing its row.
    /// Objects need none, because no name is used twice.
    pub(crate) fn keep(&self) -> Option<RwLockReadGuard<'_, ()>> {
        match self {
            Self::Files(files) => Some(files.keep()),
            Self::Objects(_) => None,
        }
    }

    /// Takes a local file, whose digest the caller has checked, into the storage; blocks.
    pub(crate) fn take_file(&self, file: &Path, digest: &Digest, size: u64) -> Result<Stored, StorageError> {
        let objects = match self {
            Self::Files(files) => files.adopt(file, digest).map(|()| None)?,
            Self::Objects(objects) => Some(objects.take_file(file)?),
        };
        Ok(Stored { digest: digest.clone(), size, objects })
    }
}

impl Storage {
    /// Writes rows for bytes that the storage has, and with them the row by which they are found; blocks.
    ///
    /// # Errors
    /// As [`super::Metadata::change`]. What was stored is then left to the sweep: the change may have been
    /// written although its answer was lost.
    pub(crate) fn link<T, E: From<StorageError>>(
        &self,
        stored: Stored,
        mut work: impl FnMut(&Change, &Stored) -> Result<T, E>,
    ) -> Result<T, E> {
        let digest = stored.digest.to_string();
        let (result, named) = self.metadata.change(|change| {
            let result = work(change, &stored)?;
            let named = match &stored.objects {
                Some(objects) => Objects::record(change, &digest, objects)?,
                None => true,
            };
            Ok::<_, E>((result, named))
        })?;
        if let (Blobs::Objects(objects), Some(own), false) = (&self.blobs, &stored.objects, named) {
            // The registry had the blob already.
            objects.discard(own)?;
        }
        Ok(result)
    }
}

/// Returns the digest that a sum is.
pub(crate) fn to_digest(algorithm: Algorithm, sum: &[u8]) -> Option<Digest> {
    use std::fmt::Write;
    let mut text = format!("{}:", algorithm.name());
    for byte in sum {
        write!(text, "{byte:02x}").ok()?;
    }
    text.parse().ok()
}

/// Returns the error of a hash that cannot be.
pub(super) fn wrong_hash() -> io::Error {
    io::Error::other("a hash of another length than its algorithm's")
}

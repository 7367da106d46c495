//! Blobs as files: immutable and named by the digest of their bytes.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use image::{Algorithm, Digest};
use sha2::{Sha256, Sha512};

use super::{to_digest, wrong_hash};
use crate::storage::error::StorageError;

/// The folder of blobs.
#[derive(Debug)]
pub(crate) struct BlobFiles {
    folder: PathBuf,
    durable: bool,
    /// Held for reading while a blob is put and its row is written, for writing while one is removed, so
    /// that a sweep never takes a file that has just found its first owner.
    gate: RwLock<()>,
}

/// An open blob.
#[derive(Debug)]
pub(crate) struct BlobFile {
    /// The file, at its beginning.
    pub(crate) file: File,
    /// Its size in bytes.
    pub(crate) size: u64,
}

impl BlobFiles {
    /// Opens the folder and creates it when missing.
    pub(crate) fn open(folder: &Path, durable: bool) -> Result<Self, StorageError> {
        fs::create_dir_all(folder).map_err(|error| StorageError::io("make", folder, error))?;
        Ok(Self { folder: folder.to_owned(), durable, gate: RwLock::new(()) })
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        let encoded = digest.encoded();
        self.folder.join(digest.algorithm().name()).join(&encoded[..2]).join(encoded)
    }

    /// Keeps the sweep away until the guard is dropped; taken around putting a blob and writing its row.
    pub(crate) fn keep(&self) -> RwLockReadGuard<'_, ()> {
        self.gate.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Waits until nobody puts a blob, and keeps everybody from it until the guard is dropped.
    pub(crate) fn alone(&self) -> RwLockWriteGuard<'_, ()> {
        self.gate.write().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Opens a blob, or returns `None` when it is not there.
    pub(crate) fn open_blob(&self, digest: &Digest) -> Result<Option<BlobFile>, StorageError> {
        let path = self.path(digest);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StorageError::io("open", &path, error)),
        };
        let size = file.metadata().map_err(|error| StorageError::io("read", &path, error))?.len();
        Ok(Some(BlobFile { file, size }))
    }

    /// Makes a file, whose digest the caller has checked, a blob; on return the disk has it.
    pub(crate) fn adopt(&self, file: &Path, digest: &Digest) -> Result<(), StorageError> {
        let path = self.path(digest);
        if path.is_file() {
            return fs::remove_file(file).map_err(|error| StorageError::io("remove", file, error));
        }
        if self.durable {
            File::open(file)
                .and_then(|file| file.sync_data())
                .map_err(|error| StorageError::io("sync", file, error))?;
        }
        let folder = path.parent().unwrap_or(&self.folder);
        fs::create_dir_all(folder).map_err(|error| StorageError::io("make", folder, error))?;
        fs::rename(file, &path).map_err(|error| StorageError::io("move into place", &path, error))?;
        if self.durable {
            // The name of the file and of a folder made for it are entries of the folders above.
            for folder in folder.ancestors().take_while(|folder| folder.starts_with(&self.folder)) {
                File::open(folder)
                    .and_then(|folder| folder.sync_all())
                    .map_err(|error| StorageError::io("sync", folder, error))?;
            }
        }
        Ok(())
    }

    /// Removes a blob; a missing one is no error.
    pub(crate) fn remove(&self, digest: &Digest) -> Result<(), StorageError> {
        let path = self.path(digest);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(StorageError::io("remove", &path, error))
            }
            _ => Ok(()),
        }
    }

    /// Calls `each` with the digest of every blob there is.
    pub(crate) fn each(
        &self,
        mut each: impl FnMut(Digest) -> Result<(), StorageError>,
    ) -> Result<(), StorageError> {
        for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
            let folder = self.folder.join(algorithm.name());
            if !folder.is_dir() {
                continue;
            }
            for part in read_folder(&folder)? {
                for file in read_folder(&part)? {
                    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                    if let Ok(digest) = format!("{}:{name}", algorithm.name()).parse() {
                        each(digest)?;
                    }
                }
            }
        }
        Ok(())
    }
}

fn read_folder(folder: &Path) -> Result<Vec<PathBuf>, StorageError> {
    let entries = fs::read_dir(folder).map_err(|error| StorageError::io("list", folder, error))?;
    entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(|error| StorageError::io("list", folder, error))
}

/// Returns the digest of a file's bytes.
pub(in crate::storage) fn digest_of(path: &Path, algorithm: Algorithm) -> Result<Digest, StorageError> {
    let failed = |error| StorageError::io("read", path, error);
    let mut file = File::open(path).map_err(failed)?;
    match algorithm {
        Algorithm::Sha256 => hash_file::<Sha256>(&mut file, algorithm).map_err(failed),
        Algorithm::Sha512 => hash_file::<Sha512>(&mut file, algorithm).map_err(failed),
    }
}

fn hash_file<H: sha2::Digest>(file: &mut File, algorithm: Algorithm) -> io::Result<Digest> {
    let mut hash = H::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => hash.update(buffer.get(..read).unwrap_or_default()),
        }
    }
    let sum = hash.finalize();
    to_digest(algorithm, &sum).ok_or_else(wrong_hash)
}

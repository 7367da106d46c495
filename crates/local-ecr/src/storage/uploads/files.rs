//! Uploads as files that grow, with the hash of what they hold.
//!
//! An upload lives as long as its server: after a restart its file is swept and the client begins again.

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use image::{Algorithm, Digest};
use sha2::{Digest as _, Sha256};
use tokio::sync::OwnedMutexGuard;

use super::UploadFailure;
use crate::clock::Timestamp;
use crate::storage::blobs::{BlobFiles, digest_of};
use crate::storage::error::StorageError;

/// Most uploads that may be open at a time.
const MOST: usize = 10_000;

/// The open uploads of a server.
#[derive(Debug)]
pub(crate) struct UploadFiles {
    folder: PathBuf,
    sessions: Mutex<HashMap<String, Arc<FileSession>>>,
}

/// One upload.
#[derive(Debug)]
pub(crate) struct FileSession {
    /// Its id, a UUID.
    pub(crate) id: String,
    /// The repository it belongs to.
    pub(crate) repository: String,
    path: PathBuf,
    started_at: Timestamp,
    state: Arc<tokio::sync::Mutex<SessionState>>,
}

/// What an upload holds so far.
#[derive(Debug, Default)]
pub(crate) struct SessionState {
    size: u64,
    hash: Sha256,
    parts: u32,
    smallest_part_but_last: Option<u64>,
    last_part: u64,
    closed: bool,
}

impl UploadFiles {
    /// Opens the folder, and empties it of what an earlier server left.
    pub(crate) fn open(folder: &Path) -> Result<Self, StorageError> {
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(StorageError::io("empty", folder, error));
            }
            _ => {}
        }
        fs::create_dir_all(folder).map_err(|error| StorageError::io("make", folder, error))?;
        Ok(Self { folder: folder.to_owned(), sessions: Mutex::new(HashMap::new()) })
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<String, Arc<FileSession>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins an upload; returns `None` when too many are open.
    pub(crate) fn start(
        &self,
        id: String,
        repository: &str,
        now: Timestamp,
    ) -> Result<Option<Arc<FileSession>>, StorageError> {
        let path = self.folder.join(&id);
        let session = Arc::new(FileSession {
            id: id.clone(),
            repository: repository.to_owned(),
            path: path.clone(),
            started_at: now,
            state: Arc::default(),
        });
        let mut sessions = self.sessions();
        if sessions.len() >= MOST {
            return Ok(None);
        }
        fs::File::create_new(&path).map_err(|error| StorageError::io("make", &path, error))?;
        sessions.insert(id, Arc::clone(&session));
        Ok(Some(session))
    }

    /// Returns the upload of an id in a repository.
    pub(crate) fn get(&self, repository: &str, id: &str) -> Option<Arc<FileSession>> {
        self.sessions().get(id).filter(|session| session.repository == repository).cloned()
    }

    /// Forgets an upload and removes its file.
    pub(crate) fn forget(&self, session: &FileSession) {
        if self.sessions().remove(&session.id).is_some() && fs::remove_file(&session.path).is_err() {
            // An adopted file is no longer here, and what stays behind goes at the next start.
            tracing::trace!(upload = session.id, "the file of an upload was gone already");
        }
    }

    /// Forgets every upload that began before a moment, or of a repository.
    pub(crate) fn forget_where(&self, mut gone: impl FnMut(&str, Timestamp) -> bool) {
        let old: Vec<_> = self
            .sessions()
            .values()
            .filter(|session| gone(&session.repository, session.started_at))
            .cloned()
            .collect();
        for session in old {
            self.forget(&session);
        }
    }
}

impl FileSession {
    /// Waits until no other request writes to the upload, and keeps others from it.
    pub(crate) async fn lock(&self) -> FileGuard {
        FileGuard { path: self.path.clone(), state: Arc::clone(&self.state).lock_owned().await }
    }

    /// As [`Self::lock`], for code that may block.
    pub(crate) fn blocking_lock(&self) -> FileGuard {
        FileGuard { path: self.path.clone(), state: Arc::clone(&self.state).blocking_lock_owned() }
    }
}

/// The only way to an upload's bytes, one request at a time.
#[derive(Debug)]
pub(crate) struct FileGuard {
    path: PathBuf,
    state: OwnedMutexGuard<SessionState>,
}

impl FileGuard {
    /// Returns how many bytes the upload has.
    pub(crate) fn size(&self) -> u64 {
        self.state.size
    }

    /// Returns whether the upload was finished or cancelled.
    pub(crate) fn is_closed(&self) -> bool {
        self.state.closed
    }

    /// Returns how many parts came, and the size of the smallest of all but the last, in bytes.
    pub(crate) fn parts(&self) -> (u32, Option<u64>) {
        (self.state.parts, self.state.smallest_part_but_last)
    }

    /// Appends bytes; blocks. What could not be written whole is cut off again.
    pub(crate) fn append(&mut self, chunks: &[Bytes]) -> Result<(), StorageError> {
        let failed = |error| StorageError::io("write", &self.path, error);
        let mut file = OpenOptions::new().append(true).open(&self.path).map_err(failed)?;
        for chunk in chunks {
            if let Err(error) = file.write_all(chunk) {
                file.set_len(self.state.size).map_err(failed)?;
                return Err(failed(error));
            }
            self.state.hash.update(chunk);
            self.state.size += chunk.len() as u64;
        }
        Ok(())
    }

    /// Counts a part of a layer that has just been appended.
    pub(crate) fn count_part(&mut self, size: u64) {
        if self.state.parts > 0 {
            let last = self.state.last_part;
            let smallest = self.state.smallest_part_but_last.map_or(last, |smallest| smallest.min(last));
            self.state.smallest_part_but_last = Some(smallest);
        }
        self.state.parts += 1;
        self.state.last_part = size;
    }

    /// Ends the upload without a blob.
    pub(crate) fn close(&mut self) {
        self.state.closed = true;
    }

    /// Makes the bytes a blob if they have the digest; blocks. The upload is over either way.
    pub(crate) fn finish(&mut self, blobs: &BlobFiles, expected: &Digest) -> Result<(), UploadFailure> {
        if self.state.closed {
            return Err(UploadFailure::Closed);
        }
        let digest = match expected.algorithm() {
            Algorithm::Sha256 => Digest::from_sha256(&self.state.hash.clone().finalize().into()),
            other => digest_of(&self.path, other)?,
        };
        self.state.closed = true;
        if digest != *expected {
            return Err(UploadFailure::Digest { expected: expected.clone(), found: digest });
        }
        Ok(blobs.adopt(&self.path, &digest)?)
    }
}

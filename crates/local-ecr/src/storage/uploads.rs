//! Uploads that are not finished, wherever they are kept.
//!
//! On files an upload lives as long as its server; in a bucket every server can go on with it.

mod files;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use image::Digest;

use super::blobs::{Blobs, Stored};
use super::error::StorageError;
use super::s3::{Bucket, ObjectGuard, ObjectSession};
use crate::clock::Timestamp;
pub(super) use files::UploadFiles;
use files::{FileGuard, FileSession};

/// How long an upload may take.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// The open uploads of a server.
#[derive(Debug)]
pub(crate) enum Uploads {
    /// Files of a folder.
    Files(UploadFiles),
    /// Objects of a bucket, which other servers see as well.
    Objects(Arc<Bucket>),
}

/// One upload.
#[derive(Debug)]
pub(crate) struct Session {
    /// Its id, a UUID.
    pub(crate) id: String,
    /// The repository it belongs to.
    pub(crate) repository: String,
    kept: Kept,
}

#[derive(Debug)]
enum Kept {
    File(Arc<FileSession>),
    Object(ObjectSession),
}

/// The only way to an upload's bytes, one request at a time.
#[derive(Debug)]
pub(crate) enum SessionGuard {
    /// To a file.
    File(FileGuard),
    /// To objects.
    Object(ObjectGuard),
}

/// Why an upload did not become a blob.
#[derive(Debug)]
pub(crate) enum UploadFailure {
    /// Another request finished, cancelled or changed it.
    Closed,
    /// The bytes have another digest; the upload is gone.
    Digest {
        /// What the client says.
        expected: Digest,
        /// What they have.
        found: Digest,
    },
    /// The storage failed.
    Storage(StorageError),
}

impl From<StorageError> for UploadFailure {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

impl Uploads {
    /// Begins an upload that only the present request knows of; returns `None` when too many are open.
    pub(crate) fn start(&self, repository: &str, now: Timestamp) -> Result<Option<Session>, StorageError> {
        let id = uuid::Uuid::new_v4().to_string();
        let kept = match self {
            Self::Files(files) => files.start(id.clone(), repository, now)?.map(Kept::File),
            Self::Objects(bucket) => Some(Kept::Object(ObjectSession::start(bucket, &id, repository, now))),
        };
        Ok(kept.map(|kept| Session { id, repository: repository.to_owned(), kept }))
    }

    /// Returns the upload of an id in a repository; blocks.
    pub(crate) fn get(
        &self,
        repository: &str,
        id: &str,
        now: Timestamp,
    ) -> Result<Option<Session>, StorageError> {
        let kept = match self {
            Self::Files(files) => files.get(repository, id).map(Kept::File),
            Self::Objects(bucket) => ObjectSession::read(bucket, id)?
                .filter(|session| session.repository == repository && session.started_at.age(now) < LONGEST)
                .map(Kept::Object),
        };
        Ok(kept.map(|kept| Session { id: id.to_owned(), repository: repository.to_owned(), kept }))
    }

    /// Forgets an upload and removes what only it needs; blocks.
    pub(crate) fn forget(&self, session: &Session) -> Result<(), StorageError> {
        match (self, &session.kept) {
            (Self::Files(files), Kept::File(session)) => files.forget(session),
            (_, Kept::Object(session)) => session.forget()?,
            _ => {}
        }
        Ok(())
    }

    /// Forgets the uploads of a repository that is gone. Those in a bucket find that out themselves.
    pub(crate) fn forget_repository(&self, repository: &str) {
        if let Self::Files(files) = self {
            files.forget_where(|of, _| of == repository);
        }
    }

    /// Forgets every upload that takes too long. Those in a bucket are swept with what else is there.
    pub(crate) fn forget_old(&self, now: Timestamp) {
        if let Self::Files(files) = self {
            files.forget_where(|_, started_at| started_at.age(now) > LONGEST);
        }
    }
}

impl Session {
    /// Lets later requests, to whatever server, find the upload; blocks.
    pub(crate) fn announce(&self) -> Result<(), StorageError> {
        match &self.kept {
            Kept::File(_) => Ok(()),
            Kept::Object(session) => session.announce(),
        }
    }

    /// Waits until no other request writes to the upload, and keeps others of this server from it.
    pub(crate) async fn lock(&self) -> SessionGuard {
        match &self.kept {
            Kept::File(session) => SessionGuard::File(session.lock().await),
            Kept::Object(session) => SessionGuard::Object(session.lock().await),
        }
    }

    /// As [`Self::lock`], for code that may block.
    pub(crate) fn blocking_lock(&self) -> SessionGuard {
        match &self.kept {
            Kept::File(session) => SessionGuard::File(session.blocking_lock()),
            Kept::Object(session) => SessionGuard::Object(session.blocking_lock()),
        }
    }
}

impl SessionGuard {
    /// Returns how many bytes the upload has.
    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::File(guard) => guard.size(),
            Self::Object(guard) => guard.size(),
        }
    }

    /// Returns whether the upload was finished or cancelled.
    pub(crate) fn is_closed(&self) -> bool {
        match self {
            Self::File(guard) => guard.is_closed(),
            Self::Object(guard) => guard.is_closed(),
        }
    }

    /// Returns how many parts came, and the size of the smallest of all but the last, in bytes.
    pub(crate) fn parts(&self) -> (u32, Option<u64>) {
        match self {
            Self::File(guard) => guard.parts(),
            Self::Object(guard) => guard.parts(),
        }
    }

    /// Appends bytes; blocks. What could not be written whole is not part of the upload.
    pub(crate) fn append(&mut self, chunks: &[Bytes]) -> Result<(), StorageError> {
        match self {
            Self::File(guard) => guard.append(chunks),
            Self::Object(guard) => guard.append(chunks),
        }
    }

    /// Counts a part of a layer that has just been appended.
    pub(crate) fn count_part(&mut self, size: u64) {
        match self {
            Self::File(guard) => guard.count_part(size),
            Self::Object(guard) => guard.count_part(size),
        }
    }

    /// Makes what the present request appended part of the upload for those that follow; blocks.
    ///
    /// # Errors
    /// [`UploadFailure::Closed`] when another request changed the upload meanwhile.
    pub(crate) fn settle(&mut self) -> Result<(), UploadFailure> {
        match self {
            Self::File(_) => Ok(()),
            Self::Object(guard) => guard.settle(),
        }
    }

    /// Ends the upload without a blob; blocks.
    ///
    /// # Errors
    /// [`UploadFailure::Closed`] when another request ended or changed the upload meanwhile.
    pub(crate) fn cancel(&mut self) -> Result<(), UploadFailure> {
        match self {
            Self::File(guard) => {
                guard.close();
                Ok(())
            }
            Self::Object(guard) => guard.cancel(),
        }
    }

    /// Makes the bytes those of a blob if they have the digest; blocks. The upload is over either way.
    pub(crate) fn finish(&mut self, blobs: &Blobs, expected: &Digest) -> Result<Stored, UploadFailure> {
        let size = self.size();
        let objects = match (self, blobs) {
            (Self::File(guard), Blobs::Files(files)) => guard.finish(files, expected).map(|()| None)?,
            (Self::Object(guard), _) => Some(guard.finish(expected)?),
            (Self::File(_), Blobs::Objects(_)) => return Err(UploadFailure::Closed),
        };
        Ok(Stored { digest: expected.clone(), size, objects })
    }
}

/// Returns a path in a folder for a file that is on its way from an upstream registry.
pub(super) fn import_path(folder: &std::path::Path) -> PathBuf {
    folder.join(format!("import-{}", uuid::Uuid::new_v4()))
}

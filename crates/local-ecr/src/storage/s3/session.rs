//! Uploads that are not finished: an object that says what an upload has so far, and the pieces it names.
//!
//! Every request may reach another server. It reads the object, appends pieces, and replaces the object on
//! the condition that it is still the one that was read; the hash goes on from where the last one left it.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use image::{Algorithm, Digest};
use object_store::UpdateVersion;
use serde::{Deserialize, Serialize};
use sha2::digest::common::hazmat::SerializableState;
use sha2::{Digest as _, Sha256};
use tokio::sync::OwnedMutexGuard;

use super::bucket::{Bucket, Put};
use super::object::{FOLDER, ObjectBlob, ObjectStored, new_name};
use super::writer::ObjectWriter;
use crate::clock::Timestamp;
use crate::storage::error::StorageError;
use crate::storage::records::{ObjectRow, PieceRow};
use crate::storage::uploads::UploadFailure;

/// Where the objects of uploads are.
pub(super) const SESSIONS: &str = "uploads";
/// Fewest bytes of a piece that stays as it is when more bytes come.
const SMALLEST_PIECE: u64 = 5 << 20;

/// One upload.
#[derive(Debug)]
pub(in crate::storage) struct ObjectSession {
    /// The repository it belongs to.
    pub(in crate::storage) repository: String,
    /// When it began.
    pub(in crate::storage) started_at: Timestamp,
    state: Arc<tokio::sync::Mutex<State>>,
}

/// What an upload has, as its object says it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Saved {
    repository: String,
    started_at: Timestamp,
    size: u64,
    hash: String,
    pieces: Vec<PieceRow>,
    parts: u32,
    smallest_part_but_last: Option<u64>,
    last_part: u64,
    closed: bool,
    /// Differs with every write, so that a server knows its own.
    write: String,
}

#[derive(Debug)]
struct State {
    id: String,
    bucket: Arc<Bucket>,
    saved: Saved,
    hash: Sha256,
    /// The version of the object; nothing for an upload that no later request continues.
    version: Option<UpdateVersion>,
    /// The piece that the present request appends.
    writing: Option<Writing>,
}

#[derive(Debug)]
struct Writing {
    name: String,
    writer: ObjectWriter,
}

fn object(id: &str) -> String {
    format!("{SESSIONS}/{id}")
}

fn unreadable(id: &str, source: serde_json::Error) -> StorageError {
    StorageError::Row { table: "uploads", key: id.to_owned(), source }
}

impl ObjectSession {
    /// Begins an upload that only the present request knows of.
    pub(in crate::storage) fn start(
        bucket: &Arc<Bucket>,
        id: &str,
        repository: &str,
        now: Timestamp,
    ) -> Self {
        let saved = Saved {
            repository: repository.to_owned(),
            started_at: now,
            size: 0,
            hash: String::new(),
            pieces: Vec::new(),
            parts: 0,
            smallest_part_but_last: None,
            last_part: 0,
            closed: false,
            write: String::new(),
        };
        Self::with(bucket, id, saved, Sha256::new(), None)
    }

    fn with(
        bucket: &Arc<Bucket>,
        id: &str,
        saved: Saved,
        hash: Sha256,
        version: Option<UpdateVersion>,
    ) -> Self {
        Self {
            repository: saved.repository.clone(),
            started_at: saved.started_at,
            state: Arc::new(tokio::sync::Mutex::new(State {
                id: id.to_owned(),
                bucket: Arc::clone(bucket),
                saved,
                hash,
                version,
                writing: None,
            })),
        }
    }

    /// Reads the upload of an id; blocks.
    pub(in crate::storage) fn read(bucket: &Arc<Bucket>, id: &str) -> Result<Option<Self>, StorageError> {
        // An id names an object, so it must be one that this server could have given out.
        if uuid::Uuid::parse_str(id).map(|known| known.to_string()).ok().as_deref() != Some(id) {
            return Ok(None);
        }
        let Some((bytes, version)) = bucket.get(&object(id))? else { return Ok(None) };
        let saved: Saved = serde_json::from_slice(&bytes).map_err(|source| unreadable(id, source))?;
        let wrong = || unreadable(id, serde::de::Error::custom("the state of its hash cannot be read"));
        let state = STANDARD.decode(&saved.hash).map_err(|_| wrong())?;
        let state = state.as_slice().try_into().map_err(|_| wrong())?;
        let hash = Sha256::deserialize(&state).map_err(|_| wrong())?;
        Ok(Some(Self::with(bucket, id, saved, hash, Some(version))))
    }

    /// Lets later requests find the upload; blocks.
    pub(in crate::storage) fn announce(&self) -> Result<(), StorageError> {
        let mut state = self.state.blocking_lock();
        let bytes = state.encode()?;
        if let Put::Done(version) = state.bucket.create(&object(&state.id), bytes)? {
            state.version = Some(version);
        }
        Ok(())
    }

    /// Waits until no other holder of this session writes to the upload.
    pub(in crate::storage) async fn lock(&self) -> ObjectGuard {
        ObjectGuard(Arc::clone(&self.state).lock_owned().await)
    }

    /// As [`Self::lock`], for code that may block.
    pub(in crate::storage) fn blocking_lock(&self) -> ObjectGuard {
        ObjectGuard(Arc::clone(&self.state).blocking_lock_owned())
    }

    /// Removes the object of the upload; blocks.
    pub(in crate::storage) fn forget(&self) -> Result<(), StorageError> {
        let state = self.state.blocking_lock();
        match state.version {
            Some(_) => state.bucket.remove(vec![object(&state.id)]),
            None => Ok(()),
        }
    }
}

/// The way to an upload's bytes.
#[derive(Debug)]
pub(crate) struct ObjectGuard(OwnedMutexGuard<State>);

impl ObjectGuard {
    /// Returns how many bytes the upload has.
    pub(in crate::storage) fn size(&self) -> u64 {
        self.0.saved.size
    }

    /// Returns whether the upload was finished or cancelled.
    pub(in crate::storage) fn is_closed(&self) -> bool {
        self.0.saved.closed
    }

    /// Returns how many parts came, and the size of the smallest of all but the last, in bytes.
    pub(in crate::storage) fn parts(&self) -> (u32, Option<u64>) {
        (self.0.saved.parts, self.0.saved.smallest_part_but_last)
    }

    /// Appends bytes; blocks.
    pub(in crate::storage) fn append(&mut self, chunks: &[Bytes]) -> Result<(), StorageError> {
        let state = &mut *self.0;
        for chunk in chunks.iter().filter(|chunk| !chunk.is_empty()) {
            if state.writing.is_none() {
                state.writing = Some(state.begin_piece()?);
            }
            if let Some(writing) = &mut state.writing {
                writing.writer.write(chunk.clone())?;
            }
            state.hash.update(chunk);
            state.saved.size += chunk.len() as u64;
        }
        Ok(())
    }

    /// Counts a part of a layer that has just been appended.
    pub(in crate::storage) fn count_part(&mut self, size: u64) {
        let saved = &mut self.0.saved;
        if saved.parts > 0 {
            let last = saved.last_part;
            let smallest = saved.smallest_part_but_last.map_or(last, |smallest| smallest.min(last));
            saved.smallest_part_but_last = Some(smallest);
        }
        saved.parts += 1;
        saved.last_part = size;
    }

    /// Makes what was appended part of the upload for all servers; blocks.
    pub(in crate::storage) fn settle(&mut self) -> Result<(), UploadFailure> {
        self.0.end_piece()?;
        self.0.save()
    }

    /// Ends the upload without a blob; blocks.
    pub(in crate::storage) fn cancel(&mut self) -> Result<(), UploadFailure> {
        self.0.writing = None;
        self.close()?;
        Ok(self.0.discard()?)
    }

    /// Closes the upload for everybody else.
    fn close(&mut self) -> Result<(), UploadFailure> {
        if self.0.saved.closed {
            return Err(UploadFailure::Closed);
        }
        self.0.saved.closed = true;
        self.0.save()
    }

    /// Makes the bytes objects of a blob if they have the digest; blocks. The upload is over either way.
    pub(in crate::storage) fn finish(&mut self, expected: &Digest) -> Result<ObjectStored, UploadFailure> {
        self.0.end_piece()?;
        // Of several requests that end the upload, on whatever server, one closes it.
        self.close()?;
        let row = ObjectRow { pieces: self.0.saved.pieces.clone() };
        let digest = match expected.algorithm() {
            Algorithm::Sha256 => Digest::from_sha256(&self.0.hash.clone().finalize().into()),
            other => ObjectBlob::new(&self.0.bucket, row.clone()).digest(other)?,
        };
        if digest != *expected {
            self.0.discard()?;
            return Err(UploadFailure::Digest { expected: expected.clone(), found: digest });
        }
        Ok(ObjectStored(row))
    }
}

impl State {
    fn encode(&mut self) -> Result<Bytes, StorageError> {
        self.saved.write = new_name();
        self.saved.hash = STANDARD.encode(self.hash.serialize());
        let bytes = serde_json::to_vec(&self.saved).map_err(|source| unreadable(&self.id, source))?;
        Ok(Bytes::from(bytes))
    }

    /// Replaces the object of the upload where nobody else has.
    fn save(&mut self) -> Result<(), UploadFailure> {
        let Some(version) = self.version.clone() else { return Ok(()) };
        let bytes = self.encode()?;
        match self.bucket.replace(&object(&self.id), bytes, version)? {
            Put::Done(version) => {
                self.version = Some(version);
                Ok(())
            }
            Put::Refused => Err(UploadFailure::Closed),
        }
    }

    /// Begins a piece; a short one before it is taken up, so that a blob never has many short pieces.
    fn begin_piece(&mut self) -> Result<Writing, StorageError> {
        let name = new_name();
        let mut writer = ObjectWriter::new(&self.bucket, FOLDER, name.clone());
        let short = self.saved.pieces.last().filter(|piece| piece.size < SMALLEST_PIECE);
        let Some(piece) = short.cloned() else { return Ok(Writing { name, writer }) };
        let path = format!("{FOLDER}/{}", piece.name);
        let (bytes, _) = self.bucket.get(&path)?.ok_or_else(|| {
            let source =
                object_store::Error::NotFound { path: path.clone(), source: "a piece is gone".into() };
            StorageError::bucket("read", &path, source)
        })?;
        writer.write(bytes)?;
        // Its object stays for who reads the upload before this request is done; the sweep removes it.
        self.saved.pieces.pop();
        Ok(Writing { name, writer })
    }

    fn end_piece(&mut self) -> Result<(), StorageError> {
        let Some(Writing { name, writer }) = self.writing.take() else { return Ok(()) };
        let size = writer.finish()?;
        self.saved.pieces.push(PieceRow { name, size });
        Ok(())
    }

    /// Removes all pieces.
    fn discard(&mut self) -> Result<(), StorageError> {
        let pieces = std::mem::take(&mut self.saved.pieces);
        self.bucket.remove(pieces.iter().map(|piece| format!("{FOLDER}/{}", piece.name)).collect())
    }
}

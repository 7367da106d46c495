//! Writing one object of any size with little memory: in one request, or in parts when it is large.
//!
//! A multipart upload costs until it is completed or aborted, and no list of objects shows it. So its id is
//! noted in an object of its own first, by which the sweep finds what a killed server left.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use bytes::Bytes;
use object_store::multipart::PartId;
use object_store::{Error, PutPayload};

use super::bucket::Bucket;
use crate::storage::error::StorageError;

/// Bytes of every part but the last. All parts have the same size, which some services ask for, and 10,000
/// of them hold the largest layer.
const PART: usize = 6 << 20;
/// Where the ids of multipart uploads under way are noted.
pub(super) const NOTES: &str = "multipart";

/// An object on its way into the bucket; dropped before it is finished, it never appears.
#[derive(Debug)]
pub(super) struct ObjectWriter {
    bucket: Arc<Bucket>,
    folder: &'static str,
    name: String,
    waiting: VecDeque<Bytes>,
    waiting_size: usize,
    size: u64,
    multipart: Option<Multipart>,
}

#[derive(Debug)]
struct Multipart {
    id: String,
    parts: Vec<PartId>,
    /// The part that is sent while the next one comes in.
    sending: Option<Receiver<Result<PartId, Error>>>,
}

/// Returns the name under which a multipart upload of an object is noted.
fn note(folder: &str, name: &str) -> String {
    format!("{NOTES}/{folder}.{name}")
}

/// Returns the object that a note is about.
pub(super) fn noted(note: &str) -> Option<String> {
    note.split_once('.').map(|(folder, name)| format!("{folder}/{name}"))
}

impl ObjectWriter {
    /// Begins an object in a folder of the bucket; nothing is asked before its bytes come.
    pub(super) fn new(bucket: &Arc<Bucket>, folder: &'static str, name: String) -> Self {
        Self {
            bucket: Arc::clone(bucket),
            folder,
            name,
            waiting: VecDeque::new(),
            waiting_size: 0,
            size: 0,
            multipart: None,
        }
    }

    fn path(&self) -> String {
        format!("{}/{}", self.folder, self.name)
    }

    /// Appends bytes; blocks while a part is sent that must be out before they fit.
    pub(super) fn write(&mut self, bytes: Bytes) -> Result<(), StorageError> {
        self.size += bytes.len() as u64;
        self.waiting_size += bytes.len();
        self.waiting.push_back(bytes);
        // One byte more than a part: the last part is never empty.
        while self.waiting_size > PART {
            self.send(PART)?;
        }
        Ok(())
    }

    /// Takes the next bytes that wait.
    fn take(&mut self, mut size: usize) -> PutPayload {
        let mut taken = Vec::new();
        while size > 0
            && let Some(mut piece) = self.waiting.pop_front()
        {
            if piece.len() > size {
                self.waiting.push_front(piece.split_off(size));
            }
            size -= piece.len();
            self.waiting_size -= piece.len();
            taken.push(piece);
        }
        taken.into_iter().collect()
    }

    fn send(&mut self, size: usize) -> Result<(), StorageError> {
        let (path, name) = (self.bucket.key(&self.path()), self.path());
        let payload = self.take(size);
        let mut multipart = match self.multipart.take() {
            Some(multipart) => multipart,
            None => {
                let (store, key) = (self.bucket.store(), path.clone());
                let id =
                    self.bucket.wait("begin", &name, async move { store.create_multipart(&key).await })?;
                let multipart = Multipart { id: id.clone(), parts: Vec::new(), sending: None };
                if let Err(error) = self.bucket.put(&note(self.folder, &self.name), Bytes::from(id)) {
                    self.abort(multipart);
                    return Err(error);
                }
                multipart
            }
        };
        let sent = multipart.sent(&name);
        let (store, id, index) = (self.bucket.store(), multipart.id.clone(), multipart.parts.len());
        if sent.is_ok() {
            let part = async move { store.put_part(&path, &id, index, payload).await };
            multipart.sending = Some(self.bucket.begin(part));
        }
        self.multipart = Some(multipart);
        sent
    }

    /// Makes the object whole and returns its size; on return the bucket has it.
    pub(super) fn finish(mut self) -> Result<u64, StorageError> {
        let (path, name, rest) = (self.bucket.key(&self.path()), self.path(), self.waiting_size);
        if self.multipart.is_none() {
            let (store, payload) = (self.bucket.store(), self.take(rest));
            let put = async move { object_store::ObjectStoreExt::put(&*store, &path, payload).await };
            self.bucket.wait("write", &name, put)?;
            return Ok(self.size);
        }
        if rest > 0 {
            self.send(rest)?;
        }
        let Some(mut multipart) = self.multipart.take() else { return Ok(self.size) };
        if let Err(error) = multipart.sent(&name) {
            self.multipart = Some(multipart);
            return Err(error);
        }
        let store = self.bucket.store();
        let whole = async move { store.complete_multipart(&path, &multipart.id, multipart.parts).await };
        // Where this fails it may have been done all the same, so nothing is aborted: the sweep will.
        self.bucket.wait("complete", &name, whole)?;
        self.bucket.remove(vec![note(self.folder, &self.name)])?;
        Ok(self.size)
    }

    fn abort(&self, multipart: Multipart) {
        let (store, path) = (self.bucket.store(), self.bucket.key(&self.path()));
        let note = self.bucket.key(&note(self.folder, &self.name));
        // Nobody waits for this, and what it does not manage the sweep does.
        drop(self.bucket.begin(async move {
            if store.abort_multipart(&path, &multipart.id).await.is_ok()
                && let Err(error) = object_store::ObjectStoreExt::delete(&*store, &note).await
            {
                tracing::debug!(%error, "the note of an upload stays until the sweep");
            }
        }));
    }
}

impl Multipart {
    /// Waits for the part that is on its way.
    fn sent(&mut self, name: &str) -> Result<(), StorageError> {
        let Some(sending) = self.sending.take() else { return Ok(()) };
        let part = sending
            .recv()
            .unwrap_or_else(|_| Err(Error::Generic { store: "S3", source: "the server is stopping".into() }));
        self.parts.push(part.map_err(|source| StorageError::bucket("write a part of", name, source))?);
        Ok(())
    }
}

impl Drop for ObjectWriter {
    fn drop(&mut self) {
        if let Some(multipart) = self.multipart.take() {
            self.abort(multipart);
        }
    }
}

//! Blobs as objects: each upload makes objects with names of its own, and one row says which of them, one
//! behind the other, are a digest.
//!
//! A name is never used twice, so an object that no row names will never be named again, and removing it
//! needs no agreement between servers.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt, TryStreamExt};
use image::{Algorithm, Digest};
use object_store::{GetOptions, GetRange, ObjectStore};
use sha2::{Sha256, Sha512};

use super::bucket::Bucket;
use super::writer::ObjectWriter;
use crate::storage::blobs::{to_digest, wrong_hash};
use crate::storage::error::StorageError;
use crate::storage::records::{BLOB_REPOSITORIES, OBJECTS, ObjectRow, PieceRow, below};
use crate::storage::rows::{Change, Rows};

/// Where the objects of blobs are.
pub(super) const FOLDER: &str = "blobs";
/// Bytes read from a local file at a time.
const READ: usize = 1 << 20;

/// The blobs of a bucket.
#[derive(Debug)]
pub(crate) struct Objects {
    /// The bucket.
    pub(in crate::storage) bucket: Arc<Bucket>,
}

/// The bytes of a blob in a bucket.
#[derive(Debug, Clone)]
pub(crate) struct ObjectBlob {
    bucket: Arc<Bucket>,
    row: ObjectRow,
}

/// Objects that a row is still to name.
#[derive(Debug)]
pub(in crate::storage) struct ObjectStored(pub(super) ObjectRow);

/// Returns a name that no object has had.
pub(super) fn new_name() -> String {
    uuid::Uuid::new_v4().to_string()
}

impl Objects {
    /// Returns the blob of a digest, or `None` where there is none.
    pub(in crate::storage) fn open(
        &self,
        rows: &impl Rows,
        digest: &Digest,
    ) -> Result<Option<ObjectBlob>, StorageError> {
        let row = rows.get(&OBJECTS, &digest.to_string())?;
        Ok(row.map(|row| ObjectBlob { bucket: Arc::clone(&self.bucket), row }))
    }

    /// Takes a local file into the bucket; blocks.
    pub(in crate::storage) fn take_file(&self, path: &Path) -> Result<ObjectStored, StorageError> {
        use std::io::Read;
        let failed = |error| StorageError::io("read", path, error);
        let mut file = std::fs::File::open(path).map_err(failed)?;
        let name = new_name();
        let mut writer = ObjectWriter::new(&self.bucket, FOLDER, name.clone());
        loop {
            let mut buffer = Vec::with_capacity(READ);
            if file.by_ref().take(READ as u64).read_to_end(&mut buffer).map_err(failed)? == 0 {
                break;
            }
            writer.write(Bytes::from(buffer))?;
        }
        let size = writer.finish()?;
        Ok(ObjectStored(ObjectRow { pieces: vec![PieceRow { name, size }] }))
    }

    /// Writes the row of a digest where there is none; returns whether it names these objects.
    pub(in crate::storage) fn record(
        change: &Change,
        digest: &str,
        stored: &ObjectStored,
    ) -> Result<bool, StorageError> {
        match change.get(&OBJECTS, digest)? {
            Some(known) => Ok(known == stored.0),
            None => change.put(&OBJECTS, digest, &stored.0).map(|()| true),
        }
    }

    /// Removes the row of a digest that is in no repository; returns the objects it named.
    pub(in crate::storage) fn forget(
        change: &Change,
        digest: &str,
    ) -> Result<Option<ObjectStored>, StorageError> {
        if change.any(&BLOB_REPOSITORIES, &below(&[digest]))? {
            return Ok(None);
        }
        let row = change.get(&OBJECTS, digest)?;
        change.remove(&OBJECTS, digest)?;
        Ok(row.map(ObjectStored))
    }

    /// Removes objects that no row names and none ever will.
    pub(in crate::storage) fn discard(&self, stored: &ObjectStored) -> Result<(), StorageError> {
        self.bucket.remove(stored.0.pieces.iter().map(|piece| format!("{FOLDER}/{}", piece.name)).collect())
    }
}

impl ObjectBlob {
    /// Returns the blob of a row.
    pub(super) fn new(bucket: &Arc<Bucket>, row: ObjectRow) -> Self {
        Self { bucket: Arc::clone(bucket), row }
    }

    /// Returns its size in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.row.pieces.iter().map(|piece| piece.size).sum()
    }

    /// Returns `length` bytes from `start` on as they come; the first request is answered on return.
    ///
    /// # Errors
    /// When the bucket does not give the first of them.
    pub(crate) async fn stream(
        &self,
        start: u64,
        length: u64,
    ) -> std::io::Result<impl Stream<Item = std::io::Result<Bytes>> + Send + use<>> {
        let (mut at, end) = (0, start.saturating_add(length));
        let mut wanted = Vec::new();
        for piece in &self.row.pieces {
            let (from, to) = (start.max(at), end.min(at + piece.size));
            if from < to {
                let key = self.bucket.key(&format!("{FOLDER}/{}", piece.name));
                wanted.push((key, from - at..to - at));
            }
            at += piece.size;
        }
        let mut wanted = wanted.into_iter();
        let first = match wanted.next() {
            Some((key, range)) => Some(read(Arc::clone(&self.bucket), key, range).await),
            None => None,
        };
        let first = first.transpose().map_err(std::io::Error::other)?;
        let bucket = Arc::clone(&self.bucket);
        let rest = futures_util::stream::iter(wanted)
            .then(move |(key, range)| read(Arc::clone(&bucket), key, range))
            .try_flatten();
        let first = futures_util::stream::iter(first).flatten();
        Ok(first.chain(rest).map_err(std::io::Error::other))
    }

    /// Returns the digest of the blob's bytes, all of which are read; blocks.
    pub(super) fn digest(&self, algorithm: Algorithm) -> Result<Digest, StorageError> {
        let blob = self.clone();
        let name = self.row.pieces.first().map(|piece| piece.name.clone()).unwrap_or_default();
        let sum = self.bucket.wait("read", &name, async move {
            let failed = |error| object_store::Error::Generic { store: "S3", source: Box::new(error) };
            let mut bytes = Box::pin(blob.stream(0, blob.size()).await.map_err(failed)?);
            match algorithm {
                Algorithm::Sha256 => hash::<Sha256>(&mut bytes).await.map_err(failed),
                Algorithm::Sha512 => hash::<Sha512>(&mut bytes).await.map_err(failed),
            }
        })?;
        to_digest(algorithm, &sum).ok_or_else(|| StorageError::io("hash", Path::new(&name), wrong_hash()))
    }
}

async fn read(
    bucket: Arc<Bucket>,
    key: object_store::path::Path,
    range: Range<u64>,
) -> Result<BoxStream<'static, Result<Bytes, object_store::Error>>, object_store::Error> {
    let options = GetOptions::new().with_range(Some(GetRange::Bounded(range)));
    Ok(bucket.store().get_opts(&key, options).await?.into_stream())
}

async fn hash<H: sha2::Digest>(
    bytes: &mut (impl Stream<Item = std::io::Result<Bytes>> + Unpin),
) -> std::io::Result<Vec<u8>> {
    let mut hash = H::new();
    while let Some(piece) = bytes.try_next().await? {
        hash.update(&piece);
    }
    Ok(hash.finalize().to_vec())
}

//! Several servers on one bucket in memory, some of whose answers get lost.

mod blobs;
mod lossy;
mod rows;

use std::sync::Arc;

use futures_util::StreamExt;
use image::Digest;
use object_store::ObjectStore;
use object_store::path::Path;
use sha2::Digest as _;

use self::lossy::{Lossy, store};
use super::{Bucket, Replica};
use crate::clock::{Clock, Timestamp};
use crate::storage::metadata::Metadata;
use crate::storage::records::SETTINGS;
use crate::storage::rows::Rows;
use crate::storage::{Storage, StorageError};

fn server(store: &Arc<Lossy>) -> Storage {
    let bucket = Bucket::over(Arc::clone(store) as _, "one/registry").expect("a bucket");
    Storage::open_bucket(bucket).expect("the storage opens")
}

fn replica(storage: &Storage) -> &Arc<Replica> {
    match &storage.metadata {
        Metadata::Shared(replica) => replica,
        Metadata::Own(_) => panic!("the rows are shared"),
    }
}

/// Adds one to a number that all servers count.
fn count(storage: &Storage, name: &str) -> Result<u64, StorageError> {
    storage.metadata.change(|change| {
        let number = change.get(&SETTINGS, name)?.and_then(|value| value.as_u64()).unwrap_or(0) + 1;
        change.put(&SETTINGS, name, &number.into())?;
        Ok(number)
    })
}

fn number(storage: &Storage, name: &str) -> u64 {
    let view = storage.metadata.read().expect("a view");
    view.get(&SETTINGS, name).expect("a row").and_then(|value| value.as_u64()).unwrap_or(0)
}

fn objects(store: &Arc<Lossy>, folder: &str) -> usize {
    let prefix = Path::from(format!("one/registry/{folder}"));
    block_on(store.inner.list(Some(&prefix)).count())
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

fn digest(bytes: &[u8]) -> Digest {
    Digest::from_sha256(&sha2::Sha256::digest(bytes).into())
}

fn now() -> Timestamp {
    Clock::system().now()
}

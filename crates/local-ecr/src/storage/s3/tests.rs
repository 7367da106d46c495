//! Several servers on one bucket in memory, some of whose answers get lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use image::Digest;
use object_store::memory::InMemory;
use object_store::multipart::{MultipartStore, PartId};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartId, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use sha2::Digest as _;

use super::{Bucket, Replica};
use crate::clock::{Clock, Timestamp};
use crate::storage::blobs::{Blob, Blobs};
use crate::storage::metadata::Metadata;
use crate::storage::records::{BLOB_REPOSITORIES, OBJECTS, SETTINGS, key};
use crate::storage::rows::Rows;
use crate::storage::uploads::{Session, UploadFailure};
use crate::storage::{Storage, StorageError};

/// A store in memory that does every `lossy`th write and then says that it failed.
#[derive(Debug, Default)]
struct Lossy {
    inner: InMemory,
    lossy: usize,
    writes: AtomicUsize,
}

impl std::fmt::Display for Lossy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a store that loses answers")
    }
}

#[async_trait::async_trait]
impl ObjectStore for Lossy {
    async fn put_opts(&self, path: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let done = self.inner.put_opts(path, payload, options).await;
        let number = self.writes.fetch_add(1, Ordering::SeqCst) + 1;
        if self.lossy > 0 && number.is_multiple_of(self.lossy) && path.as_ref().contains("log/") {
            return Err(Error::Generic { store: "lossy", source: "the answer is lost".into() });
        }
        done
    }

    async fn put_multipart_opts(
        &self,
        path: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(path, options).await
    }

    async fn get_opts(&self, path: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(path, options).await
    }

    fn delete_stream(&self, paths: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(paths)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

#[async_trait::async_trait]
impl MultipartStore for Lossy {
    async fn create_multipart(&self, path: &Path) -> Result<MultipartId> {
        self.inner.create_multipart(path).await
    }

    async fn put_part(
        &self,
        path: &Path,
        id: &MultipartId,
        index: usize,
        data: PutPayload,
    ) -> Result<PartId> {
        self.inner.put_part(path, id, index, data).await
    }

    async fn complete_multipart(
        &self,
        path: &Path,
        id: &MultipartId,
        parts: Vec<PartId>,
    ) -> Result<PutResult> {
        self.inner.complete_multipart(path, id, parts).await
    }

    async fn abort_multipart(&self, path: &Path, id: &MultipartId) -> Result<()> {
        self.inner.abort_multipart(path, id).await
    }
}

fn store(lossy: usize) -> Arc<Lossy> {
    Arc::new(Lossy { lossy, ..Lossy::default() })
}

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

#[test]
fn servers_that_count_together_lose_nothing() {
    for lossy in [0, 5] {
        let store = store(lossy);
        let servers = [server(&store), server(&store), server(&store)];
        std::thread::scope(|scope| {
            for server in &servers {
                for thread in 0..4 {
                    scope.spawn(move || {
                        let mut last = 0;
                        for _ in 0..25 {
                            let number = count(server, "shared").expect("it is written");
                            assert!(number > last, "what was acknowledged is seen");
                            last = number;
                            count(server, &format!("own {thread}")).expect("it is written");
                        }
                    });
                }
            }
        });
        for server in &servers {
            assert_eq!(number(server, "shared"), 300, "every {lossy}th answer is lost");
            assert_eq!((0..4).map(|thread| number(server, &format!("own {thread}"))).sum::<u64>(), 300);
        }
        assert!(objects(&store, "log") <= 600, "changes of one server share entries");
    }
}

#[test]
fn what_one_server_acknowledged_the_others_see_at_once() {
    let store = store(0);
    let (one, two) = (server(&store), server(&store));
    for round in 1..=20 {
        assert_eq!(count(&one, "n").expect("it is written"), round * 2 - 1);
        assert_eq!(number(&two, "n"), round * 2 - 1);
        assert_eq!(count(&two, "n").expect("it is written"), round * 2);
        assert_eq!(number(&one, "n"), round * 2);
    }
    let late = server(&store);
    assert_eq!(number(&late, "n"), 40);
}

#[test]
fn a_refused_change_leaves_nothing_and_costs_others_nothing() {
    let store = store(0);
    let (one, two) = (server(&store), server(&store));
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let one = &one;
            scope.spawn(move || {
                for _ in 0..20 {
                    if thread % 2 == 0 {
                        count(one, "n").expect("it is written");
                        continue;
                    }
                    let refused = one.metadata.change(|change| {
                        let number =
                            change.get(&SETTINGS, "n")?.and_then(|value| value.as_u64()).unwrap_or(0);
                        change.put(&SETTINGS, "n", &(number + 1000).into())?;
                        change.remove_all(&SETTINGS, "")?;
                        Err::<(), _>(StorageError::Contended)
                    });
                    assert!(matches!(refused, Err(StorageError::Contended)));
                }
            });
        }
    });
    assert_eq!((number(&one, "n"), number(&two, "n")), (80, 80));
    // What another server did decides what is refused.
    count(&two, "late").expect("it is written");
    let seen = one.metadata.change(|change| change.has(&SETTINGS, "late"));
    assert!(seen.expect("an answer"), "a change that changes nothing looks at the log, too");
}

#[test]
fn a_server_that_slept_through_snapshots_goes_on() {
    let store = store(0);
    let (busy, asleep) = (server(&store), server(&store));
    count(&asleep, "n").expect("it is written");
    for _ in 0..3 {
        for _ in 0..5 {
            count(&busy, "n").expect("it is written");
        }
        replica(&busy).snapshot().expect("a snapshot");
    }
    assert_eq!(objects(&store, "snapshots"), 2, "the newest two");
    assert_eq!(objects(&store, "log"), 16, "emptied entries keep their numbers");
    let late = server(&store);
    assert_eq!(number(&late, "n"), 16);
    assert_eq!(count(&asleep, "n").expect("it is written"), 17, "no number is written twice");
    assert_eq!((number(&busy, "n"), number(&late, "n")), (17, 17));
}

fn read(storage: &Storage, digest: &Digest, start: u64, length: u64) -> Option<Vec<u8>> {
    let view = storage.metadata.read().expect("a view");
    let Blob::Objects(blob) = storage.blobs.open(&view, digest).expect("an answer")? else {
        panic!("blobs are objects")
    };
    let bytes = block_on(async { blob.stream(start, length).await?.try_concat_bytes().await });
    Some(bytes.expect("bytes"))
}

trait ConcatBytes {
    async fn try_concat_bytes(self) -> std::io::Result<Vec<u8>>;
}

impl<S: futures_util::Stream<Item = std::io::Result<Bytes>>> ConcatBytes for S {
    async fn try_concat_bytes(self) -> std::io::Result<Vec<u8>> {
        self.try_fold(Vec::new(), |mut all, piece| async move {
            all.extend_from_slice(&piece);
            Ok(all)
        })
        .await
    }
}

fn begin(storage: &Storage) -> Session {
    let session = storage.uploads.start("aa", now()).expect("an answer").expect("a session");
    session.announce().expect("it is announced");
    session
}

fn again(storage: &Storage, id: &str) -> Option<Session> {
    storage.uploads.get("aa", id, now()).expect("an answer")
}

fn link(storage: &Storage, stored: crate::storage::blobs::Stored, repository: &str) {
    let row = key(&[&stored.digest.to_string(), repository]);
    let linked = storage.link(stored, |change, _| change.put(&BLOB_REPOSITORIES, &row, &()));
    linked.expect("it is linked");
}

fn upload(storage: &Storage, bytes: &[u8], repository: &str) -> Digest {
    let session = storage.uploads.start("aa", now()).expect("an answer").expect("a session");
    let mut guard = session.blocking_lock();
    guard.append(&[Bytes::copy_from_slice(bytes)]).expect("it is appended");
    let stored = guard.finish(&storage.blobs, &digest(bytes)).expect("it is whole");
    link(storage, stored, repository);
    digest(bytes)
}

#[test]
fn an_upload_goes_on_at_any_server() {
    let store = store(0);
    let servers = [server(&store), server(&store)];
    let bytes: Vec<u8> = (0..14_000_000_u32).map(|number| (number % 251) as u8).collect();
    let session = begin(&servers[0]);
    let mut at = 0;
    for (turn, size) in [100, 7_000_000, 3, 6_500_000, bytes.len()].into_iter().enumerate() {
        let session = again(&servers[turn % 2], &session.id).expect("it is there");
        let mut guard = session.blocking_lock();
        assert_eq!(guard.size(), at as u64);
        let end = bytes.len().min(at + size);
        for chunk in bytes[at..end].chunks(300_000) {
            guard.append(&[Bytes::copy_from_slice(chunk)]).expect("it is appended");
        }
        guard.settle().expect("it is settled");
        at = end;
    }
    let [first, second] = [0, 1].map(|turn| again(&servers[turn], &session.id).expect("it is there"));
    let stored = first.blocking_lock().finish(&servers[0].blobs, &digest(&bytes)).expect("it is whole");
    let late = second.blocking_lock().finish(&servers[1].blobs, &digest(&bytes));
    assert!(matches!(late, Err(UploadFailure::Closed)), "one request ends an upload");
    link(&servers[0], stored, "aa");
    servers[0].uploads.forget(&first).expect("it is forgotten");
    assert!(again(&servers[1], &session.id).is_none());
    assert_eq!(objects(&store, "multipart"), 0, "no upload in parts is left");
    for (start, length) in [(0, bytes.len()), (0, 1), (6_999_990, 200), (13_999_999, 1), (50, 13_000_000)] {
        let read = read(&servers[1], &digest(&bytes), start as u64, length as u64).expect("it is there");
        assert!(read == bytes[start..start + length], "{length} bytes from {start}");
    }
}

#[test]
fn what_is_not_whole_is_never_visible() {
    let store = store(0);
    let (one, two) = (server(&store), server(&store));
    let session = begin(&one);
    let mut guard = session.blocking_lock();
    guard.append(&[Bytes::from_static(b"bytes")]).expect("it is appended");
    let other = again(&two, &session.id).expect("it is there");
    assert_eq!(other.blocking_lock().size(), 0, "what is not settled is not there");
    guard.settle().expect("it is settled");
    let stale = other.blocking_lock().settle();
    assert!(
        matches!(stale, Err(UploadFailure::Closed)),
        "an upload that changed meanwhile is not overwritten"
    );
    let failure = guard.finish(&one.blobs, &digest(b"other"));
    assert!(matches!(failure, Err(UploadFailure::Digest { found, .. }) if found == digest(b"bytes")));
    assert_eq!(read(&two, &digest(b"bytes"), 0, 5), None);
    assert_eq!(objects(&store, "blobs"), 0);
    for id in ["../log/00000000000000000001", "", "x", "00000000-0000-0000-0000-000000000000"] {
        assert!(again(&one, id).is_none(), "{id}");
    }
}

#[test]
fn a_blob_that_two_servers_take_is_kept_once() {
    let store = store(0);
    let (one, two) = (server(&store), server(&store));
    let blob = upload(&one, b"layer", "aa");
    assert_eq!(upload(&two, b"layer", "bb"), blob);
    assert_eq!(objects(&store, "blobs"), 1);
    let leave = |storage: &Storage, repository: &str| {
        let row = key(&[&blob.to_string(), repository]);
        let left = storage.metadata.change(|change| change.remove(&BLOB_REPOSITORIES, &row));
        left.expect("it is removed");
        storage.remove_if_ownerless(&blob).expect("it is judged");
    };
    leave(&one, "aa");
    assert_eq!(read(&two, &blob, 0, 5).as_deref(), Some(b"layer".as_slice()), "another repository has it");
    leave(&one, "bb");
    assert_eq!(read(&two, &blob, 0, 5), None);
    assert_eq!(objects(&store, "blobs"), 0);
    upload(&two, b"layer", "aa");
    assert_eq!(read(&one, &blob, 0, 5).as_deref(), Some(b"layer".as_slice()));
    let sha512 = crate::storage::to_digest(image::Algorithm::Sha512, &sha2::Sha512::digest(b"long"))
        .expect("a digest");
    let session = begin(&one);
    let mut guard = session.blocking_lock();
    guard.append(&[Bytes::from_static(b"long")]).expect("it is appended");
    assert!(guard.finish(&one.blobs, &sha512).is_ok(), "other digests are computed from what is kept");
}

#[test]
fn leftovers_are_swept_and_nothing_else() {
    let store = store(0);
    let one = server(&store);
    let blob = upload(&one, b"layer", "aa");
    let ownerless = upload(&one, b"ownerless", "aa");
    let row = key(&[&ownerless.to_string(), "aa"]);
    one.metadata.change(|change| change.remove(&BLOB_REPOSITORIES, &row)).expect("it is removed");
    // An upload that was given up, and one in parts whose server was killed.
    begin(&one);
    let left = begin(&one);
    let mut guard = left.blocking_lock();
    guard.append(&[Bytes::from_static(b"given up")]).expect("it is appended");
    guard.settle().expect("it is settled");
    let Blobs::Objects(kept) = &one.blobs else { panic!("blobs are objects") };
    let mut writer = super::writer::ObjectWriter::new(&kept.bucket, "blobs", "killed".to_owned());
    writer.write(Bytes::from(vec![0; 7 << 20])).expect("it is written");
    std::mem::forget(writer);
    assert_eq!(
        (objects(&store, "multipart"), objects(&store, "uploads"), objects(&store, "blobs")),
        (1, 2, 3)
    );

    one.sweep(now()).expect("a sweep");
    assert_eq!(
        (objects(&store, "multipart"), objects(&store, "uploads"), objects(&store, "blobs")),
        (1, 2, 2)
    );
    one.sweep(now().plus(Duration::from_secs(49 * 3600))).expect("a sweep");
    assert_eq!(
        (objects(&store, "multipart"), objects(&store, "uploads"), objects(&store, "blobs")),
        (0, 0, 1)
    );
    assert_eq!(read(&one, &blob, 0, 5).as_deref(), Some(b"layer".as_slice()));
    let view = one.metadata.read().expect("a view");
    assert!(!view.has(&OBJECTS, &ownerless.to_string()).expect("an answer"));
}

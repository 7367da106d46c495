//! Blobs and uploads that several servers take part in.

use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt;
use image::Digest;
use sha2::Digest as _;

use super::{block_on, digest, now, objects, server, store};
use crate::storage::Storage;
use crate::storage::blobs::{Blob, Blobs};
use crate::storage::records::{BLOB_REPOSITORIES, OBJECTS, key};
use crate::storage::rows::Rows;
use crate::storage::uploads::{Session, UploadFailure};

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
    let mut writer =
        crate::storage::s3::writer::ObjectWriter::new(&kept.bucket, "blobs", "killed".to_owned());
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

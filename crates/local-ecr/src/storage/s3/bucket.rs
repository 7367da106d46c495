//! The bucket: few verbs over objects, for code that blocks.
//!
//! Requests run on a small runtime of the bucket's own, so that whoever waits for one, on whatever thread,
//! never stands in the way of its progress.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use object_store::aws::{AmazonS3Builder, S3ConditionalPut};
use object_store::multipart::MultipartStore;
use object_store::path::Path;
use object_store::{
    BackoffConfig, Error, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload,
    RetryConfig, UpdateVersion,
};
use tokio::runtime::Runtime;

use super::counted::{BucketRequests, Counted};
use crate::storage::data::S3Location;
use crate::storage::error::StorageError;

/// Most removals that are under way at a time.
const SIDE_BY_SIDE: usize = 16;

/// What the bucket must be able to do.
pub(crate) trait Store: ObjectStore + MultipartStore {}

impl<S: ObjectStore + MultipartStore> Store for S {}

/// A place in a bucket.
#[derive(Debug)]
pub(crate) struct Bucket {
    store: Arc<dyn Store>,
    prefix: Path,
    requests: Arc<BucketRequests>,
    /// Nothing only while the bucket is dropped.
    runtime: Option<Runtime>,
}

/// What became of a write on a condition.
#[derive(Debug)]
pub(super) enum Put {
    /// The object is as it was given, and has this version.
    Done(UpdateVersion),
    /// The condition did not hold, and the object is as it was.
    Refused,
}

impl Bucket {
    /// Makes ready to reach a bucket; nothing is asked yet.
    pub(crate) fn connect(location: &S3Location) -> Result<Self, StorageError> {
        // The client takes the provider of the process; where there is one, it stays.
        rustls::crypto::ring::default_provider().install_default().unwrap_or_default();
        let requests = Arc::new(BucketRequests::default());
        let mut builder = AmazonS3Builder::new()
            .with_http_connector(Counted(Arc::clone(&requests)))
            .with_bucket_name(location.bucket())
            .with_conditional_put(S3ConditionalPut::ETagMatch)
            // Removals of many at once are not known everywhere, and cost as much.
            .with_disable_bulk_delete(true)
            .with_retry(RetryConfig {
                backoff: BackoffConfig::default(),
                max_retries: 5,
                retry_timeout: Duration::from_secs(30),
            });
        for (key, value) in location.settings() {
            if value.starts_with("http://") {
                builder = builder.with_allow_http(true);
            }
            builder = builder.with_config(*key, value);
        }
        let failed = |source| StorageError::bucket("reach", location.bucket(), source);
        let mut bucket = Self::over(Arc::new(builder.build().map_err(failed)?), location.prefix())?;
        bucket.requests = requests;
        Ok(bucket)
    }

    /// Returns the place below a prefix of a store.
    pub(crate) fn over(store: Arc<dyn Store>, prefix: &str) -> Result<Self, StorageError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("local-ecr-s3")
            .enable_all()
            .build()
            .map_err(|error| StorageError::io("start threads for", std::path::Path::new("s3"), error))?;
        Ok(Self { store, prefix: Path::from(prefix), requests: Arc::default(), runtime: Some(runtime) })
    }

    /// Returns how many requests were asked so far.
    pub(in crate::storage) fn requests(&self) -> Arc<BucketRequests> {
        Arc::clone(&self.requests)
    }

    /// Returns the full key of an object.
    pub(super) fn key(&self, name: &str) -> Path {
        name.split('/').fold(self.prefix.clone(), |key, part| key.join(part))
    }

    /// Returns the store, for code that streams.
    pub(super) fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    /// Begins work on the bucket's own threads; the receiver gets what it comes to.
    pub(super) fn begin<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> std::sync::mpsc::Receiver<T> {
        let (done, result) = std::sync::mpsc::sync_channel(1);
        if let Some(runtime) = &self.runtime {
            runtime.spawn(async move {
                // Who began it may have gone away.
                done.send(work.await).unwrap_or_default();
            });
        }
        result
    }

    /// Waits for work on the bucket's own threads.
    pub(super) fn wait<T: Send + 'static>(
        &self,
        action: &'static str,
        name: &str,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, StorageError> {
        let stopped = |_| {
            StorageError::bucket(
                action,
                name,
                Error::NotImplemented {
                    operation: "requests of a stopped server".to_owned(),
                    implementer: "bucket".to_owned(),
                },
            )
        };
        let result = self.begin(work).recv().map_err(stopped)?;
        result.map_err(|source| StorageError::bucket(action, name, source))
    }

    /// Returns the bytes and the version of an object, or `None` where there is none.
    pub(super) fn get(&self, name: &str) -> Result<Option<(Bytes, UpdateVersion)>, StorageError> {
        let (store, key) = (self.store(), self.key(name));
        self.wait("read", name, async move { read(&*store, &key).await })
    }

    /// Returns the bytes of several objects, read side by side.
    pub(super) fn get_all(&self, names: &[String]) -> Result<Vec<Option<Bytes>>, StorageError> {
        let (store, keys) = (self.store(), names.iter().map(|name| self.key(name)).collect::<Vec<_>>());
        let first = names.first().map_or("", String::as_str);
        self.wait("read", first, async move {
            let reads = keys.iter().map(|key| read(&*store, key));
            let read = futures_util::future::try_join_all(reads).await?;
            Ok(read.into_iter().map(|found| found.map(|(bytes, _)| bytes)).collect())
        })
    }

    fn put_on(&self, name: &str, bytes: Bytes, mode: PutMode) -> Result<Put, StorageError> {
        let (store, key) = (self.store(), self.key(name));
        let replaces = matches!(mode, PutMode::Update(_));
        self.wait("write", name, async move {
            match store.put_opts(&key, PutPayload::from_bytes(bytes), PutOptions::from(mode)).await {
                Ok(put) => Ok(Put::Done(UpdateVersion { e_tag: put.e_tag, version: put.version })),
                Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(Put::Refused),
                // What is to be replaced is gone; otherwise it is the bucket that is not there.
                Err(Error::NotFound { .. }) if replaces => Ok(Put::Refused),
                Err(error) => Err(error),
            }
        })
    }

    /// Creates an object where there is none. No two callers may ever write the same bytes.
    pub(super) fn create(&self, name: &str, bytes: Bytes) -> Result<Put, StorageError> {
        self.put_where(name, bytes, PutMode::Create)
    }

    /// Replaces an object of a version. No two callers may ever write the same bytes.
    pub(super) fn replace(
        &self,
        name: &str,
        bytes: Bytes,
        version: UpdateVersion,
    ) -> Result<Put, StorageError> {
        self.put_where(name, bytes, PutMode::Update(version))
    }

    /// Writes on a condition. Where an answer was lost on its way, the repeated request is refused because
    /// of the first one: the bytes that are there then say whose they are.
    fn put_where(&self, name: &str, bytes: Bytes, mode: PutMode) -> Result<Put, StorageError> {
        let before = match &mode {
            PutMode::Update(version) => version.e_tag.clone(),
            _ => None,
        };
        let answer = self.put_on(name, bytes.clone(), mode);
        if let Ok(Put::Done(_)) = answer {
            return answer;
        }
        match self.get(name)? {
            Some((found, version)) if found == bytes => Ok(Put::Done(version)),
            // As it was before: a lost request may still arrive, and nobody knows.
            Some((_, version)) if before.is_some() && version.e_tag == before => answer,
            Some(_) => Ok(Put::Refused),
            None => answer,
        }
    }

    /// Writes an object, whatever was there.
    pub(super) fn put(&self, name: &str, bytes: Bytes) -> Result<(), StorageError> {
        self.put_on(name, bytes, PutMode::Overwrite).map(|_| ())
    }

    /// Removes objects; missing ones are no error.
    pub(super) fn remove(&self, names: Vec<String>) -> Result<(), StorageError> {
        let (store, first) = (self.store(), names.first().cloned().unwrap_or_default());
        let keys: Vec<_> = names.iter().map(|name| self.key(name)).collect();
        self.wait("remove", &first, async move {
            let removals = futures_util::stream::iter(keys).map(|key| {
                let store = Arc::clone(&store);
                async move {
                    match store.delete(&key).await {
                        Err(Error::NotFound { .. }) | Ok(()) => Ok(()),
                        Err(error) => Err(error),
                    }
                }
            });
            removals.buffer_unordered(SIDE_BY_SIDE).try_collect().await
        })
    }

    /// Calls `each` with the name behind `folder/` and the facts of every object in a folder.
    pub(super) fn each(
        &self,
        folder: &str,
        mut each: impl FnMut(&str, &ObjectMeta) -> Result<(), StorageError>,
    ) -> Result<(), StorageError> {
        let (store, key, name) = (self.store(), self.key(folder), folder.to_owned());
        let (found, mut pages) = tokio::sync::mpsc::channel(4);
        drop(self.begin(async move {
            let mut pages = store.list(Some(&key)).chunks(1000);
            while let Some(page) = pages.next().await {
                let page = page.into_iter().collect::<Result<Vec<_>, _>>();
                let over = page.is_err();
                if found.send(page).await.is_err() || over {
                    break;
                }
            }
        }));
        while let Some(page) = pages.blocking_recv() {
            for meta in page.map_err(|source| StorageError::bucket("list", &name, source))? {
                if let Some(name) = meta.location.filename() {
                    each(name, &meta)?;
                }
            }
        }
        Ok(())
    }
}

async fn read(store: &dyn Store, key: &Path) -> Result<Option<(Bytes, UpdateVersion)>, Error> {
    match store.get(key).await {
        Ok(found) => {
            let version =
                UpdateVersion { e_tag: found.meta.e_tag.clone(), version: found.meta.version.clone() };
            Ok(Some((found.bytes().await?, version)))
        }
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A runtime must not be waited for where async code runs.
            runtime.shutdown_background();
        }
    }
}

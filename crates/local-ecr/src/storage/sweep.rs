//! The sweep: removes blobs that no repository has, and blobs of repositories that no image uses.

use std::time::Duration;

use image::Digest;

use super::Storage;
use super::blobs::Blobs;
use super::error::StorageError;
use super::records::{BLOB_REPOSITORIES, LAYER_USERS, LAYERS, OBJECTS, REPOSITORIES, below, key};
use super::rows::Rows;
use super::s3::Objects;
use crate::clock::Timestamp;

/// How long a blob without an image is kept for the push that may still need it.
const GRACE: Duration = Duration::from_secs(24 * 3600);

impl Storage {
    /// Removes what nothing needs any more; blocks, and may run beside everything else.
    pub(crate) fn sweep(&self, now: Timestamp) -> Result<(), StorageError> {
        self.uploads.forget_old(now);
        let mut unused = Vec::new();
        {
            let view = self.metadata.read()?;
            for (repository, _) in view.all(&REPOSITORIES, "")? {
                for (digest, layer) in view.all(&LAYERS, &below(&[&repository]))? {
                    let old = layer.added_at.age(now) > GRACE;
                    if old && !view.any(&LAYER_USERS, &below(&[&repository, &digest]))? {
                        unused.push((repository.clone(), digest));
                    }
                }
            }
        }
        for (repository, digest) in unused {
            self.metadata.change(|change| {
                if !change.any(&LAYER_USERS, &below(&[&repository, &digest]))? {
                    change.remove(&LAYERS, &key(&[&repository, &digest]))?;
                    change.remove(&BLOB_REPOSITORIES, &key(&[&digest, &repository]))?;
                }
                Ok::<_, StorageError>(())
            })?;
        }
        self.remove_ownerless()?;
        match &self.blobs {
            Blobs::Files(_) => Ok(()),
            Blobs::Objects(objects) => objects.sweep(&self.metadata.read()?, now),
        }
    }

    /// Removes every blob that is in no repository; blocks.
    pub(crate) fn remove_ownerless(&self) -> Result<(), StorageError> {
        let view = self.metadata.read()?;
        let owned = |text: &str| view.any(&BLOB_REPOSITORIES, &below(&[text]));
        let mut ownerless = Vec::new();
        match &self.blobs {
            Blobs::Files(files) => files.each(|digest| {
                if !owned(&digest.to_string())? {
                    ownerless.push(digest);
                }
                Ok(())
            })?,
            Blobs::Objects(_) => {
                for (text, _) in view.all(&OBJECTS, "")? {
                    if !owned(&text)? {
                        ownerless.extend(text.parse::<Digest>());
                    }
                }
            }
        }
        drop(view);
        ownerless.iter().try_for_each(|digest| self.remove_if_ownerless(digest))
    }

    /// Removes a blob if it is in no repository; blocks.
    pub(crate) fn remove_if_ownerless(&self, digest: &Digest) -> Result<(), StorageError> {
        let text = digest.to_string();
        match &self.blobs {
            Blobs::Files(files) => {
                let _alone = files.alone();
                if self.metadata.read()?.any(&BLOB_REPOSITORIES, &below(&[&text]))? {
                    return Ok(());
                }
                tracing::debug!(digest = text, "removing a blob that is in no repository");
                files.remove(digest)
            }
            Blobs::Objects(objects) => {
                let gone = self.metadata.change(|change| Objects::forget(change, &text))?;
                gone.map_or(Ok(()), |gone| objects.discard(&gone))
            }
        }
    }
}

//! The sweep: removes blobs that no repository has, and blobs of repositories that no image uses.

use std::time::Duration;

use super::error::StorageError;
use super::metadata::Rows;
use super::records::{BLOB_REPOSITORIES, LAYER_USERS, LAYERS, REPOSITORIES, below, key};
use super::{Data, Storage};
use crate::clock::Timestamp;

/// How long a blob without an image, and an upload, is kept for the push that may still need it.
const GRACE: Duration = Duration::from_secs(24 * 3600);

impl Storage {
    /// Removes what nothing needs any more; blocks, and may run beside everything else.
    pub(crate) fn sweep(&self, now: Timestamp) -> Result<(), StorageError> {
        self.uploads.forget_where(|_, started_at| started_at.age(now) > GRACE);
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
            let _alone = self.blobs.alone();
            let change = self.metadata.write()?;
            if change.any(&LAYER_USERS, &below(&[&repository, &digest]))? {
                continue;
            }
            change.remove(&LAYERS, &key(&[&repository, &digest]))?;
            change.remove(&BLOB_REPOSITORIES, &key(&[&digest, &repository]))?;
            change.commit()?;
        }
        self.remove_ownerless()
    }

    /// Removes every blob that is in no repository; blocks.
    pub(crate) fn remove_ownerless(&self) -> Result<(), StorageError> {
        self.blobs.each(|digest| {
            let text = digest.to_string();
            if self.metadata.read()?.any(&BLOB_REPOSITORIES, &below(&[&text]))? {
                return Ok(());
            }
            let _alone = self.blobs.alone();
            if self.metadata.read()?.any(&BLOB_REPOSITORIES, &below(&[&text]))? {
                return Ok(());
            }
            tracing::debug!(digest = text, "removing a blob that is in no repository");
            self.blobs.remove(&digest)
        })
    }
}

impl Data {
    /// Returns whether the data outlives its server.
    pub fn is_kept(&self) -> bool {
        matches!(self, Self::Folder(_))
    }
}

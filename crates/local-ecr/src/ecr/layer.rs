//! Layers: blobs in a repository, and when one repository may take over the blob of another.

use image::Digest;

use super::Ecr;
use super::{rule, setting};
use crate::fault::{Code, Fault};
use crate::storage::{
    BLOB_REPOSITORIES, Blob, Change, IMAGES, LAYER_USERS, LAYERS, LayerRow, REPOSITORIES, Rows, Session,
    SessionGuard, UploadFailure, below, key,
};

impl Ecr {
    /// Puts a blob, whose bytes the storage has, into a repository.
    pub(crate) fn link_layer(
        &self,
        change: &Change,
        repository: &str,
        digest: &str,
        size: u64,
    ) -> Result<(), Fault> {
        let row = LayerRow { size, added_at: self.clock.now() };
        change.put(&LAYERS, &key(&[repository, digest]), &row)?;
        change.put(&BLOB_REPOSITORIES, &key(&[digest, repository]), &())?;
        Ok(())
    }

    /// Makes an upload a blob of its repository; blocks. The upload is over either way.
    ///
    /// # Errors
    /// `UploadNotFoundException` when another request was faster, `InvalidLayerException` when the bytes
    /// have another digest, `RepositoryNotFoundException` when the repository went away meanwhile.
    pub(crate) fn finish_upload(
        &self,
        session: &Session,
        mut guard: SessionGuard,
        expected: &Digest,
    ) -> Result<(), Fault> {
        // From the file's new name to its row no sweep may come between.
        let _keep = self.storage.blobs.keep();
        let finished = guard.finish(&self.storage.blobs, expected);
        drop(guard);
        self.storage.uploads.forget(session)?;
        let finished = finished.map_err(|failure| self.upload_fault(session, failure))?;
        self.storage.link(finished, |change, blob| {
            if !change.has(&REPOSITORIES, &session.repository)? {
                return Err(self.no_repository(&session.repository, None));
            }
            self.link_layer(change, &session.repository, &expected.to_string(), blob.size)
        })
    }

    /// Returns ECR's answer to an upload that did not become a layer.
    pub(crate) fn upload_fault(&self, session: &Session, failure: UploadFailure) -> Fault {
        match failure {
            UploadFailure::Closed => self.no_upload(&session.repository, &session.id),
            UploadFailure::Digest { expected, found } => Fault::new(
                Code::InvalidLayer,
                format!("Layer digest mismatch: expected '{expected}', found '{found}'"),
            ),
            UploadFailure::Storage(error) => error.into(),
        }
    }

    /// Returns ECR's answer to an upload that is not there.
    pub(crate) fn no_upload(&self, repository: &str, id: &str) -> Fault {
        Fault::new(
            Code::UploadNotFound,
            format!(
                "Upload with id '{id}' could not be found for the repository with name '{repository}' in the \
                 registry with id '{}'",
                self.registry_id()
            ),
        )
    }

    /// Opens a layer of a repository, or returns `None` when the repository does not have it.
    pub(crate) fn open_layer(
        &self,
        rows: &impl Rows,
        repository: &str,
        digest: &Digest,
    ) -> Result<Option<Blob>, Fault> {
        if !rows.has(&LAYERS, &key(&[repository, &digest.to_string()]))? {
            return Ok(None);
        }
        Ok(self.storage.blobs.open(rows, digest)?)
    }

    /// Returns the size in bytes of a layer that the repository has, or that a rule fetches for one of its
    /// images when it is asked for.
    pub(crate) fn layer_size(
        &self,
        rows: &impl Rows,
        repository: &str,
        digest: &str,
    ) -> Result<Option<u64>, Fault> {
        if let Some(row) = rows.get(&LAYERS, &key(&[repository, digest]))? {
            return Ok(Some(row.size));
        }
        let mut user = None;
        rows.scan(&LAYER_USERS, &below(&[repository, digest]), None, |image, ()| {
            user = Some(image.to_owned());
            false
        })?;
        let Some(user) = user else { return Ok(None) };
        if rule::governing(rows, repository)?.is_none() {
            return Ok(None);
        }
        let image = rows.get(&IMAGES, &key(&[repository, &user]))?;
        let named = image.and_then(|image| image.blobs.into_iter().find(|blob| blob.digest == digest));
        Ok(named.map(|blob| blob.size))
    }

    /// Returns whether every image of the repository that uses a layer lies in the archive, and one does.
    pub(crate) fn is_archived_layer(
        &self,
        rows: &impl Rows,
        repository: &str,
        digest: &str,
    ) -> Result<bool, Fault> {
        let mut archived = Ok(false);
        rows.scan(&LAYER_USERS, &below(&[repository, digest]), None, |image, ()| {
            let row = rows.get(&IMAGES, &key(&[repository, image]));
            archived = row.map(|row| row.is_some_and(|row| row.archived));
            matches!(archived, Ok(true))
        })?;
        Ok(archived?)
    }

    /// Puts a layer of another repository into this one where ECR would: blob mounting is enabled, both
    /// repositories are encrypted alike, no rule made the source, and an image there uses the layer.
    /// Returns its size in bytes, or `None` where ECR has the client upload it.
    pub(crate) fn mount_layer(
        &self,
        repository: &str,
        source: &str,
        digest: &Digest,
    ) -> Result<Option<u64>, Fault> {
        let _keep = self.storage.blobs.keep();
        let digest = digest.to_string();
        self.storage.metadata.change(|change| {
            if setting::account_setting(change, "BLOB_MOUNTING")?.as_deref() != Some("ENABLED") {
                return Ok(None);
            }
            let (Some(from), Some(to)) =
                (change.get(&REPOSITORIES, source)?, change.get(&REPOSITORIES, repository)?)
            else {
                return Ok(None);
            };
            if from.pulled_through || from.encryption != to.encryption {
                return Ok(None);
            }
            let Some(layer) = change.get(&LAYERS, &key(&[source, &digest]))? else { return Ok(None) };
            if !change.any(&LAYER_USERS, &below(&[source, &digest]))? {
                return Ok(None);
            }
            self.link_layer(change, repository, &digest, layer.size)?;
            Ok(Some(layer.size))
        })
    }
}

//! The sweep of a bucket: what uploads left that were never finished, and objects that no row names.
//!
//! What it removes is two days old, and no upload lives for more than one: clocks of servers may differ by
//! some hours without harm.

use std::collections::HashSet;
use std::time::Duration;

use super::object::{FOLDER, Objects};
use super::session::SESSIONS;
use super::writer::{NOTES, noted};
use crate::clock::Timestamp;
use crate::storage::error::StorageError;
use crate::storage::records::OBJECTS;
use crate::storage::rows::{Rows, View};

/// How long what no row names may still be on its way.
const GRACE: Duration = Duration::from_secs(48 * 3600);
/// Objects that are removed at a time.
const AT_A_TIME: usize = 500;

impl Objects {
    /// Removes what nothing needs any more, of what a view and the bucket show; blocks.
    pub(in crate::storage) fn sweep(&self, view: &View, now: Timestamp) -> Result<(), StorageError> {
        for (note, id) in self.old_notes(now)? {
            self.abort(&note, id)?;
        }
        self.remove_old(SESSIONS, now, |_| true)?;
        let mut named = HashSet::new();
        view.scan(&OBJECTS, "", None, |_, row| {
            named.extend(row.pieces.into_iter().map(|piece| piece.name));
            true
        })?;
        self.remove_old(FOLDER, now, |name| !named.contains(name))
    }

    fn remove_old(
        &self,
        folder: &str,
        now: Timestamp,
        unneeded: impl Fn(&str) -> bool,
    ) -> Result<(), StorageError> {
        let mut old = Vec::new();
        self.bucket.each(folder, |name, meta| {
            if is_old(meta, now) && unneeded(name) {
                old.push(format!("{folder}/{name}"));
            }
            match old.len() >= AT_A_TIME {
                true => self.bucket.remove(std::mem::take(&mut old)),
                false => Ok(()),
            }
        })?;
        self.bucket.remove(old)
    }

    fn old_notes(&self, now: Timestamp) -> Result<Vec<(String, String)>, StorageError> {
        let mut names = Vec::new();
        self.bucket.each(NOTES, |name, meta| {
            if is_old(meta, now) {
                names.push(format!("{NOTES}/{name}"));
            }
            Ok(())
        })?;
        let mut notes = Vec::new();
        for name in names {
            if let Some((id, _)) = self.bucket.get(&name)? {
                notes.push((name, String::from_utf8_lossy(&id).into_owned()));
            }
        }
        Ok(notes)
    }

    fn abort(&self, note: &str, id: String) -> Result<(), StorageError> {
        let object = note.strip_prefix(NOTES).and_then(|rest| noted(rest.trim_start_matches('/')));
        if let Some(object) = object {
            let (store, key) = (self.bucket.store(), self.bucket.key(&object));
            self.bucket.wait("abort", &object, async move {
                match store.abort_multipart(&key, &id).await {
                    // It was completed or aborted before its note could be removed.
                    Err(object_store::Error::NotFound { .. }) => Ok(()),
                    other => other,
                }
            })?;
        }
        self.bucket.remove(vec![note.to_owned()])
    }
}

fn is_old(meta: &object_store::ObjectMeta, now: Timestamp) -> bool {
    let modified = u64::try_from(meta.last_modified.timestamp_millis()).unwrap_or(0);
    Timestamp(modified).age(now) > GRACE
}

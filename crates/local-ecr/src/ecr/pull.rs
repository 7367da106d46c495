//! When an image was pulled, and whose pulls do not count.

use super::identity::Caller;
use super::{Ecr, setting};
use crate::fault::Fault;
use crate::storage::{IMAGES, ImageRow, Rows, SETTINGS, key};

/// How long ECR waits before it notes another pull of an image.
const PULL_RECORD: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

impl Ecr {
    /// Notes that an image was pulled; as ECR does, at most once a day, and not for callers on the list of those
    /// whose pulls do not count.
    pub(crate) fn record_pull(
        &self,
        rows: &impl Rows,
        caller: &Caller,
        repository: &str,
        digest: &str,
        row: &ImageRow,
    ) -> Result<(), Fault> {
        let now = self.clock.now();
        if row.pulled_at.is_some_and(|pulled_at| pulled_at.age(now) < PULL_RECORD) {
            return Ok(());
        }
        if let Some(role) = self.role_arn(caller) {
            let exclusion = format!("{}{role}", setting::PULL_TIME_EXCLUSIONS);
            if rows.has(&SETTINGS, &exclusion)? {
                return Ok(());
            }
        }
        let image_key = key(&[repository, digest]);
        self.storage.metadata.change(|change| {
            if let Some(mut row) = change.get(&IMAGES, &image_key)? {
                row.pulled_at = Some(now);
                change.put(&IMAGES, &image_key, &row)?;
            }
            Ok(())
        })
    }
}

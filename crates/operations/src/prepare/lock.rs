//! The lock: which digest each name stood for, so that later runs use the same images or say which have moved.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::plan::{PlannedAction, PlannedImage};
use super::report::PrepareReport;
use crate::clone::ClonePlan;
use crate::error::{OperationError, Result};

/// The longest lock that is read, in bytes.
const LONGEST: u64 = 64 << 20;

/// The digests that names stand for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// The version of this shape: `1`.
    pub schema_version: u32,
    /// The digest of each name at the registry that it is of.
    pub images: BTreeMap<String, String>,
}

/// What a run changes in a lock.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LockChange {
    /// Names that were not in it.
    pub added: usize,
    /// Names that stand for another digest now.
    pub renewed: usize,
}

impl Lock {
    /// Reads a lock; an empty one where there is no such file.
    ///
    /// # Errors
    /// When the file cannot be read, is no lock, or one of another version.
    pub fn read(path: &Path) -> Result<Self> {
        use std::io::Read as _;
        let tried = || OperationError::new(format!("cannot read the lock `{}`", path.display()));
        let mut text = String::new();
        match std::fs::File::open(path).and_then(|file| file.take(LONGEST).read_to_string(&mut text)) {
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self { schema_version: 1, images: BTreeMap::new() });
            }
            Err(error) => {
                return Err(tried().refused(error).hint("name a file that may be read and written"));
            }
        }
        let lock: Self = serde_json::from_str(&text)
            .map_err(|error| tried().refused(error).hint("name another file, or repair this one"))?;
        if lock.schema_version != 1 {
            return Err(tried()
                .refused(format!("it has the version {}, and 1 is known", lock.schema_version))
                .hint("use the release that wrote it"));
        }
        Ok(lock)
    }

    /// Takes what a run found out; where `renew` is not set, names that are in it stay as they are.
    ///
    /// Of images that failed nothing is taken.
    pub fn take(&mut self, report: &PrepareReport, renew: bool) -> LockChange {
        self.schema_version = 1;
        let mut change = LockChange::default();
        for image in report.images.iter().filter(|image| image.outcome.is_ready()) {
            let Some(digest) = image.named.source_digest.as_ref().or(image.named.digest.as_ref()) else {
                continue;
            };
            match self.images.get_mut(&image.named.name) {
                None => {
                    self.images.insert(image.named.name.clone(), digest.clone());
                    change.added += 1;
                }
                Some(known) if renew && known != digest => {
                    known.clone_from(digest);
                    change.renewed += 1;
                }
                Some(_) => {}
            }
        }
        change
    }

    /// Writes it, at once or not at all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| OperationError::new("cannot write the lock").refused(error))?;
        write_whole(path, &format!("{text}\n"))
    }
}

/// Writes a file, at once or not at all.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn write_whole(path: &Path, text: &str) -> Result<()> {
    let failed = |error: std::io::Error| {
        OperationError::new(format!("cannot write `{}`", path.display()))
            .refused(error)
            .hint("name a file in a folder that exists and may be written")
    };
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// Takes images out of a plan whose names stand for other digests than their locks say.
pub(super) fn hold(
    images: &mut [PlannedImage],
    mut clones: Option<&mut ClonePlan>,
    locked: &BTreeMap<String, String>,
) {
    for image in images {
        let Some(problem) = moved(&image.named.name, image.named.source_digest.as_deref(), locked) else {
            continue;
        };
        if let (Some(place), Some(clones)) = (image.clone, clones.as_deref_mut()) {
            clones.refuse(place, problem.clone());
        }
        image.problem = Some(problem);
        image.action = PlannedAction::Refused;
    }
}

/// Returns the problem of a name that stands for another digest than its lock says.
pub(super) fn moved(
    name: &str,
    digest: Option<&str>,
    locked: &BTreeMap<String, String>,
) -> Option<OperationError> {
    let (wanted, found) = (locked.get(name)?, digest?);
    (wanted != found).then(|| {
        OperationError::new(format!("cannot use `{name}` as it is locked"))
            .refused(format!("it was locked at {wanted} and stands for {found} now"))
            .hint("name the locked digest in the workflow, or accept the new image with --update-lock")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_read_back_as_it_was_written_and_other_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("images.lock");
        assert!(Lock::read(&path).unwrap().images.is_empty());
        let mut lock = Lock { schema_version: 1, images: BTreeMap::new() };
        lock.images.insert("quay.io/a/b:1".to_owned(), "sha256:1".to_owned());
        lock.write(&path).unwrap();
        assert_eq!(Lock::read(&path).unwrap(), lock);
        for text in ["", "[]", "{\"images\":{}}", "{\"schema_version\":2,\"images\":{}}"] {
            std::fs::write(&path, text).unwrap();
            assert!(Lock::read(&path).is_err(), "{text}");
        }
    }

    #[test]
    fn only_a_known_name_with_another_digest_has_moved() {
        let locked = BTreeMap::from([("a".to_owned(), "sha256:1".to_owned())]);
        assert!(moved("a", Some("sha256:1"), &locked).is_none());
        assert!(moved("a", None, &locked).is_none() && moved("b", Some("sha256:2"), &locked).is_none());
        assert!(moved("a", Some("sha256:2"), &locked).is_some());
    }
}

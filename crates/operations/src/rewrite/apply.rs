//! Carries a plan out: all files are looked at and prepared before the first one is replaced.
//!
//! A file is replaced at once or not at all; a file that is another one than when the plan was made, that a
//! symbolic link leads to, or that lies outside the folder, keeps everything as it is.

use std::fs::{self, Metadata};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use workflow::FileChange;

use super::{RewritePlan, RewriteReport};
use crate::error::{OperationError, Result};

/// Writes the files of a plan and returns its report. Permissions stay; the files of a plan that changes
/// nothing are not touched.
///
/// # Errors
/// When a file has changed since the plan was made or cannot be replaced; then none is replaced, or the
/// error names those that were.
pub fn apply(plan: RewritePlan) -> Result<RewriteReport> {
    let RewritePlan { mut report, path, files } = plan;
    let root = Root::of(&path)?;
    let prepared = files.iter().map(|file| root.prepare(file)).collect::<Result<Vec<_>>>()?;
    let mut replaced: Vec<&str> = Vec::new();
    for ((new, path), file) in prepared.into_iter().zip(&files) {
        if let Err(error) = new.persist(&path) {
            let tried =
                OperationError::new(format!("cannot replace `{}`", path.display())).refused(error.error);
            return Err(match replaced.as_slice() {
                [] => tried.hint("make the folder writable; nothing was changed"),
                done => tried.hint(format!(
                    "make the folder writable and run again: it goes on behind what was replaced, {}",
                    done.join(", ")
                )),
            });
        }
        replaced.push(&file.path);
    }
    report.applied = true;
    Ok(report)
}

/// The folder that is written to, or the file alone.
enum Root {
    Folder(PathBuf),
    File(PathBuf),
}

impl Root {
    fn of(path: &Path) -> Result<Self> {
        let read = |error: io::Error| {
            OperationError::new(format!("cannot read `{}`", path.display()))
                .refused(error)
                .hint("make the plan anew")
        };
        if fs::metadata(path).map_err(read)?.is_dir() {
            Ok(Self::Folder(fs::canonicalize(path).map_err(read)?))
        } else {
            Ok(Self::File(path.to_owned()))
        }
    }

    /// Returns the new content of a file in a temporary file beside it, and the file's path.
    fn prepare(&self, file: &FileChange) -> Result<(NamedTempFile, PathBuf)> {
        let path = match self {
            Self::Folder(folder) => folder.join(&file.path),
            Self::File(path) => path.clone(),
        };
        let refused = |words: &dyn std::fmt::Display, hint: &str| {
            OperationError::new(format!("cannot rewrite `{}`: nothing was changed", path.display()))
                .refused(words)
                .hint(hint)
        };
        let failed = |error: io::Error| refused(&error, "make the file and its folder readable and writable");
        let metadata = fs::symlink_metadata(&path).map_err(failed)?;
        let is_inside = match self {
            Self::Folder(_) => fs::canonicalize(&path).map_err(failed)? == path,
            Self::File(_) => true,
        };
        if !metadata.is_file() || !is_inside {
            return Err(refused(&"a symbolic link leads to it", "rewrite the folder that it lies in"));
        }
        if metadata.permissions().readonly() {
            return Err(refused(&"it may not be written", "make the file writable"));
        }
        if fs::read(&path).map_err(failed)? != file.before.as_bytes() {
            return Err(refused(&"it has changed since the plan was made", "run again"));
        }
        let new = write_beside(&path, &metadata, &file.after).map_err(failed)?;
        Ok((new, path))
    }
}

fn write_beside(path: &Path, metadata: &Metadata, text: &str) -> io::Result<NamedTempFile> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut new = NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    new.write_all(text.as_bytes())?;
    fs::set_permissions(new.path(), metadata.permissions())?;
    new.as_file().sync_all()?;
    Ok(new)
}

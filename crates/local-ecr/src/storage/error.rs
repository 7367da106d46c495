//! Why the storage could not do what it was asked.

use std::io;
use std::path::{Path, PathBuf};

/// A failure of the storage itself; never the client's fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// A file or folder could not be used.
    #[error("cannot {action} `{}`", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
    /// The database failed or is open elsewhere.
    #[error("cannot use the database of metadata")]
    Database(#[source] Box<redb::Error>),
    /// A row is not what this version writes.
    #[error("cannot read row `{key}` of table `{table}`")]
    Row {
        /// The table.
        table: &'static str,
        /// The row's key.
        key: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The folder was written by a newer version.
    #[error("data of format {found}, this version reads format {known} at most")]
    Format {
        /// The format found.
        found: u32,
        /// The newest format known.
        known: u32,
    },
}

impl StorageError {
    /// Returns the error of an action on a path.
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { action, path: path.to_owned(), source }
    }
}

impl<E: Into<redb::Error>> From<E> for StorageError {
    fn from(error: E) -> Self {
        Self::Database(Box::new(error.into()))
    }
}

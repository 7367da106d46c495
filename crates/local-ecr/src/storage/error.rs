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
    /// The bucket did not do what it was asked.
    #[error("cannot {action} `{name}` in the bucket")]
    Bucket {
        /// What was tried.
        action: &'static str,
        /// The object, or the bucket itself.
        name: String,
        /// What the bucket answered.
        source: Box<object_store::Error>,
    },
    /// A change that others' changes were written with was not written.
    #[error("cannot write the change to the log in the bucket")]
    NotWritten,
    /// Other servers were always faster.
    #[error("cannot write the change: other servers change the registry all the time")]
    Contended,
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
    /// Returns the error of an action on a bucket or an object in it.
    pub(crate) fn bucket(action: &'static str, name: &str, source: object_store::Error) -> Self {
        Self::Bucket { action, name: name.to_owned(), source: Box::new(source) }
    }

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

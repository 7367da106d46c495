//! The database of rows, and how a change of it becomes durable.
//!
//! The database is the truth itself, or a copy of what the log in a bucket says.

use std::path::Path;
use std::sync::Arc;

use redb::{ReadableTable, TableDefinition};

use super::error::StorageError;
use super::rows::{Change, POSITION, View, all_tables};
use super::s3::{Bucket, Replica};

/// The format of the rows; raised when older rows must be changed to be read.
const FORMAT: u32 = 1;
/// Bytes of rows that the database keeps in memory.
const CACHE_BYTES: usize = 24 << 20;
/// The format of the whole.
const FORMATS: TableDefinition<'static, &str, u32> = TableDefinition::new("format");

/// The rows of a server.
#[derive(Debug)]
pub(crate) enum Metadata {
    /// In a database of the server's own.
    Own(redb::Database),
    /// In a bucket, of which a database holds a copy.
    Shared(Arc<Replica>),
}

fn prepare(database: redb::Database) -> Result<redb::Database, StorageError> {
    let transaction = database.begin_write()?;
    {
        let mut formats = transaction.open_table(FORMATS)?;
        let found = formats.get("metadata")?.map_or(FORMAT, |found| found.value());
        if found > FORMAT {
            return Err(StorageError::Format { found, known: FORMAT });
        }
        formats.insert("metadata", FORMAT)?;
        transaction.open_table(POSITION)?;
        for definition in all_tables() {
            transaction.open_table(definition)?;
        }
    }
    transaction.commit()?;
    Ok(database)
}

impl Metadata {
    /// Opens or creates the database in a file.
    pub(crate) fn open(path: &Path) -> Result<Self, StorageError> {
        let database = redb::Builder::new().set_cache_size(CACHE_BYTES).create(path)?;
        prepare(database).map(Self::Own)
    }

    /// Creates a database that lives in memory.
    pub(crate) fn in_memory() -> Result<Self, StorageError> {
        let backend = redb::backends::InMemoryBackend::new();
        let database = redb::Builder::new().set_cache_size(CACHE_BYTES).create_with_backend(backend)?;
        prepare(database).map(Self::Own)
    }

    /// Makes a copy, in a file that nobody needs afterwards, of the rows in a bucket.
    pub(super) fn shared(bucket: Arc<Bucket>, file: std::fs::File) -> Result<Self, StorageError> {
        let backend = CopyFile(redb::backends::FileBackend::new(file)?);
        let database = redb::Builder::new().set_cache_size(CACHE_BYTES).create_with_backend(backend)?;
        Replica::open(prepare(database)?, bucket).map(Self::Shared)
    }

    /// Returns a view of the present state, which has every change that was acknowledged before.
    pub(crate) fn read(&self) -> Result<View, StorageError> {
        match self {
            Self::Own(database) => View::of(database),
            Self::Shared(replica) => {
                replica.refresh()?;
                View::of(replica.database())
            }
        }
    }

    /// Carries out a change, and returns when it is durable and visible; waits until no other is under way.
    ///
    /// The work may be run more than once, each time on the state as it is then, and only its last run
    /// counts. An error leaves everything as it was.
    ///
    /// # Errors
    /// What the work answers, and [`StorageError`] when the change could not be written.
    pub(crate) fn change<T, E: From<StorageError>>(
        &self,
        mut work: impl FnMut(&Change) -> Result<T, E>,
    ) -> Result<T, E> {
        match self {
            Self::Own(database) => {
                let change = Change::begin(database)?;
                let result = work(&change)?;
                change.commit()?;
                Ok(result)
            }
            Self::Shared(replica) => replica.change(work),
        }
    }
}

/// A file that nobody opens again, so that it need not reach the disk.
#[derive(Debug)]
struct CopyFile(redb::backends::FileBackend);

impl redb::StorageBackend for CopyFile {
    fn len(&self) -> Result<u64, std::io::Error> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), std::io::Error> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> Result<(), std::io::Error> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> Result<(), std::io::Error> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), std::io::Error> {
        self.0.write(offset, data)
    }
}

//! Rows of the database: typed tables over one transactional file.
//!
//! A [`View`] reads one consistent state; a [`Change`] is applied as a whole by [`Change::commit`], which
//! returns when the disk has it, or not at all. Keys of several parts are joined by a zero byte, which no
//! name, tag or digest contains.

use std::marker::PhantomData;
use std::ops::Bound;
use std::path::Path;

use redb::{ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::StorageError;
use super::records::ALL_TABLES;

/// The format of the rows; raised when older rows must be changed to be read.
const FORMAT: u32 = 1;
/// Bytes of rows that the database keeps in memory.
const CACHE_BYTES: usize = 24 << 20;
/// The bytes of manifests, beside the rows that describe them.
const MANIFESTS: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("manifests");
/// The format of the whole.
const FORMATS: TableDefinition<'static, &str, u32> = TableDefinition::new("format");

/// A table whose rows are of one type.
#[derive(Debug)]
pub(crate) struct Table<R> {
    name: &'static str,
    row: PhantomData<fn() -> R>,
}

impl<R> Table<R> {
    /// Returns the table of a name.
    pub(crate) const fn new(name: &'static str) -> Self {
        Self { name, row: PhantomData }
    }

    fn definition(&self) -> TableDefinition<'static, &'static str, &'static [u8]> {
        TableDefinition::new(self.name)
    }
}

/// The database.
#[derive(Debug)]
pub(crate) struct Metadata(redb::Database);

impl Metadata {
    /// Opens or creates the database in a file.
    pub(crate) fn open(path: &Path) -> Result<Self, StorageError> {
        Self::prepare(redb::Builder::new().set_cache_size(CACHE_BYTES).create(path)?)
    }

    /// Creates a database that lives in memory.
    pub(crate) fn in_memory() -> Result<Self, StorageError> {
        let backend = redb::backends::InMemoryBackend::new();
        Self::prepare(redb::Builder::new().set_cache_size(CACHE_BYTES).create_with_backend(backend)?)
    }

    fn prepare(database: redb::Database) -> Result<Self, StorageError> {
        let transaction = database.begin_write()?;
        {
            let mut formats = transaction.open_table(FORMATS)?;
            let found = formats.get("metadata")?.map_or(FORMAT, |found| found.value());
            if found > FORMAT {
                return Err(StorageError::Format { found, known: FORMAT });
            }
            formats.insert("metadata", FORMAT)?;
            transaction.open_table(MANIFESTS)?;
            for name in ALL_TABLES {
                transaction.open_table(TableDefinition::<&str, &[u8]>::new(name))?;
            }
        }
        transaction.commit()?;
        Ok(Self(database))
    }

    /// Returns a view of the present state.
    pub(crate) fn read(&self) -> Result<View, StorageError> {
        Ok(View(self.0.begin_read()?))
    }

    /// Begins a change; waits until no other is under way.
    pub(crate) fn write(&self) -> Result<Change, StorageError> {
        Ok(Change(self.0.begin_write()?))
    }
}

/// One consistent state of all rows.
pub(crate) struct View(redb::ReadTransaction);

/// A change of rows, seen by nobody else until it is committed; dropping it leaves everything as it was.
pub(crate) struct Change(redb::WriteTransaction);

/// What both a view and a change can read.
pub(crate) trait Rows {
    /// Returns the row of a key.
    fn get<R: DeserializeOwned>(&self, table: &Table<R>, key: &str) -> Result<Option<R>, StorageError>;

    /// Returns the bytes of a manifest.
    fn manifest(&self, key: &str) -> Result<Option<Vec<u8>>, StorageError>;

    /// Calls `each` with the rows whose key begins with `prefix` and comes behind `after`, in the order of
    /// keys, until it returns `false`. The key is given without the prefix.
    fn scan<R: DeserializeOwned>(
        &self,
        table: &Table<R>,
        prefix: &str,
        after: Option<&str>,
        each: impl FnMut(&str, R) -> bool,
    ) -> Result<(), StorageError>;

    /// Returns all rows whose key begins with `prefix`, each with the rest of its key.
    fn all<R: DeserializeOwned>(
        &self,
        table: &Table<R>,
        prefix: &str,
    ) -> Result<Vec<(String, R)>, StorageError> {
        let mut rows = Vec::new();
        self.scan(table, prefix, None, |key, row| {
            rows.push((key.to_owned(), row));
            true
        })?;
        Ok(rows)
    }

    /// Returns whether any row's key begins with `prefix`.
    fn any<R: DeserializeOwned>(&self, table: &Table<R>, prefix: &str) -> Result<bool, StorageError> {
        let mut found = false;
        self.scan(table, prefix, None, |_, _| {
            found = true;
            false
        })?;
        Ok(found)
    }

    /// Returns whether a row exists.
    fn has<R: DeserializeOwned>(&self, table: &Table<R>, key: &str) -> Result<bool, StorageError> {
        Ok(self.get(table, key)?.is_some())
    }
}

fn decode<R: DeserializeOwned>(table: &Table<R>, key: &str, bytes: &[u8]) -> Result<R, StorageError> {
    serde_json::from_slice(bytes).map_err(|source| StorageError::Row {
        table: table.name,
        key: key.replace('\0', " "),
        source,
    })
}

fn scan_table<R: DeserializeOwned>(
    rows: &impl ReadableTable<&'static str, &'static [u8]>,
    table: &Table<R>,
    prefix: &str,
    after: Option<&str>,
    mut each: impl FnMut(&str, R) -> bool,
) -> Result<(), StorageError> {
    let start = after.map(|after| format!("{prefix}{after}"));
    let lower = match &start {
        Some(start) => Bound::Excluded(start.as_str()),
        None => Bound::Included(prefix),
    };
    for row in rows.range::<&str>((lower, Bound::Unbounded))? {
        let (key, value) = row?;
        let Some(rest) = key.value().strip_prefix(prefix) else { break };
        if !each(rest, decode(table, key.value(), value.value())?) {
            break;
        }
    }
    Ok(())
}

macro_rules! rows {
    ($transaction:ty) => {
        impl Rows for $transaction {
            fn get<R: DeserializeOwned>(
                &self,
                table: &Table<R>,
                key: &str,
            ) -> Result<Option<R>, StorageError> {
                let rows = self.0.open_table(table.definition())?;
                let found = rows.get(key)?;
                found.map(|bytes| decode(table, key, bytes.value())).transpose()
            }

            fn manifest(&self, key: &str) -> Result<Option<Vec<u8>>, StorageError> {
                let rows = self.0.open_table(MANIFESTS)?;
                let found = rows.get(key)?;
                Ok(found.map(|bytes| bytes.value().to_owned()))
            }

            fn scan<R: DeserializeOwned>(
                &self,
                table: &Table<R>,
                prefix: &str,
                after: Option<&str>,
                each: impl FnMut(&str, R) -> bool,
            ) -> Result<(), StorageError> {
                scan_table(&self.0.open_table(table.definition())?, table, prefix, after, each)
            }
        }
    };
}

rows!(View);
rows!(Change);

impl Change {
    /// Writes a row.
    pub(crate) fn put<R: Serialize>(&self, table: &Table<R>, key: &str, row: &R) -> Result<(), StorageError> {
        let bytes = serde_json::to_vec(row).map_err(|source| StorageError::Row {
            table: table.name,
            key: key.to_owned(),
            source,
        })?;
        self.0.open_table(table.definition())?.insert(key, bytes.as_slice())?;
        Ok(())
    }

    /// Returns how many rows a table has.
    pub(crate) fn count<R>(&self, table: &Table<R>) -> Result<usize, StorageError> {
        let rows = self.0.open_table(table.definition())?;
        Ok(usize::try_from(rows.len()?).unwrap_or(usize::MAX))
    }

    /// Removes a row; a missing one is no error.
    pub(crate) fn remove<R>(&self, table: &Table<R>, key: &str) -> Result<(), StorageError> {
        self.0.open_table(table.definition())?.remove(key)?;
        Ok(())
    }

    /// Removes every row whose key begins with `prefix`.
    pub(crate) fn remove_all<R: DeserializeOwned>(
        &self,
        table: &Table<R>,
        prefix: &str,
    ) -> Result<(), StorageError> {
        let mut rows = self.0.open_table(table.definition())?;
        // The zero byte ends a part of a key, so the byte above it ends the range of what follows.
        let end = format!("{}\u{1}", prefix.trim_end_matches('\0'));
        rows.retain_in::<&str, _>(prefix..end.as_str(), |_, _| false)?;
        Ok(())
    }

    /// Writes the bytes of a manifest.
    pub(crate) fn put_manifest(&self, key: &str, bytes: &[u8]) -> Result<(), StorageError> {
        self.0.open_table(MANIFESTS)?.insert(key, bytes)?;
        Ok(())
    }

    /// Removes the bytes of a manifest.
    pub(crate) fn remove_manifest(&self, key: &str) -> Result<(), StorageError> {
        self.0.open_table(MANIFESTS)?.remove(key)?;
        Ok(())
    }

    /// Makes the change durable and visible.
    pub(crate) fn commit(self) -> Result<(), StorageError> {
        self.0.commit()?;
        Ok(())
    }
}

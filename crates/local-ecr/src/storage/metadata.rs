//! Rows of the database: typed tables over one transactional file.
//!
//! A [`View`] reads one consistent state; a [`Change`] is applied as a whole, which [`Metadata::change`]
//! returns from when it cannot get lost any more, or not at all. Keys of several parts are joined by a zero
//! byte, which no name, tag or digest contains. The database is the truth itself, or a copy of what the log
//! in a bucket says.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;

use redb::{ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::StorageError;
use super::records::ALL_TABLES;
use super::s3::{Bucket, Operation, Replica};

/// The format of the rows; raised when older rows must be changed to be read.
const FORMAT: u32 = 1;
/// Bytes of rows that the database keeps in memory.
const CACHE_BYTES: usize = 24 << 20;
/// The name of the table of manifests.
pub(super) const MANIFESTS_NAME: &str = "manifests";
/// The bytes of manifests, beside the rows that describe them.
const MANIFESTS: Definition = TableDefinition::new(MANIFESTS_NAME);
/// Up to which entry of a log a copy is.
const POSITION: TableDefinition<'static, &str, u64> = TableDefinition::new("position");
/// The only key of the position.
const APPLIED: &str = "applied";
/// The format of the whole.
const FORMATS: TableDefinition<'static, &str, u32> = TableDefinition::new("format");

type Definition = TableDefinition<'static, &'static str, &'static [u8]>;

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

    fn definition(&self) -> Definition {
        TableDefinition::new(self.name)
    }
}

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

fn all_tables() -> impl Iterator<Item = Definition> {
    ALL_TABLES.into_iter().map(TableDefinition::new).chain([MANIFESTS])
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

/// One consistent state of all rows.
pub(crate) struct View(redb::ReadTransaction);

/// A change of rows, seen by nobody else until it is committed; dropping it leaves everything as it was.
pub(crate) struct Change {
    transaction: redb::WriteTransaction,
    /// What was done so far, where that must be known.
    record: Option<RefCell<Vec<Done>>>,
}

/// An operation, and the bytes that its row had before.
struct Done {
    operation: Operation,
    before: Option<Vec<u8>>,
}

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
    ($rows:ty, $transaction:tt) => {
        impl Rows for $rows {
            fn get<R: DeserializeOwned>(
                &self,
                table: &Table<R>,
                key: &str,
            ) -> Result<Option<R>, StorageError> {
                let rows = self.$transaction.open_table(table.definition())?;
                let found = rows.get(key)?;
                found.map(|bytes| decode(table, key, bytes.value())).transpose()
            }

            fn manifest(&self, key: &str) -> Result<Option<Vec<u8>>, StorageError> {
                let rows = self.$transaction.open_table(MANIFESTS)?;
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
                scan_table(&self.$transaction.open_table(table.definition())?, table, prefix, after, each)
            }
        }
    };
}

rows!(View, 0);
rows!(Change, transaction);

impl View {
    /// Returns a view of a database as it is.
    pub(super) fn of(database: &redb::Database) -> Result<Self, StorageError> {
        Ok(Self(database.begin_read()?))
    }

    /// Returns up to which entry of the log the view is.
    pub(super) fn position(&self) -> Result<u64, StorageError> {
        Ok(self.0.open_table(POSITION)?.get(APPLIED)?.map_or(0, |position| position.value()))
    }

    /// Returns how many rows all tables have together.
    pub(super) fn count_all(&self) -> Result<u64, StorageError> {
        let mut count = 0;
        for definition in all_tables() {
            count += self.0.open_table(definition)?.len()?;
        }
        Ok(count)
    }

    /// Calls `each` with table, key and bytes of every row.
    pub(super) fn each_row(
        &self,
        mut each: impl FnMut(&str, &str, &[u8]) -> Result<(), StorageError>,
    ) -> Result<(), StorageError> {
        for definition in all_tables() {
            let rows = self.0.open_table(definition)?;
            for row in rows.iter()? {
                let (key, value) = row?;
                each(redb::TableHandle::name(&definition), key.value(), value.value())?;
            }
        }
        Ok(())
    }
}

impl Change {
    /// Begins a change of a database; waits until no other is under way.
    pub(super) fn begin(database: &redb::Database) -> Result<Self, StorageError> {
        Ok(Self { transaction: database.begin_write()?, record: None })
    }

    /// As [`Self::begin`], and keeps what is done.
    pub(super) fn begin_recorded(database: &redb::Database) -> Result<Self, StorageError> {
        Ok(Self { record: Some(RefCell::default()), ..Self::begin(database)? })
    }

    fn set(&self, definition: Definition, key: &str, value: Option<&[u8]>) -> Result<(), StorageError> {
        let mut rows = self.transaction.open_table(definition)?;
        let before = match value {
            Some(value) => rows.insert(key, value)?,
            None => rows.remove(key)?,
        };
        let Some(record) = &self.record else { return Ok(()) };
        let before = before.map(|before| before.value().to_vec());
        let same = before.as_deref() == value;
        if !same {
            let table = name_of(definition);
            let operation = Operation { table, key: key.to_owned(), value: value.map(<[u8]>::to_vec) };
            record.borrow_mut().push(Done { operation, before });
        }
        Ok(())
    }

    /// Writes a row.
    pub(crate) fn put<R: Serialize>(&self, table: &Table<R>, key: &str, row: &R) -> Result<(), StorageError> {
        let bytes = serde_json::to_vec(row).map_err(|source| StorageError::Row {
            table: table.name,
            key: key.to_owned(),
            source,
        })?;
        self.set(table.definition(), key, Some(&bytes))
    }

    /// Returns how many rows a table has.
    pub(crate) fn count<R>(&self, table: &Table<R>) -> Result<usize, StorageError> {
        let rows = self.transaction.open_table(table.definition())?;
        Ok(usize::try_from(rows.len()?).unwrap_or(usize::MAX))
    }

    /// Removes a row; a missing one is no error.
    pub(crate) fn remove<R>(&self, table: &Table<R>, key: &str) -> Result<(), StorageError> {
        self.set(table.definition(), key, None)
    }

    /// Removes every row whose key begins with `prefix`.
    pub(crate) fn remove_all<R: DeserializeOwned>(
        &self,
        table: &Table<R>,
        prefix: &str,
    ) -> Result<(), StorageError> {
        // The zero byte ends a part of a key, so the byte above it ends the range of what follows.
        let end = format!("{}\u{1}", prefix.trim_end_matches('\0'));
        let keys = {
            let mut rows = self.transaction.open_table(table.definition())?;
            if self.record.is_none() {
                rows.retain_in::<&str, _>(prefix..end.as_str(), |_, _| false)?;
                return Ok(());
            }
            let range = rows.range::<&str>(prefix..end.as_str())?;
            range.map(|row| row.map(|(key, _)| key.value().to_owned())).collect::<Result<Vec<_>, _>>()?
        };
        keys.iter().try_for_each(|key| self.remove(table, key))
    }

    /// Writes the bytes of a manifest.
    pub(crate) fn put_manifest(&self, key: &str, bytes: &[u8]) -> Result<(), StorageError> {
        self.set(MANIFESTS, key, Some(bytes))
    }

    /// Removes the bytes of a manifest.
    pub(crate) fn remove_manifest(&self, key: &str) -> Result<(), StorageError> {
        self.set(MANIFESTS, key, None)
    }

    /// Does what an operation of another server says.
    pub(super) fn apply(&self, operation: &Operation) -> Result<(), StorageError> {
        self.set(TableDefinition::new(operation.table), &operation.key, operation.value.as_deref())
    }

    /// Removes all rows.
    pub(super) fn clear(&self) -> Result<(), StorageError> {
        for definition in all_tables() {
            self.transaction.delete_table(definition)?;
            self.transaction.open_table(definition)?;
        }
        Ok(())
    }

    /// Returns how many operations were recorded.
    pub(super) fn operations(&self) -> usize {
        self.record.as_ref().map_or(0, |record| record.borrow().len())
    }

    /// Returns the recorded operations.
    pub(super) fn recorded(&self) -> Vec<Operation> {
        let record = self.record.as_ref().map(RefCell::borrow);
        record.iter().flat_map(|record| record.iter()).map(|done| done.operation.clone()).collect()
    }

    /// Takes back the recorded operations behind the first `mark` ones.
    pub(super) fn undo_to(&self, mark: usize) -> Result<(), StorageError> {
        let Some(record) = &self.record else { return Ok(()) };
        for Done { operation, before } in record.borrow_mut().drain(mark..).rev() {
            let mut rows = self.transaction.open_table(TableDefinition::new(operation.table) as Definition)?;
            match before {
                Some(before) => drop(rows.insert(operation.key.as_str(), before.as_slice())?),
                None => drop(rows.remove(operation.key.as_str())?),
            }
        }
        Ok(())
    }

    fn commit(self) -> Result<(), StorageError> {
        self.transaction.commit()?;
        Ok(())
    }

    /// Makes the change visible in a copy that is then up to an entry of the log.
    pub(super) fn commit_at(self, position: u64) -> Result<(), StorageError> {
        self.transaction.open_table(POSITION)?.insert(APPLIED, position)?;
        self.commit()
    }
}

fn name_of(definition: Definition) -> &'static str {
    let name = redb::TableHandle::name(&definition);
    ALL_TABLES.into_iter().find(|known| *known == name).unwrap_or(MANIFESTS_NAME)
}

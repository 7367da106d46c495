//! Rows: typed tables of one database, views of them, and changes.
//!
//! A [`View`] reads one consistent state; a [`Change`] is applied as a whole or not at all. Keys of several
//! parts are joined by a zero byte, which no name, tag or digest contains.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::ops::Bound;

use redb::{ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::StorageError;
use super::records::ALL_TABLES;
use super::s3::Operation;

/// The name of the table of manifests.
pub(super) const MANIFESTS_NAME: &str = "manifests";
/// The bytes of manifests, beside the rows that describe them.
const MANIFESTS: Definition = TableDefinition::new(MANIFESTS_NAME);
/// Up to which entry of a log a copy is.
pub(super) const POSITION: TableDefinition<'static, &str, u64> = TableDefinition::new("position");
/// The only key of the position.
const APPLIED: &str = "applied";
/// A table as the database knows it.
pub(super) type Definition = TableDefinition<'static, &'static str, &'static [u8]>;

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

/// Returns every table that is part of a snapshot.
pub(super) fn all_tables() -> impl Iterator<Item = Definition> {
    ALL_TABLES.into_iter().map(TableDefinition::new).chain([MANIFESTS])
}

/// One consistent state of all rows.
pub(crate) struct View(redb::ReadTransaction);

/// A change of rows, seen by nobody else until it is committed; dropping it leaves everything as it was.
pub(crate) struct Change {
    transaction: redb::WriteTransaction,
    /// What was done so far, where that must be known.
    record: Option<RefCell<Record>>,
}

/// What was done so far.
#[derive(Default)]
struct Record {
    done: Vec<Done>,
    /// Bytes of keys and rows, those of what was taken back included.
    size: usize,
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
            let mut record = record.borrow_mut();
            record.size += key.len() + value.map_or(0, <[u8]>::len);
            record.done.push(Done { operation, before });
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
        self.record.as_ref().map_or(0, |record| record.borrow().done.len())
    }

    /// Returns how many bytes the recorded operations have about.
    pub(super) fn recorded_size(&self) -> usize {
        self.record.as_ref().map_or(0, |record| record.borrow().size)
    }

    /// Returns the recorded operations.
    pub(super) fn recorded(&self) -> Vec<Operation> {
        let record = self.record.as_ref().map(RefCell::borrow);
        record.iter().flat_map(|record| record.done.iter()).map(|done| done.operation.clone()).collect()
    }

    /// Takes back the recorded operations behind the first `mark` ones.
    pub(super) fn undo_to(&self, mark: usize) -> Result<(), StorageError> {
        let Some(record) = &self.record else { return Ok(()) };
        for Done { operation, before } in record.borrow_mut().done.drain(mark..).rev() {
            let mut rows = self.transaction.open_table(TableDefinition::new(operation.table) as Definition)?;
            match before {
                Some(before) => drop(rows.insert(operation.key.as_str(), before.as_slice())?),
                None => drop(rows.remove(operation.key.as_str())?),
            }
        }
        Ok(())
    }

    /// Makes the change durable and visible.
    pub(super) fn commit(self) -> Result<(), StorageError> {
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

//! Entries of the log and lines of snapshots: rows as lines of JSON that any tool can read.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::storage::error::StorageError;
use crate::storage::records::ALL_TABLES;
use crate::storage::rows::MANIFESTS_NAME;

/// The newest format of entries and snapshots that this version reads.
const FORMAT: u32 = 1;

/// A row as it is from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::storage) struct Operation {
    /// The table.
    pub(in crate::storage) table: &'static str,
    /// The row's key.
    pub(in crate::storage) key: String,
    /// The row's bytes, or nothing where it is gone.
    pub(in crate::storage) value: Option<Vec<u8>>,
}

/// One entry: what one or more changes made of the rows, all of it or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Who wrote it and when, as a number that no other entry has.
    pub(super) id: String,
    /// What it changes.
    pub(super) operations: Vec<Operation>,
}

/// The first line of an entry or a snapshot.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Head {
    format: u32,
    /// The entry's id; of a snapshot the number of the last entry in it.
    pub(super) id: String,
    /// How many lines follow.
    pub(super) rows: u64,
}

impl Head {
    /// Returns the head of what has so many lines.
    pub(super) fn new(id: String, rows: u64) -> Self {
        Self { format: FORMAT, id, rows }
    }

    /// Reads a head, and refuses formats to come.
    pub(super) fn read(name: &str, line: &[u8]) -> Result<Self, StorageError> {
        let head: Self = serde_json::from_slice(line).map_err(|source| unreadable(name, source))?;
        if head.format > FORMAT {
            return Err(StorageError::Format { found: head.format, known: FORMAT });
        }
        Ok(head)
    }
}

#[derive(Serialize, Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    table: std::borrow::Cow<'a, str>,
    key: Vec<String>,
    #[serde(borrow, skip_serializing_if = "Option::is_none", default)]
    row: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    bytes: Option<String>,
    // A row may be null, so that it is gone has to be said.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    gone: bool,
}

fn unreadable(name: &str, source: serde_json::Error) -> StorageError {
    StorageError::Row { table: "log", key: name.to_owned(), source }
}

/// Appends a value as a line.
pub(super) fn write_line<T: Serialize>(buffer: &mut Vec<u8>, value: &T) -> Result<(), StorageError> {
    serde_json::to_writer(&mut *buffer, value).map_err(|source| unreadable("a new entry", source))?;
    buffer.push(b'\n');
    Ok(())
}

/// Appends a row as a line.
pub(super) fn write_row(
    buffer: &mut Vec<u8>,
    table: &str,
    key: &str,
    value: Option<&[u8]>,
) -> Result<(), StorageError> {
    let parts = key.split('\0').map(str::to_owned).collect();
    let mut line = Line { table: table.into(), key: parts, row: None, bytes: None, gone: value.is_none() };
    if table == MANIFESTS_NAME {
        // The bytes of a manifest are its identity, so they are kept as they are.
        line.bytes = value.map(|bytes| STANDARD.encode(bytes));
        return write_line(buffer, &line);
    }
    line.row = value.map(serde_json::from_slice).transpose().map_err(|source| StorageError::Row {
        table: "log",
        key: key.replace('\0', " "),
        source,
    })?;
    write_line(buffer, &line)
}

/// Reads a line of a row.
pub(super) fn read_row(name: &str, line: &[u8]) -> Result<Operation, StorageError> {
    let line: Line<'_> = serde_json::from_slice(line).map_err(|source| unreadable(name, source))?;
    let known = ALL_TABLES.iter().chain([&MANIFESTS_NAME]).find(|known| **known == line.table);
    let table = *known.ok_or(StorageError::Format { found: FORMAT + 1, known: FORMAT })?;
    let decoded = line.bytes.map(|text| STANDARD.decode(text)).transpose();
    let bytes = decoded.map_err(|error| unreadable(name, serde::de::Error::custom(error)))?;
    let row = || line.row.map_or("null", RawValue::get).as_bytes().to_vec();
    let value = (!line.gone).then(|| bytes.unwrap_or_else(row));
    Ok(Operation { table, key: line.key.join("\0"), value })
}

impl Entry {
    /// Returns the bytes of the entry's object.
    pub(super) fn encode(&self) -> Result<Bytes, StorageError> {
        let mut buffer = Vec::new();
        write_line(&mut buffer, &Head::new(self.id.clone(), self.operations.len() as u64))?;
        for operation in &self.operations {
            write_row(&mut buffer, operation.table, &operation.key, operation.value.as_deref())?;
        }
        Ok(Bytes::from(buffer))
    }

    /// Reads an entry; `None` where it was emptied because snapshots hold what it did.
    pub(super) fn decode(name: &str, bytes: &[u8]) -> Result<Option<Self>, StorageError> {
        let mut lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let Some(head) = lines.next() else { return Ok(None) };
        let head = Head::read(name, head)?;
        let operations = lines.map(|line| read_row(name, line)).collect::<Result<Vec<_>, _>>()?;
        if operations.len() as u64 != head.rows {
            return Err(unreadable(name, serde::de::Error::custom("lines are missing")));
        }
        Ok(Some(Self { id: head.id, operations }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_as_they_were_written() {
        let operation = |table, key: &str, value: Option<&[u8]>| Operation {
            table,
            key: key.to_owned(),
            value: value.map(<[u8]>::to_vec),
        };
        let entry = Entry {
            id: "one".to_owned(),
            operations: vec![
                operation("tags", "aa/b\0latest", Some(br#"{"digest":"x\ny","checked_at":null}"#)),
                operation("tags", "aa/b\0old", None),
                operation("image_tags", "aa\0d\0t", Some(b"null")),
                operation("manifests", "aa\0d", Some(b"{ \"schemaVersion\": 2 }\n\xff")),
                operation("manifests", "aa\0e", None),
            ],
        };
        let bytes = entry.encode().expect("it is written");
        assert_eq!(Entry::decode("1", &bytes).expect("it is read"), Some(entry));
        assert_eq!(Entry::decode("1", b"").expect("it is read"), None, "an emptied entry");
        let text = String::from_utf8(bytes.to_vec()).expect("text");
        assert!(text.contains(r#"{"table":"tags","key":["aa/b","latest"],"row":{"digest":"#), "{text}");
        for broken in
            ["{", "{\"format\":1,\"id\":\"x\",\"rows\":1}\n", "{\"format\":2,\"id\":\"x\",\"rows\":0}\n"]
        {
            assert!(Entry::decode("1", broken.as_bytes()).is_err(), "{broken}");
        }
        let unknown = "{\"format\":1,\"id\":\"x\",\"rows\":1}\n{\"table\":\"new\",\"key\":[\"a\"]}\n";
        assert!(matches!(Entry::decode("1", unknown.as_bytes()), Err(StorageError::Format { .. })));
    }
}

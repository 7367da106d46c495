//! Snapshots: all rows as one object, so that a new server does not read the log from its beginning.
//!
//! The newest two are kept. Entries that the older of them holds are emptied, but stay as objects: a server
//! that was asleep must never find their numbers free.

use std::io::{BufRead, BufReader, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::ObjectStoreExt;

use super::catch_up::name as entry_name;
use super::entry::{Head, read_row, write_line, write_row};
use super::replica::{Replica, Writer};
use super::writer::ObjectWriter;
use crate::storage::error::StorageError;
use crate::storage::rows::{Change, View};

/// Where snapshots are.
const FOLDER: &str = "snapshots";
/// The object that says up to which number entries are emptied.
const EMPTIED: &str = "log-emptied";
/// Fewest entries between two snapshots.
const FEWEST_ENTRIES: u64 = 500;
/// Rows of a snapshot for each entry behind it that is worth another one.
const ROWS_FOR_AN_ENTRY: u64 = 20;
/// Bytes that are gathered before they are written.
const GATHER: usize = 1 << 20;

/// When the next snapshot is due.
#[derive(Debug, Default)]
pub(in crate::storage) struct Progress {
    newest: AtomicU64,
    rows: AtomicU64,
    under_way: AtomicBool,
}

fn snapshot_name(position: u64) -> String {
    format!("{FOLDER}/{position:020}")
}

impl Replica {
    /// Makes the copy what the newest snapshot says; without any it is what it was.
    pub(super) fn restore(&self, writer: &mut Writer) -> Result<(), StorageError> {
        let Some(position) = self.snapshots_there()?.pop() else { return Ok(()) };
        if position <= writer.position {
            return Ok(());
        }
        let name = snapshot_name(position);
        let mut lines = BufReader::new(self.fetch(&name)?);
        let mut line = Vec::new();
        let mut next = |line: &mut Vec<u8>| {
            line.clear();
            let failed = |error| StorageError::io("read", std::path::Path::new(&name), error);
            lines.read_until(b'\n', line).map_err(failed)
        };
        next(&mut line)?;
        let head = Head::read(&name, &line)?;
        // One transaction, so that no reader sees half of it.
        let change = Change::begin(&self.database)?;
        change.clear()?;
        let mut count = 0;
        while next(&mut line)? > 0 {
            change.apply(&read_row(&name, &line)?)?;
            count += 1;
        }
        if count != head.rows {
            return Err(StorageError::Row {
                table: "snapshot",
                key: name,
                source: serde::de::Error::custom("lines are missing"),
            });
        }
        change.commit_at(position)?;
        writer.position = position;
        self.snapshots.newest.store(position, Ordering::SeqCst);
        self.snapshots.rows.store(count, Ordering::SeqCst);
        Ok(())
    }

    /// Brings an object into a file without a name.
    fn fetch(&self, name: &str) -> Result<std::fs::File, StorageError> {
        let failed = |error| StorageError::io("make", std::path::Path::new("a temporary file"), error);
        let file = tempfile::tempfile().map_err(failed)?;
        let mut target = file.try_clone().map_err(failed)?;
        let (store, key) = (self.bucket.store(), self.bucket.key(name));
        self.bucket.wait("read", name, async move {
            let mut stream = store.get(&key).await?.into_stream();
            while let Some(bytes) = stream.try_next().await? {
                target.write_all(&bytes).map_err(|error| object_store::Error::Generic {
                    store: "a temporary file",
                    source: Box::new(error),
                })?;
            }
            Ok(())
        })?;
        let mut file = file;
        std::io::Seek::rewind(&mut file).map_err(failed)?;
        Ok(file)
    }

    fn snapshots_there(&self) -> Result<Vec<u64>, StorageError> {
        let mut positions = Vec::new();
        self.bucket.each(FOLDER, |name, _| {
            positions.extend(name.parse::<u64>());
            Ok(())
        })?;
        positions.sort_unstable();
        Ok(positions)
    }

    /// Begins a snapshot beside everything else if enough entries stand behind the last one.
    pub(super) fn snapshot_when_due(self: &Arc<Self>, position: u64) {
        let progress = &self.snapshots;
        let behind = position.saturating_sub(progress.newest.load(Ordering::SeqCst));
        let due = FEWEST_ENTRIES.max(progress.rows.load(Ordering::SeqCst) / ROWS_FOR_AN_ENTRY);
        if behind < due || progress.under_way.swap(true, Ordering::SeqCst) {
            return;
        }
        let own = Arc::clone(self);
        let work = move || {
            if let Err(error) = own.snapshot() {
                tracing::warn!(%error, "no snapshot of the rows was written");
            }
            own.snapshots.under_way.store(false, Ordering::SeqCst);
        };
        if let Err(error) = std::thread::Builder::new().name("local-ecr-snapshot".to_owned()).spawn(work) {
            tracing::warn!(%error, "no snapshot of the rows was begun");
            self.snapshots.under_way.store(false, Ordering::SeqCst);
        }
    }

    /// Writes a snapshot of the copy as it is now, and empties what it makes superfluous; blocks.
    pub(super) fn snapshot(&self) -> Result<(), StorageError> {
        let view = View::of(&self.database)?;
        let position = view.position()?;
        let there = self.snapshots_there()?;
        let rows = view.count_all()?;
        if there.last().is_none_or(|newest| *newest < position) {
            let mut writer = ObjectWriter::new(&self.bucket, FOLDER, format!("{position:020}"));
            let mut buffer = Vec::new();
            write_line(&mut buffer, &Head::new(position.to_string(), rows))?;
            view.each_row(|table, key, value| {
                write_row(&mut buffer, table, key, Some(value))?;
                if buffer.len() >= GATHER {
                    writer.write(Bytes::from(std::mem::take(&mut buffer)))?;
                }
                Ok(())
            })?;
            writer.write(Bytes::from(buffer))?;
            writer.finish()?;
        }
        drop(view);
        self.snapshots.rows.store(rows, Ordering::SeqCst);
        let there = self.snapshots_there()?;
        if let Some(newest) = there.last() {
            self.snapshots.newest.store(*newest, Ordering::SeqCst);
        }
        self.empty_entries(&there)
    }

    /// Empties the entries that the second newest snapshot holds, and removes the snapshots before it.
    fn empty_entries(&self, there: &[u64]) -> Result<(), StorageError> {
        let Some(at) = there.len().checked_sub(2) else { return Ok(()) };
        let (old, kept) = there.split_at(at);
        let Some(until) = kept.first() else { return Ok(()) };
        let emptied = match self.bucket.get(EMPTIED)? {
            Some((bytes, _)) => {
                std::str::from_utf8(&bytes).ok().and_then(|text| text.parse().ok()).unwrap_or(0)
            }
            None => 0,
        };
        for number in emptied + 1..=*until {
            self.bucket.put(&entry_name(number), Bytes::new())?;
        }
        if emptied < *until {
            self.bucket.put(EMPTIED, Bytes::from(until.to_string()))?;
        }
        self.bucket.remove(old.iter().map(|position| snapshot_name(*position)).collect())
    }
}

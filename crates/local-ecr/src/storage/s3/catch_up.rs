//! Catching up: applies entries that other servers wrote.
//!
//! Entries are emptied once snapshots hold what they did, but never removed. So a number without an object
//! is a number that no entry has had, and one request for the next number tells whether a copy is behind.

use super::entry::Entry;
use super::replica::{Replica, apply};
use crate::storage::error::StorageError;

/// Most entries that are read side by side.
const MOST_AT_A_TIME: u64 = 32;

/// Returns the name of an entry's object.
pub(super) fn name(number: u64) -> String {
    format!("log/{number:020}")
}

/// Entries behind a number, in their order.
enum Found {
    /// These; whether there may be more behind them.
    Entries(Vec<Entry>, bool),
    /// The next one is in a snapshot only.
    Emptied,
}

/// Returns how many entries are asked for in a round: mostly there is none or one, and then many.
fn at_a_time(round: u32) -> u64 {
    match round {
        0 | 1 => 1,
        2 => 4,
        _ => MOST_AT_A_TIME,
    }
}

impl Replica {
    /// Applies entries until the log has no more; blocks.
    pub(super) fn catch_up(&self) -> Result<(), StorageError> {
        let mut rounds = 0;
        loop {
            let position = self.writer().position;
            let (entries, more) = match self.entries_behind(position, at_a_time(rounds))? {
                Found::Entries(entries, more) => (entries, more),
                Found::Emptied => {
                    self.apart(|writer| match writer.position == position {
                        true => self.restore(writer),
                        false => Ok(()),
                    })?;
                    continue;
                }
            };
            if !entries.is_empty() {
                self.apart(|writer| {
                    // The server's own next entry may be among them.
                    let known =
                        usize::try_from(writer.position.saturating_sub(position)).unwrap_or(usize::MAX);
                    let new = position + entries.len() as u64;
                    if writer.position < new {
                        let operations = entries.into_iter().skip(known).flat_map(|entry| entry.operations);
                        apply(&self.database, new, operations)?;
                        writer.position = new;
                    }
                    Ok(())
                })?;
            }
            if !more {
                return Ok(());
            }
            rounds += 1;
        }
    }

    fn entries_behind(&self, position: u64, at_a_time: u64) -> Result<Found, StorageError> {
        let names: Vec<_> = (1..=at_a_time).map(|next| name(position + next)).collect();
        let mut entries = Vec::new();
        for (name, bytes) in names.iter().zip(self.bucket.get_all(&names)?) {
            let Some(bytes) = bytes else { return Ok(Found::Entries(entries, false)) };
            match Entry::decode(name, &bytes)? {
                Some(entry) => entries.push(entry),
                None if entries.is_empty() => return Ok(Found::Emptied),
                None => break,
            }
        }
        Ok(Found::Entries(entries, true))
    }
}

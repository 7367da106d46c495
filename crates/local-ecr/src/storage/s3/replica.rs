//! One server's part in the log: a local copy of the rows, and changes that become the log's next entry.
//!
//! A change runs on the rows as the entries up to some number left them, and is committed by creating the
//! entry behind that number, which fails where another server was faster; then the change runs anew on what
//! that one did. So every entry was made from exactly the state before it. Changes that come while an entry
//! is written share the next one.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::bucket::{Bucket, Put};
use super::entry::{Entry, Operation};
use super::object::new_name;
use crate::storage::error::StorageError;
use crate::storage::rows::Change;

/// Bytes of rows that one entry gathers before others have to wait for the next one.
const MOST_BYTES: usize = 1 << 20;
/// How often a change is run before the server gives up.
const MOST_RUNS: u32 = 200;
/// How long an entry waits for changes that have said they are coming.
const GATHER: Duration = Duration::from_millis(10);
/// Entries that a server writes one after the other before it leaves the others a moment.
const STREAK: u32 = 8;

/// A server's copy of the rows.
#[derive(Debug)]
pub(crate) struct Replica {
    /// The rows, as the entries up to the position in it left them.
    pub(super) database: redb::Database,
    /// The bucket.
    pub(super) bucket: Arc<Bucket>,
    /// Where snapshots stand.
    pub(super) snapshots: super::snapshot::Progress,
    writer: Mutex<Writer>,
    turned: Condvar,
    /// Changes that are coming.
    coming: AtomicUsize,
    checks_begun: AtomicU64,
    checks_done: Mutex<u64>,
}

/// Who may write to the copy, and what is being gathered.
#[derive(Debug, Default)]
pub(super) struct Writer {
    /// The number of the last entry that the copy has.
    pub(super) position: u64,
    batch: Option<Batch>,
    /// Whether an entry is on its way to the bucket.
    writing: bool,
    /// How many wait for the end of the batch, to apply entries of others before the next one.
    apart: usize,
    streak: u32,
    last_write: Option<(Instant, Duration)>,
}

/// Changes that become one entry.
struct Batch {
    change: Change,
    outcome: Arc<OnceLock<Outcome>>,
}

impl Batch {
    /// Returns whether others have to wait for the next one.
    fn is_full(&self) -> bool {
        self.change.recorded_size() >= MOST_BYTES
    }
}

impl std::fmt::Debug for Batch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Batch")
    }
}

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// It is in the log.
    Written,
    /// Another server's entry has its number.
    Lost,
    /// The bucket or the local copy failed; who led the batch has the reason.
    Failed,
}

/// What a run of a change came to.
enum Run<R> {
    /// It changed nothing and saw nothing that is not in the log.
    Alone(R, u64),
    /// It is part of a batch.
    Together(R, Arc<OnceLock<Outcome>>, Option<Box<Change>>),
}

/// Counts a change as coming until it has run, however that ends.
struct Coming<'a>(&'a Replica);

impl Drop for Coming<'_> {
    fn drop(&mut self) {
        self.0.coming.fetch_sub(1, Ordering::SeqCst);
        self.0.turned.notify_all();
    }
}

impl Replica {
    /// Makes a copy of what a bucket's log says.
    pub(in crate::storage) fn open(
        database: redb::Database,
        bucket: Arc<Bucket>,
    ) -> Result<Arc<Self>, StorageError> {
        let replica = Arc::new(Self {
            database,
            bucket,
            snapshots: super::snapshot::Progress::default(),
            writer: Mutex::default(),
            turned: Condvar::new(),
            coming: AtomicUsize::new(0),
            checks_begun: AtomicU64::new(0),
            checks_done: Mutex::new(0),
        });
        replica.restore(&mut replica.writer())?;
        replica.refresh()?;
        Ok(replica)
    }

    /// Returns the local copy.
    pub(in crate::storage) fn database(&self) -> &redb::Database {
        &self.database
    }

    pub(super) fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works on the copy while no change is gathered or written, and lets none begin before it is done.
    pub(super) fn apart<T>(
        &self,
        work: impl FnOnce(&mut Writer) -> Result<T, StorageError>,
    ) -> Result<T, StorageError> {
        let mut writer = self.writer();
        writer.apart += 1;
        let waited = self.turned.wait_while(writer, |writer| writer.writing || writer.batch.is_some());
        let mut writer = waited.unwrap_or_else(PoisonError::into_inner);
        let result = work(&mut writer);
        writer.apart -= 1;
        drop(writer);
        self.turned.notify_all();
        result
    }

    /// Makes sure that the copy has every entry that was in the log when this was called; blocks.
    ///
    /// Who comes while a check is under way shares the next one.
    pub(in crate::storage) fn refresh(&self) -> Result<(), StorageError> {
        let begun = self.checks_begun.load(Ordering::SeqCst);
        let mut done = self.checks_done.lock().unwrap_or_else(PoisonError::into_inner);
        if *done > begun {
            return Ok(());
        }
        let number = self.checks_begun.fetch_add(1, Ordering::SeqCst) + 1;
        self.catch_up()?;
        *done = number;
        Ok(())
    }

    /// Carries out a change and returns when it is in the log; blocks.
    pub(in crate::storage) fn change<T, E: From<StorageError>>(
        self: &Arc<Self>,
        mut work: impl FnMut(&Change) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut fresh = false;
        for _ in 0..MOST_RUNS {
            match self.run(&mut work)? {
                Run::Alone(result, position) => {
                    // An answer that changes nothing may only be given from what is in the log now.
                    if fresh {
                        return result;
                    }
                    self.refresh()?;
                    fresh = true;
                    if self.writer().position == position {
                        return result;
                    }
                }
                Run::Together(result, outcome, leads) => {
                    match leads {
                        Some(change) => self.write(*change, &outcome)?,
                        None => self.wait_for(&outcome),
                    }
                    match outcome.get() {
                        Some(Outcome::Written) => return result,
                        Some(Outcome::Lost) | None => self.refresh()?,
                        Some(Outcome::Failed) => return Err(StorageError::NotWritten.into()),
                    }
                }
            }
        }
        Err(StorageError::Contended.into())
    }

    /// Runs a change on the copy and what is being gathered.
    fn run<T, E: From<StorageError>>(
        &self,
        work: &mut impl FnMut(&Change) -> Result<T, E>,
    ) -> Result<Run<Result<T, E>>, StorageError> {
        self.coming.fetch_add(1, Ordering::SeqCst);
        let coming = Coming(self);
        let closed = |writer: &mut Writer| {
            let full = writer.batch.as_ref().is_some_and(Batch::is_full);
            writer.writing || writer.apart > 0 || full
        };
        let waited = self.turned.wait_while(self.writer(), closed);
        let mut writer = waited.unwrap_or_else(PoisonError::into_inner);
        // Taken out while the change runs: should it panic, the batch is gone and its leader sees that.
        let joined = writer.batch.take();
        let leads = joined.is_none();
        let batch = match joined {
            Some(batch) => batch,
            None => Batch { change: Change::begin_recorded(&self.database)?, outcome: Arc::default() },
        };
        let mark = batch.change.operations();
        let result = work(&batch.change);
        if result.is_err() {
            batch.change.undo_to(mark)?;
        }
        if leads && batch.change.operations() == 0 {
            let position = writer.position;
            drop(batch);
            drop(writer);
            return Ok(Run::Alone(result, position));
        }
        let outcome = Arc::clone(&batch.outcome);
        writer.batch = Some(batch);
        drop(coming);
        if !leads {
            return Ok(Run::Together(result, outcome, None));
        }
        let change = self.gather(writer, &outcome);
        Ok(Run::Together(result, outcome, change))
    }

    /// Lets those who come join the batch, and takes it out to be written.
    fn gather(
        &self,
        mut writer: MutexGuard<'_, Writer>,
        outcome: &Arc<OnceLock<Outcome>>,
    ) -> Option<Box<Change>> {
        let mut until = Instant::now() + GATHER;
        if let Some((at, took)) = writer.last_write {
            // Who writes without a pause would keep slower servers out for good.
            writer.streak = if at.elapsed() < took { writer.streak + 1 } else { 0 };
            if writer.streak >= STREAK {
                writer.streak = 0;
                until = Instant::now() + took.saturating_mul(2);
                let pause = self.turned.wait_timeout_while(writer, took.saturating_mul(2), |writer| {
                    writer.batch.as_ref().is_some_and(|batch| !batch.is_full())
                });
                writer = pause.unwrap_or_else(PoisonError::into_inner).0;
            }
        }
        let left = until.saturating_duration_since(Instant::now());
        let gathered = self.turned.wait_timeout_while(writer, left, |writer| {
            let coming = self.coming.load(Ordering::SeqCst) > 0 && writer.apart == 0;
            coming && !writer.batch.as_ref().is_none_or(Batch::is_full)
        });
        writer = gathered.unwrap_or_else(PoisonError::into_inner).0;
        let own = |batch: &mut Batch| Arc::ptr_eq(&batch.outcome, outcome);
        let batch = writer.batch.take_if(own)?;
        if writer.apart > 0 {
            // Somebody has seen the entry that has this one's number.
            outcome.set(Outcome::Lost).unwrap_or_default();
            drop(batch);
            drop(writer);
            self.turned.notify_all();
            return None;
        }
        writer.writing = true;
        Some(Box::new(batch.change))
    }

    /// Writes a batch as the next entry.
    fn write(self: &Arc<Self>, change: Change, outcome: &OnceLock<Outcome>) -> Result<(), StorageError> {
        let position = self.writer().position + 1;
        let started = Instant::now();
        let written = self.write_entry(position, change);
        let mut writer = self.writer();
        if let Ok(Outcome::Written) = written {
            writer.position = position;
        }
        // Set once, here, and before anybody can see that nothing is being written.
        outcome.set(*written.as_ref().unwrap_or(&Outcome::Failed)).unwrap_or_default();
        writer.writing = false;
        writer.last_write = Some((Instant::now(), started.elapsed()));
        drop(writer);
        self.turned.notify_all();
        if let Ok(Outcome::Written) = written {
            self.snapshot_when_due(position);
        }
        written.map(|_| ())
    }

    fn write_entry(&self, position: u64, change: Change) -> Result<Outcome, StorageError> {
        let entry = Entry { id: new_name(), operations: change.recorded() };
        if entry.operations.is_empty() {
            // Every change of the batch was undone; its answers are as good as the log is.
            return Ok(Outcome::Lost);
        }
        match self.bucket.create(&super::catch_up::name(position), entry.encode()?)? {
            Put::Done(_) => {
                change.commit_at(position)?;
                Ok(Outcome::Written)
            }
            Put::Refused => Ok(Outcome::Lost),
        }
    }

    fn wait_for(&self, outcome: &OnceLock<Outcome>) {
        // Over as well when the batch is gone without an outcome, because its leader panicked.
        let pending =
            |writer: &mut Writer| outcome.get().is_none() && (writer.writing || writer.batch.is_some());
        drop(self.turned.wait_while(self.writer(), pending));
    }
}

/// Applies operations to the copy, and notes the number of the entry they are up to.
pub(super) fn apply(
    database: &redb::Database,
    position: u64,
    operations: impl IntoIterator<Item = Operation>,
) -> Result<(), StorageError> {
    let change = Change::begin(database)?;
    for operation in operations {
        change.apply(&operation)?;
    }
    change.commit_at(position)
}

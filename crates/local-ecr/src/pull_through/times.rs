//! Times: when upstream was last asked for something, as far as is remembered.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Timestamp;

/// Most times that are remembered; forgetting one costs a question to upstream.
const MOST: usize = 50_000;

/// Times by key.
#[derive(Debug, Default)]
pub(super) struct Times(Mutex<HashMap<String, Timestamp>>);

impl Times {
    /// Notes that something happened now.
    pub(super) fn note(&self, key: &str, now: Timestamp) {
        let mut times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if times.len() >= MOST {
            times.clear();
        }
        times.insert(key.to_owned(), now);
    }

    /// Returns how long ago something happened; `None` where that is not known.
    pub(super) fn age(&self, key: &str, now: Timestamp) -> Option<Duration> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).map(|at| at.age(now))
    }
}

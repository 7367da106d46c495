//! Watches a transfer from source to destination, and tells which side stands still.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::error::Error;

/// What a transfer waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// The source's next bytes; the reader itself watches over them.
    Source,
    /// The destination, to take the bytes it was given.
    Destination,
    /// The destination's answer after the last byte.
    Answer,
}

/// The state of a transfer, shared by its body and its watch.
pub(crate) struct Flow(Mutex<State>);

struct State {
    waiting: Waiting,
    since: Instant,
    failure: Option<Error>,
}

impl Flow {
    pub(crate) fn new() -> Self {
        let state = State { waiting: Waiting::Destination, since: Instant::now(), failure: None };
        Self(Mutex::new(state))
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes what is waited for from now on.
    pub(crate) fn wait_for(&self, waiting: Waiting) {
        self.with(|state| {
            state.waiting = waiting;
            state.since = Instant::now();
        });
    }

    /// Notes that the source failed, before the body ends with an error.
    pub(crate) fn fail(&self, error: Error) {
        self.with(|state| state.failure = Some(error));
    }

    /// Returns what the source failed of, if it did.
    pub(crate) fn failure(&self) -> Option<Error> {
        self.with(|state| state.failure.take())
    }

    /// Returns when the destination took nothing for `idle`, or gave no answer for `finish`, and the time.
    pub(crate) async fn stalled(&self, idle: Duration, finish: Duration) -> Duration {
        loop {
            let (waiting, since) = self.with(|state| (state.waiting, state.since));
            let limit = match waiting {
                Waiting::Source => None,
                Waiting::Destination => Some(idle),
                Waiting::Answer => Some(finish),
            };
            let end = limit.and_then(|limit| Some((limit, since.checked_add(limit)?)));
            match end {
                Some((limit, end)) if Instant::now() >= end => return limit,
                Some((_, end)) => tokio::time::sleep_until(end).await,
                None => tokio::time::sleep(idle).await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_the_destination_is_watched() {
        let flow = Flow::new();
        let (idle, finish) = (Duration::from_secs(30), Duration::from_secs(600));
        let start = Instant::now();
        assert_eq!(flow.stalled(idle, finish).await, idle);
        assert_eq!(start.elapsed(), idle);
        flow.wait_for(Waiting::Source);
        let day = Duration::from_secs(86_400);
        assert!(tokio::time::timeout(day, flow.stalled(idle, finish)).await.is_err());
        flow.wait_for(Waiting::Answer);
        assert_eq!(flow.stalled(idle, finish).await, finish);
    }
}

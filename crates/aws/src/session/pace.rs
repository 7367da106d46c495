//! How many requests run at once: fewer after a service asked for fewer, more again while it does not.
//!
//! The SDK's own adaptive mode measures requests a second and waits half a minute after one throttled request of
//! a session that had made few; a bound on what runs at once needs no measuring.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, SemaphorePermit};

/// The bound on what runs at once.
#[derive(Debug)]
pub(crate) struct Pace {
    slots: Semaphore,
    most: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// How many requests may run.
    allowed: usize,
    /// How many slots are to be taken away as soon as they are free.
    owed: usize,
    /// How many requests succeeded since the bound last changed.
    calm: usize,
    /// When the bound was last lowered.
    lowered: Option<Instant>,
}

/// All that is throttled within this time counts as one.
const BURST: Duration = Duration::from_millis(250);

impl Pace {
    /// Returns a bound that begins at its highest.
    pub(super) fn new(most: usize) -> Self {
        let state = State { allowed: most, owed: 0, calm: 0, lowered: None };
        Self { slots: Semaphore::new(most), most, state: Mutex::new(state) }
    }

    /// Waits until one more request may run.
    pub(crate) async fn begin(&self) -> Option<SemaphorePermit<'_>> {
        // A closed semaphore does not happen; without a slot a request would merely not be bounded.
        self.slots.acquire().await.ok()
    }

    /// Ends a request, and allows one more at once after as many successes as are allowed.
    pub(crate) fn end(&self, slot: Option<SemaphorePermit<'_>>, succeeded: bool) {
        let mut state = self.state();
        if succeeded && state.allowed < self.most {
            state.calm += 1;
            if state.calm >= state.allowed {
                state.calm = 0;
                state.allowed += 1;
                match state.owed.checked_sub(1) {
                    Some(owed) => state.owed = owed,
                    None => self.slots.add_permits(1),
                }
            }
        }
        if let Some(slot) = slot
            && state.owed > 0
        {
            state.owed -= 1;
            slot.forget();
        }
    }

    /// Halves how many requests may run, since a service asked for fewer.
    pub(super) fn slow_down(&self) {
        let mut state = self.state();
        if state.lowered.is_some_and(|lowered| lowered.elapsed() < BURST) {
            return;
        }
        let allowed = (state.allowed / 2).max(1);
        let less = state.allowed - allowed;
        let taken = self.slots.forget_permits(less);
        state.owed += less - taken;
        state.allowed = allowed;
        state.calm = 0;
        state.lowered = Some(Instant::now());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Pace {
        /// Takes every slot that is free and returns how many there were.
        fn free(&self) -> usize {
            self.slots.available_permits()
        }

        fn forget_time(&self) {
            self.state().lowered = None;
        }
    }

    #[tokio::test]
    async fn slots_in_use_are_taken_away_when_they_are_free() {
        let pace = Pace::new(8);
        let mut running = Vec::new();
        for _ in 0..8 {
            running.push(pace.begin().await);
        }
        pace.slow_down();
        pace.slow_down();
        assert_eq!(pace.state().allowed, 4, "a burst counts once");
        for slot in running {
            pace.end(slot, false);
        }
        assert_eq!(pace.free(), 4);
        for expected in [2, 1, 1] {
            pace.forget_time();
            pace.slow_down();
            assert_eq!(pace.free(), expected);
        }
    }

    #[tokio::test]
    async fn successes_bring_slots_back_up_to_the_most() {
        let pace = Pace::new(4);
        for _ in 0..2 {
            pace.forget_time();
            pace.slow_down();
        }
        assert_eq!(pace.free(), 1);
        let mut successes = 0;
        while pace.free() < 4 {
            let slot = pace.begin().await;
            pace.end(slot, true);
            successes += 1;
        }
        assert_eq!(successes, 1 + 2 + 3);
        for _ in 0..100 {
            let slot = pace.begin().await;
            pace.end(slot, true);
        }
        assert_eq!(pace.free(), 4);
    }
}

//! Requests a second, per operation and registry.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Lets requests through one at a time, evenly spaced.
#[derive(Debug)]
pub(crate) struct Pacer {
    interval: Duration,
    next: Mutex<Instant>,
}

impl Pacer {
    /// Returns a pacer of so many requests a second; `None` for a rate that is no limit.
    pub(crate) fn per_second(rate: f64) -> Option<Self> {
        let interval = Duration::try_from_secs_f64(1.0 / rate).ok().filter(|interval| !interval.is_zero())?;
        Some(Self { interval, next: Mutex::new(Instant::now()) })
    }

    /// Waits for the next free place.
    pub(crate) async fn wait(&self) {
        let place = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let place = (*next).max(Instant::now());
            *next = place + self.interval;
            place
        };
        tokio::time::sleep_until(place).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn requests_are_spaced() {
        let pacer = Pacer::per_second(10.0).unwrap();
        let start = Instant::now();
        for _ in 0..11 {
            pacer.wait().await;
        }
        assert_eq!(start.elapsed().as_millis() / 10, 100);
        assert!(Pacer::per_second(0.0).is_none() && Pacer::per_second(f64::INFINITY).is_none());
        assert!(Pacer::per_second(-1.0).is_none() && Pacer::per_second(f64::NAN).is_none());
    }
}

//! When a request is tried again, and after which pause.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tokio::time::Instant;

use crate::client::host::Host;
use crate::client::options::RetryOptions;
use crate::client::request::{Ask, Response};
use crate::error::{Cause, Error, Hint, Result};

/// The tries of one request.
pub(crate) struct Attempts {
    made: u32,
    most: u32,
    started: Instant,
    patience: Duration,
    delays: ExponentialBackoff,
    longest: Duration,
}

/// What is to be done about an answer.
pub(crate) enum Judged {
    /// It is an answer to work with, good or bad.
    Answer(Response),
    /// It is to be tried again after this pause.
    Again(Duration),
    /// It failed for good.
    Failed(Error),
}

/// Returns whether the same request may fare better later.
pub(crate) fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502 | 503 | 504)
}

/// Returns whether trying all over again may help: a broken connection, a registry out of sorts.
pub(crate) fn may_pass(error: &Error) -> bool {
    match error.cause() {
        Cause::Refused(refusal) => is_passing(refusal.status),
        Cause::Connection { .. } | Cause::Stalled { .. } | Cause::Short { .. } => true,
        _ => false,
    }
}

impl Attempts {
    pub(crate) fn new(options: &RetryOptions) -> Self {
        let delays = ExponentialBuilder::default()
            .with_min_delay(options.first_delay)
            .with_max_delay(options.longest_delay)
            .without_max_times()
            .with_jitter()
            .build();
        Self {
            made: 0,
            most: options.attempts.max(1),
            started: Instant::now(),
            patience: options.patience,
            delays,
            longest: options.longest_delay,
        }
    }

    /// Returns how many tries were made.
    pub(crate) fn made(&self) -> u32 {
        self.made
    }

    /// Returns the time since the first try began.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    fn delay(&mut self) -> Duration {
        self.delays.next().unwrap_or(self.longest)
    }

    /// Judges the outcome of a try, and lets the whole registry wait where it asked for that.
    pub(crate) async fn judge(&mut self, host: &Host, ask: &Ask, outcome: Result<Response>) -> Judged {
        self.made += 1;
        let error = match outcome {
            Ok(response) if !is_passing(response.status()) => return Judged::Answer(response),
            Ok(response) => response.into_refusal(ask).await,
            Err(error) => error,
        };
        match self.again(host, &error) {
            Some(pause) if ask.body.is_whole() => {
                tracing::debug!(attempt = self.made, ?pause, %error, "trying again");
                Judged::Again(pause)
            }
            _ => Judged::Failed(error.after(self.made, self.started.elapsed())),
        }
    }

    /// Returns the pause before another try after an error, `None` to give up.
    pub(crate) fn again(&mut self, host: &Host, error: &Error) -> Option<Duration> {
        if !may_pass(error) {
            return None;
        }
        let delay = self.delay();
        let Cause::Refused(refusal) = error.cause() else {
            return (self.made < self.most).then_some(delay);
        };
        if refusal.status == 429 && host.pull_limit().is_some_and(|limit| limit.remaining == 0) {
            // The allowance of a window of hours: waiting minutes changes nothing.
            return None;
        }
        if refusal.status != 429 && refusal.retry_after.is_none() {
            return (self.made < self.most).then_some(delay);
        }
        // No time and a time of nothing mean the same.
        let wanted = refusal.retry_after.filter(|wait| !wait.is_zero()).unwrap_or(delay);
        let patience = self.patience.saturating_sub(self.started.elapsed());
        if wanted > patience {
            return None;
        }
        host.quiet_for(wanted);
        // All that waited start again at once unless each adds some time of its own.
        Some(wanted + self.spread(delay))
    }

    fn spread(&self, delay: Duration) -> Duration {
        (delay / 8).min(Duration::from_millis(500))
    }

    /// Counts a try that was judged elsewhere.
    pub(crate) fn count(&mut self) {
        self.made += 1;
    }
}

/// Adds the hint that follows from an error's own data.
pub(crate) fn hinted(host: &Host, error: Error) -> Error {
    let Cause::Refused(refusal) = error.cause() else { return error };
    let hint = match refusal.status {
        429 if host.pull_limit().is_some_and(|limit| limit.remaining == 0) => {
            Hint::PullLimit(host.name.clone())
        }
        429 | 503 => match refusal.retry_after {
            Some(wait) => Hint::WaitFor(wait),
            None => return error,
        },
        401 | 403 => Hint::LogIn(host.name.clone()),
        _ => return error,
    };
    error.with_hint(hint)
}

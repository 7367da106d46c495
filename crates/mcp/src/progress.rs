//! Tells a client how far a call is, where it asked for that.

use std::convert::Infallible;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use rmcp::RoleServer;
use rmcp::model::{ProgressNotificationParam, ProgressToken};
use rmcp::service::Peer;

/// The least time between two messages, and the time after which work without news says that it goes on.
const BEAT: Duration = Duration::from_millis(500);

/// How far a call is; values only ever rise.
pub(crate) struct Progress {
    peer: Peer<RoleServer>,
    token: Option<ProgressToken>,
    last: Mutex<(f64, Option<Instant>)>,
}

impl Progress {
    /// Returns the progress of a call; without a token nothing is told.
    pub(crate) fn new(peer: Peer<RoleServer>, token: Option<ProgressToken>) -> Self {
        Self { peer, token, last: Mutex::new((-1.0, None)) }
    }

    /// Returns whether the client wants to know.
    pub(crate) fn is_wanted(&self) -> bool {
        self.token.is_some()
    }

    /// Tells where the work is, unless it was told just before.
    pub(crate) async fn tell(&self, done: f64, total: Option<f64>, message: String) {
        let Some(token) = &self.token else { return };
        let done = {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            if last.1.is_some_and(|told| told.elapsed() < BEAT) || done <= last.0 {
                return;
            }
            *last = (done, Some(Instant::now()));
            done
        };
        let mut note = ProgressNotificationParam::new(token.clone(), done).with_message(message);
        if let Some(total) = total {
            note = note.with_total(total);
        }
        // A client that has gone does not need it.
        let _ = self.peer.notify_progress(note).await;
    }

    /// Tells at once that work begins, and again and again that it goes on; the value is the time in seconds.
    pub(crate) async fn beat(&self, what: &str) -> Infallible {
        let began = Instant::now();
        loop {
            let seconds = began.elapsed().as_secs_f64();
            self.tell(seconds, None, format!("{what}: {seconds:.0} s")).await;
            if !self.is_wanted() {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(BEAT.saturating_add(Duration::from_millis(20))).await;
        }
    }
}

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
    began: Instant,
    last: Mutex<Option<Instant>>,
}

impl Progress {
    /// Returns the progress of a call; without a token nothing is told.
    pub(crate) fn new(peer: Peer<RoleServer>, token: Option<ProgressToken>) -> Self {
        Self { peer, token, began: Instant::now(), last: Mutex::new(None) }
    }

    /// Tells what happens now, unless something was told just before; the value is the time since the call began, in
    /// seconds.
    pub(crate) async fn now(&self, message: String) {
        let Some(token) = &self.token else { return };
        let done = self.began.elapsed().as_secs_f64();
        {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            if last.is_some_and(|last| last.elapsed() < BEAT) {
                return;
            }
            *last = Some(Instant::now());
        }
        let note = ProgressNotificationParam::new(token.clone(), done).with_message(message);
        // A client that has gone does not need it.
        let _ = self.peer.notify_progress(note).await;
    }

    /// Tells again and again that work goes on; the value is the time in seconds.
    pub(crate) async fn beat(&self, what: &str) -> Infallible {
        if self.token.is_none() {
            std::future::pending::<()>().await;
        }
        loop {
            self.now(format!("{what}: {:.0} s", self.began.elapsed().as_secs_f64())).await;
            tokio::time::sleep(BEAT.saturating_add(Duration::from_millis(20))).await;
        }
    }
}

//! What a client's log is told of calls, where the client asked for that.

#![expect(deprecated, reason = "clients have logs until the protocol takes them away")]

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use rmcp::RoleServer;
use rmcp::model::{CallToolResponse, LoggingLevel, LoggingMessageNotificationParam};
use rmcp::service::{Peer, RequestContext};
use serde_json::json;

use crate::call::is_stateless;

/// The level from which on a session's client wants messages; none before it said so.
#[derive(Clone, Default)]
pub(crate) struct Level(Arc<Mutex<Option<LoggingLevel>>>);

impl Level {
    /// Notes what the client wants from now on.
    pub(crate) fn set(&self, level: LoggingLevel) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(level);
    }

    fn get(&self) -> Option<LoggingLevel> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The log of one call.
pub(crate) struct Log {
    peer: Peer<RoleServer>,
    least: Option<LoggingLevel>,
    began: Instant,
}

impl Log {
    /// Returns the log of a call: its own level in the era without sessions, else that of the session.
    pub(crate) fn new(context: &RequestContext<RoleServer>, session: &Level) -> Self {
        let least = if is_stateless(context) { context.meta.log_level() } else { session.get() };
        Self { peer: context.peer.clone(), least, began: Instant::now() }
    }

    /// Tells that a call has ended, how, and how long it took.
    pub(crate) async fn ended(&self, tool: &str, response: &CallToolResponse) {
        let Some(least) = self.least else { return };
        let (level, outcome) = match response {
            CallToolResponse::Complete(result) if result.is_error == Some(true) => {
                (LoggingLevel::Warning, "failed")
            }
            CallToolResponse::Complete(_) => (LoggingLevel::Info, "answered"),
            _ => (LoggingLevel::Info, "asks the client first"),
        };
        if (level as u8) < (least as u8) {
            return;
        }
        let data = json!({
            "tool": tool,
            "outcome": outcome,
            "milliseconds": u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
        });
        let note = LoggingMessageNotificationParam::new(level, data).with_logger("omics-ecr");
        // A client that has gone does not need it.
        let _ = self.peer.notify_logging_message(note).await;
    }
}

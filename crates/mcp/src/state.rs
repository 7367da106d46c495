//! What a client was asked, kept by the client between two rounds of one call: signed, bound to the call, short-lived.

use std::time::Duration;

use rmcp::model::{RequestStateCodec, SealOptions};
use serde::{Deserialize, Serialize};

/// How long an answer may take.
const GOOD_FOR: Duration = Duration::from_secs(15 * 60);

/// What is known of the rounds before.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Told {
    /// The digest of the plan that was in the question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) plan: Option<String>,
    /// The roots that the client named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) roots: Option<Vec<String>>,
}

/// Seals and opens states with a key of this process.
pub(crate) struct RequestState(RequestStateCodec);

impl RequestState {
    /// Returns a new key.
    ///
    /// # Errors
    /// When the machine has no randomness.
    pub(crate) fn new() -> Result<Self, String> {
        let mut key = [0_u8; 32];
        getrandom::fill(&mut key).map_err(|error| error.to_string())?;
        RequestStateCodec::try_new(key).map(Self).map_err(|error| error.to_string())
    }

    /// Seals a state for a call.
    pub(crate) fn seal(&self, told: &Told, subject: &str) -> String {
        let options = SealOptions::new().associated_data(subject.as_bytes()).ttl(GOOD_FOR);
        let payload = serde_json::to_vec(told).unwrap_or_default();
        self.0.seal_with(&payload, &options)
    }

    /// Opens a state; `None` for one that is forged, of another call, or too old.
    pub(crate) fn open(&self, sealed: &str, subject: &str) -> Option<Told> {
        let payload = self.0.open_with(sealed, subject.as_bytes()).ok()?;
        serde_json::from_slice(&payload).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_good_for_its_own_call_and_process_alone() {
        let state = RequestState::new().unwrap();
        let told = Told { plan: Some("x".to_owned()), roots: None };
        let sealed = state.seal(&told, "call a");
        assert_eq!(state.open(&sealed, "call a").unwrap().plan.as_deref(), Some("x"));
        assert!(state.open(&sealed, "call b").is_none());
        assert!(state.open(&format!("{sealed}x"), "call a").is_none());
        assert!(RequestState::new().unwrap().open(&sealed, "call a").is_none());
    }
}

//! Whether an upstream registry takes a user name and a token.

use std::sync::Arc;

use image::UpstreamRegistry;
use registry::{Cause, Client, ClientOptions, Credential, GivenCredentials, Login, Secret};
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::OperationError;

/// What an upstream registry says to a user name and a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "login", rename_all = "kebab-case")]
pub enum LoginOutcome {
    /// It takes them.
    Taken,
    /// It refuses them.
    Refused {
        /// In its words.
        reason: String,
    },
    /// It could not be asked, or asks nobody for a login.
    Unknown {
        /// Why not.
        reason: String,
    },
    /// It was not asked.
    NotTried {
        /// Why not.
        reason: String,
    },
}

impl LoginOutcome {
    /// Returns the outcome in a few words, as tables show it.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Refused { .. } => "refused",
            Self::Unknown { .. } => "unknown",
            Self::NotTried { .. } => "not tried",
        }
    }

    /// Returns why it is not plainly taken.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Taken => None,
            Self::Refused { reason } | Self::Unknown { reason } | Self::NotTried { reason } => Some(reason),
        }
    }
}

/// Signs in at an upstream registry; pulls nothing.
///
/// The options say how registries are reached; their credentials are of no account.
pub(super) async fn try_out(
    upstream: &UpstreamRegistry,
    username: &str,
    token: &aws::Secret,
    options: &ClientOptions,
) -> LoginOutcome {
    let login = Credential::Login { username: username.to_owned(), password: Secret::from(token.expose()) };
    let given = GivenCredentials::default().with(upstream.host().clone(), login);
    let options = ClientOptions { credentials: Arc::new(given), ..options.clone() };
    let outcome = match Client::new(options) {
        Ok(client) => client.log_in(upstream.host()).await,
        Err(error) => Err(error),
    };
    match outcome {
        Ok(Login::Taken) => LoginOutcome::Taken,
        Ok(Login::NotAsked) => {
            LoginOutcome::Unknown { reason: format!("{} lets everybody in without a login", upstream.host()) }
        }
        Err(error) => {
            let refused =
                matches!(error.cause(), Cause::Refused(refusal) if matches!(refusal.status, 400 | 401 | 403));
            let error = OperationError::from(&error);
            let reason = error.refused.unwrap_or(error.tried);
            if refused { LoginOutcome::Refused { reason } } else { LoginOutcome::Unknown { reason } }
        }
    }
}

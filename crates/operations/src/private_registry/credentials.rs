//! The logins of private ECR registries: authorization tokens, asked for anew when they grow old.

use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use aws::ecr::{AuthorizationToken, Ecr};
use futures_util::future::BoxFuture;
use image::{EcrHost, RegistryHost};
use registry::{Cause, Credential, CredentialSource, Error, Issued, Secret};

/// Logs in to the registry that is written to, and to those of other Regions that images come from.
pub(super) struct EcrLogins {
    ecr: Ecr,
    host: RegistryHost,
    /// The token that told where the registry is; good for the first login.
    first: Mutex<Option<AuthorizationToken>>,
}

impl EcrLogins {
    /// Returns the logins of whoever asks `ecr`, whose registry is `host`.
    pub(super) fn new(ecr: Ecr, host: RegistryHost, first: AuthorizationToken) -> Self {
        Self { ecr, host, first: Mutex::new(Some(first)) }
    }

    async fn token(&self, host: &RegistryHost) -> Result<Option<AuthorizationToken>, aws::AwsError> {
        if *host == self.host {
            let first = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
            return match first {
                Some(token) => Ok(Some(token)),
                None => self.ecr.authorization_token().await.map(Some),
            };
        }
        let Some(other) = EcrHost::of(host) else { return Ok(None) };
        let session = self.ecr.session();
        if other.region() == session.region() {
            return self.ecr.authorization_token().await.map(Some);
        }
        // A token is good in its own Region alone.
        session.in_region(other.region().clone()).ecr().authorization_token().await.map(Some)
    }
}

impl CredentialSource for EcrLogins {
    fn credential<'a>(&'a self, host: &'a RegistryHost) -> BoxFuture<'a, registry::Result<Option<Issued>>> {
        Box::pin(async move {
            let token = self.token(host).await.map_err(|error| {
                Error::new(format!("log in to {host}"), Cause::Credential(error.to_string()))
            })?;
            Ok(token.map(|token| {
                let valid_for = token.expires.and_then(|at| at.duration_since(SystemTime::now()).ok());
                let password = Secret::from(token.password.expose());
                Issued { credential: Credential::Upfront { username: token.user, password }, valid_for }
            }))
        })
    }
}

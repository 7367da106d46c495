//! Credentials and where they come from.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use image::RegistryHost;

use crate::error::Result;
use crate::secret::Secret;

/// What a registry knows us by.
#[derive(Debug, Clone)]
pub enum Credential {
    /// A user name and a password, sent when the registry or its token service asks.
    Login {
        /// The user name.
        username: String,
        /// The password or access token.
        password: Secret,
    },
    /// A user name and password that goes with every request from the first one on, as Amazon ECR's
    /// authorization token does.
    Upfront {
        /// The user name.
        username: String,
        /// The password.
        password: Secret,
    },
    /// A refresh token that the token service exchanges, as Docker's credential helpers keep it.
    IdentityToken(Secret),
    /// A bearer token that goes with every request as it is.
    RegistryToken(Secret),
}

/// A credential and how long it holds.
#[derive(Debug, Clone)]
pub struct Issued {
    /// The credential.
    pub credential: Credential,
    /// How long it holds from now on; asked for anew at half of it. `None`: as long as the client lives.
    pub valid_for: Option<Duration>,
}

impl From<Credential> for Issued {
    fn from(credential: Credential) -> Self {
        Self { credential, valid_for: None }
    }
}

/// Gives credentials for registries when they are first needed, and again when they grow old.
pub trait CredentialSource: Send + Sync {
    /// Returns the credential for a registry, `None` to go there without.
    ///
    /// Called again at half of a credential's life and once when a registry says that it has expired.
    ///
    /// # Errors
    /// [`Cause::Credential`](crate::Cause::Credential) where one should be there and cannot be had.
    fn credential<'a>(&'a self, host: &'a RegistryHost) -> BoxFuture<'a, Result<Option<Issued>>>;
}

/// Goes everywhere without credentials.
#[derive(Debug, Clone, Copy, Default)]
pub struct Anonymous;

impl CredentialSource for Anonymous {
    fn credential<'a>(&'a self, _: &'a RegistryHost) -> BoxFuture<'a, Result<Option<Issued>>> {
        Box::pin(async { Ok(None) })
    }
}

/// Credentials given one by one: flags, variables, standard input.
#[derive(Debug, Clone, Default)]
pub struct GivenCredentials(HashMap<RegistryHost, Credential>);

impl GivenCredentials {
    /// Returns the set with a credential for one registry added.
    #[must_use]
    pub fn with(mut self, host: RegistryHost, credential: Credential) -> Self {
        self.0.insert(host, credential);
        self
    }
}

impl CredentialSource for GivenCredentials {
    fn credential<'a>(&'a self, host: &'a RegistryHost) -> BoxFuture<'a, Result<Option<Issued>>> {
        let found = self.0.get(host).cloned().map(Issued::from);
        Box::pin(async { Ok(found) })
    }
}

/// Asks several sources in their order and takes the first credential there is.
#[derive(Clone)]
pub struct FirstOf(Vec<Arc<dyn CredentialSource>>);

impl FirstOf {
    /// Returns the chain of these sources.
    pub fn new(sources: Vec<Arc<dyn CredentialSource>>) -> Self {
        Self(sources)
    }
}

impl fmt::Debug for FirstOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FirstOf({} sources)", self.0.len())
    }
}

impl CredentialSource for FirstOf {
    fn credential<'a>(&'a self, host: &'a RegistryHost) -> BoxFuture<'a, Result<Option<Issued>>> {
        Box::pin(async move {
            for source in &self.0 {
                if let Some(found) = source.credential(host).await? {
                    return Ok(Some(found));
                }
            }
            Ok(None)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_source_that_knows_a_host_wins() {
        let [a, b]: [RegistryHost; 2] = ["a.example", "b.example"].map(|host| host.parse().unwrap());
        let given = |host: &RegistryHost, name: &str| {
            let credential = Credential::RegistryToken(Secret::from(name));
            Arc::new(GivenCredentials::default().with(host.clone(), credential))
        };
        let chain = FirstOf::new(vec![given(&a, "first"), given(&a, "second"), given(&b, "third")]);
        for (host, expected) in [(&a, "first"), (&b, "third")] {
            match chain.credential(host).await.unwrap().unwrap().credential {
                Credential::RegistryToken(token) => assert_eq!(token.expose(), expected),
                other => panic!("{other:?}"),
            }
        }
        assert!(chain.credential(&RegistryHost::docker_hub()).await.unwrap().is_none());
    }
}

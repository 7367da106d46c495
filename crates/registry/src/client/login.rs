//! Whether a registry takes our credential.

use std::sync::Arc;

use image::RegistryHost;
use reqwest::Method;

use crate::auth::Scopes;
use crate::client::Client;
use crate::client::endpoint::below;
use crate::client::options::Operation;
use crate::client::request::{Ask, Body};
use crate::error::Result;

/// What a registry says to our credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Login {
    /// It asked for the credential and took it.
    Taken,
    /// It let us in without asking for one.
    NotAsked,
}

impl Client {
    /// Signs in to a registry as `docker login` does, which pulls nothing and costs no pull limit.
    ///
    /// Spec: end-1, GET, and the token service that it names.
    ///
    /// # Errors
    /// The refusal of the registry or of its token service, and what the network refuses.
    pub async fn log_in(&self, host: &RegistryHost) -> Result<Login> {
        let host = self.host(host)?;
        let ask = Ask {
            operation: Operation::Token,
            method: Method::GET,
            url: below(&host.base, "/v2/", None),
            headers: Vec::new(),
            body: Body::Empty,
            scopes: Scopes::default(),
            tried: format!("log in to {}", host.name),
            side: None,
            retries: Arc::default(),
            timeout: self.options().idle_timeout,
            follow: true,
        };
        let response = self.send(&host, &ask).await?;
        if response.status() != 200 {
            return Err(response.into_refusal(&ask).await);
        }
        Ok(if self.asks_for_credentials(&host) { Login::Taken } else { Login::NotAsked })
    }
}

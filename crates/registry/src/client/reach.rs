//! Whether a registry can be reached at all.

use std::sync::Arc;

use image::RegistryHost;
use reqwest::Method;

use crate::auth::Scopes;
use crate::client::Client;
use crate::client::endpoint::below;
use crate::client::options::Operation;
use crate::client::request::{Ask, Body};
use crate::error::Result;

/// What answered where a registry is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// A registry: it let us in, or asked for a credential.
    Registry,
    /// Something that answers with this HTTP status: a registry out of sorts, or a firewall on the way.
    Other(u16),
}

impl Client {
    /// Asks a registry once, without a credential, whether it is there; costs no pull limit.
    ///
    /// Spec: end-1, GET.
    ///
    /// # Errors
    /// What the network refuses, and a registry that leads where requests must not go.
    pub async fn reach(&self, host: &RegistryHost) -> Result<Reached> {
        let host = self.host(host)?;
        let ask = Ask {
            operation: Operation::Token,
            method: Method::GET,
            url: below(&host.base, "/v2/", None),
            headers: Vec::new(),
            body: Body::Empty,
            scopes: Scopes::default(),
            tried: format!("reach {}", host.name),
            side: None,
            retries: Arc::default(),
            timeout: self.options().idle_timeout,
            follow: true,
        };
        let response = self.send_unnamed(&host, &ask).await?;
        Ok(match response.status() {
            200 => Reached::Registry,
            401 if response.challenge().is_some() => Reached::Registry,
            status => Reached::Other(status),
        })
    }
}

//! What a server is made of, and where it may be reached.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use image::{AccountId, Region};

use super::Tls;
use crate::access::Authentication;
use crate::clock::Clock;
use crate::pull_through::PullThroughOptions;
use crate::storage::{Data, StorageError};

/// What a server is made of.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it listens; port 0 takes any free one. One that is not of this machine alone needs
    /// [`Authentication::Signed`], and TLS or `plain_http`.
    pub address: SocketAddr,
    /// The certificate it shows; without one it speaks plain HTTP.
    pub tls: Option<Tls>,
    /// Whether it may speak plain HTTP on an address that is not of this machine alone.
    pub plain_http: bool,
    /// Where clients reach it, such as `https://ecr.example.org`, when that is not its own address.
    pub url: Option<String>,
    /// Where it keeps its data.
    pub data: Data,
    /// The account whose registry it is.
    pub account: AccountId,
    /// The Region of the registry.
    pub region: Region,
    /// Which credentials requests must carry.
    pub authentication: Authentication,
    /// Its clock.
    pub clock: Clock,
    /// How much it takes.
    pub limits: Limits,
    /// How it pulls through.
    pub pull_through: PullThroughOptions,
}

/// How much a server takes, and when it clears up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long a body may stand still, and an answer wait to be taken.
    pub idle: Duration,
    /// How long the head of a request may take, from the answer before it on.
    pub head: Duration,
    /// How many requests are worked on at a time, to the last byte of their answers.
    pub concurrency: usize,
    /// How long a request waits until it is worked on, before it is refused.
    pub wait: Duration,
    /// How many connections are open at a time; more wait.
    pub connections: usize,
    /// How many bytes of bodies that must be read whole are in memory at a time; more wait.
    pub memory: usize,
    /// How long a stop waits for requests that are under way.
    pub drain: Duration,
    /// How often what nothing needs any more is removed, beside the start.
    pub sweep: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(60),
            head: Duration::from_secs(60),
            concurrency: 512,
            wait: Duration::from_secs(30),
            connections: 4096,
            memory: 256 << 20,
            drain: Duration::from_secs(10),
            sweep: Duration::from_secs(24 * 3600),
        }
    }
}

impl Config {
    /// Returns the configuration of a registry of an account in a Region: data in memory, any free port.
    pub fn new(account: AccountId, region: Region) -> Self {
        Self {
            address: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            tls: None,
            plain_http: false,
            url: None,
            data: Data::Memory,
            account,
            region,
            authentication: Authentication::default(),
            clock: Clock::system(),
            limits: Limits::default(),
            pull_through: PullThroughOptions::default(),
        }
    }
}

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address can be reached from elsewhere, and requests need no signature.
    #[error("cannot listen on {0}: others than this machine reach it, and no access keys are required")]
    Unguarded(SocketAddr),
    /// The address can be reached from elsewhere, and credentials would be read on the way.
    #[error("cannot listen on {0}: others than this machine reach it, and there is no TLS")]
    PlainHttp(SocketAddr),
    /// The address is every address of the machine, and none of them was named for clients.
    #[error("cannot listen on {0}: it is not said under which URL clients reach it")]
    NoUrl(SocketAddr),
    /// The URL for clients is none.
    #[error("cannot be reached at `{0}`: it is not of the form `https://host[:port]`")]
    Url(String),
    /// The address cannot be used.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system answered.
        source: std::io::Error,
    },
    /// The data cannot be used.
    #[error("cannot open the data")]
    Storage(#[from] StorageError),
    /// The system gave no random bytes.
    #[error("cannot make a secret key")]
    Random,
}

impl Config {
    /// Checks that who can reach the server is who may use it.
    pub(super) fn check_reach(&self) -> Result<(), StartError> {
        if let Some(url) = &self.url {
            check_url(url)?;
        }
        let address = self.address;
        if address.ip().is_loopback() {
            return Ok(());
        }
        if !matches!(self.authentication, Authentication::Signed(_)) {
            return Err(StartError::Unguarded(address));
        }
        if self.tls.is_none() && !self.plain_http {
            return Err(StartError::PlainHttp(address));
        }
        if self.url.is_none() && address.ip().is_unspecified() {
            return Err(StartError::NoUrl(address));
        }
        Ok(())
    }

    /// Returns where clients reach a server that listens on an address.
    pub(super) fn endpoint(&self, address: SocketAddr) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        self.url
            .as_ref()
            .map_or_else(|| format!("{scheme}://{address}"), |url| url.trim_end_matches('/').to_owned())
    }
}

/// Checks the URL under which clients reach a server: a scheme and a host, and no path, since the registry's
/// paths begin at the root.
fn check_url(url: &str) -> Result<(), StartError> {
    let refused = || StartError::Url(url.to_owned());
    let uri: axum::http::Uri = url.parse().map_err(|_| refused())?;
    let scheme = matches!(uri.scheme_str(), Some("http" | "https"));
    let host = uri.authority().is_some_and(|host| !host.as_str().contains('@'));
    if scheme && host && matches!(uri.path(), "" | "/") && uri.query().is_none() {
        Ok(())
    } else {
        Err(refused())
    }
}

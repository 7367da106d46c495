//! What a client is told when it is made.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use image::RegistryHost;

use crate::auth::credential::{Anonymous, CredentialSource};

/// Which registries are spoken to without TLS.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum PlainHttp {
    /// Those on this machine: `localhost` and loopback addresses.
    #[default]
    Loopback,
    /// None.
    Never,
    /// Those on this machine and these.
    Hosts(HashSet<RegistryHost>),
}

/// Proxies for outgoing requests; nothing is read from the environment.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Proxies {
    /// The proxy for plain HTTP, as a URL.
    pub http: Option<String>,
    /// The proxy for HTTPS, as a URL.
    pub https: Option<String>,
    /// Hosts that are reached without a proxy, in the form of the variable `NO_PROXY`.
    pub except: Option<String>,
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A proxy's URL may hold a password.
        let hidden = |url: &Option<String>| url.as_ref().map(|_| "***");
        let (http, https) = (hidden(&self.http), hidden(&self.https));
        write!(f, "Proxies {{ http: {http:?}, https: {https:?}, except: {:?} }}", self.except)
    }
}

/// How persistent requests are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryOptions {
    /// How often a request is tried in all when the registry fails or the connection breaks.
    pub attempts: u32,
    /// The first pause between two tries; later ones double, with jitter.
    pub first_delay: Duration,
    /// The longest pause that is not asked for by the registry.
    pub longest_delay: Duration,
    /// How long one request puts up with being told to slow down, and the longest `Retry-After` obeyed.
    pub patience: Duration,
}

impl Default for RetryOptions {
    fn default() -> Self {
        Self {
            attempts: 6,
            first_delay: Duration::from_millis(250),
            longest_delay: Duration::from_secs(20),
            patience: Duration::from_secs(300),
        }
    }
}

/// What is asked of a registry; quotas are counted by these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Operation {
    /// HEAD of a manifest.
    CheckManifest,
    /// GET of a manifest.
    ReadManifest,
    /// PUT of a manifest.
    WriteManifest,
    /// GET of a manifest's referrers.
    ListReferrers,
    /// GET of a page of tags.
    ListTags,
    /// HEAD of a blob.
    CheckBlob,
    /// GET of a blob.
    ReadBlob,
    /// POST that opens an upload session or mounts a blob.
    StartUpload,
    /// PATCH or PUT of a blob's bytes, the one that completes it.
    WriteBlob,
    /// A request to a token service.
    Token,
}

/// How much one registry is asked at a time.
#[derive(Debug, Clone, PartialEq)]
pub struct HostLimits {
    /// Requests under way at once, blob downloads among them.
    pub requests: usize,
    /// Blob uploads under way at once.
    pub uploads: usize,
    /// Most requests a second, for operations that have a quota.
    pub per_second: HashMap<Operation, f64>,
}

impl Default for HostLimits {
    fn default() -> Self {
        Self { requests: 32, uploads: 16, per_second: HashMap::new() }
    }
}

/// How blob bytes are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UploadForm {
    /// POST, then one PUT with the bytes: what every registry takes, with the fewest requests.
    #[default]
    Put,
    /// POST, one PATCH with the bytes, and a PUT without, for gateways that refuse the first form.
    Patch,
}

/// What a client is told when it is made.
#[derive(Clone)]
pub struct ClientOptions {
    /// Where credentials come from.
    pub credentials: Arc<dyn CredentialSource>,
    /// Base URLs of registries that answer elsewhere than under their own name: `http://127.0.0.1:5000`.
    pub endpoints: HashMap<RegistryHost, String>,
    /// Which registries are spoken to without TLS.
    pub plain_http: PlainHttp,
    /// Certificates trusted beside the system's, each a PEM file's content.
    pub root_certificates: Vec<Vec<u8>>,
    /// Proxies.
    pub proxies: Proxies,
    /// What the client calls itself.
    pub user_agent: String,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// How long nothing may move on a transfer, and how long an answer may take, before it is tried anew.
    pub idle_timeout: Duration,
    /// How long a registry may take to accept a blob after its last byte.
    pub finish_timeout: Duration,
    /// How persistent requests are.
    pub retry: RetryOptions,
    /// How much a registry is asked at a time.
    pub limits: HostLimits,
    /// Limits of registries for which those do not hold.
    pub host_limits: HashMap<RegistryHost, HostLimits>,
    /// How blob bytes are sent to registries for which the usual form does not hold.
    pub upload_forms: HashMap<RegistryHost, UploadForm>,
    /// Token services trusted with a registry's credentials though their names are not related.
    pub trusted_realms: HashMap<RegistryHost, HashSet<String>>,
    /// Whether a public registry may redirect to private addresses.
    pub private_redirects: bool,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            credentials: Arc::new(Anonymous),
            endpoints: HashMap::new(),
            plain_http: PlainHttp::default(),
            root_certificates: Vec::new(),
            proxies: Proxies::default(),
            user_agent: concat!("omics-ecr/", env!("CARGO_PKG_VERSION")).to_owned(),
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(30),
            finish_timeout: Duration::from_secs(600),
            retry: RetryOptions::default(),
            limits: HostLimits::default(),
            host_limits: HashMap::new(),
            upload_forms: HashMap::new(),
            trusted_realms: HashMap::new(),
            private_redirects: false,
        }
    }
}

impl fmt::Debug for ClientOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Proxy URLs may hold passwords, and sources hold credentials.
        f.debug_struct("ClientOptions")
            .field("endpoints", &self.endpoints)
            .field("plain_http", &self.plain_http)
            .field("idle_timeout", &self.idle_timeout)
            .field("retry", &self.retry)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_print_no_secret() {
        let proxies = Proxies { http: Some("http://me:hunter2@proxy".to_owned()), ..Proxies::default() };
        let options = ClientOptions { proxies: proxies.clone(), ..ClientOptions::default() };
        assert!(!format!("{proxies:?} {options:?}").contains("hunter2"));
    }
}

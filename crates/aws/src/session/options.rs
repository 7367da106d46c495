//! How a session is opened. Nothing here is looked up; what is not given is found when it opens.

use std::time::Duration;

use image::Region;

use crate::secret::Secret;

/// Fixed credentials, for a registry on this machine or a test.
#[derive(Debug, Clone)]
pub struct StaticCredentials {
    /// The access key's name.
    pub access_key_id: String,
    /// The access key.
    pub secret_access_key: Secret,
    /// The token of temporary credentials.
    pub session_token: Option<Secret>,
}

/// How a session is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// The profile; `None` for `AWS_PROFILE` or `default`. A profile named here comes before credentials in
    /// environment variables.
    pub profile: Option<String>,
    /// The Region; `None` for `AWS_REGION`, `AWS_DEFAULT_REGION`, or the profile's, in this order.
    pub region: Option<Region>,
    /// The address of every service; `None` for `AWS_ENDPOINT_URL_ECR` and its kin, or AWS itself.
    pub endpoint_url: Option<String>,
    /// Fixed credentials; `None` to find them as every AWS tool does.
    pub credentials: Option<StaticCredentials>,
    /// How long to wait for a connection.
    pub connect_timeout: Duration,
    /// How long to wait for an answer once the request is sent.
    pub read_timeout: Duration,
    /// How often a request is sent at most; `None` for `AWS_MAX_ATTEMPTS`, the profile's `max_attempts`, or 6.
    pub attempts: Option<u32>,
    /// How many requests may run at once, of 1 to 1,000; fewer run while a service throttles.
    pub requests_at_once: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            profile: None,
            region: None,
            endpoint_url: None,
            credentials: None,
            connect_timeout: Duration::from_secs(5),
            read_timeout: Duration::from_secs(60),
            attempts: None,
            requests_at_once: 32,
        }
    }
}

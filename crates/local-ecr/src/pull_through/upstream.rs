//! Upstream registries: the repository behind one of ours, with the rule's credential, and what their
//! refusals are called by ECR.

use std::collections::HashMap;
use std::sync::PoisonError;

use ::image::{
    EcrRepositoryPrefix, PullThroughCacheRule, RegistryHost, RepositoryName, UpstreamRepositoryPrefix,
};
use registry::{Cause, Client, ClientOptions, Credential, GivenCredentials, Remote, RetryOptions, Secret};

use super::PullThrough;
use crate::ecr::rule;
use crate::ecr::secret::UpstreamCredential;
use crate::fault::{Code, Fault};
use crate::storage::{Rows, RuleRow};

/// What tells clients of upstream registries apart.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct ClientKey {
    host: RegistryHost,
    login: Option<(String, String)>,
}

impl std::fmt::Debug for ClientKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientKey").field("host", &self.host).finish_non_exhaustive()
    }
}

/// Most clients that are kept.
const MOST_CLIENTS: usize = 200;

/// Why upstream gave nothing.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Failure {
    /// What ECR calls it.
    pub(crate) kind: FailureKind,
    /// The reason in words.
    pub(crate) reason: String,
}

/// What ECR calls a failure of upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailureKind {
    /// There is no such image.
    NotFound,
    /// The credential is missing, wrong or not enough.
    AccessDenied,
    /// The upstream registry asks to slow down.
    TooManyRequests,
    /// The upstream registry cannot be reached, fails or lies.
    Unavailable,
    /// The rule's own secret cannot be used.
    Secret,
    /// This server failed.
    Server,
}

impl FailureKind {
    /// Returns the value of `ImageFailureCode`.
    pub(crate) fn failure_code(self) -> &'static str {
        match self {
            Self::NotFound => "ImageNotFound",
            Self::AccessDenied => "UpstreamAccessDenied",
            Self::TooManyRequests => "UpstreamTooManyRequests",
            Self::Unavailable | Self::Secret | Self::Server => "UpstreamUnavailable",
        }
    }
}

impl From<&registry::Error> for Failure {
    fn from(error: &registry::Error) -> Self {
        let kind = match error.cause() {
            Cause::Refused(refusal) => match refusal.status {
                401 | 403 => FailureKind::AccessDenied,
                404 => FailureKind::NotFound,
                429 => FailureKind::TooManyRequests,
                _ => FailureKind::Unavailable,
            },
            Cause::Credential(_) | Cause::Untrusted(_) => FailureKind::AccessDenied,
            _ => FailureKind::Unavailable,
        };
        Self { kind, reason: error.to_string() }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        let kind = match fault.code {
            Code::SecretNotFound | Code::UnableToAccessSecret | Code::UnableToDecryptSecretValue => {
                FailureKind::Secret
            }
            Code::RepositoryNotFound | Code::ImageNotFound => FailureKind::NotFound,
            _ => FailureKind::Server,
        };
        Self { kind, reason: fault.message }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.kind.failure_code(), self.reason)
    }
}

impl Failure {
    /// Returns the failure of a task that ended without an answer.
    pub(super) fn lost() -> Self {
        Self { kind: FailureKind::Server, reason: "the import ended without a result".to_owned() }
    }
}

/// A rule that governs a repository, and the credential that its secret holds.
#[derive(Debug, Clone)]
pub(super) struct Upstream {
    /// The rule's prefix.
    pub(super) prefix: String,
    /// The rule.
    pub(super) rule: RuleRow,
    /// The credential, if the rule has one.
    pub(super) credential: Option<UpstreamCredential>,
}

impl PullThrough {
    /// Returns the rule that governs a repository with its credential; `None` where none does.
    pub(super) fn governing(&self, rows: &impl Rows, repository: &str) -> Result<Option<Upstream>, Fault> {
        let Some((prefix, rule)) = rule::governing(rows, repository)? else { return Ok(None) };
        self.upstream(rows, prefix, rule).map(Some)
    }

    /// Returns a rule with its credential.
    ///
    /// # Errors
    /// The faults of its secret.
    pub(super) fn upstream(
        &self,
        rows: &impl Rows,
        prefix: String,
        rule: RuleRow,
    ) -> Result<Upstream, Fault> {
        let arn = rule.credential_arn.as_ref();
        let credential = arn.map(|arn| self.ecr.upstream_credential(rows, arn)).transpose()?;
        Ok(Upstream { prefix, rule, credential })
    }

    /// Returns the repository of the upstream registry behind one of ours.
    pub(super) fn remote(&self, upstream: &Upstream, repository: &str) -> Result<Remote, Failure> {
        let name = upstream.repository(repository).ok_or_else(|| Failure {
            kind: FailureKind::NotFound,
            reason: format!("no upstream repository stands behind `{repository}`"),
        })?;
        self.remote_named(upstream, &name)
    }

    /// Returns a repository of the upstream registry by its name there.
    pub(super) fn remote_named(&self, upstream: &Upstream, name: &RepositoryName) -> Result<Remote, Failure> {
        let host = upstream.host().ok_or_else(|| Failure {
            kind: FailureKind::Unavailable,
            reason: format!("`{}` is no host", upstream.rule.upstream_registry_url),
        })?;
        let client = self.client(&host, upstream.credential.as_ref())?;
        client.repository(&host, name).map_err(|error| Failure::from(&error))
    }

    fn client(
        &self,
        host: &RegistryHost,
        credential: Option<&UpstreamCredential>,
    ) -> Result<Client, Failure> {
        let login = credential.map(|own| (own.username.clone(), own.access_token.clone()));
        let key = ClientKey { host: host.clone(), login };
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&key) {
            return Ok(client.clone());
        }
        let mut given = GivenCredentials::default();
        if let Some((username, password)) = &key.login {
            let password = Secret::from(password.as_str());
            given = given.with(host.clone(), Credential::Login { username: username.clone(), password });
        }
        let client = Client::new(ClientOptions {
            credentials: std::sync::Arc::new(given),
            endpoints: self.options.upstreams.clone(),
            // A client of ours waits meanwhile, and has its own patience.
            retry: RetryOptions { attempts: 3, patience: self.options.patience, ..RetryOptions::default() },
            idle_timeout: self.options.idle_timeout,
            host_limits: HashMap::new(),
            ..ClientOptions::default()
        })
        .map_err(|error| Failure::from(&error))?;
        if clients.len() >= MOST_CLIENTS {
            clients.clear();
        }
        clients.insert(key, client.clone());
        Ok(client)
    }
}

impl Upstream {
    /// Returns the host of the upstream registry.
    fn host(&self) -> Option<RegistryHost> {
        self.rule.upstream_registry_url.parse().ok()
    }

    /// Returns the upstream repository behind one of ours.
    fn repository(&self, repository: &str) -> Option<RepositoryName> {
        let rule = PullThroughCacheRule {
            ecr_repository_prefix: self.prefix.parse::<EcrRepositoryPrefix>().ok()?,
            upstream: self.host()?,
            upstream_repository_prefix: self
                .rule
                .upstream_repository_prefix
                .parse::<UpstreamRepositoryPrefix>()
                .ok()?,
        };
        rule.upstream_repository(&repository.parse().ok()?)
    }
}

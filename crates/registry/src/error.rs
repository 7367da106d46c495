//! What can go wrong between us and a registry, in three parts: what was tried on which side, who refused in
//! which words, and a hint as data.
//!
//! Owns the error type of the crate. Knows no HTTP client: whoever meets a failure puts it into words here.

use std::fmt;
use std::time::Duration;

use image::{Digest, RegistryHost, RepositoryName};

use crate::platform::Platform;

/// One of the two ends of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// Where content comes from.
    Source,
    /// Where content goes to.
    Destination,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Source => "source",
            Self::Destination => "destination",
        })
    }
}

/// A registry's answer that is not the one hoped for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The host that answered.
    pub host: String,
    /// The HTTP status.
    pub status: u16,
    /// The error code of the distribution specification, where the body has one: `MANIFEST_UNKNOWN`.
    pub code: Option<String>,
    /// The registry's own words, cut to a line; empty where it gave none.
    pub words: String,
    /// How long the registry asks to wait.
    pub retry_after: Option<Duration>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} answered ", self.host)?;
        match &self.code {
            Some(code) => write!(f, "{code} (HTTP {})", self.status)?,
            None => write!(f, "HTTP {}", self.status)?,
        }
        if !self.words.is_empty() {
            write!(f, ": {}", self.words)?;
        }
        Ok(())
    }
}

/// Why something failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// The registry said no.
    #[error("{0}")]
    Refused(Refusal),
    /// No connection, or one that broke: name resolution, TCP, TLS, a reset.
    #[error("{host}: {words}")]
    Connection {
        /// The host that was called.
        host: String,
        /// What the network said.
        words: String,
    },
    /// No byte came, or none was taken, for the whole idle timeout.
    #[error("{host} moved no byte for {} s", idle.as_secs_f32())]
    Stalled {
        /// The host that stands still.
        host: String,
        /// How long it was waited for.
        idle: Duration,
    },
    /// A body ended before its length.
    #[error("{host} sent {received} of {expected} bytes")]
    Short {
        /// The host that sent it.
        host: String,
        /// Bytes that came.
        received: u64,
        /// Bytes that the descriptor promises.
        expected: u64,
    },
    /// Content that is not what its digest says.
    #[error("{host} sent content of digest {found}")]
    WrongDigest {
        /// The host that sent it.
        host: String,
        /// The digest of what came.
        found: Digest,
    },
    /// Content that is not of its announced form: a manifest that does not parse, a body that is too long.
    #[error("{0}")]
    Content(String),
    /// An image that has no manifest for the wanted platform.
    #[error("it has no {wanted}, only {}", list(available))]
    NoPlatform {
        /// The platform asked for.
        wanted: Platform,
        /// The platforms that are there.
        available: Vec<Platform>,
    },
    /// A server that would have us send secrets or requests where they must not go.
    #[error("{0}")]
    Untrusted(String),
    /// Credentials that could not be had.
    #[error("{0}")]
    Credential(String),
    /// An option or a certificate that cannot be used.
    #[error("{0}")]
    Setup(String),
    /// The work was called off.
    #[error("it was called off")]
    Cancelled,
}

/// What may help, as data; whoever shows the error words it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hint {
    /// Give credentials, or better ones, for a registry.
    LogIn(RegistryHost),
    /// Create the repository at the destination first.
    CreateRepository(RegistryHost, RepositoryName),
    /// Try again after this time.
    WaitFor(Duration),
    /// The registry's allowance of pulls is used up; wait for its window or log in.
    PullLimit(RegistryHost),
    /// Choose one of these platforms, or all.
    ChoosePlatform(Vec<Platform>),
    /// Say that this host may see the registry's credentials, if it is known.
    TrustRealm {
        /// The registry that names the host.
        registry: RegistryHost,
        /// The host that would see the credentials.
        realm: String,
    },
    /// Allow redirects to private addresses, if the network is known.
    AllowPrivateRedirects,
    /// Use another tag, or allow the existing one to move.
    AllowOverwrite,
    /// Run again: only what is missing is sent.
    RunAgain,
}

/// A failure: what was tried, who refused in which words, and what may help.
#[derive(Debug, Clone)]
pub struct Error(Box<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    tried: String,
    side: Option<Side>,
    cause: Cause,
    hint: Option<Hint>,
    attempts: u32,
    elapsed: Duration,
}

/// The result of whatever a registry takes part in.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Returns an error of one attempt; `tried` completes the sentence "cannot ...".
    pub fn new(tried: impl Into<String>, cause: Cause) -> Self {
        Self(Box::new(Parts {
            tried: tried.into(),
            side: None,
            cause,
            hint: None,
            attempts: 1,
            elapsed: Duration::ZERO,
        }))
    }

    /// Returns the error with a hint, unless it has one.
    #[must_use]
    pub fn with_hint(mut self, hint: Hint) -> Self {
        self.0.hint.get_or_insert(hint);
        self
    }

    /// Returns the error with the side it happened on, unless it has one.
    #[must_use]
    pub fn at(mut self, side: Option<Side>) -> Self {
        self.0.side = self.0.side.or(side);
        self
    }

    pub(crate) fn after(mut self, attempts: u32, elapsed: Duration) -> Self {
        self.0.attempts = attempts;
        self.0.elapsed = elapsed;
        self
    }

    /// Returns what was tried on what: `read manifest quay.io/a/b:1`.
    pub fn tried(&self) -> &str {
        &self.0.tried
    }

    /// Returns the side it happened on, where there are two.
    pub fn side(&self) -> Option<Side> {
        self.0.side
    }

    /// Returns why it failed.
    pub fn cause(&self) -> &Cause {
        &self.0.cause
    }

    /// Returns what may help.
    pub fn hint(&self) -> Option<&Hint> {
        self.0.hint.as_ref()
    }

    /// Returns how often it was tried.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Returns the time from the first attempt to the last one's end.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed
    }

    /// Returns the HTTP status, if a registry answered.
    pub fn status(&self) -> Option<u16> {
        match &self.0.cause {
            Cause::Refused(refusal) => Some(refusal.status),
            _ => None,
        }
    }

    /// Returns whether a registry answered with this error code.
    pub(crate) fn has_code(&self, code: &str) -> bool {
        matches!(&self.0.cause, Cause::Refused(refusal) if refusal.code.as_deref() == Some(code))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}", self.0.tried)?;
        if let Some(side) = self.0.side {
            write!(f, " at the {side}")?;
        }
        write!(f, ": {}", self.0.cause)?;
        if self.0.attempts > 1 {
            write!(f, " ({} attempts in {:.1} s)", self.0.attempts, self.0.elapsed.as_secs_f32())?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0.cause)
    }
}

fn list(platforms: &[Platform]) -> String {
    if platforms.is_empty() {
        return "manifests that name no platform".to_owned();
    }
    platforms.iter().map(Platform::to_string).collect::<Vec<_>>().join(", ")
}

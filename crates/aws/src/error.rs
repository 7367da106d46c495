//! The one error of this crate: what was tried, who refused, in which words, and what helps.

mod answer;
mod code;
mod denial;
mod hint;

use std::fmt;
use std::time::Duration;

use image::{AccountId, Region};

pub(crate) use answer::{Answer, Trouble};
pub(crate) use code::kind_of_code;
pub use denial::{Denial, DenialReason};
pub use hint::Hint;

use crate::call::Call;

/// What kind of failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The object does not exist, or the caller may not know that it does.
    NotFound,
    /// The caller may not do this; [`AwsError::denial`] has the action.
    AccessDenied,
    /// The service asked for fewer requests, and still did after the retries.
    Throttled,
    /// A value that the service, or this crate before it, does not take.
    Invalid,
    /// The object exists already, or is in a state that forbids this.
    Conflict,
    /// A quota of the account is used up.
    Limit,
    /// There are no credentials.
    CredentialsMissing,
    /// The credentials were good once.
    CredentialsExpired,
    /// The service does not know the credentials, or their signature is wrong.
    CredentialsRefused,
    /// The service could not be reached, or did not answer in time.
    Unreachable,
    /// Settings of this machine: no Region, an unknown profile, a value that is none.
    Configuration,
    /// Anything else: the service failed, or its answer makes no sense.
    Other,
}

/// Where something was tried: the Region, and the account once it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The account, if the session has asked for it.
    pub account: Option<AccountId>,
    /// The Region.
    pub region: Region,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.account {
            Some(account) => write!(f, "{account}/{}", self.region),
            None => write!(f, "{}", self.region),
        }
    }
}

/// Why a call to AWS did not succeed.
///
/// Printed in one line: what was tried, and the answer. [`tried`](Self::tried), [`answer`](Self::answer) and
/// [`hint`](Self::hint) have the parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwsError(Box<Parts>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Parts {
    kind: ErrorKind,
    tried: String,
    place: Option<Place>,
    service: Option<&'static str>,
    action: Option<String>,
    code: Option<String>,
    status: Option<u16>,
    request_id: Option<String>,
    words: String,
    attempts: u32,
    elapsed: Duration,
    denial: Option<Denial>,
    hint: Option<Hint>,
}

/// Longest text of a service that is kept, in characters.
const LONGEST_WORDS: usize = 4000;

impl AwsError {
    /// Returns the error of a call that a service, or the way to it, failed.
    pub(crate) fn of_call(call: &Call<'_>, answer: Answer, attempts: u32, elapsed: Duration) -> Self {
        let kind = answer.kind();
        let action = format!("{}:{}", call.service.action_prefix(), call.operation);
        let denial = (kind == ErrorKind::AccessDenied).then(|| Denial::read(&answer.words, &action));
        let hint = hint::of(kind, &answer, denial.as_ref(), call);
        Self(Box::new(Parts {
            kind,
            tried: call.tried.clone(),
            place: Some(call.session.place()),
            service: matches!(answer.trouble, Trouble::Service).then_some(call.service.title()),
            action: Some(action),
            code: answer.code,
            status: answer.status,
            request_id: answer.request_id,
            words: first_characters(&answer.words),
            attempts,
            elapsed,
            denial,
            hint,
        }))
    }

    /// Returns the error of something that never left this machine.
    pub(crate) fn local(
        kind: ErrorKind,
        tried: String,
        place: Place,
        words: String,
        hint: Option<Hint>,
    ) -> Self {
        Self::of_settings(kind, tried, Some(place), words, hint)
    }

    /// Returns the error of settings that give no session.
    pub(crate) fn of_settings(
        kind: ErrorKind,
        tried: String,
        place: Option<Place>,
        words: String,
        hint: Option<Hint>,
    ) -> Self {
        Self(Box::new(Parts {
            kind,
            tried,
            place,
            service: None,
            action: None,
            code: None,
            status: None,
            request_id: None,
            words: first_characters(&words),
            attempts: 0,
            elapsed: Duration::ZERO,
            denial: None,
            hint,
        }))
    }

    /// Returns what kind of failure it is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns what was tried, on what and where: "cannot create repository `x` in 123456789012/us-east-1".
    pub fn tried(&self) -> String {
        match &self.0.place {
            Some(place) => format!("cannot {} in {place}", self.0.tried),
            None => format!("cannot {}", self.0.tried),
        }
    }

    /// Returns who answered what: "ECR answered ServerException (HTTP 500, request 1-2-3): their words", with
    /// the retries and the time they took when there were any.
    pub fn answer(&self) -> String {
        let parts = &self.0;
        let mut text = match parts.service {
            Some(service) => {
                let mut text = format!("{service} answered {}", parts.code.as_deref().unwrap_or("an error"));
                let status = parts.status.map(|status| format!("HTTP {status}"));
                let request = parts.request_id.as_ref().map(|id| format!("request {id}"));
                let marks: Vec<String> = status.into_iter().chain(request).collect();
                if !marks.is_empty() {
                    text += &format!(" ({})", marks.join(", "));
                }
                if !parts.words.is_empty() {
                    text += &format!(": {}", parts.words);
                }
                text
            }
            None => parts.words.clone(),
        };
        if parts.attempts > 1 {
            let retries = parts.attempts - 1;
            let plural = if retries == 1 { "retry" } else { "retries" };
            text += &format!(", after {retries} {plural} in {:.1} s", parts.elapsed.as_secs_f64());
        }
        text
    }

    /// Returns where it was tried; `None` for settings that give no session.
    pub fn place(&self) -> Option<&Place> {
        self.0.place.as_ref()
    }

    /// Returns the action that was asked for: `ecr:CreateRepository`.
    pub fn action(&self) -> Option<&str> {
        self.0.action.as_deref()
    }

    /// Returns the service's code for the error: `RepositoryNotFoundException`.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// Returns the HTTP status of the answer.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// Returns the service's name for the request.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// Returns the service's own words, cut after 4,000 characters.
    pub fn words(&self) -> &str {
        &self.0.words
    }

    /// Returns how often the request was sent.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Returns how long all attempts and the waits between them took.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed
    }

    /// Returns what is missing when access was denied.
    pub fn denial(&self) -> Option<&Denial> {
        self.0.denial.as_ref()
    }

    /// Returns what would help, if anything is known to.
    pub fn hint(&self) -> Option<&Hint> {
        self.0.hint.as_ref()
    }

    /// Returns whether the service's code is this one.
    pub(crate) fn is(&self, code: &str) -> bool {
        self.code() == Some(code)
    }
}

impl fmt::Display for AwsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.tried(), self.answer())
    }
}

impl std::error::Error for AwsError {}

fn first_characters(words: &str) -> String {
    let words = words.trim().trim_end_matches('.');
    match words.char_indices().nth(LONGEST_WORDS) {
        Some((end, _)) => format!("{}...", words.get(..end).unwrap_or_default()),
        None => words.to_owned(),
    }
}

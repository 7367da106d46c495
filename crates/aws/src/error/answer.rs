//! What came back instead of success, read from the SDK's error.

use std::error::Error;

use aws_credential_types::provider::error::{CredentialsError, TokenError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::ErrorKind;
use super::code::kind_of_code;

/// On which part of the way it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The service answered with an error.
    Service,
    /// The service answered something that cannot be understood.
    Answer,
    /// The request was never made.
    Request,
    /// No connection, or it broke.
    Connection,
    /// No connection because the name of the host, or its certificate, is not accepted.
    Certificate,
    /// No answer in time.
    Time,
    /// No credentials to sign with.
    CredentialsMissing,
    /// The credentials to sign with are too old.
    CredentialsExpired,
}

/// What came back instead of success.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) trouble: Trouble,
    pub(crate) code: Option<String>,
    pub(crate) status: Option<u16>,
    pub(crate) request_id: Option<String>,
    pub(crate) words: String,
}

/// Most causes of an error that are looked at.
const MOST_CAUSES: usize = 32;

impl Answer {
    /// Returns what the SDK's error says.
    pub(crate) fn of<E>(error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let (status, request_id) = match error.raw_response() {
            Some(response) => (Some(response.status().as_u16()), request_id(response)),
            None => (None, None),
        };
        let mut answer = match error {
            SdkError::ServiceError(context) => {
                let meta = context.err().meta();
                if status.is_some_and(|status| status < 400) {
                    let mut answer = Self::of_causes(Trouble::Answer, context.err());
                    answer.words = format!("the answer cannot be understood: {}", answer.words);
                    return Self { status, request_id, ..answer };
                }
                let words = meta.message().unwrap_or_default().to_owned();
                Self { code: meta.code().map(str::to_owned), words, ..Self::new(Trouble::Service) }
            }
            // The answer began, and could not be read to its end.
            SdkError::ResponseError(_) => Self::of_causes(Trouble::Connection, error),
            SdkError::TimeoutError(_) => Self::of_causes(Trouble::Time, error),
            SdkError::DispatchFailure(failure) if failure.is_timeout() => {
                Self::of_causes(Trouble::Time, error)
            }
            SdkError::DispatchFailure(failure) if failure.is_io() => {
                Self::of_causes(Trouble::Connection, error)
            }
            _ => Self::of_causes(Trouble::Request, error),
        };
        answer.status = status;
        answer.request_id = request_id;
        answer
    }

    /// Returns an answer that makes no sense.
    pub(crate) fn unreadable(words: String) -> Self {
        Self { words, ..Self::new(Trouble::Answer) }
    }

    fn new(trouble: Trouble) -> Self {
        Self { trouble, code: None, status: None, request_id: None, words: String::new() }
    }

    /// Reads the causes of an error: credentials are told apart, and the words are the causes from the outside
    /// in, each said once.
    fn of_causes(trouble: Trouble, error: &(dyn Error + 'static)) -> Self {
        let mut trouble = trouble;
        let mut words: Vec<String> = Vec::new();
        let mut cause = error.source();
        for _ in 0..MOST_CAUSES {
            let Some(current) = cause else { break };
            if let Some(credentials) = current.downcast_ref::<CredentialsError>() {
                trouble = match credentials {
                    CredentialsError::ProviderTimedOut(_) => Trouble::Time,
                    _ => Trouble::CredentialsMissing,
                };
            } else if current.is::<TokenError>() {
                trouble = Trouble::CredentialsExpired;
            }
            let said = one_line(&current.to_string());
            if trouble == Trouble::Connection && said.contains("invalid peer certificate") {
                trouble = Trouble::Certificate;
            }
            // Outer causes often repeat the inner one, or say nothing.
            if !is_empty_phrase(&said) && !words.iter().any(|before| before.contains(&said)) {
                words.retain(|before| !said.contains(before.as_str()));
                words.push(said);
            }
            cause = current.source();
        }
        let words = if words.is_empty() { one_line(&error.to_string()) } else { words.join(": ") };
        Self { words, ..Self::new(trouble) }
    }

    /// Returns what kind of failure it is.
    pub(crate) fn kind(&self) -> ErrorKind {
        match self.trouble {
            Trouble::Service => kind_of_code(self.code.as_deref(), self.status, &self.words),
            Trouble::Answer => ErrorKind::Other,
            Trouble::Request => ErrorKind::Invalid,
            Trouble::Connection | Trouble::Certificate | Trouble::Time => ErrorKind::Unreachable,
            Trouble::CredentialsMissing => ErrorKind::CredentialsMissing,
            Trouble::CredentialsExpired => ErrorKind::CredentialsExpired,
        }
    }
}

/// Returns a text with every run of white space as one space.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Phrases of the SDK that say nothing to its user.
fn is_empty_phrase(said: &str) -> bool {
    matches!(
        said,
        "dispatch failure"
            | "service error"
            | "io error"
            | "other"
            | "unhandled error"
            | "client error (Connect)"
    )
}

/// Returns the service's name for the request, under either of the headers that AWS uses.
fn request_id(response: &HttpResponse) -> Option<String> {
    let headers = response.headers();
    headers.get("x-amzn-requestid").or_else(|| headers.get("x-amz-request-id")).map(str::to_owned)
}

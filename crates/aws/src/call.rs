//! One call to a service: sent with a bound on how many run at once, timed, its attempts counted, and its
//! failure told in our words.

use std::future::Future;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Instant, SystemTime};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::DateTime;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::error::{Answer, AwsError, ErrorKind};
use crate::session::Session;

/// A service that is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    Ecr,
    Iam,
    SecretsManager,
    Sts,
}

impl Service {
    /// Returns what people call the service.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Ecr => "ECR",
            Self::Iam => "IAM",
            Self::SecretsManager => "Secrets Manager",
            Self::Sts => "STS",
        }
    }

    /// Returns the part of its actions before the colon.
    pub(crate) fn action_prefix(self) -> &'static str {
        match self {
            Self::Ecr => "ecr",
            Self::Iam => "iam",
            Self::SecretsManager => "secretsmanager",
            Self::Sts => "sts",
        }
    }
}

/// A call about to be made: which operation, and in words what it is for.
pub(crate) struct Call<'a> {
    pub(crate) session: &'a Session,
    pub(crate) service: Service,
    pub(crate) operation: &'static str,
    /// What is tried, as it stands behind "cannot": "create repository `x`".
    pub(crate) tried: String,
}

/// A call that failed: told in our words, with the service's own error where it answered.
pub(crate) struct Failure<E> {
    pub(crate) error: AwsError,
    pub(crate) service: Option<E>,
}

impl<E> From<Failure<E>> for AwsError {
    fn from(failure: Failure<E>) -> Self {
        failure.error
    }
}

impl Call<'_> {
    /// Sends the request that `send` makes, which must carry the interceptor it is given, and returns the answer.
    pub(crate) async fn run<O, E, F>(&self, send: impl FnOnce(Attempts) -> F) -> Result<O, Failure<E>>
    where
        F: Future<Output = Result<O, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let pace = self.session.pace();
        let slot = pace.begin().await;
        let attempts = Attempts::default();
        let start = Instant::now();
        let outcome = send(attempts.clone()).await;
        pace.end(slot, outcome.is_ok());
        tracing::info!(
            service = self.service.title(),
            operation = self.operation,
            region = %self.session.region(),
            attempts = attempts.count(),
            ms = start.elapsed().as_millis(),
            outcome = if outcome.is_ok() { "done" } else { "failed" },
            "asked"
        );
        outcome.map_err(|error| {
            let answer = Answer::of(&error);
            let error_in_words = AwsError::of_call(self, answer, attempts.count(), start.elapsed());
            Failure { error: error_in_words, service: error.into_service_error_if_any() }
        })
    }

    /// Returns a field that the service always sends.
    pub(crate) fn need<T>(&self, value: Option<T>, field: &str) -> Result<T, AwsError> {
        value.ok_or_else(|| self.unreadable(&format!("`{field}` is missing")))
    }

    /// Returns a field read as what it is.
    pub(crate) fn read<T>(&self, text: Option<&str>, field: &str) -> Result<T, AwsError>
    where
        T: FromStr,
        T::Err: std::fmt::Display,
    {
        let text = self.need(text, field)?;
        text.parse().map_err(|error| self.unreadable(&format!("`{field}`: {error}")))
    }

    /// Returns the error of an answer that makes no sense; `why` says which part of it.
    pub(crate) fn unreadable(&self, why: &str) -> AwsError {
        let answer = Answer::unreadable(format!("the answer cannot be understood: {why}"));
        AwsError::of_call(self, answer, 1, std::time::Duration::ZERO)
    }

    /// Returns the error of a request that is refused before it is sent.
    pub(crate) fn refused(&self, why: impl Into<String>) -> AwsError {
        AwsError::local(ErrorKind::Invalid, self.tried.clone(), self.session.place(), why.into(), None)
    }
}

/// Takes the service's own error out of the SDK's.
trait IntoServiceError<E> {
    fn into_service_error_if_any(self) -> Option<E>;
}

impl<E> IntoServiceError<E> for SdkError<E, HttpResponse> {
    fn into_service_error_if_any(self) -> Option<E> {
        match self {
            Self::ServiceError(context) => Some(context.into_err()),
            _ => None,
        }
    }
}

/// Counts the attempts that a call takes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Attempts(Arc<AtomicU32>);

impl Attempts {
    fn count(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

#[dyn_dispatch_hint]
impl Intercept for Attempts {
    fn name(&self) -> &'static str {
        "attempts"
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// Returns a time as the standard library has it; `None` for one it cannot hold.
pub(crate) fn time(at: Option<&DateTime>) -> Option<SystemTime> {
    at.and_then(|at| SystemTime::try_from(*at).ok())
}

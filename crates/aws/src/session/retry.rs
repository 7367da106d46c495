//! When a request is sent again.

use std::error::Error;
use std::io;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_ecr::config::interceptors::InterceptorContext;
use aws_sdk_ecr::config::retry::{
    ClassifyRetry, RetryAction, RetryConfig, RetryMode, RetryPartition, TokenBucket,
};

use super::environment::{Environment, MAX_ATTEMPTS, RETRY_MODE};
use super::pace::Pace;
use super::profile::Profiles;
use crate::error::{AwsError, ErrorKind, Hint, kind_of_code};

/// How often a request is sent at most when nobody says.
const ATTEMPTS: u32 = 6;
/// Most attempts that may be asked for.
const MOST_ATTEMPTS: u32 = 100;
/// Longest wait before the second attempt; it doubles with each further one, and chance shortens it.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// Longest wait before any attempt.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// Most causes of an error that are looked at.
const MOST_CAUSES: usize = 32;
/// How many retries all calls of a client may have outstanding, in tokens of which one costs 5.
const RETRY_TOKENS: usize = 5000;

/// Returns how often and how patiently requests are sent again: `standard` unless the environment or the
/// profile says `adaptive`.
///
/// # Errors
/// [`ErrorKind::Configuration`] when a setting has a value that is none.
pub(super) fn config(
    attempts: Option<u32>,
    environment: &Environment,
    profiles: &Profiles,
) -> Result<RetryConfig, AwsError> {
    let setting = |variable: &'static str, key: &'static str| match environment.get(variable) {
        Some(value) => Some((value, variable.to_owned())),
        None => profiles.get(key).map(|(name, value)| (value.to_owned(), format!("{key} of profile {name}"))),
    };
    let wrong = |name: String, value: &str, allowed: &str| {
        AwsError::of_settings(
            ErrorKind::Configuration,
            "tell how often requests are retried".to_owned(),
            None,
            format!("{name} is `{value}`, and must be {allowed}"),
            Some(Hint::CorrectSetting { name }),
        )
    };
    let attempts = match (attempts, setting(MAX_ATTEMPTS, "max_attempts")) {
        (Some(attempts), _) => attempts.clamp(1, MOST_ATTEMPTS),
        (None, Some((value, name))) => match value.parse() {
            Ok(attempts @ 1..=MOST_ATTEMPTS) => attempts,
            _ => return Err(wrong(name, &value, &format!("a number from 1 to {MOST_ATTEMPTS}"))),
        },
        (None, None) => ATTEMPTS,
    };
    let mode = match setting(RETRY_MODE, "retry_mode") {
        // Of old tools; what took its place.
        Some((value, _)) if value == "legacy" => RetryMode::Standard,
        Some((value, name)) => {
            RetryMode::from_str(&value).map_err(|_| wrong(name, &value, "`adaptive` or `standard`"))?
        }
        None => RetryMode::Standard,
    };
    Ok(RetryConfig::standard()
        .with_retry_mode(mode)
        .with_max_attempts(attempts)
        .with_initial_backoff(FIRST_WAIT)
        .with_max_backoff(LONGEST_WAIT))
}

/// Returns a place of its own for what one client learns about the rate that a service bears, and room for the
/// retries of many calls at once.
pub(super) fn partition(service: &'static str) -> RetryPartition {
    RetryPartition::custom(service)
        .token_bucket(TokenBucket::builder().capacity(RETRY_TOKENS).build())
        .build()
}

/// Corrects the SDK where it retries what cannot succeed, and does not retry what can: a quota is no throttling
/// (the SDK takes `LimitExceededException` for one), nothing listens where a connection is refused, and status
/// 429 is throttling whatever the body says. Slows the session down when a service throttles.
#[derive(Debug)]
pub(crate) struct Retries(Arc<Pace>);

impl Retries {
    /// Returns the rules of a session with this pace.
    pub(super) fn new(pace: Arc<Pace>) -> Self {
        Self(pace)
    }
}

impl ClassifyRetry for Retries {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let Some(Err(error)) = context.output_or_error() else { return RetryAction::NoActionIndicated };
        if let Some(connection) = error.as_connector_error() {
            return match is_refused(connection) {
                true => RetryAction::RetryForbidden,
                false => RetryAction::NoActionIndicated,
            };
        }
        let Some(response) = context.response() else { return RetryAction::NoActionIndicated };
        let status = response.status().as_u16();
        if status < 400 {
            return RetryAction::NoActionIndicated;
        }
        let code = response.body().bytes().and_then(code);
        if code.as_deref() == Some("LimitExceededException") {
            return RetryAction::RetryForbidden;
        }
        match kind_of_code(code.as_deref(), Some(status), "") {
            ErrorKind::Throttled => {
                self.0.slow_down();
                RetryAction::throttling_error()
            }
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "quota, refusal and pace"
    }
}

/// Returns whether an error is, at its bottom, a refused connection.
fn is_refused(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    for _ in 0..MOST_CAUSES {
        let Some(error) = cause else { break };
        if error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::ConnectionRefused) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Returns the code in the body of an error, without its namespace.
fn code(body: &[u8]) -> Option<String> {
    let body: serde_json::Value = serde_json::from_slice(body).ok()?;
    let code = body.get("__type").or_else(|| body.get("code"))?.as_str()?;
    Some(code.rsplit('#').next().unwrap_or(code).split(':').next().unwrap_or(code).to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::profile::tests::profiles;
    use super::*;

    #[tokio::test]
    async fn settings_come_from_option_variable_and_profile() {
        let file = "[default]\nmax_attempts = 4\nretry_mode = standard\n";
        let profiles = profiles(file, None).await.unwrap();
        let none = Environment::of(&[]);
        let some = Environment::of(&[("AWS_MAX_ATTEMPTS", "9"), ("AWS_RETRY_MODE", "adaptive")]);
        let read = |attempts, environment| {
            let config = config(attempts, environment, &profiles).unwrap();
            (config.max_attempts(), config.mode())
        };
        assert_eq!(read(Some(2), &some), (2, RetryMode::Adaptive));
        assert_eq!(read(None, &some), (9, RetryMode::Adaptive));
        assert_eq!(read(None, &none), (4, RetryMode::Standard));
        let bare = config(None, &none, &Profiles::none()).unwrap();
        assert_eq!((bare.max_attempts(), bare.mode()), (6, RetryMode::Standard));
    }

    #[test]
    fn values_that_are_none_are_errors_that_name_the_setting() {
        for (variables, name) in [
            (&[("AWS_MAX_ATTEMPTS", "0")] as &'static [_], "AWS_MAX_ATTEMPTS"),
            (&[("AWS_MAX_ATTEMPTS", "many")], "AWS_MAX_ATTEMPTS"),
            (&[("AWS_RETRY_MODE", "eager")], "AWS_RETRY_MODE"),
        ] {
            let error = config(None, &Environment::of(variables), &Profiles::none()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert_eq!(error.hint(), Some(&Hint::CorrectSetting { name: name.into() }));
        }
    }

    #[test]
    fn the_code_of_an_error_is_read_in_all_its_forms() {
        for body in [
            r#"{"__type":"LimitExceededException"}"#,
            r#"{"__type":"com.amazonaws.ecr#LimitExceededException","message":"x"}"#,
            r#"{"code":"LimitExceededException:http://internal.amazon.com/"}"#,
        ] {
            assert_eq!(code(body.as_bytes()).as_deref(), Some("LimitExceededException"), "{body}");
        }
        assert_eq!(code(b"not json"), None);
        assert_eq!(code(br#"{"__type":3}"#), None);
    }
}

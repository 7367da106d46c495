//! Failures of operations, in three parts: what was tried, who refused in which words, and what to do.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

/// The result of an operation.
pub type Result<T> = std::result::Result<T, OperationError>;

/// An operation that could not answer.
///
/// Printed it is the first part alone; callers show the others below it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OperationError {
    /// What was tried on what: "cannot read the folder `x`".
    pub tried: String,
    /// Who refused, in which words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub refused: Option<String>,
    /// One action that helps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub hint: Option<String>,
    /// The IAM action that the caller lacks, where that is why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub missing_action: Option<String>,
}

impl OperationError {
    /// Returns the failure of what was tried.
    pub fn new(tried: impl Into<String>) -> Self {
        Self { tried: tried.into(), refused: None, hint: None, missing_action: None }
    }

    /// Adds who refused and in which words.
    #[must_use]
    pub fn refused(self, words: impl fmt::Display) -> Self {
        Self { refused: Some(words.to_string()), ..self }
    }

    /// Adds an action that helps.
    #[must_use]
    pub fn hint(self, action: impl Into<String>) -> Self {
        Self { hint: Some(action.into()), ..self }
    }
}

impl fmt::Display for OperationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.tried)
    }
}

impl std::error::Error for OperationError {}

impl From<aws::AwsError> for OperationError {
    fn from(error: aws::AwsError) -> Self {
        let missing_action = error.denial().map(|denial| denial.action.clone());
        let own = Self { missing_action, ..Self::new(error.tried()).refused(error.answer()) };
        match error.hint() {
            Some(hint) => own.hint(hint.to_string()),
            None => own,
        }
    }
}

impl From<&registry::Error> for OperationError {
    fn from(error: &registry::Error) -> Self {
        let side = error.side().map(|side| format!(" at the {side}")).unwrap_or_default();
        let mut refused = error.cause().to_string();
        if error.attempts() > 1 {
            refused += &format!(" ({} attempts in {:.1} s)", error.attempts(), error.elapsed().as_secs_f32());
        }
        let own = Self::new(format!("cannot {}{side}", error.tried())).refused(refused);
        match error.hint().map(words) {
            Some(hint) => own.hint(hint),
            None => own,
        }
    }
}

impl From<registry::Error> for OperationError {
    fn from(error: registry::Error) -> Self {
        Self::from(&error)
    }
}

/// Returns an action of the registry client's in words.
fn words(hint: &registry::Hint) -> String {
    use registry::Hint;
    match hint {
        Hint::LogIn(host) => format!("log in with `docker login {host}`, or give a user name and a password"),
        Hint::CreateRepository(_, repository) => {
            format!("create the repository `{repository}`, or run again: it was there when this began")
        }
        Hint::WaitFor(time) => format!("try again in {} s", time.as_secs()),
        Hint::PullLimit(host) => {
            format!("log in to {host}, or run again when its window of pulls ends: what is done stays done")
        }
        Hint::ChoosePlatform(_) => {
            "HealthOmics runs linux/amd64 alone: name a tag or an image that has it".to_owned()
        }
        Hint::TrustRealm { registry, realm } => {
            format!(
                "{registry} sends its logins to {realm}: go there without credentials, or trust that host"
            )
        }
        Hint::AllowPrivateRedirects => {
            "the registry leads into a private network: copy from a place inside that network".to_owned()
        }
        Hint::AllowOverwrite => "name another tag, or let the existing one move with --overwrite".to_owned(),
        Hint::RunAgain => "run again: only what is missing is sent".to_owned(),
        _ => "run again".to_owned(),
    }
}

//! What helps against an error, as data.

use std::fmt;

use super::answer::{Answer, Trouble};
use super::{Denial, DenialReason, ErrorKind};
use crate::call::Call;

/// One action that helps.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hint {
    /// Allow an action in a policy of the caller.
    AllowAction {
        /// The action: `ecr:CreateRepository`.
        action: String,
        /// The ARN it is needed on, if the service named it.
        resource: Option<String>,
        /// The ARN of the caller, if the service named it.
        principal: Option<String>,
    },
    /// Change the policy that forbids an action; allowing it elsewhere does not help.
    LiftDeny {
        /// The action.
        action: String,
        /// The kind of policy, if the service named it: `service control`.
        policy: Option<String>,
    },
    /// Sign in again.
    SignIn {
        /// The profile that was used; `None` for the default one.
        profile: Option<String>,
    },
    /// Give credentials.
    GiveCredentials {
        /// The profile that was used; `None` for the default one.
        profile: Option<String>,
    },
    /// Get new temporary credentials.
    RenewCredentials,
    /// Say which Region.
    GiveRegion,
    /// Name a profile that exists.
    NameProfile {
        /// The profiles there are.
        known: Vec<String>,
    },
    /// Correct a setting of the environment or the profile.
    CorrectSetting {
        /// Its name: `AWS_MAX_ATTEMPTS`.
        name: String,
    },
    /// Wait and run again; the rate of requests is shared by all of the account.
    Wait,
    /// Ask for a higher quota, or remove what is not needed.
    RaiseQuota {
        /// The service's code at Service Quotas: `ecr`.
        service: &'static str,
    },
    /// Set the clock of this machine.
    SetClock,
    /// See that the address is right and can be reached.
    CheckEndpoint {
        /// The address, where one was given.
        endpoint: Option<String>,
    },
    /// Trust the certificate authority of the address or of the proxy on the way.
    TrustAuthority,
}

impl Hint {
    /// Returns the command that does it, if there is one.
    pub fn command(&self) -> Option<String> {
        let with_profile = |command: &str, profile: &Option<String>| match profile {
            Some(profile) => format!("{command} --profile {}", quoted(profile)),
            None => command.to_owned(),
        };
        match self {
            Self::SignIn { profile } => Some(with_profile("aws sso login", profile)),
            Self::GiveCredentials { profile } => Some(with_profile("aws configure sso", profile)),
            Self::RaiseQuota { service } => {
                Some(format!("aws service-quotas list-service-quotas --service-code {service}"))
            }
            _ => None,
        }
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AllowAction { action, resource, principal } => {
                write!(f, "allow `{action}`")?;
                if let Some(resource) = resource {
                    write!(f, " on `{resource}`")?;
                }
                if let Some(principal) = principal {
                    write!(f, " to `{principal}`")?;
                }
                Ok(())
            }
            Self::LiftDeny { action, policy } => {
                let policy = policy.as_ref().map_or(String::new(), |policy| format!("{policy} "));
                write!(
                    f,
                    "a {policy}policy forbids `{action}`: change it there, allowing it elsewhere does not help"
                )
            }
            Self::SignIn { .. } => write!(f, "sign in again: `{}`", self.command().unwrap_or_default()),
            Self::GiveCredentials { .. } => write!(
                f,
                "give credentials: `{}`, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
                self.command().unwrap_or_default()
            ),
            Self::RenewCredentials => f.write_str("get new temporary credentials from where these came from"),
            Self::GiveRegion => {
                f.write_str("give a Region: `--region us-east-1`, AWS_REGION, or `region` in the profile")
            }
            Self::NameProfile { known } if known.is_empty() => {
                f.write_str("there is no profile: make one with `aws configure sso`")
            }
            Self::NameProfile { known } => write!(f, "the profiles are `{}`", known.join("`, `")),
            Self::CorrectSetting { name } => write!(f, "correct or remove `{name}`"),
            Self::Wait => f.write_str("wait a minute and run it again"),
            Self::RaiseQuota { .. } => {
                write!(
                    f,
                    "remove what is not needed, or see the quotas: `{}`",
                    self.command().unwrap_or_default()
                )
            }
            Self::SetClock => f.write_str("set the clock of this machine"),
            Self::CheckEndpoint { endpoint: Some(endpoint) } => {
                write!(f, "see that `{endpoint}` is right and that something answers there")
            }
            Self::CheckEndpoint { endpoint: None } => {
                f.write_str("see that this machine reaches AWS, through HTTPS_PROXY where there is a proxy")
            }
            Self::TrustAuthority => f.write_str("give the certificates to trust in SSL_CERT_FILE"),
        }
    }
}

/// Returns a word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '@' | '+' | '=' | ':');
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Returns what helps against a failed call.
pub(super) fn of(kind: ErrorKind, answer: &Answer, denial: Option<&Denial>, call: &Call<'_>) -> Option<Hint> {
    let session = call.session;
    let profile = || session.profile().map(str::to_owned);
    let too_old =
        |words: &str| words.contains("Signature expired") || words.contains("Signature not yet current");
    match kind {
        ErrorKind::AccessDenied => denial.map(|denial| match &denial.reason {
            DenialReason::Forbidden(policy) => Hint::LiftDeny {
                action: denial.action.clone(),
                policy: (!policy.is_empty()).then(|| policy.clone()),
            },
            _ => Hint::AllowAction {
                action: denial.action.clone(),
                resource: denial.resource.clone(),
                principal: denial.principal.clone(),
            },
        }),
        ErrorKind::CredentialsRefused | ErrorKind::CredentialsExpired if too_old(&answer.words) => {
            Some(Hint::SetClock)
        }
        ErrorKind::CredentialsExpired if session.signs_in() => Some(Hint::SignIn { profile: profile() }),
        ErrorKind::CredentialsExpired => Some(Hint::RenewCredentials),
        ErrorKind::CredentialsMissing if session.signs_in() => Some(Hint::SignIn { profile: profile() }),
        ErrorKind::CredentialsMissing | ErrorKind::CredentialsRefused => {
            Some(Hint::GiveCredentials { profile: profile() })
        }
        ErrorKind::Throttled => Some(Hint::Wait),
        ErrorKind::Limit => Some(Hint::RaiseQuota { service: call.service.action_prefix() }),
        ErrorKind::Unreachable if answer.trouble == Trouble::Certificate => Some(Hint::TrustAuthority),
        ErrorKind::Unreachable => {
            Some(Hint::CheckEndpoint { endpoint: session.endpoint_url().map(str::to_owned) })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_quoted_for_the_shell() {
        let hint = |profile: &str| Hint::SignIn { profile: Some(profile.into()) }.command().unwrap();
        assert_eq!(hint("dev-1"), "aws sso login --profile dev-1");
        assert_eq!(hint("my profile"), "aws sso login --profile 'my profile'");
        assert_eq!(hint("o'neil; rm"), r"aws sso login --profile 'o'\''neil; rm'");
        assert_eq!(Hint::SignIn { profile: None }.to_string(), "sign in again: `aws sso login`");
    }
}

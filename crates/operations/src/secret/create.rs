//! Making a secret, or giving one that is there another value.

use std::collections::BTreeMap;

use aws::Secret;
use aws::secrets_manager::{NewSecret, SecretUpdate};
use image::{Credential, UpstreamRegistry};
use registry::ClientOptions;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::login::{self, LoginOutcome};
use crate::account::Account;
use crate::cache::Outcome;
use crate::credential::{self, Examined, SecretName, TOKEN, USERNAME};
use crate::error::{OperationError, Result};
use crate::finding::{Code, Finding, Severity};
use crate::upstream::read_upstream;

/// What AWS calls its default key of Secrets Manager.
const DEFAULT_KEY: &str = "alias/aws/secretsmanager";

/// A secret to be made. Prints neither token nor value.
#[derive(Debug, Clone)]
pub struct SecretRequest {
    name: SecretName,
    upstream: UpstreamRegistry,
    username: String,
    token: Secret,
    /// Whether the upstream registry is asked first whether it takes the login.
    pub check: bool,
    /// Whether a secret that is there gets another value.
    pub replace: bool,
}

impl SecretRequest {
    /// Reads what was asked for; asks nobody.
    ///
    /// # Errors
    /// When ECR takes no secret of that name, when the registry takes no login, and when the user name or the token is
    /// empty.
    pub fn new(name: &str, registry: &str, username: &str, token: Secret) -> Result<Self> {
        let upstream = read_upstream(registry)?;
        let tried = || OperationError::new(format!("cannot make the secret `{name}`"));
        let name = SecretName::read(name)?;
        if name.is_arn() {
            return Err(tried().refused("a new secret has a name, and AWS gives it its ARN"));
        }
        let known = upstream.upstream();
        if matches!(known.credential, Credential::None | Credential::Role) {
            return Err(tried().refused(format!("a rule for {} takes no login", known.title)));
        }
        if username.trim().is_empty() || token.expose().trim().is_empty() {
            return Err(tried().refused("the user name and the token must not be empty"));
        }
        let username = username.trim().to_owned();
        Ok(Self { name, upstream, username, token, check: true, replace: false })
    }

    /// Returns the text that the secret will hold.
    fn value(&self) -> Secret {
        Secret::new(json!({ USERNAME: self.username, TOKEN: self.token.expose() }).to_string())
    }
}

/// What is to be done about a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum SecretAction {
    /// It is made, under the default key.
    Create,
    /// It gets another value; the old one stays as its previous version.
    Update {
        /// Its ARN.
        arn: String,
        /// Whether it is encrypted with the default key from then on, because ECR can use no other.
        default_key: bool,
    },
    /// Nothing: it holds this login already.
    Nothing {
        /// Its ARN.
        arn: String,
    },
    /// It cannot be done.
    Refused {
        /// Why not.
        error: OperationError,
    },
}

impl SecretAction {
    /// Returns the action in a word, as tables show it.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update { .. } => "new value",
            Self::Nothing { .. } => "nothing",
            Self::Refused { .. } => "cannot",
        }
    }
}

/// What making a secret will do.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SecretPlan {
    /// The version of this shape: `1`.
    pub schema_version: u32,
    /// The account of the secret.
    pub account: String,
    /// The Region.
    pub region: String,
    /// Its name.
    pub name: String,
    /// The upstream registry that the login is for.
    pub registry: String,
    /// What the upstream registry says to the login.
    #[serde(flatten)]
    pub login: LoginOutcome,
    /// What is to be done.
    #[serde(flatten)]
    pub action: SecretAction,
    /// Observations.
    pub findings: Vec<Finding>,
    #[serde(skip)]
    request: SecretRequest,
}

impl SecretPlan {
    /// Returns whether carrying it out would change anything.
    pub fn has_changes(&self) -> bool {
        matches!(self.action, SecretAction::Create | SecretAction::Update { .. })
    }
}

/// What came of making a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SecretReport {
    /// The version of this shape: `1`.
    pub schema_version: u32,
    /// The account of the secret.
    pub account: String,
    /// The Region.
    pub region: String,
    /// Its name.
    pub name: String,
    /// Its full ARN, which a rule names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub arn: Option<String>,
    /// The upstream registry that the login is for.
    pub registry: String,
    /// What the upstream registry said to the login.
    #[serde(flatten)]
    pub login: LoginOutcome,
    /// What came of it.
    pub outcome: Outcome,
    /// What failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "OperationError")]
    pub error: Option<OperationError>,
    /// Observations.
    pub findings: Vec<Finding>,
}

/// Plans a secret: asks the upstream registry whether it takes the login, and looks whether the secret is there.
///
/// Sends the login to the upstream registry and to nobody else.
pub async fn plan(account: &Account, request: SecretRequest, options: &ClientOptions) -> SecretPlan {
    let login = match request.check {
        true => login::try_out(&request.upstream, &request.username, &request.token, options).await,
        false => LoginOutcome::NotTried { reason: "nobody asked for it".to_owned() },
    };
    let examined = credential::examine(account, &request.name).await;
    let mut findings = Vec::new();
    if let LoginOutcome::NotTried { .. } = &login {
        let message = format!("nobody tried whether {} takes this login", request.upstream.host());
        findings.push(Finding::new(Severity::Warning, Code::LoginUnknown, request.name.id(), message));
    }
    let action = refused_login(&request, &login).unwrap_or_else(|| decide(&request, &examined));
    SecretPlan {
        schema_version: 1,
        account: account.id().to_string(),
        region: account.region().to_string(),
        name: request.name.id(),
        registry: request.upstream.host().to_string(),
        login,
        action,
        findings,
        request,
    }
}

/// Returns the refusal of a login that the upstream registry does not take, or not certainly.
fn refused_login(request: &SecretRequest, login: &LoginOutcome) -> Option<SecretAction> {
    let host = request.upstream.host();
    let error = |words: &str, hint: String| {
        let error = OperationError::new(format!("cannot sign in to {host} as `{}`", request.username));
        Some(SecretAction::Refused { error: error.refused(words).hint(hint) })
    };
    match login {
        LoginOutcome::Taken | LoginOutcome::NotTried { .. } => None,
        LoginOutcome::Refused { reason } => error(
            reason,
            format!("check the token, and that it is for {host}: --registry names another registry"),
        ),
        LoginOutcome::Unknown { reason } => {
            error(reason, "write it without trying it out: --no-check".to_owned())
        }
    }
}

fn decide(request: &SecretRequest, examined: &Examined) -> SecretAction {
    let name = request.name.id();
    let refused = |error: OperationError| SecretAction::Refused { error };
    let Some(description) = &examined.description else {
        return match examined.unusable() {
            Some(finding) if finding.code != Code::SecretMissing => {
                let error = OperationError::new(format!("cannot look whether the secret `{name}` is there"));
                refused(error.refused(&finding.message).hint(finding.hint.clone().unwrap_or_default()))
            }
            _ => SecretAction::Create,
        };
    };
    let arn = description.arn.clone();
    if description.deleted.is_some() {
        let error = OperationError::new(format!("cannot write the secret `{name}`"))
            .refused("it waits for its deletion")
            .hint(format!(
                "take another name, or keep it: `aws secretsmanager restore-secret --secret-id {name}`"
            ));
        return refused(error);
    }
    let same_login = examined
        .login()
        .is_some_and(|(username, token)| username == request.username && token == request.token);
    let default_key = examined.findings.iter().any(|finding| finding.code == Code::SecretKey);
    if same_login && !default_key {
        return SecretAction::Nothing { arn };
    }
    if !request.replace {
        let error = OperationError::new(format!("cannot write the secret `{name}`"))
            .refused("it is there, and holds another login or one that may not be read")
            .hint(
                "take another name, or give it this login with --replace: all rules that name it then use it",
            );
        return refused(error);
    }
    SecretAction::Update { arn, default_key }
}

/// Carries a plan out, and looks at the secret afterwards.
pub async fn apply(account: &Account, plan: SecretPlan) -> SecretReport {
    let request = &plan.request;
    let written = match &plan.action {
        SecretAction::Refused { error } => Err(error.clone()),
        SecretAction::Nothing { arn } => Ok((arn.clone(), Outcome::NotNeeded)),
        SecretAction::Create => create(account, request).await.map(|arn| (arn, Outcome::Done)),
        SecretAction::Update { arn, default_key } => {
            update(account, request, arn, *default_key).await.map(|arn| (arn, Outcome::Done))
        }
    };
    let mut findings = plan.findings;
    let (arn, outcome, error) = match written {
        Ok((arn, Outcome::Done)) => {
            let examined = credential::examine(account, &request.name).await;
            let wrong = examined.unusable().map(|finding| {
                OperationError::new(format!("cannot find the secret `{}` as it was written", plan.name))
                    .refused(&finding.message)
            });
            findings
                .extend(examined.findings.into_iter().filter(|finding| finding.severity != Severity::Error));
            let outcome = if wrong.is_some() { Outcome::Failed } else { Outcome::Done };
            (Some(arn), outcome, wrong)
        }
        Ok((arn, outcome)) => (Some(arn), outcome, None),
        Err(error) => (None, Outcome::Failed, Some(error)),
    };
    SecretReport {
        schema_version: 1,
        account: plan.account,
        region: plan.region,
        name: plan.name,
        arn,
        registry: plan.registry,
        login: plan.login,
        outcome,
        error,
        findings,
    }
}

async fn create(account: &Account, request: &SecretRequest) -> Result<String> {
    let new = NewSecret {
        name: request.name.id(),
        value: request.value(),
        description: Some(format!(
            "Login at {} for Amazon ECR pull through cache rules",
            request.upstream.host()
        )),
        tags: BTreeMap::new(),
    };
    Ok(account.secrets().create(&new).await?)
}

async fn update(account: &Account, request: &SecretRequest, arn: &str, default_key: bool) -> Result<String> {
    let secrets = account.secrets();
    if !default_key {
        return Ok(secrets.put_value(arn, &request.value()).await?);
    }
    let update = SecretUpdate {
        kms_key_id: Some(DEFAULT_KEY.to_owned()),
        value: Some(request.value()),
        ..SecretUpdate::default()
    };
    Ok(secrets.update(arn, &update).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_print_no_token_and_want_something_to_write() {
        let new = |name: &str, registry: &str, token: &str| {
            SecretRequest::new(name, registry, "me", Secret::new(token))
        };
        let request = new("hub", "docker.io", "hunter2").unwrap();
        assert!(!format!("{request:?}").contains("hunter2"));
        assert_eq!(request.name.id(), "ecr-pullthroughcache/hub");
        assert!(new("hub", "docker.io", " ").is_err());
        assert!(new("hub", "public.ecr.aws", "token").is_err());
        assert!(
            new(
                "arn:aws:secretsmanager:us-east-1:123456789012:secret:ecr-pullthroughcache/x",
                "ghcr.io",
                "t"
            )
            .is_err()
        );
    }
}

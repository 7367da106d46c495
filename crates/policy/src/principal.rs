//! Who asks, and whether a `Principal` or `NotPrincipal` element means them.

use std::fmt;

use crate::truth::Truth;

/// The party that makes a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// An AWS service in its own name, for example `lambda.amazonaws.com`.
    Service(String),
    /// An identity of an AWS account.
    Identity(Identity),
    /// A federated provider: a web identity host name or the ARN of a SAML or OIDC provider.
    Federated(String),
    /// The canonical user id of an account, as Amazon S3 knows it.
    CanonicalUser(String),
    /// Nobody known: an unsigned request.
    Anonymous,
}

/// An identity of an AWS account, read from its ARN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    arn: String,
    form: Form,
}

/// What an identity is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Root,
    User,
    Role,
    Session,
    FederatedUser,
}

/// Why a text is not the ARN of an identity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not the ARN of an account, user, role or session")]
pub struct PrincipalError {
    /// The text that was given.
    pub text: String,
}

/// The fields of an identity's ARN.
struct ArnFields<'a> {
    partition: &'a str,
    service: &'a str,
    account: &'a str,
    resource: &'a str,
}

fn arn_fields(arn: &str) -> Option<ArnFields<'_>> {
    let mut fields = arn.splitn(6, ':');
    (fields.next() == Some("arn")).then_some(())?;
    let (partition, service, region) = (fields.next()?, fields.next()?, fields.next()?);
    let (account, resource) = (fields.next()?, fields.next()?);
    region.is_empty().then_some(ArnFields { partition, service, account, resource })
}

fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl Principal {
    /// Returns the root user of an account of the standard partition, from its 12 digits.
    ///
    /// # Errors
    /// [`PrincipalError`] when the text is not 12 digits.
    pub fn account_root(id: &str) -> Result<Principal, PrincipalError> {
        Principal::from_arn(&format!("arn:aws:iam::{id}:root"))
    }

    /// Returns the identity of an ARN: account root, user, role, assumed-role session or federated user.
    ///
    /// # Errors
    /// [`PrincipalError`] when the text is none of these.
    pub fn from_arn(arn: &str) -> Result<Principal, PrincipalError> {
        let form = arn_fields(arn).filter(|fields| is_account_id(fields.account)).and_then(|fields| {
            let (kind, name) = fields.resource.split_once('/').unwrap_or((fields.resource, ""));
            match (fields.service, kind) {
                ("iam", "root") if name.is_empty() => Some(Form::Root),
                ("iam", "user") if !name.is_empty() => Some(Form::User),
                ("iam", "role") if !name.is_empty() => Some(Form::Role),
                ("sts", "assumed-role") if name.contains('/') => Some(Form::Session),
                ("sts", "federated-user") if !name.is_empty() => Some(Form::FederatedUser),
                _ => None,
            }
        });
        match form {
            Some(form) => Ok(Principal::Identity(Identity { arn: arn.to_owned(), form })),
            None => Err(PrincipalError { text: arn.to_owned() }),
        }
    }

    /// Returns the account of the principal, where it has one.
    pub fn account(&self) -> Option<&str> {
        match self {
            Principal::Identity(identity) => arn_fields(&identity.arn).map(|fields| fields.account),
            Principal::Federated(provider) => {
                arn_fields(provider).map(|fields| fields.account).filter(|account| is_account_id(account))
            }
            _ => None,
        }
    }

    /// Returns whether identity policies can speak for this principal.
    pub(crate) fn has_identity_policies(&self) -> bool {
        matches!(self, Principal::Identity(_))
    }

    /// Returns the condition keys that follow from the principal; `None` says that the key is absent.
    pub(crate) fn keys(&self) -> Vec<(&'static str, Option<String>)> {
        let Principal::Identity(identity) = self else { return Vec::new() };
        let Some(fields) = arn_fields(&identity.arn) else { return Vec::new() };
        let last = fields.resource.rsplit('/').next().unwrap_or_default();
        let (kind, name, arn) = match identity.form {
            Form::Root => ("Account", None, Some(identity.arn.clone())),
            Form::User => ("User", Some(last.to_owned()), Some(identity.arn.clone())),
            Form::Role => ("AssumedRole", None, Some(identity.arn.clone())),
            Form::Session => ("AssumedRole", None, None),
            Form::FederatedUser => ("FederatedUser", None, Some(identity.arn.clone())),
        };
        let mut keys = vec![
            ("aws:PrincipalAccount", Some(fields.account.to_owned())),
            ("aws:PrincipalType", Some(kind.to_owned())),
            ("aws:username", name),
        ];
        // The key holds the role's ARN; a session's ARN does not tell the path of its role.
        if arn.is_some() {
            keys.push(("aws:PrincipalArn", arn));
        }
        keys
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Principal::Service(text) | Principal::Federated(text) | Principal::CanonicalUser(text) => text,
            Principal::Identity(identity) => &identity.arn,
            Principal::Anonymous => "an unsigned request",
        })
    }
}

/// The kinds of entries of a principal element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Label {
    Aws,
    Service,
    Federated,
    CanonicalUser,
    /// A kind this crate does not know; it means nobody.
    Other,
}

/// A `Principal` or `NotPrincipal` element.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct PrincipalElement {
    /// Whether it is a `NotPrincipal`.
    pub(crate) negated: bool,
    /// Whether it is the bare `"*"`.
    pub(crate) everyone: bool,
    /// The entries in the order of the document.
    pub(crate) entries: Vec<(Label, String)>,
}

/// How directly an element means a principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Grip {
    /// By its account, which delegates to the account's own policies.
    Account,
    /// By the star that means everybody.
    Everyone,
    /// By the role a session was made from, or the service's or provider's name.
    Name,
    /// By the very user or session.
    Exact,
}

impl PrincipalElement {
    /// Returns whether the element is or contains the star that means everybody.
    pub(crate) fn is_everyone(&self) -> bool {
        self.everyone || self.entries.iter().any(|(label, value)| *label == Label::Aws && value == "*")
    }

    /// Returns whether the element covers the principal, and the most direct way it does.
    ///
    /// Unknown where a document names one session of a role and the request only names the role.
    pub(crate) fn covers(&self, principal: &Principal) -> (Truth, Grip) {
        if self.negated {
            return (self.lists(principal).negate_if(true), Grip::Everyone);
        }
        let mut best = (Truth::No, Grip::Account);
        if self.is_everyone() {
            best = (Truth::Yes, Grip::Everyone);
        }
        for (label, value) in &self.entries {
            if let Some(found) = entry_covers(label, value, principal) {
                best = best.max(found);
            }
        }
        best
    }

    /// Returns whether a `NotPrincipal` lists the principal: an account there means only its root user.
    fn lists(&self, principal: &Principal) -> Truth {
        if self.is_everyone() {
            return Truth::Yes;
        }
        let mut listed = Truth::No;
        for (label, value) in &self.entries {
            match entry_covers(label, value, principal) {
                Some((_, Grip::Account)) if !is_root(principal) => {}
                Some((truth, _)) => listed = listed.or(truth),
                None => {}
            }
        }
        listed
    }

    /// Returns whether the element names this service or identity other than by a star.
    pub(crate) fn names(&self, principal: &Principal) -> bool {
        self.entries
            .iter()
            .any(|(label, value)| value != "*" && entry_covers(label, value, principal).is_some())
    }
}

fn is_root(principal: &Principal) -> bool {
    matches!(principal, Principal::Identity(Identity { form: Form::Root, .. }))
}

/// Returns how one entry covers the principal, or `None` when it does not.
fn entry_covers(label: &Label, value: &str, principal: &Principal) -> Option<(Truth, Grip)> {
    match (label, principal) {
        (Label::Service, Principal::Service(name)) | (Label::Federated, Principal::Federated(name)) => {
            (name == value).then_some((Truth::Yes, Grip::Name))
        }
        (Label::CanonicalUser, Principal::CanonicalUser(id)) => {
            (id == value).then_some((Truth::Yes, Grip::Name))
        }
        (Label::Aws, Principal::Identity(identity)) => identity_covered(value, identity),
        _ => None,
    }
}

fn identity_covered(value: &str, identity: &Identity) -> Option<(Truth, Grip)> {
    if value == identity.arn {
        let grip = if identity.form == Form::Role { Grip::Name } else { Grip::Exact };
        return Some((Truth::Yes, grip));
    }
    let own = arn_fields(&identity.arn)?;
    if is_account_id(value) {
        return (value == own.account).then_some((Truth::Yes, Grip::Account));
    }
    let named = arn_fields(value)?;
    if named.partition != own.partition || named.account != own.account {
        return None;
    }
    if named.service == "iam" && named.resource == "root" {
        return Some((Truth::Yes, Grip::Account));
    }
    match identity.form {
        // A session's ARN has the name of the role without its path; names are unique in an account.
        Form::Session if named.service == "iam" => {
            (role_name(named.resource)? == session_role(own.resource)?).then_some((Truth::Yes, Grip::Name))
        }
        Form::Role if named.service == "sts" => (session_role(named.resource)? == role_name(own.resource)?)
            .then_some((Truth::Unknown, Grip::Exact)),
        _ => None,
    }
}

fn role_name(resource: &str) -> Option<&str> {
    resource.strip_prefix("role/")?.rsplit('/').next()
}

fn session_role(resource: &str) -> Option<&str> {
    resource.strip_prefix("assumed-role/")?.split('/').next()
}

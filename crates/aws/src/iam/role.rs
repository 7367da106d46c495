//! A role with everything that decides what it may do: `GetRole`, `ListRolePolicies`, `GetRolePolicy`,
//! `ListAttachedRolePolicies`.

use super::Iam;
use super::answer::{self, Found, decoded};
use crate::call::Call;
use crate::error::{AwsError, ErrorKind};

/// The most pages that are read of a list.
const MOST_PAGES: usize = 100;

/// A policy with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedPolicy {
    /// The name of an inline policy, or the ARN of a managed one.
    pub name: String,
    /// The document, as text.
    pub text: String,
}

/// A role, and the documents that decide what it may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its ARN.
    pub arn: String,
    /// Who may take it on, as a policy document.
    pub trust: String,
    /// Its inline and attached policies.
    pub policies: Vec<NamedPolicy>,
    /// Its permissions boundary.
    pub boundary: Option<NamedPolicy>,
}

impl Iam {
    /// Returns a role of the caller's account with its policies; `None` when there is no such role.
    ///
    /// `name` is the role's own name, without path.
    ///
    /// Spec: IAM `GetRole`, `ListRolePolicies`, `GetRolePolicy`, `ListAttachedRolePolicies`, `GetPolicy`,
    /// `GetPolicyVersion`.
    ///
    /// # Errors
    /// [`AwsError`] when IAM refuses one of them.
    pub async fn role(&self, name: &str) -> Result<Option<Role>, AwsError> {
        let call = self.call("GetRole", format!("read the role `{name}`"));
        let found = match self.send(&call, &[("RoleName", name)]).await.map_err(AwsError::from) {
            Ok(text) => read(&call, &text)?,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let arn = need(&call, &found, "Arn")?;
        let trust = decoded(&need(&call, &found, "AssumeRolePolicyDocument")?);
        let boundary = found.one("PermissionsBoundaryArn").map(str::to_owned);
        let (inline, attached, boundary) =
            tokio::try_join!(self.inline_policies(name), self.attached_policies(name), async {
                match boundary {
                    Some(arn) => self.managed_policy(arn).await.map(Some),
                    None => Ok(None),
                }
            })?;
        Ok(Some(Role { arn, trust, policies: inline.into_iter().chain(attached).collect(), boundary }))
    }

    async fn inline_policies(&self, role: &str) -> Result<Vec<NamedPolicy>, AwsError> {
        let call = self.call("ListRolePolicies", format!("list the policies of the role `{role}`"));
        let names = self.list(&call, role, "member").await?;
        let read_one = async |name: String| {
            let call = self.call("GetRolePolicy", format!("read the policy `{name}` of the role `{role}`"));
            let text = self.send(&call, &[("RoleName", role), ("PolicyName", &name)]).await?;
            let document = need(&call, &read(&call, &text)?, "PolicyDocument")?;
            Ok(NamedPolicy { text: decoded(&document), name })
        };
        self.session().try_each(names, read_one).await
    }

    async fn attached_policies(&self, role: &str) -> Result<Vec<NamedPolicy>, AwsError> {
        let call =
            self.call("ListAttachedRolePolicies", format!("list the attached policies of the role `{role}`"));
        let arns = self.list(&call, role, "PolicyArn").await?;
        self.session().try_each(arns, |arn| self.managed_policy(arn)).await
    }

    /// Returns the texts of an element on all pages of a list.
    async fn list(&self, call: &Call<'_>, role: &str, element: &str) -> Result<Vec<String>, AwsError> {
        let mut texts = Vec::new();
        let mut marker: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let mut fields = vec![("RoleName", role)];
            if let Some(marker) = &marker {
                fields.push(("Marker", marker));
            }
            let found = read(call, &self.send(call, &fields).await?)?;
            texts.extend(found.all(element).map(str::to_owned));
            match found.one("Marker") {
                Some(next) if marker.as_deref() != Some(next) => marker = Some(next.to_owned()),
                _ => return Ok(texts),
            }
        }
        Err(Self::unreadable(call, "the list does not end"))
    }
}

/// Reads an answer of IAM's.
pub(super) fn read(call: &Call<'_>, text: &str) -> Result<Found, AwsError> {
    answer::read(text).map_err(|error| Iam::unreadable(call, &error.to_string()))
}

/// Returns a text that IAM always sends.
pub(super) fn need(call: &Call<'_>, found: &Found, element: &str) -> Result<String, AwsError> {
    found
        .one(element)
        .map(str::to_owned)
        .ok_or_else(|| Iam::unreadable(call, &format!("`{element}` is missing")))
}

//! Whether a role has what a run needs, by the role's own documents.

use aws::Session;
use aws::iam::{NamedPolicy, Role};
use policy::{Decision, Document, Kind, Principal, Request, Source, Verdict};
use schemars::JsonSchema;
use serde::Serialize;

use super::{ASSUME_ROLE, REPOSITORY_ACTIONS, RoleScope, TOKEN_ACTION};
use crate::error::{OperationError, Result};
use crate::healthomics::SERVICE;

/// The documents that decide what a role may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleDocuments {
    /// The role's ARN; none where only documents are known.
    pub arn: Option<String>,
    /// Who may take it on; none where that is not known.
    pub trust: Option<String>,
    /// Its policies, each with its name.
    pub policies: Vec<(String, String)>,
    /// Its permissions boundary with its name, where it has one.
    pub boundary: Option<(String, String)>,
}

/// Where the documents come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RoleSource {
    /// IAM told them.
    Iam,
    /// Somebody gave them, and nothing more is known of the role.
    Given,
}

/// One thing that a run needs, and whether the role has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Permission {
    /// The action.
    pub action: String,
    /// On what.
    pub resource: String,
    /// Whether the role may.
    pub verdict: Verdict,
    /// Why, in words.
    pub why: String,
    /// Whether runs fail without it; the authorization token is needed only where HealthOmics copies images itself.
    pub required: bool,
}

/// What was found of a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RoleCheck {
    /// The version of this shape: `1`.
    pub schema_version: u32,
    /// The role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub role: Option<String>,
    /// Where its documents come from.
    pub source: RoleSource,
    /// All that is required together.
    pub verdict: Verdict,
    /// What a run needs of it.
    pub permissions: Vec<Permission>,
    /// Whether HealthOmics may take it on; none where its trust policy is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Permission")]
    pub trust: Option<Permission>,
    /// What helps, where something is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub hint: Option<String>,
}

/// Reads a role's documents from IAM.
///
/// Source: IAM `GetRole` and the operations that list its policies.
///
/// # Errors
/// When the ARN names no role of the session's account, the role does not exist, or IAM does not tell.
pub async fn read(session: &Session, role_arn: &str) -> Result<RoleDocuments> {
    let name = role_name(role_arn)?;
    let own = session.identity().await?.account.clone();
    let account = role_arn.split(':').nth(4).unwrap_or_default();
    if role_arn.starts_with("arn:") && account != own.as_str() {
        return Err(OperationError::new(format!("cannot read the role `{role_arn}`"))
            .refused(format!("it is of account {account}, and the credentials are of account {own}"))
            .hint("use credentials of that account, or give its policies with --file"));
    }
    let role = session.iam().role(name).await?.ok_or_else(|| {
        OperationError::new(format!("cannot check the role `{name}`"))
            .refused(format!("account {own} has no such role"))
            .hint("make it with the documents of `omics-ecr role policy`")
    })?;
    Ok(documents(role))
}

fn documents(role: Role) -> RoleDocuments {
    let pair = |policy: NamedPolicy| (policy.name, policy.text);
    RoleDocuments {
        arn: Some(role.arn),
        trust: Some(role.trust),
        policies: role.policies.into_iter().map(pair).collect(),
        boundary: role.boundary.map(pair),
    }
}

/// Returns the name of a role of its ARN; a name alone is taken as it is.
fn role_name(arn: &str) -> Result<&str> {
    let tried = || OperationError::new(format!("cannot check the role `{arn}`"));
    let name = match arn.strip_prefix("arn:") {
        None => arn,
        Some(_) => {
            let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
            let path = resource.strip_prefix("role/").ok_or_else(|| {
                tried().refused("it is the ARN of something else").hint("give arn:aws:iam::ACCOUNT:role/NAME")
            })?;
            path.rsplit('/').next().unwrap_or_default()
        }
    };
    let is_name = !name.is_empty()
        && name.len() <= 64
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte));
    if is_name { Ok(name) } else { Err(tried().hint("give the ARN of a role, or its name")) }
}

/// Decides whether a role has what a run needs, by its own documents alone.
///
/// What else may forbid it is not known here: the organization's policies, and those of the repositories, which
/// `validate` judges.
///
/// # Errors
/// When a document cannot be read.
pub fn check(documents: &RoleDocuments, scope: &RoleScope, source: RoleSource) -> Result<RoleCheck> {
    let parsed = documents
        .policies
        .iter()
        .map(|(name, text)| parse(name, text).map(|document| (name.as_str(), document)))
        .collect::<Result<Vec<_>>>()?;
    let boundary = documents
        .boundary
        .as_ref()
        .map(|(name, text)| parse(name, text).map(|document| (name.as_str(), document)))
        .transpose()?;
    let mut sources: Vec<Source<'_>> =
        parsed.iter().map(|(name, document)| Source::new(Kind::Identity, name, document)).collect();
    if sources.is_empty() {
        sources.push(Source::none(Kind::Identity, "no policy"));
    }
    if let Some((name, document)) = &boundary {
        sources.push(Source::new(Kind::Boundary, name, document));
    }
    let role = documents
        .arn
        .clone()
        .unwrap_or_else(|| format!("arn:{}:iam::{}:role/role", scope.region.partition(), scope.account));
    let principal = Principal::from_arn(&role)
        .map_err(|error| OperationError::new(format!("cannot check the role `{role}`")).refused(error))?;

    let mut permissions = Vec::new();
    for resource in scope.repositories() {
        for action in REPOSITORY_ACTIONS {
            let request =
                Request::from_caller(principal.clone(), action, &resource).for_all_matching(&resource);
            permissions.push(permission(action, &resource, &policy::decide(&sources, &request), true));
        }
    }
    let request = Request::from_caller(principal, TOKEN_ACTION, "*");
    permissions.push(permission(TOKEN_ACTION, "*", &policy::decide(&sources, &request), false));
    let trust = documents.trust.as_deref().map(|text| trust(text, &role, scope)).transpose()?;

    let needed = permissions.iter().chain(&trust).filter(|permission| permission.required);
    let verdict = needed.fold(Verdict::Allowed, |all, permission| worse(all, permission.verdict));
    let hint = (verdict != Verdict::Allowed)
        .then(|| "attach the statements that `omics-ecr role policy` prints".to_owned());
    Ok(RoleCheck {
        schema_version: 1,
        role: documents.arn.clone(),
        source,
        verdict,
        permissions,
        trust,
        hint,
    })
}

fn parse(name: &str, text: &str) -> Result<Document> {
    policy::parse(text).map_err(|error| {
        OperationError::new(format!("cannot read the policy `{name}`"))
            .refused(error)
            .hint("give a policy document as JSON")
    })
}

fn trust(text: &str, role: &str, scope: &RoleScope) -> Result<Permission> {
    let document = parse("trust policy", text)?;
    // A run stands for all: which one asks is known only when it does.
    let run = scope.runs().replace('*', "0000000");
    let request = Request::from_service(SERVICE, ASSUME_ROLE, role)
        .with("aws:SourceAccount", scope.account.as_str())
        .with("aws:SourceArn", &run);
    let source = Source::new(Kind::Resource, "trust policy", &document);
    Ok(permission(ASSUME_ROLE, role, &policy::decide(&[source], &request), true))
}

fn permission(action: &str, resource: &str, decision: &Decision, required: bool) -> Permission {
    Permission {
        action: action.to_owned(),
        resource: resource.to_owned(),
        verdict: decision.verdict,
        why: decision.to_string(),
        required,
    }
}

/// Returns the worse of two verdicts where both are needed.
fn worse(one: Verdict, other: Verdict) -> Verdict {
    match (one, other) {
        (Verdict::Denied, _) | (_, Verdict::Denied) => Verdict::Denied,
        (Verdict::Depends, _) | (_, Verdict::Depends) => Verdict::Depends,
        (Verdict::Allowed, Verdict::Allowed) => Verdict::Allowed,
    }
}

#[cfg(test)]
mod tests {
    use super::super::policies;
    use super::*;

    fn scope(prefixes: &[&str]) -> RoleScope {
        RoleScope {
            account: "123456789012".parse().unwrap(),
            region: "us-east-1".parse().unwrap(),
            prefixes: prefixes.iter().map(|prefix| prefix.parse().unwrap()).collect(),
        }
    }

    fn given(policies: &[String], trust: Option<String>) -> RoleDocuments {
        RoleDocuments {
            arn: Some("arn:aws:iam::123456789012:role/run".to_owned()),
            trust,
            policies: policies.iter().map(|text| ("given".to_owned(), text.clone())).collect(),
            boundary: None,
        }
    }

    #[test]
    fn what_we_print_is_what_we_ask_for() {
        for prefixes in [&[][..], &["quay", "ghcr"][..]] {
            let scope = scope(prefixes);
            let ours = policies(&scope);
            let documents = given(&[ours.permissions.to_string()], Some(ours.trust.to_string()));
            let found = check(&documents, &scope, RoleSource::Given).unwrap();
            assert_eq!(found.verdict, Verdict::Allowed, "{found:#?}");
            assert!(found.hint.is_none() && found.trust.is_some());
        }
    }

    #[test]
    fn a_role_for_one_prefix_is_not_one_for_all() {
        let narrow = policies(&scope(&["quay"])).permissions.to_string();
        let found =
            check(&given(std::slice::from_ref(&narrow), None), &scope(&[]), RoleSource::Given).unwrap();
        assert_eq!(found.verdict, Verdict::Depends);
        let found = check(&given(&[narrow], None), &scope(&["ghcr"]), RoleSource::Given).unwrap();
        assert_eq!(found.verdict, Verdict::Denied);
    }

    #[test]
    fn a_boundary_and_a_deny_are_seen() {
        let ours = policies(&scope(&[])).permissions.to_string();
        let mut documents = given(std::slice::from_ref(&ours), None);
        documents.boundary = Some((
            "boundary".to_owned(),
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#
                .to_owned(),
        ));
        assert_eq!(check(&documents, &scope(&[]), RoleSource::Iam).unwrap().verdict, Verdict::Denied);
        let deny = r#"{"Version":"2012-10-17","Statement":{"Sid":"No","Effect":"Deny","Action":"ecr:BatchGet*","Resource":"*"}}"#;
        let found = check(&given(&[ours, deny.to_owned()], None), &scope(&[]), RoleSource::Given).unwrap();
        assert_eq!(found.verdict, Verdict::Denied);
        assert!(found.permissions.iter().any(|one| one.why.contains("No")), "{found:#?}");
    }

    #[test]
    fn the_token_is_told_and_not_required() {
        let repositories = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["ecr:BatchGetImage",
            "ecr:GetDownloadUrlForLayer","ecr:BatchCheckLayerAvailability"],"Resource":"*"}}"#;
        let found = check(&given(&[repositories.to_owned()], None), &scope(&[]), RoleSource::Given).unwrap();
        assert_eq!(found.verdict, Verdict::Allowed);
        assert_eq!(found.permissions.last().unwrap().verdict, Verdict::Denied);
    }

    #[test]
    fn only_roles_are_roles() {
        assert_eq!(role_name("arn:aws:iam::123456789012:role/path/to/run").unwrap(), "run");
        assert_eq!(role_name("run").unwrap(), "run");
        for text in ["", "arn:aws:iam::123456789012:user/run", "arn:aws:iam::123456789012:role/", "a b"] {
            assert!(role_name(text).is_err(), "{text}");
        }
    }
}

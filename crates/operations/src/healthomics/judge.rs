//! The one place where policies are asked what they give to HealthOmics.

use policy::{Decision, Document, Kind, Reason, RegistryScope, Request, Source, Verdict};

use super::{Access, IMPORT_ACTIONS, READ_ACTIONS, REQUIRED_ACTIONS, SERVICE};
use crate::account::{Looked, RegistryPolicy};

/// The access of HealthOmics to a repository, for what a pull needs and for all that its guide lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReadAccess {
    /// Whether a pull goes through.
    pub(crate) access: Access,
    /// Whether nothing of the guide's list is missing.
    pub(crate) complete: bool,
}

/// What decides for one registry; runs are taken to be of the registry's account.
#[derive(Debug, Clone)]
pub(crate) struct Judge {
    account: String,
    registry: RegistryDocument,
}

/// A registry's policy, read as far as it can be.
#[derive(Debug, Clone)]
enum RegistryDocument {
    /// It is known, and may be none.
    Known(Option<Document>, RegistryScope),
    /// Nothing is known of it.
    Unknown(String),
}

impl Judge {
    /// Returns a judge that knows a registry's policy, or why it could not be looked at.
    pub(crate) fn new(account: &str, policy: &Looked<RegistryPolicy>) -> Self {
        let registry = match policy {
            Looked::Seen(policy) => match policy.text.as_deref().map(policy::parse).transpose() {
                Ok(document) => RegistryDocument::Known(document, policy.scope),
                Err(error) => {
                    RegistryDocument::Unknown(format!("the registry policy does not parse: {error}"))
                }
            },
            Looked::Unseen(error) => {
                let words = error.refused.as_deref().unwrap_or(&error.tried);
                RegistryDocument::Unknown(format!("the registry policy could not be read: {words}"))
            }
        };
        Self { account: account.to_owned(), registry }
    }

    /// Returns a judge of a registry whose policy nobody asked for: it counts as none.
    pub(crate) fn of_repositories(account: &str) -> Self {
        Self { account: account.to_owned(), registry: RegistryDocument::Known(None, RegistryScope::V1) }
    }

    /// Returns what HealthOmics may read of a repository with this policy, or of all that an ARN with `*` stands for.
    ///
    /// A policy that cannot be read as one is taken for none that is known.
    pub(crate) fn read(&self, policy_text: Option<&str>, arn: &str) -> ReadAccess {
        let repository: Option<Document> = match policy_text.map(policy::parse).transpose() {
            Ok(document) => document,
            Err(error) => {
                let reason = format!("the repository's policy does not parse: {error}");
                return ReadAccess { access: Access::Unknown { reason }, complete: false };
            }
        };
        let mut access = Access::Accessible;
        let mut complete = true;
        for (place, action) in READ_ACTIONS.into_iter().enumerate() {
            let decided = self.decide(action, arn, Some(repository.as_ref()));
            complete &= decided.is_yes();
            if place < REQUIRED_ACTIONS {
                access = access.and(decided);
            }
        }
        ReadAccess { access, complete }
    }

    /// Returns whether HealthOmics may make a repository and fill it through a rule; for all that an ARN with `*`
    /// stands for.
    pub(crate) fn import(&self, arn: &str) -> Access {
        IMPORT_ACTIONS
            .into_iter()
            .fold(Access::Accessible, |access, action| access.and(self.decide(action, arn, None)))
    }

    /// Returns a judge of runs of another account, which knows the same.
    pub(crate) fn of_runs_in(&self, account: &str) -> Self {
        Self { account: account.to_owned(), registry: self.registry.clone() }
    }

    /// Returns the condition keys that the import hangs on; none when it hangs on nothing or on other things.
    pub(crate) fn import_keys(&self, arn: &str) -> Vec<String> {
        let RegistryDocument::Known(registry, scope) = &self.registry else { return Vec::new() };
        let mut keys = Vec::new();
        for action in IMPORT_ACTIONS {
            let decision = self.decision_with(registry.as_ref(), *scope, action, arn, None);
            keys.extend(decision.missing_keys().into_iter().map(str::to_owned));
        }
        keys.sort();
        keys.dedup();
        keys
    }

    /// Returns how to spare the service from a Deny of the registry's policy that stops the import, where that is known.
    pub(crate) fn import_remedy(&self, arn: &str) -> Option<String> {
        let RegistryDocument::Known(registry, scope) = &self.registry else { return None };
        IMPORT_ACTIONS.into_iter().find_map(|action| {
            match self.decision_with(registry.as_ref(), *scope, action, arn, None).why {
                Reason::ExplicitDeny { denials } => {
                    denials.into_iter().find_map(|denial| Some(denial.remedy?.to_string()))
                }
                _ => None,
            }
        })
    }

    /// Returns the decision on each action of a read, with the statements that decided; a registry policy that is
    /// not known counts as none.
    pub(crate) fn read_decisions(
        &self,
        repository: Option<&Document>,
        arn: &str,
    ) -> Vec<(&'static str, Decision)> {
        self.decisions(&READ_ACTIONS, arn, Some(repository))
    }

    /// Returns the decision on each action of an import, with the statements that decided; a registry policy that
    /// is not known counts as none.
    pub(crate) fn import_decisions(&self, arn: &str) -> Vec<(&'static str, Decision)> {
        self.decisions(&IMPORT_ACTIONS, arn, None)
    }

    fn decisions(
        &self,
        actions: &[&'static str],
        arn: &str,
        repository: Option<Option<&Document>>,
    ) -> Vec<(&'static str, Decision)> {
        let (registry, scope) = match &self.registry {
            RegistryDocument::Known(registry, scope) => (registry.as_ref(), *scope),
            RegistryDocument::Unknown(_) => (None, RegistryScope::V1),
        };
        let decide = |action| self.decision_with(registry, scope, action, arn, repository);
        actions.iter().map(|action| (*action, decide(action))).collect()
    }

    fn decide(&self, action: &str, arn: &str, repository: Option<Option<&Document>>) -> Access {
        match &self.registry {
            RegistryDocument::Known(registry, scope) => {
                verdict(action, &self.decision_with(registry.as_ref(), *scope, action, arn, repository))
            }
            RegistryDocument::Unknown(why) => {
                let alone = self.decision_with(None, RegistryScope::V1, action, arn, repository);
                match verdict(action, &alone) {
                    // What the repository forbids or leaves open, no registry policy turns into a certain yes.
                    refused @ (Access::NotAccessible { .. } | Access::Depends { .. })
                        if repository.is_some() =>
                    {
                        refused
                    }
                    _ => Access::Unknown { reason: why.clone() },
                }
            }
        }
    }

    fn decision_with<'d>(
        &self,
        registry: Option<&'d Document>,
        scope: RegistryScope,
        action: &str,
        arn: &str,
        repository: Option<Option<&'d Document>>,
    ) -> Decision {
        let source = |kind: Kind, name: &'static str, document: Option<&'d Document>| match document {
            Some(document) => Source::new(kind, name, document),
            None => Source::none(kind, name),
        };
        let mut sources = vec![source(Kind::Registry(scope), "registry policy", registry)];
        if let Some(document) = repository {
            sources.push(source(Kind::Repository, "repository policy", document));
        }
        let mut request =
            Request::from_service(SERVICE, action, arn).with("aws:SourceAccount", &self.account);
        if arn.contains('*') {
            request = request.for_all_matching(arn);
        }
        policy::decide(&sources, &request)
    }
}

fn verdict(action: &str, decision: &Decision) -> Access {
    let reason = || format!("{action}: {decision}");
    match decision.verdict {
        Verdict::Allowed => Access::Accessible,
        Verdict::Denied => Access::NotAccessible { reason: reason() },
        Verdict::Depends => Access::Depends { reason: reason() },
    }
}

#[cfg(test)]
mod tests {
    use policy::RegistryScope;

    use super::*;
    use crate::healthomics::{with_import_access, with_read_access};

    const ARN: &str = "arn:aws:ecr:us-east-1:123456789012:repository/tools/bwa";
    const ACCOUNT: &str = "123456789012";

    fn judge() -> Judge {
        Judge::of_repositories(ACCOUNT)
    }

    fn with_registry(text: &str, scope: RegistryScope) -> Judge {
        Judge::new(ACCOUNT, &Looked::Seen(RegistryPolicy { text: Some(text.to_owned()), scope }))
    }

    #[test]
    fn no_policy_means_no_access_and_ours_gives_it() {
        let before = judge().read(None, ARN);
        assert!(matches!(before.access, Access::NotAccessible { .. }), "{before:?}");
        let merged = with_read_access("`tools/bwa`", None, None).unwrap();
        let after = judge().read(Some(&merged.text), ARN);
        assert_eq!(after, ReadAccess { access: Access::Accessible, complete: true });
        assert_eq!(with_read_access("`tools/bwa`", Some(&merged.text), None).unwrap().text, merged.text);
    }

    #[test]
    fn two_actions_are_enough_and_are_not_all() {
        let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"omics.amazonaws.com"},
            "Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"],
            "Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"}}}]}"#;
        let found = judge().read(Some(text), ARN);
        assert_eq!(found, ReadAccess { access: Access::Accessible, complete: false });
        let elsewhere = Judge::of_repositories("210987654321").read(Some(text), ARN);
        assert!(matches!(elsewhere.access, Access::NotAccessible { .. }));
    }

    #[test]
    fn a_deny_wins_and_a_condition_hangs() {
        let text = r#"{"Version":"2012-10-17","Statement":[
            {"Effect":"Allow","Principal":{"Service":"omics.amazonaws.com"},"Action":"ecr:*"},
            {"Effect":"Deny","Principal":"*","Action":"ecr:BatchGetImage"}]}"#;
        assert!(matches!(judge().read(Some(text), ARN).access, Access::NotAccessible { .. }));
        let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"omics.amazonaws.com"},
            "Action":"ecr:*","Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:omics:us-east-1:123456789012:workflow/1"}}}]}"#;
        assert!(matches!(judge().read(Some(text), ARN).access, Access::Depends { .. }));
        assert!(matches!(judge().read(Some("nonsense"), ARN).access, Access::Unknown { .. }));
    }

    #[test]
    fn the_import_statement_is_for_its_prefixes_alone() {
        let below = |prefix: &str| format!("arn:aws:ecr:us-east-1:123456789012:repository/{prefix}/*");
        let kind = Kind::Registry(RegistryScope::V2);
        let first = with_import_access(kind, None, &[below("quay")], None).unwrap();
        let judged = with_registry(&first.text, RegistryScope::V2);
        assert_eq!(judged.import(&below("quay")), Access::Accessible);
        assert!(matches!(judged.import(&below("ghcr")), Access::NotAccessible { .. }));
        let both = with_import_access(kind, Some(&first.text), &[below("ghcr")], None).unwrap();
        let judged = with_registry(&both.text, RegistryScope::V2);
        assert_eq!(judged.import(&below("quay")), Access::Accessible);
        assert_eq!(judged.import(&below("ghcr")), Access::Accessible);
    }

    #[test]
    fn a_deny_of_the_registry_closes_repositories_under_the_newer_scope() {
        let ours = with_read_access("`tools/bwa`", None, None).unwrap().text;
        let deny = r#"{"Version":"2012-10-17","Statement":[{"Sid":"no","Effect":"Deny","Principal":"*",
            "Action":"ecr:BatchGetImage","Resource":"*"}]}"#;
        let newer = with_registry(deny, RegistryScope::V2).read(Some(&ours), ARN).access;
        assert!(
            matches!(&newer, Access::NotAccessible { reason } if reason.contains("registry policy")),
            "{newer:?}"
        );
        assert_eq!(with_registry(deny, RegistryScope::V1).read(Some(&ours), ARN).access, Access::Accessible);
    }

    #[test]
    fn what_could_not_be_looked_at_is_unknown() {
        let error = crate::OperationError::new("cannot read the registry policy").refused("access denied");
        let judge = Judge::new(ACCOUNT, &Looked::Unseen(error));
        let ours = with_read_access("`tools/bwa`", None, None).unwrap().text;
        assert!(matches!(judge.read(Some(&ours), ARN).access, Access::Unknown { .. }));
        assert!(matches!(judge.import(ARN), Access::Unknown { .. }));
    }
}

//! The shape that ECR wants of repository policies and registry policies.

use policy::{Kind, Problem, RegistryScope};

use crate::fault::Fault;

/// Which policy a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PolicyKind {
    /// The policy of one repository.
    Repository,
    /// The policy of the registry.
    Registry,
}

/// Checks that a text is a policy of a repository or of the registry.
///
/// # Errors
/// `InvalidParameterException` in ECR's words.
pub(crate) fn check_policy(text: &str, kind: PolicyKind) -> Result<(), Fault> {
    let (attached, name) = match kind {
        PolicyKind::Repository => (Kind::Repository, "repository"),
        PolicyKind::Registry => (Kind::Registry(RegistryScope::V2), "registry"),
    };
    let refused = |reason: String| {
        tracing::debug!(reason, "the policy is refused");
        Fault::parameter("PolicyText", format!("Invalid {name} policy provided"))
    };
    let document = policy::parse(text).map_err(|error| refused(error.to_string()))?;
    if document.statements().is_empty() {
        return Err(refused("it has no statement".to_owned()));
    }
    let problem = document.problems(attached).into_iter().find(|problem| {
        matches!(
            problem,
            // Statements of the same Sid are taken by ECR.
            Problem::NoPrincipal { .. }
                | Problem::NoResource { .. }
                | Problem::UnknownElement { .. }
                | Problem::UnknownOperator { .. }
                | Problem::WildcardPrincipal { .. }
        )
    });
    problem.map_or(Ok(()), |problem| Err(refused(problem.to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_need_effect_principal_and_action() {
        let good = r#"{"Version":"2012-10-17","Statement":[{"Sid":"a b","Effect":"Allow",
            "Principal":{"Service":"omics.amazonaws.com"},"Action":["ecr:BatchGetImage"]}]}"#;
        assert!(check_policy(good, PolicyKind::Repository).is_ok());
        assert!(check_policy(good, PolicyKind::Registry).is_err(), "a registry policy names resources");
        for bad in [
            "",
            "{}",
            "[]",
            r#"{"Version":"2012-10-17","Statement":[]}"#,
            r#"{"Statement":[{"Effect":"Maybe","Principal":"*","Action":"ecr:*"}]}"#,
            r#"{"Statement":[{"Effect":"Allow","Action":"ecr:*"}]}"#,
            r#"{"Statement":[{"Effect":"Allow","Principal":"*"}]}"#,
            r#"{"Version":"2099-01-01","Statement":[{"Effect":"Allow","Principal":"*","Action":"ecr:*"}]}"#,
            r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"ecr:*","Extra":1}]}"#,
        ] {
            let fault = check_policy(bad, PolicyKind::Repository).expect_err(bad);
            assert!(fault.message.contains("Invalid repository policy provided"), "{fault}");
        }
    }
}

//! The shape that ECR wants of repository policies, registry policies and lifecycle policies.

use policy::{Kind, Problem, RegistryScope};
use serde_json::Value;

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

/// Checks that a text is a lifecycle policy.
///
/// # Errors
/// `InvalidParameterException` in ECR's words.
pub(crate) fn check_lifecycle(text: &str) -> Result<(), Fault> {
    let refused = |reason: String| {
        Fault::parameter("LifecyclePolicyText", format!("Lifecycle policy validation failure: {reason}"))
    };
    let policy: Value = serde_json::from_str(text).unwrap_or(Value::Null);
    let Some(document) = policy.as_object() else {
        return Err(refused("Could not map policyString into LifecyclePolicy.".to_owned()));
    };
    let Some(rules) = document.get("rules").and_then(Value::as_array) else {
        return Err(refused(missing(&["rules"])));
    };
    if rules.len() > MOST_RULES {
        return Err(refused(format!("array is too long: must have at most {MOST_RULES} elements")));
    }
    let mut priorities = std::collections::HashSet::new();
    for rule in rules {
        check_rule(rule).map_err(&refused)?;
        if !priorities.insert(rule.get("rulePriority").map(Value::to_string)) {
            return Err(refused("rulePriority must be unique".to_owned()));
        }
    }
    Ok(())
}

/// Most rules of a lifecycle policy.
const MOST_RULES: usize = 50;

fn missing(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    format!("object has missing required properties ([{}])", names.join(","))
}

/// Checks the properties of an object; returns the object.
fn properties<'a>(
    value: Option<&'a Value>,
    required: &[&str],
    allowed: &[&str],
) -> Result<&'a serde_json::Map<String, Value>, String> {
    let object = value
        .and_then(Value::as_object)
        .ok_or("instance type does not match any allowed primitive type (allowed: [\"object\"])")?;
    let absent: Vec<&str> = required.iter().filter(|name| !object.contains_key(**name)).copied().collect();
    if !absent.is_empty() {
        return Err(missing(&absent));
    }
    match object.keys().find(|key| !allowed.contains(&key.as_str())) {
        Some(key) => {
            Err(format!("object instance has properties which are not allowed by the schema: ([\"{key}\"])"))
        }
        None => Ok(object),
    }
}

fn enumerated(value: Option<&Value>, allowed: &[&str]) -> Result<(), String> {
    let text = value.and_then(Value::as_str).unwrap_or_default();
    if allowed.contains(&text) {
        return Ok(());
    }
    let allowed: Vec<String> = allowed.iter().map(|value| format!("\"{value}\"")).collect();
    Err(format!("instance value (\"{text}\") not found in enum (possible values: [{}])", allowed.join(",")))
}

fn check_rule(rule: &Value) -> Result<(), String> {
    let rule = properties(
        Some(rule),
        &["action", "rulePriority", "selection"],
        &["action", "description", "rulePriority", "selection"],
    )?;
    if rule.get("rulePriority").and_then(Value::as_u64).is_none_or(|priority| priority == 0) {
        return Err("rulePriority must be a positive integer".to_owned());
    }
    let action = properties(rule.get("action"), &["type"], &["type", "targetStorageClass"])?;
    enumerated(action.get("type"), &["expire", "transition"])?;
    let selection = properties(
        rule.get("selection"),
        &["countNumber", "countType", "tagStatus"],
        &[
            "countNumber",
            "countType",
            "countUnit",
            "tagStatus",
            "tagPatternList",
            "tagPrefixList",
            "storageClass",
        ],
    )?;
    enumerated(selection.get("tagStatus"), &["any", "tagged", "untagged"])?;
    let count_types =
        ["imageCountMoreThan", "sinceImagePushed", "sinceImagePulled", "sinceImageTransitioned"];
    enumerated(selection.get("countType"), &count_types)?;
    if let Some(unit) = selection.get("countUnit") {
        enumerated(Some(unit), &["days"])?;
    }
    if selection.get("countNumber").and_then(Value::as_u64).is_none_or(|number| number == 0) {
        return Err("countNumber must be a positive integer".to_owned());
    }
    Ok(())
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

    #[test]
    fn lifecycle_policies_follow_their_schema() {
        let rule = |selection: &str| {
            format!(
                r#"{{"rules":[{{"rulePriority":1,"selection":{selection},"action":{{"type":"expire"}}}}]}}"#
            )
        };
        let good = rule(r#"{"tagStatus":"untagged","countType":"imageCountMoreThan","countNumber":3}"#);
        assert!(check_lifecycle(&good).is_ok());
        for (bad, reason) in [
            ("x".to_owned(), "Could not map policyString into LifecyclePolicy."),
            ("{}".to_owned(), r#"missing required properties (["rules"])"#),
            (rule("{}"), r#"(["countNumber","countType","tagStatus"])"#),
            (
                rule(r#"{"tagStatus":"x","countType":"imageCountMoreThan","countNumber":3}"#),
                "not found in enum",
            ),
        ] {
            let fault = check_lifecycle(&bad).expect_err(&bad);
            assert!(fault.message.contains(reason), "{fault}");
        }
    }
}

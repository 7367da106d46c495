//! The shape that ECR wants of repository policies, registry policies and lifecycle policies.

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

/// Checks that a text is a policy of a resource: statements with an effect, principals and actions.
///
/// # Errors
/// `InvalidParameterException` in ECR's words.
pub(crate) fn check_policy(text: &str, kind: PolicyKind) -> Result<(), Fault> {
    let valid = serde_json::from_str::<Value>(text).is_ok_and(|policy| is_policy(&policy, kind));
    if valid {
        return Ok(());
    }
    let kind = match kind {
        PolicyKind::Repository => "repository",
        PolicyKind::Registry => "registry",
    };
    Err(Fault::parameter("PolicyText", format!("Invalid {kind} policy provided")))
}

fn is_policy(policy: &Value, kind: PolicyKind) -> bool {
    let Some(document) = policy.as_object() else { return false };
    let known = ["Version", "Id", "Statement"];
    let version = document
        .get("Version")
        .is_none_or(|version| matches!(version.as_str(), Some("2012-10-17" | "2008-10-17")));
    let statements = match document.get("Statement") {
        Some(Value::Array(statements)) if !statements.is_empty() => statements.as_slice(),
        Some(statement @ Value::Object(_)) => std::slice::from_ref(statement),
        _ => return false,
    };
    version
        && document.keys().all(|key| known.contains(&key.as_str()))
        && statements.iter().all(|statement| is_statement(statement, kind))
}

fn is_statement(statement: &Value, kind: PolicyKind) -> bool {
    let Some(members) = statement.as_object() else { return false };
    let known = [
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    ];
    let one = |first: &str, second: &str| members.contains_key(first) != members.contains_key(second);
    let texts = |name: &str| match members.get(name) {
        None => true,
        Some(Value::String(_)) => true,
        Some(Value::Array(items)) => !items.is_empty() && items.iter().all(Value::is_string),
        Some(_) => false,
    };
    let principal = |name: &str| match members.get(name) {
        None => true,
        Some(Value::String(text)) => text == "*",
        Some(Value::Object(kinds)) => !kinds.is_empty(),
        Some(_) => false,
    };
    let resources = members.contains_key("Resource") || members.contains_key("NotResource");
    matches!(members.get("Effect").and_then(Value::as_str), Some("Allow" | "Deny"))
        && members.keys().all(|key| known.contains(&key.as_str()))
        && one("Principal", "NotPrincipal")
        && one("Action", "NotAction")
        && texts("Action")
        && texts("NotAction")
        && texts("Resource")
        && texts("NotResource")
        && principal("Principal")
        && principal("NotPrincipal")
        && members.get("Condition").is_none_or(Value::is_object)
        && (kind == PolicyKind::Repository || resources)
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

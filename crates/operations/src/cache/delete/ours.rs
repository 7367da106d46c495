//! What is entirely ours and may be taken away.

use aws::ecr::{AppliedFor, Encryption, TagMutability, Template};
use policy::Change;
use serde_json::Value;

use super::Rest;
use crate::cache::template::DESCRIPTION;
use crate::healthomics::{IMPORT_SID, SERVICE, with_read_access};

/// Returns what shows that a template is not entirely ours; `None` when it is.
pub(super) fn foreign(template: &Template) -> Option<&'static str> {
    if template.description.as_deref() != Some(DESCRIPTION) {
        return Some("it was not made by omics-ecr");
    }
    if template.applied_for != [AppliedFor::PullThroughCache] {
        return Some("it is applied for more than pull through");
    }
    let plain = template.lifecycle_policy.is_none()
        && template.resource_tags.is_empty()
        && template.custom_role_arn.is_none()
        && template.encryption == Encryption::Aes256
        && template.tag_mutability == TagMutability::Mutable;
    if !plain {
        return Some("it has settings of somebody's own");
    }
    let text = template.repository_policy.as_deref()?;
    // Ours alone has one statement, under our Sid, with nothing to add to it.
    let single = policy::parse(text).is_ok_and(|document| document.statements().len() == 1);
    let own = with_read_access("the template", Some(text), None).is_ok_and(|merged| {
        merged.change == Change::Unchanged && merged.differences.iter().all(is_source_account)
    });
    (!single || !own).then_some("its policy has more than our statement")
}

/// Returns whether a difference is the binding to an account, which is ours to make.
fn is_source_account(difference: &policy::Difference) -> bool {
    matches!(difference, policy::Difference::OtherCondition { key, .. } if key.eq_ignore_ascii_case("aws:SourceAccount"))
}

/// Returns a registry's policy without our statement's entry for some repositories; `None` when it has none.
///
/// A statement without entries goes, and so does a policy without statements.
///
/// # Errors
/// What shows that the statement is shared with others, or that the policy cannot be read.
pub(super) fn without_entry(text: &str, entry: &str) -> Result<Option<Rest>, &'static str> {
    let unreadable = "the registry policy does not parse";
    policy::parse(text).map_err(|_| unreadable)?;
    let mut document: Value = serde_json::from_str(text).map_err(|_| unreadable)?;
    let Some(statements) = document.get_mut("Statement") else { return Ok(None) };
    if !statements.is_array() {
        *statements = Value::Array(vec![statements.take()]);
    }
    let Some(list) = statements.as_array_mut() else { return Ok(None) };
    let ours = |statement: &Value| statement.get("Sid").and_then(Value::as_str) == Some(IMPORT_SID);
    let Some(place) = list.iter().position(ours) else { return Ok(None) };
    let Some(statement) = list.get_mut(place) else { return Ok(None) };
    let entries: Vec<Value> = match statement.get("Resource") {
        Some(Value::Array(entries)) => entries.clone(),
        Some(single) => vec![single.clone()],
        None => return Ok(None),
    };
    let rest: Vec<Value> = entries.iter().filter(|known| known.as_str() != Some(entry)).cloned().collect();
    if rest.len() == entries.len() {
        return Ok(None);
    }
    let only_ours = match statement.get("Principal") {
        Some(Value::Object(labels)) => labels.iter().all(|(label, names)| {
            let is_service = |name: &Value| name.as_str() == Some(SERVICE);
            label == "Service"
                && (is_service(names) || names.as_array().is_some_and(|names| names.iter().all(is_service)))
        }),
        _ => false,
    };
    if !only_ours || statement.get("Effect").and_then(Value::as_str) != Some("Allow") {
        return Err("our statement in it is shared with others");
    }
    if rest.is_empty() {
        list.remove(place);
    } else if let Some(elements) = statement.as_object_mut() {
        elements.insert("Resource".to_owned(), Value::Array(rest));
    }
    Ok(Some(match list.is_empty() {
        true => Rest::Nothing,
        false => Rest::Text(document.to_string()),
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const QUAY: &str = "arn:aws:ecr:us-east-1:123456789012:repository/quay/*";
    const GHCR: &str = "arn:aws:ecr:us-east-1:123456789012:repository/ghcr/*";

    fn policy(principal: &Value, resources: &Value) -> String {
        let own = json!({"Sid": IMPORT_SID, "Effect": "Allow", "Principal": principal,
            "Action": ["ecr:CreateRepository"], "Resource": resources});
        json!({"Version": "2012-10-17", "Statement": [own]}).to_string()
    }

    #[test]
    fn an_entry_goes_and_the_others_stay() {
        let service = json!({"Service": SERVICE});
        let both = policy(&service, &json!([QUAY, GHCR]));
        let Some(Rest::Text(text)) = without_entry(&both, QUAY).unwrap() else { panic!("{both}") };
        assert!(text.contains(GHCR) && !text.contains(QUAY));
        assert_eq!(without_entry(&text, GHCR), Ok(Some(Rest::Nothing)));
        assert_eq!(without_entry(&text, QUAY), Ok(None));
        let single = policy(&service, &json!(QUAY));
        assert_eq!(without_entry(&single, QUAY), Ok(Some(Rest::Nothing)));
    }

    #[test]
    fn a_statement_that_others_share_is_left_alone() {
        let shared = policy(&json!({"Service": [SERVICE, "lambda.amazonaws.com"]}), &json!([QUAY]));
        assert!(without_entry(&shared, QUAY).is_err());
        let star = policy(&json!({"Service": SERVICE}), &json!("*"));
        assert_eq!(without_entry(&star, QUAY), Ok(None), "a wider entry is somebody's own");
        assert!(without_entry("nonsense", QUAY).is_err());
    }
}

//! A second reading of the rules, slow and plain: JSON in, yes or no out, for one world in which every key is known.

use std::collections::BTreeMap;

use serde_json::Value;

/// Keys of the world in small letters; a key that is not there is absent.
pub(super) type World = BTreeMap<String, Vec<String>>;

/// The question, in the plainest form.
pub(super) struct Question<'q> {
    pub(super) service: Option<&'q str>,
    pub(super) role: Option<(&'q str, &'q str)>,
    pub(super) action: &'q str,
    pub(super) resource: &'q str,
}

/// Returns whether the documents of resources together allow it.
pub(super) fn allowed(documents: &[Value], question: &Question<'_>, world: &World) -> bool {
    let statements: Vec<&Value> =
        documents.iter().flat_map(|document| list(&document["Statement"])).collect();
    let applying = |effect: &str| {
        statements
            .iter()
            .any(|statement| statement["Effect"] == effect && applies(statement, question, world))
    };
    applying("Allow") && !applying("Deny")
}

/// Returns whether a text matches a pattern, by trying every split.
pub(super) fn glob(pattern: &[char], text: &[char]) -> bool {
    let mut reachable = vec![false; text.len() + 1];
    reachable[0] = true;
    for symbol in pattern {
        let mut next = vec![false; text.len() + 1];
        for start in (0..=text.len()).filter(|start| reachable[*start]) {
            match symbol {
                '*' => next[start..].fill(true),
                '?' if start < text.len() => next[start + 1] = true,
                letter if text.get(start) == Some(letter) => next[start + 1] = true,
                _ => {}
            }
        }
        reachable = next;
    }
    reachable[text.len()]
}

fn glob_text(pattern: &str, text: &str) -> bool {
    glob(&pattern.chars().collect::<Vec<_>>(), &text.chars().collect::<Vec<_>>())
}

fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(entries) => entries.iter().collect(),
        one => vec![one],
    }
}

fn texts(value: &Value) -> Vec<&str> {
    list(value).into_iter().filter_map(Value::as_str).collect()
}

fn applies(statement: &Value, question: &Question<'_>, world: &World) -> bool {
    let said = |plain: &str, negated: &str, holds: &dyn Fn(&Value) -> bool| match (
        statement.get(plain),
        statement.get(negated),
    ) {
        (Some(value), _) => holds(value),
        (None, Some(value)) => !holds(value),
        (None, None) => true,
    };
    let action = |value: &Value| {
        texts(value).iter().any(|text| glob_text(&text.to_lowercase(), &question.action.to_lowercase()))
    };
    let resource = |value: &Value| texts(value).iter().any(|text| glob_text(text, question.resource));
    said("Action", "NotAction", &action)
        && said("Resource", "NotResource", &resource)
        && means(statement, question)
        && conditions(&statement["Condition"], world)
}

fn means(statement: &Value, question: &Question<'_>) -> bool {
    let covers = |value: &Value, accounts: bool| {
        if value == "*" || texts(&value["AWS"]).contains(&"*") {
            return true;
        }
        let service = question.service.is_some_and(|service| texts(&value["Service"]).contains(&service));
        let role = question.role.is_some_and(|(account, name)| {
            texts(&value["AWS"]).into_iter().any(|text| {
                text == format!("arn:aws:iam::{account}:role/{name}")
                    || (accounts && (text == account || text == format!("arn:aws:iam::{account}:root")))
            })
        });
        service || role
    };
    match (statement.get("Principal"), statement.get("NotPrincipal")) {
        (Some(value), _) => covers(value, true),
        (None, Some(value)) => !covers(value, false),
        (None, None) => statement["Effect"] == "Deny",
    }
}

fn conditions(block: &Value, world: &World) -> bool {
    let Some(operators) = block.as_object() else { return true };
    operators.iter().all(|(operator, keys)| {
        let keys = keys.as_object().expect("a block of keys");
        keys.iter().all(|(key, values)| condition(operator, &world.get(&key.to_lowercase()), &texts(values)))
    })
}

fn condition(operator: &str, found: &Option<&Vec<String>>, wanted: &[&str]) -> bool {
    let (set, operator) = operator.split_once(':').unwrap_or(("", operator));
    if operator == "Null" {
        return wanted.contains(&if found.is_none() { "true" } else { "false" });
    }
    let (base, if_exists) = match operator.strip_suffix("IfExists") {
        Some(base) => (base, true),
        None => (operator, false),
    };
    let negative = base.contains("Not");
    let Some(values) = found else {
        return if_exists || set == "ForAllValues" || (set.is_empty() && negative);
    };
    let matches = |value: &String| {
        wanted.iter().any(|wanted| match base.replace("Not", "").as_str() {
            "StringEquals" | "BinaryEquals" => value == wanted,
            "StringEqualsIgnoreCase" => value.to_lowercase() == wanted.to_lowercase(),
            "StringLike" => glob_text(wanted, value),
            "Bool" => value.to_lowercase() == wanted.to_lowercase(),
            "NumericEquals" => value.parse::<f64>().ok() == wanted.parse().ok(),
            "NumericLessThan" => value.parse::<f64>().unwrap() < wanted.parse().unwrap(),
            other => panic!("{other} is not generated"),
        })
    };
    match set {
        "ForAllValues" => values.iter().all(|value| matches(value) != negative),
        "ForAnyValue" => values.iter().any(|value| matches(value) != negative),
        _ => values.iter().any(matches) != negative,
    }
}

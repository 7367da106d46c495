//! The shape that ECR wants of a lifecycle policy's text.

use serde_json::{Map, Value};

use super::{Action, Count, Moment, Rule, TagSelection};

/// Most rules of a policy.
const MOST_RULES: usize = 50;
/// Most stars of a tag pattern.
const MOST_WILDCARDS: usize = 4;
/// Fewest days that an image stays in the archive.
const FEWEST_DAYS_ARCHIVED: u64 = 90;

/// Returns the rules of a policy.
///
/// # Errors
/// What is wrong with the text, in ECR's words.
pub(super) fn rules(text: &str) -> Result<Vec<Rule>, String> {
    let policy: Value = serde_json::from_str(text).unwrap_or(Value::Null);
    let Some(document) = policy.as_object() else {
        return Err("Could not map policyString into LifecyclePolicy.".to_owned());
    };
    let Some(rules) = document.get("rules").and_then(Value::as_array) else {
        return Err(missing(&["rules"]));
    };
    if rules.len() > MOST_RULES {
        return Err(format!("array is too long: must have at most {MOST_RULES} elements"));
    }
    let rules: Vec<Rule> = rules.iter().map(rule).collect::<Result<_, _>>()?;
    check_priorities(&rules)?;
    Ok(rules)
}

/// Checks that no two rules have one priority, and that rules for any image come last.
fn check_priorities(rules: &[Rule]) -> Result<(), String> {
    let mut priorities = std::collections::HashSet::new();
    if !rules.iter().all(|rule| priorities.insert(rule.priority)) {
        return Err("rulePriority must be unique".to_owned());
    }
    for archive in [false, true] {
        let class = |rule: &&Rule| matches!(rule.count, Count::Since(Moment::Archived, _)) == archive;
        let mut own: Vec<&Rule> = rules.iter().filter(class).collect();
        own.sort_by_key(|rule| rule.priority);
        if own.iter().rev().skip(1).any(|rule| rule.tags == TagSelection::Any) {
            return Err("the rule with tagStatus any must have the lowest priority".to_owned());
        }
    }
    Ok(())
}

fn missing(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    format!("object has missing required properties ([{}])", names.join(","))
}

fn not_allowed(name: &str) -> String {
    format!("object instance has properties which are not allowed by the schema: ([\"{name}\"])")
}

/// Checks the properties of an object; returns the object.
fn properties<'a>(
    value: Option<&'a Value>,
    required: &[&str],
    allowed: &[&str],
) -> Result<&'a Map<String, Value>, String> {
    let object = value
        .and_then(Value::as_object)
        .ok_or("instance type does not match any allowed primitive type (allowed: [\"object\"])")?;
    let absent: Vec<&str> = required.iter().filter(|name| !object.contains_key(**name)).copied().collect();
    if !absent.is_empty() {
        return Err(missing(&absent));
    }
    match object.keys().find(|key| !allowed.contains(&key.as_str())) {
        Some(key) => Err(not_allowed(key)),
        None => Ok(object),
    }
}

/// Returns the value of a property that must be one of a few.
fn enumerated<'a>(object: &'a Map<String, Value>, name: &str, allowed: &[&str]) -> Result<&'a str, String> {
    let text = object.get(name).and_then(Value::as_str).unwrap_or_default();
    if allowed.contains(&text) {
        return Ok(text);
    }
    let allowed: Vec<String> = allowed.iter().map(|value| format!("\"{value}\"")).collect();
    Err(format!("instance value (\"{text}\") not found in enum (possible values: [{}])", allowed.join(",")))
}

fn positive(object: &Map<String, Value>, name: &str) -> Result<u64, String> {
    let number = object.get(name).and_then(Value::as_u64).filter(|number| *number > 0);
    number.ok_or_else(|| format!("{name} must be a positive integer"))
}

fn rule(rule: &Value) -> Result<Rule, String> {
    let rule = properties(
        Some(rule),
        &["action", "rulePriority", "selection"],
        &["action", "description", "rulePriority", "selection"],
    )?;
    let priority = positive(rule, "rulePriority")?;
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
    let (tags, count) = (tags(selection)?, count(selection)?);
    let action = action(rule.get("action"), count)?;
    Ok(Rule { priority, tags, count, action })
}

fn tags(selection: &Map<String, Value>) -> Result<TagSelection, String> {
    let status = enumerated(selection, "tagStatus", &["any", "tagged", "untagged"])?;
    let list = |name: &str| selection.get(name).map(|list| texts(name, list)).transpose();
    match (status, list("tagPrefixList")?, list("tagPatternList")?) {
        ("any", None, None) => Ok(TagSelection::Any),
        ("untagged", None, None) => Ok(TagSelection::Untagged),
        ("tagged", Some(prefixes), None) => Ok(TagSelection::Prefixes(prefixes)),
        ("tagged", None, Some(patterns)) => {
            match patterns.iter().find(|pattern| pattern.matches('*').count() > MOST_WILDCARDS) {
                Some(pattern) => {
                    Err(format!("tagPatternList: {pattern} has more than {MOST_WILDCARDS} wildcards"))
                }
                None => Ok(TagSelection::Patterns(patterns)),
            }
        }
        ("tagged", None, None) => Err(missing(&["tagPrefixList"])),
        (_, Some(_), _) => Err(not_allowed("tagPrefixList")),
        _ => Err(not_allowed("tagPatternList")),
    }
}

/// Returns the texts of a list that has at least one.
fn texts(name: &str, list: &Value) -> Result<Vec<String>, String> {
    let texts = list.as_array().and_then(|list| {
        list.iter().map(|text| text.as_str().filter(|text| !text.is_empty()).map(str::to_owned)).collect()
    });
    let texts: Option<Vec<String>> = texts;
    texts
        .filter(|texts| !texts.is_empty())
        .ok_or_else(|| format!("{name} must be an array of at least one text"))
}

fn count(selection: &Map<String, Value>) -> Result<Count, String> {
    let kinds = ["imageCountMoreThan", "sinceImagePushed", "sinceImagePulled", "sinceImageTransitioned"];
    let kind = enumerated(selection, "countType", &kinds)?;
    let number = positive(selection, "countNumber")?;
    let class = match kind {
        "sinceImageTransitioned" => "archive",
        _ => "standard",
    };
    match selection.contains_key("storageClass") {
        true => enumerated(selection, "storageClass", &[class]).map(drop)?,
        false if class == "archive" => return Err(missing(&["storageClass"])),
        false => {}
    }
    if kind == "imageCountMoreThan" {
        return match selection.contains_key("countUnit") {
            true => Err(not_allowed("countUnit")),
            false => Ok(Count::MoreThan(number)),
        };
    }
    if !selection.contains_key("countUnit") {
        return Err(missing(&["countUnit"]));
    }
    enumerated(selection, "countUnit", &["days"])?;
    let moment = match kind {
        "sinceImagePushed" => Moment::Pushed,
        "sinceImagePulled" => Moment::Pulled,
        _ if number < FEWEST_DAYS_ARCHIVED => {
            return Err(format!(
                "countNumber must be at least {FEWEST_DAYS_ARCHIVED} for sinceImageTransitioned"
            ));
        }
        _ => Moment::Archived,
    };
    Ok(Count::Since(moment, number))
}

fn action(value: Option<&Value>, count: Count) -> Result<Action, String> {
    let action = properties(value, &["type"], &["type", "targetStorageClass"])?;
    let types: &[&str] = match count {
        Count::Since(Moment::Pulled, _) => &["transition"],
        Count::Since(Moment::Archived, _) => &["expire"],
        _ => &["expire", "transition"],
    };
    let is_expiry = enumerated(action, "type", types)? == "expire";
    match (is_expiry, action.contains_key("targetStorageClass")) {
        (true, false) => Ok(Action::Expire),
        (true, true) => Err(not_allowed("targetStorageClass")),
        (false, false) => Err(missing(&["targetStorageClass"])),
        (false, true) => enumerated(action, "targetStorageClass", &["archive"]).map(|_| Action::Archive),
    }
}

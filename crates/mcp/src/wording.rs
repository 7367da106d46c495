//! Hints of operations name commands; an assistant has tools.

use serde_json::Value;

/// Commands and the tools that do the same.
const TOOLS: [(&str, &str); 14] = [
    ("prepare", "PrepareWorkflow"),
    ("scan", "ScanWorkflow"),
    ("cache create", "CreateECRPullThroughCache"),
    ("cache list", "ListECRPullThroughCacheRules"),
    ("role policy", "GenerateServiceRolePolicy"),
    ("role check", "CheckServiceRole"),
    ("validate", "ValidateECRConfiguration"),
    ("check", "CheckContainerAvailability"),
    ("clone", "CloneContainerToECR"),
    ("grant", "GrantHealthOmicsECRAccess"),
    ("rewrite", "RewriteWorkflow"),
    ("explain", "ExplainFinding"),
    ("drift", "DetectDrift"),
    ("map", "GenerateContainerRegistryMap"),
];

/// Names in every hint of a document the tool in the place of its command, and the parameter in that of a flag.
///
/// What only a person can do, such as handing over a password, stays a command.
pub(crate) fn in_tools(document: &mut Value, parameters: &[&str]) {
    match document {
        Value::Object(object) => {
            for (key, value) in object {
                match value {
                    Value::String(text) if key == "hint" => *text = hint(text, parameters),
                    value => in_tools(value, parameters),
                }
            }
        }
        Value::Array(all) => all.iter_mut().for_each(|value| in_tools(value, parameters)),
        _ => {}
    }
}

/// Returns a hint in the words of the tools.
fn hint(text: &str, parameters: &[&str]) -> String {
    let mut told = String::with_capacity(text.len());
    // Every second part stands between backticks.
    for (place, part) in text.split('`').enumerate() {
        if place % 2 == 0 {
            told += part;
            continue;
        }
        match part.strip_prefix("omics-ecr ").and_then(tool) {
            Some(tool) => told += &format!("the tool {tool}"),
            None => told += &format!("`{part}`"),
        }
    }
    if text.matches('`').count() % 2 == 1 {
        return text.to_owned();
    }
    for parameter in parameters {
        let flag = format!("--{}", parameter.replace('_', "-"));
        if told.contains(&flag) {
            told = told.replace(&flag, &format!("the parameter {parameter}"));
        }
    }
    told
}

/// Returns the tool that does what a command does.
fn tool(command: &str) -> Option<&'static str> {
    TOOLS.iter().find_map(|(words, tool)| {
        let rest = command.strip_prefix(words)?;
        (rest.is_empty() || rest.starts_with(' ')).then_some(*tool)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn commands_become_tools_where_there_is_one() {
        for (text, told) in [
            ("clone it: `omics-ecr clone`", "clone it: the tool CloneContainerToECR"),
            ("see `omics-ecr role check NAME`", "see the tool CheckServiceRole"),
            ("make one: `omics-ecr secret create x`", "make one: `omics-ecr secret create x`"),
            ("run again with --grant-existing", "run again with the parameter grant_existing"),
            ("pass --yes", "pass --yes"),
            ("an odd ` stays", "an odd ` stays"),
            ("`omics-ecr checkers`", "`omics-ecr checkers`"),
        ] {
            assert_eq!(hint(text, &["grant_existing"]), told);
        }
    }

    #[test]
    fn hints_are_found_at_any_depth_and_nothing_else_is_touched() {
        let mut document = json!({"a": [{"hint": "`omics-ecr map x`", "message": "`omics-ecr map x`"}]});
        in_tools(&mut document, &[]);
        assert_eq!(document["a"][0]["hint"], "the tool GenerateContainerRegistryMap");
        assert_eq!(document["a"][0]["message"], "`omics-ecr map x`");
    }
}

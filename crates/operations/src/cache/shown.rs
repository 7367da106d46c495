//! Templates and rules as plans show them: everything of them, so that whoever has a plan knows what it makes.

use std::collections::BTreeMap;

use aws::ecr::{AppliedFor, Encryption, TagMutability, Template};
use serde_json::{Map, Value, json};

use super::step::document;

/// Returns a template as plans show it; what ECR sets by itself is left out.
pub(crate) fn template(template: &Template) -> Value {
    let mut shown = json!({
        "prefix": template.prefix,
        "appliedFor": template.applied_for.iter().map(AppliedFor::name).collect::<Vec<_>>(),
    });
    let mut set = |name: &str, value: Value| shown[name] = value;
    if let Some(text) = &template.description {
        set("description", json!(text));
    }
    if let Some(text) = &template.repository_policy {
        set("repositoryPolicy", document(text));
    }
    if let Some(text) = &template.lifecycle_policy {
        set("lifecyclePolicy", document(text));
    }
    if template.tag_mutability != TagMutability::default() {
        let (name, patterns) = mutability(&template.tag_mutability);
        set("imageTagMutability", json!(name));
        if !patterns.is_empty() {
            set("imageTagMutabilityExclusionFilters", json!(patterns));
        }
    }
    if let Some((kind, key)) = encryption(&template.encryption) {
        set("encryptionType", json!(kind));
        if let Some(key) = key {
            set("kmsKey", json!(key));
        }
    }
    if !template.resource_tags.is_empty() {
        set("resourceTags", json!(template.resource_tags));
    }
    if let Some(role) = &template.custom_role_arn {
        set("customRoleArn", json!(role));
    }
    shown
}

/// Reads a template as it is shown; none when it is shown otherwise.
pub(crate) fn read_template(shown: &Value) -> Option<Template> {
    let text = |name: &str| shown[name].as_str().map(str::to_owned);
    let policy = |name: &str| match &shown[name] {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        document => Some(document.to_string()),
    };
    let applied_for = shown["appliedFor"].as_array()?.iter();
    let applied_for: Vec<AppliedFor> =
        applied_for.map(|name| name.as_str().map(AppliedFor::named)).collect::<Option<_>>()?;
    let tags = shown["resourceTags"].as_object().into_iter().flat_map(Map::iter);
    let tags = tags.map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
    let patterns = shown["imageTagMutabilityExclusionFilters"].as_array().into_iter().flatten();
    let patterns: Vec<String> = patterns.filter_map(|pattern| Some(pattern.as_str()?.to_owned())).collect();
    let mut template = Template::new(shown["prefix"].as_str()?, applied_for);
    template.description = text("description");
    template.repository_policy = policy("repositoryPolicy");
    template.lifecycle_policy = policy("lifecyclePolicy");
    template.custom_role_arn = text("customRoleArn");
    template.resource_tags = tags.collect::<Option<BTreeMap<_, _>>>()?;
    template.tag_mutability = match shown["imageTagMutability"].as_str() {
        None | Some("MUTABLE") => TagMutability::Mutable,
        Some("IMMUTABLE") => TagMutability::Immutable,
        Some("MUTABLE_WITH_EXCLUSION") => TagMutability::MutableExcept(patterns),
        Some("IMMUTABLE_WITH_EXCLUSION") => TagMutability::ImmutableExcept(patterns),
        Some(other) => TagMutability::Other(other.to_owned()),
    };
    template.encryption = match shown["encryptionType"].as_str() {
        None | Some("AES256") => Encryption::Aes256,
        Some("KMS") => Encryption::Kms(text("kmsKey")),
        Some("KMS_DSSE") => Encryption::KmsDsse(text("kmsKey")),
        Some(other) => Encryption::Other(other.to_owned()),
    };
    Some(template)
}

/// Returns ECR's name of a setting, and the patterns of tags that it excepts.
pub(crate) fn mutability(setting: &TagMutability) -> (&str, &[String]) {
    match setting {
        TagMutability::Immutable => ("IMMUTABLE", &[]),
        TagMutability::MutableExcept(patterns) => ("MUTABLE_WITH_EXCLUSION", patterns),
        TagMutability::ImmutableExcept(patterns) => ("IMMUTABLE_WITH_EXCLUSION", patterns),
        TagMutability::Other(name) => (name, &[]),
        _ => ("MUTABLE", &[]),
    }
}

/// Returns ECR's name of an encryption and its key; none for what ECR does by itself.
pub(crate) fn encryption(encryption: &Encryption) -> Option<(&str, Option<&str>)> {
    match encryption {
        Encryption::Kms(key) => Some(("KMS", key.as_deref())),
        Encryption::KmsDsse(key) => Some(("KMS_DSSE", key.as_deref())),
        Encryption::Other(name) => Some((name, None)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_read_back_as_it_is_shown() {
        let mut plain = Template::new("quay", vec![AppliedFor::PullThroughCache]);
        assert_eq!(read_template(&template(&plain)), Some(plain.clone()));
        plain.description = Some("ours".to_owned());
        plain.repository_policy = Some(r#"{"Statement":[],"Version":"2012-10-17"}"#.to_owned());
        plain.lifecycle_policy = Some("no document".to_owned());
        plain.resource_tags.insert("team".to_owned(), "x".to_owned());
        plain.custom_role_arn = Some("arn:aws:iam::123456789012:role/ecr".to_owned());
        plain.applied_for.push(AppliedFor::Replication);
        for mutability in [
            TagMutability::Immutable,
            TagMutability::ImmutableExcept(vec!["dev-*".to_owned()]),
            TagMutability::MutableExcept(vec!["v*".to_owned(), "1*".to_owned()]),
        ] {
            for encryption in
                [Encryption::Aes256, Encryption::Kms(None), Encryption::KmsDsse(Some("k".to_owned()))]
            {
                plain.tag_mutability = mutability.clone();
                plain.encryption = encryption;
                assert_eq!(read_template(&template(&plain)), Some(plain.clone()));
            }
        }
        for other in
            [json!(null), json!({}), json!({ "prefix": "quay" }), json!({ "prefix": 1, "appliedFor": [] })]
        {
            assert_eq!(read_template(&other), None, "{other}");
        }
    }
}

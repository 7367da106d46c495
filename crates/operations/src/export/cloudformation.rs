//! CloudFormation.

use aws::ecr::{AppliedFor, Template};
use serde_json::{Map, Value, json};

use super::identifier::Identifiers;
use super::terraform::compact;
use super::{Export, RuleResource};
use crate::cache::shown::{encryption, mutability};

pub(super) fn write(export: &Export) -> Value {
    let mut resources = Map::new();
    let mut names = Identifiers::default();
    let mut before_rules = Vec::new();
    if let Some(policy) = &export.registry_policy {
        let name = names.camel("", "RegistryPolicy");
        let properties = json!({ "PolicyText": policy.what });
        resources.insert(name.clone(), resource("AWS::ECR::RegistryPolicy", properties, policy.exists));
        before_rules.push(name);
    }
    for own in &export.templates {
        let name = names.camel(&own.what.prefix, "Template");
        let kind = "AWS::ECR::RepositoryCreationTemplate";
        resources.insert(name.clone(), resource(kind, template(&own.what), own.exists));
        before_rules.push(name);
    }
    for own in &export.rules {
        let name = names.camel(&own.what.prefix, "Rule");
        let mut own = resource("AWS::ECR::PullThroughCacheRule", rule(&own.what), own.exists);
        if !before_rules.is_empty() {
            own["DependsOn"] = json!(before_rules);
        }
        resources.insert(name, own);
    }
    if let Some(role) = &export.role {
        let policy = json!({ "PolicyName": "images", "PolicyDocument": role.policies.permissions });
        let properties = json!({
            "RoleName": role.name,
            "AssumeRolePolicyDocument": role.policies.trust,
            "Policies": [policy],
        });
        resources.insert("RunRole".to_owned(), resource("AWS::IAM::Role", properties, false));
    }
    json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": format!(
            "The ECR of account {} in {} that AWS HealthOmics pulls through",
            export.account, export.region
        ),
        "Resources": resources,
    })
}

/// Returns a resource; one that is imported into a stack must outlive it.
fn resource(kind: &str, properties: Value, exists: bool) -> Value {
    let mut resource = json!({ "Type": kind });
    if exists {
        resource["DeletionPolicy"] = json!("Retain");
        resource["UpdateReplacePolicy"] = json!("Retain");
    }
    resource["Properties"] = properties;
    resource
}

fn rule(rule: &RuleResource) -> Value {
    let mut properties = json!({
        "EcrRepositoryPrefix": rule.prefix,
        "UpstreamRegistryUrl": rule.upstream_url,
    });
    for (name, value) in [
        ("UpstreamRegistry", rule.upstream_kind.as_deref()),
        ("UpstreamRepositoryPrefix", rule.narrowed_to()),
        ("CredentialArn", rule.credential_arn.as_deref()),
        ("CustomRoleArn", rule.role_arn.as_deref()),
    ] {
        if let Some(value) = value {
            properties[name] = json!(value);
        }
    }
    properties
}

fn template(template: &Template) -> Value {
    let applied_for: Vec<&str> = template.applied_for.iter().map(AppliedFor::name).collect();
    let (mutability, patterns) = mutability(&template.tag_mutability);
    let mut properties = json!({
        "Prefix": template.prefix,
        "AppliedFor": applied_for,
        "ImageTagMutability": mutability,
    });
    for (name, value) in [
        ("Description", template.description.clone()),
        ("CustomRoleArn", template.custom_role_arn.clone()),
        ("RepositoryPolicy", template.repository_policy.as_deref().map(compact)),
        ("LifecyclePolicy", template.lifecycle_policy.as_deref().map(compact)),
    ] {
        if let Some(value) = value {
            properties[name] = json!(value);
        }
    }
    if !patterns.is_empty() {
        let filter = |pattern: &String| {
            json!({
                "ImageTagMutabilityExclusionFilterType": "WILDCARD",
                "ImageTagMutabilityExclusionFilterValue": pattern,
            })
        };
        properties["ImageTagMutabilityExclusionFilters"] = patterns.iter().map(filter).collect();
    }
    if let Some((kind, key)) = encryption(&template.encryption) {
        properties["EncryptionConfiguration"] = json!({ "EncryptionType": kind });
        if let Some(key) = key {
            properties["EncryptionConfiguration"]["KmsKey"] = json!(key);
        }
    }
    if !template.resource_tags.is_empty() {
        let tag = |(key, value)| json!({ "Key": key, "Value": value });
        properties["ResourceTags"] = template.resource_tags.iter().map(tag).collect();
    }
    properties
}

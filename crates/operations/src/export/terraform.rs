//! Terraform.

use aws::ecr::{AppliedFor, Template};
use serde_json::{Value, json};

use super::hcl::{Block, Expression};
use super::identifier::Identifiers;
use super::{Export, Exported, RuleResource, document};
use crate::cache::shown::{encryption, mutability};

const RULE: &str = "aws_ecr_pull_through_cache_rule";
const TEMPLATE: &str = "aws_ecr_repository_creation_template";
const REGISTRY_POLICY: &str = "aws_ecr_registry_policy";
const REPOSITORY_POLICY: &str = "aws_ecr_repository_policy";
const ROLE: &str = "aws_iam_role";
const ROLE_POLICY: &str = "aws_iam_role_policy";

/// The name of the one registry policy.
const REGISTRY: &str = "registry";
/// The name of the role.
const RUN: &str = "healthomics_run";

pub(super) fn write(export: &Export) -> String {
    let mut out = format!(
        "# The ECR of account {} in {} that AWS HealthOmics pulls through.\n\
         # Needs the provider hashicorp/aws 6.10 or later, for that account and Region.\n",
        export.account, export.region
    );
    let mut before_rules = Vec::new();
    if let Some(policy) = &export.registry_policy {
        out.push_str(
            "\n# A registry has one policy in a Region, and this resource replaces all of it: what others grant there\n\
             # has to stand here too.\n",
        );
        let block = Block::new("resource", &[REGISTRY_POLICY, REGISTRY])
            .set("policy", Expression::Json(policy.what.clone()));
        block.write(&mut out);
        let address = format!("{REGISTRY_POLICY}.{REGISTRY}");
        import(&mut out, policy.exists, &address, export.account.as_str());
        before_rules.push(address);
    }
    let mut names = Identifiers::default();
    for own in &export.templates {
        let name = names.snake(&own.what.prefix);
        out.push('\n');
        template(&name, &own.what).write(&mut out);
        let address = format!("{TEMPLATE}.{name}");
        import(&mut out, own.exists, &address, &own.what.prefix);
        before_rules.push(address);
    }
    let mut names = Identifiers::default();
    for own in &export.rules {
        let name = names.snake(&own.what.prefix);
        out.push('\n');
        rule(&name, own, &before_rules).write(&mut out);
        import(&mut out, own.exists, &format!("{RULE}.{name}"), &own.what.prefix);
    }
    let mut names = Identifiers::default();
    for own in &export.grants {
        let name = names.snake(&own.what.repository);
        out.push('\n');
        Block::new("resource", &[REPOSITORY_POLICY, &name])
            .text("repository", &own.what.repository)
            .set("policy", Expression::Json(own.what.policy.clone()))
            .write(&mut out);
        import(&mut out, own.exists, &format!("{REPOSITORY_POLICY}.{name}"), &own.what.repository);
    }
    if let Some(role) = &export.role {
        out.push('\n');
        Block::new("resource", &[ROLE, RUN])
            .text("name", &role.name)
            .set("assume_role_policy", Expression::Json(role.policies.trust.clone()))
            .write(&mut out);
        out.push('\n');
        Block::new("resource", &[ROLE_POLICY, RUN])
            .text("name", "images")
            .set("role", Expression::Reference(format!("{ROLE}.{RUN}.id")))
            .set("policy", Expression::Json(role.policies.permissions.clone()))
            .write(&mut out);
    }
    out
}

/// Writes that something which exists is taken over.
fn import(out: &mut String, exists: bool, address: &str, id: &str) {
    if exists {
        out.push('\n');
        Block::new("import", &[])
            .set("to", Expression::Reference(address.to_owned()))
            .text("id", id)
            .write(out);
    }
}

/// Returns a rule; it comes after what opens the repositories that it makes.
fn rule(name: &str, own: &Exported<RuleResource>, before: &[String]) -> Block {
    let rule = &own.what;
    let block = Block::new("resource", &[RULE, name])
        .text("ecr_repository_prefix", &rule.prefix)
        .text("upstream_registry_url", &rule.upstream_url)
        .text_if("upstream_repository_prefix", rule.narrowed_to())
        .text_if("credential_arn", rule.credential_arn.as_deref())
        .text_if("custom_role_arn", rule.role_arn.as_deref());
    match before {
        [] => block,
        before => block.set("depends_on", Expression::References(before.to_vec())),
    }
}

fn template(name: &str, template: &Template) -> Block {
    let applied_for: Vec<&str> = template.applied_for.iter().map(AppliedFor::name).collect();
    let (mutability, patterns) = mutability(&template.tag_mutability);
    let mut block = Block::new("resource", &[TEMPLATE, name])
        .text("prefix", &template.prefix)
        .text_if("description", template.description.as_deref())
        .set("applied_for", Expression::Value(json!(applied_for)))
        .text("image_tag_mutability", mutability)
        .text_if("custom_role_arn", template.custom_role_arn.as_deref());
    if !template.resource_tags.is_empty() {
        block = block.set("resource_tags", Expression::Value(json!(template.resource_tags)));
    }
    for (name, text) in
        [("repository_policy", &template.repository_policy), ("lifecycle_policy", &template.lifecycle_policy)]
    {
        if let Some(text) = text {
            block = block.set(name, Expression::Json(document(text)));
        }
    }
    if let Some((kind, key)) = encryption(&template.encryption) {
        let inner = Block::new("encryption_configuration", &[]).text("encryption_type", kind);
        block = block.block(inner.text_if("kms_key", key));
    }
    for pattern in patterns {
        let inner = Block::new("image_tag_mutability_exclusion_filter", &[]).text("filter", pattern);
        block = block.block(inner.text("filter_type", "WILDCARD"));
    }
    block
}

/// Returns a document as the text that CloudFormation wants of it.
pub(super) fn compact(text: &str) -> String {
    match document(text) {
        Value::String(text) => text,
        value => value.to_string(),
    }
}

//! Resources: what can be read without a call of a tool.

use image::{Credential, Upstream};
use operations::{Account, Looked, OperationError, RegistryState, cache, explanation};
use rmcp::model::{CacheScope, ErrorData, ReadResourceResult, Resource, ResourceContents, ResourceTemplate};
use serde_json::{Value, json};

use crate::answer;
use crate::config::AccountChoice;
use crate::server::{LIST_TTL_MS, State};
use crate::tools;

/// The registries that rules can be for.
const REGISTRIES: &str = "omics-ecr://registries";
/// Every finding with its title.
const FINDINGS: &str = "omics-ecr://findings";
/// What comes before the id of one finding.
const FINDING: &str = "omics-ecr://findings/";
/// What comes before the name of a tool whose result has the schema.
const SCHEMA: &str = "omics-ecr://schemas/";
/// The rules of the registry.
const RULES: &str = "ecr://rules";
/// The policy of the registry.
const REGISTRY_POLICY: &str = "ecr://registry-policy";
/// The repository creation templates of the registry.
const TEMPLATES: &str = "ecr://templates";
/// What comes before the prefix of one template.
const TEMPLATE: &str = "ecr://template/";

/// Every resource that has no name in its address.
pub(crate) fn list() -> Vec<Resource> {
    let resource = |uri: &str, name: &str, title: &str, description: &str| {
        Resource::new(uri, name)
            .with_title(title)
            .with_description(description)
            .with_mime_type("application/json")
    };
    vec![
        resource(
            REGISTRIES,
            "registries",
            "Supported registries",
            "Upstream registries that pull through cache rules can be for, and whether each needs a credential",
        ),
        resource(FINDINGS, "findings", "Findings", "The id and title of every finding that tools report"),
        resource(
            RULES,
            "rules",
            "Pull through cache rules",
            "The rules of the registry, judged for HealthOmics",
        ),
        resource(REGISTRY_POLICY, "registry-policy", "Registry policy", "The policy of the private registry"),
        resource(
            TEMPLATES,
            "templates",
            "Repository creation templates",
            "The templates with which rules make repositories",
        ),
    ]
}

/// Every resource with a name in its address.
pub(crate) fn templates() -> Vec<ResourceTemplate> {
    vec![
        ResourceTemplate::new(format!("{FINDING}{{id}}"), "finding")
            .with_title("Finding")
            .with_description("Why a finding matters, a wrong and a right example, and the fix")
            .with_mime_type("text/markdown"),
        ResourceTemplate::new(format!("{SCHEMA}{{tool}}"), "schema")
            .with_title("Schema of a result")
            .with_description("The exact JSON schema of what a tool returns, with the meaning of every field")
            .with_mime_type("application/schema+json"),
        ResourceTemplate::new(format!("{TEMPLATE}{{prefix}}"), "template")
            .with_title("Repository creation template")
            .with_description("The template of one ECR repository prefix")
            .with_mime_type("application/json"),
    ]
}

/// Reads a resource.
///
/// # Errors
/// When there is none at the address, or the account does not tell.
pub(crate) async fn read(server: &State, uri: &str) -> Result<ReadResourceResult, ErrorData> {
    let missing =
        || ErrorData::resource_not_found(format!("there is no resource `{uri}`"), Some(json!({"uri": uri})));
    if let Some(id) = uri.strip_prefix(FINDING) {
        let found = explanation::find(id).ok_or_else(missing)?;
        return Ok(fixed(ResourceContents::text(found.markdown(), uri).with_mime_type("text/markdown")));
    }
    if let Some(tool) = uri.strip_prefix(SCHEMA) {
        let schema = tools::find(tool).ok_or_else(missing)?.output();
        let contents = ResourceContents::text(schema.to_string(), uri);
        return Ok(fixed(contents.with_mime_type("application/schema+json")));
    }
    let document = match uri {
        REGISTRIES => return Ok(fixed(document(uri, &registries()))),
        FINDINGS => return Ok(fixed(document(uri, &findings()))),
        RULES => {
            let list = cache::list(&account(server).await?).await.map_err(|error| failed(&error))?;
            serde_json::to_value(list).map_err(|error| ErrorData::internal_error(error.to_string(), None))?
        }
        REGISTRY_POLICY => {
            let policy = seen(RegistryState::read(&account(server).await?).await.policy)?;
            let text = policy.text.as_deref();
            json!({ "policy": text.map(crate::consent::document) })
        }
        TEMPLATES => json!({ "templates": all_templates(server).await? }),
        _ => {
            let prefix = uri.strip_prefix(TEMPLATE).ok_or_else(missing)?;
            let all = all_templates(server).await?;
            all.into_iter().find(|template| template["prefix"] == prefix).ok_or_else(missing)?
        }
    };
    Ok(ReadResourceResult::new(vec![self::document(uri, &document)])
        .with_ttl_ms(0)
        .with_cache_scope(CacheScope::Private))
}

/// Returns the prefixes of the registry's rules.
pub(crate) async fn prefixes(server: &State) -> Vec<String> {
    let Ok(account) = account(server).await else { return Vec::new() };
    let Looked::Seen(rules) = RegistryState::read(&account).await.rules else { return Vec::new() };
    rules.into_iter().map(|rule| rule.names.ecr_repository_prefix.to_string()).collect()
}

/// Returns the repositories of the registry.
pub(crate) async fn repositories(server: &State) -> Vec<String> {
    let Ok(account) = account(server).await else { return Vec::new() };
    let names = account.repository_names().await.unwrap_or_default();
    names.into_iter().map(|name| name.to_string()).collect()
}

async fn account(server: &State) -> Result<Account, ErrorData> {
    server.accounts.account(&AccountChoice::default()).await.map_err(|error| failed(&error))
}

async fn all_templates(server: &State) -> Result<Vec<Value>, ErrorData> {
    let templates = seen(RegistryState::read(&account(server).await?).await.templates)?;
    let shown = templates.into_iter().map(|template| {
        json!({
            "prefix": template.prefix,
            "description": template.description,
            "repository_policy": template.repository_policy.as_deref().map(crate::consent::document),
            "lifecycle_policy": template.lifecycle_policy.as_deref().map(crate::consent::document),
            "resource_tags": template.resource_tags,
            "custom_role_arn": template.custom_role_arn,
        })
    });
    Ok(shown.collect())
}

fn seen<T>(looked: Looked<T>) -> Result<T, ErrorData> {
    looked.into_result().map_err(|error| failed(&error))
}

fn failed(error: &OperationError) -> ErrorData {
    ErrorData::internal_error(answer::line(error), Some(json!(error)))
}

fn document(uri: &str, value: &Value) -> ResourceContents {
    ResourceContents::text(value.to_string(), uri).with_mime_type("application/json")
}

/// Returns contents that only another version of the server changes.
fn fixed(contents: ResourceContents) -> ReadResourceResult {
    ReadResourceResult::new(vec![contents]).with_ttl_ms(LIST_TTL_MS).with_cache_scope(CacheScope::Public)
}

fn registries() -> Value {
    let registry = |upstream: &Upstream| {
        let credential = match upstream.credential {
            Credential::None => "none",
            Credential::Optional => "optional",
            Credential::Required => "required",
            Credential::Role => "role",
        };
        json!({
            "title": upstream.title,
            "hosts": upstream.hosts,
            "upstream_registry_url": upstream.url,
            "default_prefix": upstream.default_prefix,
            "credential": credential,
            "taken_by_healthomics": upstream.healthomics,
        })
    };
    json!({ "registries": Upstream::ALL.iter().map(registry).collect::<Vec<_>>() })
}

fn findings() -> Value {
    let all = explanation::all().map(|found| json!({"id": found.code.id(), "title": found.title}));
    json!({ "findings": all.collect::<Vec<_>>() })
}

//! What an account has.

use std::collections::BTreeMap;

use aws::ecr::{Rule, Template};
use image::{EcrRepositoryPrefix, RepositoryName};

use super::{Export, Exported, Grant, RuleResource, document};
use crate::account::{Account, RegistryState};
use crate::error::{OperationError, Result};
use crate::finding::{Code, Finding, Severity};
use crate::healthomics::{self, PrefixAccess};

/// What of an account is exported.
#[derive(Debug, Clone, Default)]
pub struct ExportScope {
    /// The rules, by their prefixes; all of them where none is named.
    pub prefixes: Vec<EcrRepositoryPrefix>,
    /// Repositories whose policies are exported too, with HealthOmics' read access merged in.
    pub repositories: Vec<RepositoryName>,
}

/// Returns the rules of an account, the templates that make their repositories, and the registry's policy, as they are.
///
/// # Errors
/// When a part could not be looked at, or a prefix or a repository is not there.
pub async fn of_account(account: &Account, scope: &ExportScope) -> Result<Export> {
    let state = RegistryState::read(account).await;
    let all = state.rules.clone().into_result()?;
    let all_templates = state.templates.clone().into_result()?;
    let policy = state.policy.clone().into_result()?;
    let rules = wanted(all, &scope.prefixes)?;
    let mut templates: BTreeMap<&str, &Template> = BTreeMap::new();
    let mut findings = Vec::new();
    for rule in &rules {
        let prefix = &rule.names.ecr_repository_prefix;
        let own = healthomics::governing_template(&all_templates, prefix).into_iter();
        let own = own.chain(healthomics::templates_inside(&all_templates, prefix));
        templates.extend(own.map(|template| (template.prefix.as_str(), template)));
        let access = PrefixAccess::of(account, &state, prefix).all;
        if let Some(reason) = access.reason() {
            let message =
                format!("exported as it is, and HealthOmics cannot surely pull through it: {reason}");
            let finding = Finding::new(Severity::Warning, Code::ClosedPrefix, prefix.as_str(), message);
            findings.push(finding.hint("repair it first: `omics-ecr validate --fix`"));
        }
    }
    Ok(Export {
        account: account.id().clone(),
        region: account.region().clone(),
        rules: rules.into_iter().map(|rule| Exported { what: resource(rule), exists: true }).collect(),
        templates: templates
            .into_values()
            .map(|template| Exported { what: template.clone(), exists: true })
            .collect(),
        registry_policy: policy.text.map(|text| Exported { what: document(&text), exists: true }),
        grants: grants(account, &scope.repositories).await?,
        role: None,
        findings,
    })
}

fn wanted(mut rules: Vec<Rule>, prefixes: &[EcrRepositoryPrefix]) -> Result<Vec<Rule>> {
    for prefix in prefixes {
        if !rules.iter().any(|rule| rule.names.ecr_repository_prefix == *prefix) {
            return Err(OperationError::new(format!("cannot export the rule `{prefix}`"))
                .refused("the account has no rule of that prefix")
                .hint("see which there are with `omics-ecr cache list`, or export one to be made with --registry"));
        }
    }
    rules.retain(|rule| prefixes.is_empty() || prefixes.contains(&rule.names.ecr_repository_prefix));
    rules.sort_by(|one, other| one.stored_prefix.cmp(&other.stored_prefix));
    Ok(rules)
}

fn resource(rule: Rule) -> RuleResource {
    RuleResource {
        prefix: rule.stored_prefix,
        upstream_url: rule.upstream_registry_url,
        upstream_kind: rule.upstream_registry,
        upstream_prefix: rule.names.upstream_repository_prefix.to_string(),
        credential_arn: rule.credential_arn,
        role_arn: rule.custom_role_arn,
    }
}

async fn grants(account: &Account, names: &[RepositoryName]) -> Result<Vec<Exported<Grant>>> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let (found, missing) = account.repositories_named(names).await?;
    if let Some(name) = missing.first() {
        return Err(OperationError::new(format!("cannot export the policy of `{name}`"))
            .refused("there is no such repository")
            .hint("leave it out, or make it first: `omics-ecr clone`"));
    }
    let mut grants = Vec::with_capacity(found.len());
    for own in found {
        let repository = own.repository.name.to_string();
        let text = own.policy.into_result()?;
        let subject = format!("the repository `{repository}`");
        let merged = healthomics::with_read_access(&subject, text.as_deref(), None)?;
        let what = Grant { repository, policy: document(&merged.text) };
        grants.push(Exported { what, exists: text.is_some() });
    }
    Ok(grants)
}

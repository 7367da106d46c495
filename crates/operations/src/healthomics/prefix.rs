//! Whether HealthOmics can pull through a prefix: the registry's grant, and the template of the repositories.

use aws::ecr::{AppliedFor, Template};
use image::{EcrRepositoryPrefix, RepositoryName};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Access, Judge};
use crate::account::{Account, Looked, RegistryState};
use crate::error::OperationError;

/// What HealthOmics may do below a prefix, judged part by part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PrefixAccess {
    /// All parts together.
    #[serde(flatten)]
    pub all: Access,
    /// Whether it may make repositories and fill them, by the registry policy.
    pub registry_policy: Access,
    /// The templates that make the repositories below the prefix, and what each gives.
    pub templates: Vec<TemplateAccess>,
}

/// A template that makes repositories below a prefix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TemplateAccess {
    /// The template's prefix; none where no template makes them and ECR's own settings are taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub prefix: Option<String>,
    /// Whether HealthOmics may read what it makes.
    #[serde(flatten)]
    pub access: Access,
}

impl PrefixAccess {
    /// Judges a prefix by the state of the registry.
    pub(crate) fn of(account: &Account, state: &RegistryState, prefix: &EcrRepositoryPrefix) -> Self {
        Self::by(&Judge::new(account.id().as_str(), &state.policy), account, state, prefix)
    }

    /// Judges a prefix by a judge that knows the registry's policy.
    pub(crate) fn by(
        judge: &Judge,
        account: &Account,
        state: &RegistryState,
        prefix: &EcrRepositoryPrefix,
    ) -> Self {
        let below = below(account, prefix);
        let registry_policy = judge.import(&below);
        let templates = match &state.templates {
            Looked::Seen(templates) => templates_below(account, judge, templates, prefix, &below),
            Looked::Unseen(error) => vec![unseen_templates(error)],
        };
        let all =
            templates.iter().fold(registry_policy.clone(), |all, template| all.and(template.access.clone()));
        Self { all, registry_policy, templates }
    }
}

/// Returns the ARN that stands for every repository below a prefix.
pub(crate) fn below(account: &Account, prefix: &EcrRepositoryPrefix) -> String {
    match prefix.is_root() {
        true => account.repository_arn("*"),
        false => account.repository_arn(&format!("{prefix}/*")),
    }
}

impl PrefixAccess {
    /// Judges one repository that a rule will make, by the template that makes it.
    pub(crate) fn of_new_repository(
        account: &Account,
        state: &RegistryState,
        repository: &RepositoryName,
    ) -> Self {
        let judge = Judge::new(account.id().as_str(), &state.policy);
        let arn = account.repository_arn(repository.as_str());
        let registry_policy = judge.import(&arn);
        let template = match &state.templates {
            Looked::Unseen(error) => unseen_templates(error),
            Looked::Seen(templates) => {
                let makes = |template: &&Template| {
                    let prefix = template.prefix.trim_end_matches('/');
                    template.applied_for.contains(&AppliedFor::PullThroughCache)
                        && (prefix == "ROOT" || strictly_below(repository.as_str(), prefix))
                };
                match templates.iter().filter(makes).max_by_key(|template| length(template)) {
                    Some(template) => judge_template(&judge, template, &arn),
                    None => without_template(&judge, repository.as_str(), &arn),
                }
            }
        };
        let all = registry_policy.clone().and(template.access.clone());
        Self { all, registry_policy, templates: vec![template] }
    }
}

/// Returns how long a template's prefix is; `ROOT` is the shortest of all.
fn length(template: &Template) -> usize {
    match template.prefix.as_str() {
        "ROOT" => 0,
        longer => longer.len(),
    }
}

fn unseen_templates(error: &OperationError) -> TemplateAccess {
    let words = error.refused.as_deref().unwrap_or(&error.tried);
    let reason = format!("the repository creation templates could not be read: {words}");
    TemplateAccess { prefix: None, access: Access::Unknown { reason } }
}

/// Returns what HealthOmics may read of repositories that ECR makes with its own settings.
fn without_template(judge: &Judge, covered: &str, arn: &str) -> TemplateAccess {
    let reason = format!(
        "no repository creation template applied for pull through covers `{covered}`, so the repositories that ECR \
         makes have no policy"
    );
    // Under the newer scope the registry's policy alone may open repositories.
    let access = match judge.read(None, arn).access {
        Access::NotAccessible { .. } => Access::NotAccessible { reason },
        other => other,
    };
    TemplateAccess { prefix: None, access }
}

/// Returns whether a prefix of a template stands above everything that another prefix stands above.
fn covers(template: &str, prefix: &EcrRepositoryPrefix) -> bool {
    let template = template.trim_end_matches('/');
    let prefix = prefix.as_str().trim_end_matches('/');
    template == "ROOT" || template == prefix || strictly_below(prefix, template)
}

/// Returns whether `inner` is a longer prefix below `outer`.
pub(crate) fn strictly_below(inner: &str, outer: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'))
}

/// Returns the template that makes the repositories directly below a prefix when something is pulled through: the
/// longest one applied for that, `ROOT` last.
pub(crate) fn governing_template<'a>(
    templates: &'a [Template],
    prefix: &EcrRepositoryPrefix,
) -> Option<&'a Template> {
    templates
        .iter()
        .filter(|template| template.applied_for.contains(&AppliedFor::PullThroughCache))
        .filter(|template| covers(&template.prefix, prefix))
        .max_by_key(|template| length(template))
}

fn templates_below(
    account: &Account,
    judge: &Judge,
    templates: &[Template],
    prefix: &EcrRepositoryPrefix,
    below: &str,
) -> Vec<TemplateAccess> {
    let mut judged = Vec::new();
    match governing_template(templates, prefix) {
        Some(template) => judged.push(judge_template(judge, template, below)),
        None => judged.push(without_template(judge, prefix.as_str(), below)),
    }
    for template in templates_inside(templates, prefix) {
        let inner = template.prefix.trim_end_matches('/');
        judged.push(judge_template(judge, template, &account.repository_arn(&format!("{inner}/*"))));
    }
    judged
}

/// Returns the templates applied for pull through that make only a part of the repositories below a prefix.
pub(crate) fn templates_inside<'a>(
    templates: &'a [Template],
    prefix: &EcrRepositoryPrefix,
) -> impl Iterator<Item = &'a Template> {
    templates.iter().filter(move |template| {
        let inner = template.prefix.trim_end_matches('/');
        let is_below = prefix.is_root() && inner != "ROOT" || strictly_below(inner, prefix.as_str());
        is_below && template.applied_for.contains(&AppliedFor::PullThroughCache)
    })
}

/// Returns whether a template sets what ECR needs a role for, and names none: it makes no repository then.
pub(crate) fn lacks_role(template: &Template) -> bool {
    let needs_role =
        !template.resource_tags.is_empty() || !matches!(template.encryption, aws::ecr::Encryption::Aes256);
    needs_role && template.custom_role_arn.is_none()
}

fn judge_template(judge: &Judge, template: &Template, below: &str) -> TemplateAccess {
    let access = if lacks_role(template) {
        let reason = format!(
            "the template `{}` sets tags or a KMS key and names no role, so ECR cannot make repositories with it",
            template.prefix
        );
        Access::NotAccessible { reason }
    } else {
        judge.read(template.repository_policy.as_deref(), below).access
    };
    TemplateAccess { prefix: Some(template.prefix.clone()), access }
}

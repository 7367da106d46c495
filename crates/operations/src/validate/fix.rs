//! What can be repaired without taking anything away, as a plan; applying it is `apply`'s.
//!
//! Grants are merged, templates are made or extended, and nothing is deleted. The plan is judged as if it had been
//! applied: what is still wrong then is for a person.

use aws::ecr::{AppliedFor, Rule, Template};
use policy::Kind;
use schemars::JsonSchema;
use serde::Serialize;

use super::observe::{Observed, View, is_taken};
use super::{ValidateRequest, report};
use crate::account::{Account, Looked};
use crate::error::OperationError;
use crate::finding::{Finding, Severity};
use crate::healthomics::{
    Access, IMPORT_SID, Judge, governing_template, templates_inside, with_import_access, with_read_access,
};

/// What of a template HealthOmics hangs on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TemplateSettings {
    /// What it is applied for, in ECR's words.
    pub applied_for: Vec<String>,
    /// The policy of the repositories that it makes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub repository_policy: Option<String>,
}

/// One change, with what is there before and after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub enum Change {
    /// Lets HealthOmics make repositories below prefixes and fill them.
    RegistryPolicy {
        /// The prefixes.
        prefixes: Vec<String>,
        /// The ARNs of the repositories below them.
        resources: Vec<String>,
        /// The policy that is there, as text.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "String")]
        before: Option<String>,
        /// The policy with the grant.
        after: String,
    },
    /// Makes a template whose repositories HealthOmics may read.
    CreateTemplate {
        /// Its prefix.
        prefix: String,
        /// The template whose other settings it takes over, because that one made the repositories so far.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "String")]
        like: Option<String>,
        /// What it will have.
        after: TemplateSettings,
        /// All of its settings.
        #[serde(skip)]
        template: Box<Template>,
    },
    /// Extends a template; its other settings stay.
    UpdateTemplate {
        /// Its prefix as ECR stores it.
        prefix: String,
        /// What it has.
        before: TemplateSettings,
        /// What it will have.
        after: TemplateSettings,
    },
    /// Lets HealthOmics read a repository that is there.
    RepositoryPolicy {
        /// The repository.
        repository: String,
        /// The policy that is there, as text.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(with = "String")]
        before: Option<String>,
        /// The policy with the grant.
        after: String,
    },
}

impl Change {
    /// Returns what is changed, as tables show it.
    pub fn object(&self) -> String {
        match self {
            Self::RegistryPolicy { .. } => "registry policy".to_owned(),
            Self::CreateTemplate { prefix, .. } | Self::UpdateTemplate { prefix, .. } => {
                format!("template {prefix}")
            }
            Self::RepositoryPolicy { repository, .. } => format!("repository {repository}"),
        }
    }

    /// Returns the change in words.
    pub fn words(&self) -> String {
        match self {
            Self::RegistryPolicy { prefixes, before, .. } => {
                let beside = if before.is_some() { ", beside what it says" } else { "" };
                format!(
                    "statement `{IMPORT_SID}`{beside}: HealthOmics may pull through {}",
                    prefixes.join(", ")
                )
            }
            Self::CreateTemplate { like: Some(like), .. } => {
                format!("made with the settings of `{like}`; HealthOmics may read what it makes")
            }
            Self::CreateTemplate { .. } => "made; HealthOmics may read what it makes".to_owned(),
            Self::UpdateTemplate { before, after, .. } => {
                let mut words = Vec::new();
                if before.applied_for != after.applied_for {
                    words.push("applied for pull through too");
                }
                if before.repository_policy != after.repository_policy {
                    words.push("HealthOmics may read what it makes");
                }
                words.join("; ")
            }
            Self::RepositoryPolicy { before: Some(_), .. } => {
                "HealthOmics may read it, beside what its policy says".to_owned()
            }
            Self::RepositoryPolicy { .. } => "HealthOmics may read it".to_owned(),
        }
    }
}

/// What will be changed, and what is left for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FixPlan {
    /// The changes, in the order in which they are made.
    pub changes: Vec<Change>,
    /// What cannot be merged, and why.
    pub refused: Vec<OperationError>,
    /// The errors and warnings that are left when all changes are made.
    pub by_hand: Vec<Finding>,
    /// The policy scope of the registry.
    #[serde(skip)]
    pub(super) kind: Option<Kind>,
}

/// Plans the repair of what was read; asks nobody anything and changes nothing.
pub fn plan(account: &Account, request: &ValidateRequest, observed: &Observed) -> FixPlan {
    let mut planning = Planning {
        account,
        request,
        after: observed.clone(),
        plan: FixPlan { changes: Vec::new(), refused: Vec::new(), by_hand: Vec::new(), kind: None },
    };
    planning.registry_policy();
    planning.templates();
    planning.repositories();
    let left = report(account, request, &planning.after).findings;
    planning.plan.by_hand = left.into_iter().filter(|finding| finding.severity != Severity::Note).collect();
    planning.plan
}

/// A plan in the making, with the state that it leads to.
struct Planning<'a> {
    account: &'a Account,
    request: &'a ValidateRequest,
    after: Observed,
    plan: FixPlan,
}

impl Planning<'_> {
    fn view(&self) -> View<'_> {
        View::new(self.account, self.request, &self.after)
    }

    fn taken(&self) -> Vec<Rule> {
        self.view().taken().cloned().collect()
    }

    /// Merges one statement for all prefixes that lack the grant and have it afterwards.
    fn registry_policy(&mut self) {
        let Looked::Seen(mut policy) = self.after.state.policy.clone() else { return };
        let kind = Kind::Registry(policy.scope);
        self.plan.kind = Some(kind);
        let before = policy.text.clone();
        let view = self.view();
        let mut prefixes = Vec::new();
        let mut resources = Vec::new();
        let mut refused = Vec::new();
        for rule in view.taken() {
            let below = view.below(&rule.names.ecr_repository_prefix);
            if view.judge.import(&below).is_yes() {
                continue;
            }
            let single = std::slice::from_ref(&below);
            match with_import_access(kind, policy.text.as_deref(), single, None) {
                Ok(merged) => {
                    let mut with = policy.clone();
                    with.text = Some(merged.text);
                    let judge = Judge::new(self.account.id().as_str(), &Looked::Seen(with.clone()));
                    if judge.import(&below).is_yes() {
                        policy = with;
                        prefixes.push(rule.names.ecr_repository_prefix.to_string());
                        resources.push(below);
                    }
                }
                Err(error) if !refused.contains(&error) => refused.push(error),
                Err(_) => {}
            }
        }
        drop(view);
        self.plan.refused.append(&mut refused);
        if let Some(after) = policy.text.clone().filter(|_| !prefixes.is_empty()) {
            self.plan.changes.push(Change::RegistryPolicy { prefixes, resources, before, after });
            self.after.state.policy = Looked::Seen(policy);
        }
    }

    fn templates(&mut self) {
        for rule in self.taken() {
            let Looked::Seen(mut templates) = self.after.state.templates.clone() else { return };
            let judge = Judge::new(self.account.id().as_str(), &self.after.state.policy);
            self.governing(&rule, &mut templates, &judge);
            let inside: Vec<String> = templates_inside(&templates, &rule.names.ecr_repository_prefix)
                .map(|template| template.prefix.clone())
                .collect();
            for prefix in inside {
                self.extend(&prefix, &mut templates, &judge);
            }
            self.after.state.templates = Looked::Seen(templates);
        }
    }

    /// Sees that the repositories below a rule's prefix are made by a template that HealthOmics may read by.
    fn governing(&mut self, rule: &Rule, templates: &mut Vec<Template>, judge: &Judge) {
        let prefix = &rule.names.ecr_repository_prefix;
        let own = templates.iter().find(|template| template.prefix.trim_end_matches('/') == prefix.as_str());
        let below = self.view().below(prefix);
        match (own.map(|template| template.prefix.clone()), governing_template(templates, prefix)) {
            (Some(own), _) => self.extend(&own, templates, judge),
            (None, Some(wider)) if judge.read(wider.repository_policy.as_deref(), &below).access.is_yes() => {
            }
            // A wider template is for more than this rule: the prefix gets one of its own, like it in all else.
            (None, wider) => {
                let applied = vec![AppliedFor::PullThroughCache];
                let mut template = Template::new(prefix.as_str(), applied.clone());
                let like = wider.map(|wider| wider.prefix.clone());
                match wider {
                    Some(wider) => {
                        template =
                            Template { prefix: prefix.to_string(), applied_for: applied, ..wider.clone() };
                    }
                    None => {
                        template.description = Some("Repositories that HealthOmics pulls through".to_owned())
                    }
                }
                let Some(text) = self.readable(&template, &below, judge) else { return };
                template.repository_policy = Some(text);
                let after = settings(&template);
                self.plan.changes.push(Change::CreateTemplate {
                    prefix: template.prefix.clone(),
                    like,
                    after,
                    template: Box::new(template.clone()),
                });
                templates.push(template);
            }
        }
    }

    /// Extends a template that is there.
    fn extend(&mut self, prefix: &str, templates: &mut [Template], judge: &Judge) {
        let Some(template) = templates.iter_mut().find(|template| template.prefix == prefix) else { return };
        let below = match prefix {
            "ROOT" => self.account.repository_arn("*"),
            prefix => self.account.repository_arn(&format!("{}/*", prefix.trim_end_matches('/'))),
        };
        let before = settings(template);
        if !template.applied_for.contains(&AppliedFor::PullThroughCache) {
            template.applied_for.push(AppliedFor::PullThroughCache);
        }
        let read = judge.read(template.repository_policy.as_deref(), &below);
        if matches!(read.access, Access::NotAccessible { .. }) || read.access.is_yes() && !read.complete {
            if let Some(text) = self.readable(template, &below, judge) {
                template.repository_policy = Some(text);
            } else if template.applied_for.len() != before.applied_for.len() {
                // Applied, it would still make repositories that are closed: leave all of it to a person.
                template.applied_for.pop();
            }
        }
        let after = settings(template);
        if before != after {
            self.plan.changes.push(Change::UpdateTemplate { prefix: prefix.to_owned(), before, after });
        }
    }

    /// Returns a template's policy with our grant, where HealthOmics may read with it.
    fn readable(&mut self, template: &Template, below: &str, judge: &Judge) -> Option<String> {
        let subject = format!("the template `{}`", template.prefix);
        match with_read_access(&subject, template.repository_policy.as_deref(), None) {
            Ok(merged) => {
                let read = judge.read(Some(&merged.text), below);
                // A registry policy that is not known may still forbid it; the template does its own part.
                let own = Judge::of_repositories(self.account.id().as_str()).read(Some(&merged.text), below);
                let unknown = matches!(read.access, Access::Unknown { .. }) && own.access.is_yes();
                (read.access.is_yes() || unknown).then_some(merged.text)
            }
            Err(error) => {
                self.plan.refused.push(error);
                None
            }
        }
    }

    fn repositories(&mut self) {
        let Looked::Seen(mut repositories) = self.after.repositories.clone() else { return };
        let view = self.view();
        let mut changes = Vec::new();
        let mut refused = Vec::new();
        for state in &mut repositories {
            let name = &state.repository.name;
            let is_ours = view
                .names
                .governing(name)
                .is_some_and(|rule| view.rules.iter().any(|asked| asked.names == *rule && is_taken(asked)));
            let Looked::Seen(before) = &state.policy else { continue };
            let read = view.judge.read(before.as_deref(), &state.repository.arn);
            let closed = matches!(read.access, Access::NotAccessible { .. });
            if !is_ours || !(closed || read.access.is_yes() && !read.complete) {
                continue;
            }
            match with_read_access(&format!("the repository `{name}`"), before.as_deref(), None) {
                Ok(merged) => {
                    let then = view.judge.read(Some(&merged.text), &state.repository.arn);
                    if then.access.is_yes() && (closed || then.complete) {
                        changes.push(Change::RepositoryPolicy {
                            repository: name.to_string(),
                            before: before.clone(),
                            after: merged.text.clone(),
                        });
                        state.policy = Looked::Seen(Some(merged.text));
                    }
                }
                Err(error) => refused.push(error),
            }
        }
        drop(view);
        self.plan.changes.append(&mut changes);
        self.plan.refused.append(&mut refused);
        self.after.repositories = Looked::Seen(repositories);
    }
}

/// Returns what of a template HealthOmics hangs on.
pub(super) fn settings(template: &Template) -> TemplateSettings {
    TemplateSettings {
        applied_for: template.applied_for.iter().map(|applied| applied.name().to_owned()).collect(),
        repository_policy: template.repository_policy.clone(),
    }
}

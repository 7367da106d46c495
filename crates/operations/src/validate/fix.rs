//! What can be repaired without taking anything away, as a plan; applying it is `apply`'s.
//!
//! Grants are merged, templates are made or extended, and nothing is deleted. The plan is judged as if it had been
//! applied: what is still wrong then is for a person.

use aws::ecr::Template;
use image::EcrRepositoryPrefix;
use schemars::JsonSchema;
use serde::Serialize;

use super::observe::{Observed, View, is_taken};
use super::{ValidateRequest, report};
use crate::account::{Account, Looked};
use crate::cache::template::{self, Work};
use crate::cache::{Opening, SourceAccount, registry_policy};
use crate::error::OperationError;
use crate::finding::{Finding, Severity};
use crate::grant::{self, PolicyStep};
use crate::healthomics::{self, Access, IMPORT_SID, Judge};

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
        /// The prefix of the rule that it is for.
        #[serde(skip)]
        rule: EcrRepositoryPrefix,
    },
    /// Extends a template; its other settings stay.
    UpdateTemplate {
        /// Its prefix as ECR stores it.
        prefix: String,
        /// What it has.
        before: TemplateSettings,
        /// What it will have.
        after: TemplateSettings,
        /// The prefix of the rule that it is for.
        #[serde(skip)]
        rule: EcrRepositoryPrefix,
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
    /// The account that the grants are bound to.
    #[serde(skip)]
    pub(super) bound_to: Option<String>,
}

/// Plans the repair of what was read; asks nobody anything and changes nothing.
///
/// `source_account` binds what is granted to runs of one account.
pub fn plan(
    account: &Account,
    request: &ValidateRequest,
    observed: &Observed,
    source_account: Option<&SourceAccount>,
) -> FixPlan {
    let bound_to = source_account.map(|source| source.id(account.id()).to_owned());
    let mut planning = Planning {
        account,
        request,
        after: observed.clone(),
        plan: FixPlan { changes: Vec::new(), refused: Vec::new(), by_hand: Vec::new(), bound_to },
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

    fn taken(&self) -> Vec<EcrRepositoryPrefix> {
        self.view().taken().map(|rule| rule.names.ecr_repository_prefix.clone()).collect()
    }

    /// Merges one statement for all prefixes that lack the grant and have it afterwards.
    fn registry_policy(&mut self) {
        let Looked::Seen(mut policy) = self.after.state.policy.clone() else { return };
        let before = policy.text.clone();
        let bound_to = self.plan.bound_to.clone();
        let opening = Opening::new(self.account, bound_to.as_deref());
        let mut prefixes = Vec::new();
        for prefix in self.taken() {
            match registry_policy::decide(opening, &prefix, &policy) {
                // What a Deny forbids all the same is for a person.
                Ok(plan) if plan.access.is_yes() => {
                    if let Ok(text) = plan.text {
                        policy.text = Some(text);
                        prefixes.push(prefix);
                    }
                }
                Ok(_) => {}
                Err(error) if !self.plan.refused.contains(&error) => self.plan.refused.push(error),
                Err(_) => {}
            }
        }
        if let Some(after) = policy.text.clone().filter(|_| !prefixes.is_empty()) {
            let resources = prefixes.iter().map(|prefix| healthomics::below(self.account, prefix)).collect();
            let prefixes = prefixes.iter().map(ToString::to_string).collect();
            self.plan.changes.push(Change::RegistryPolicy { prefixes, resources, before, after });
            self.after.state.policy = Looked::Seen(policy);
        }
    }

    fn templates(&mut self) {
        let Looked::Seen(mut templates) = self.after.state.templates.clone() else { return };
        let bound_to = self.plan.bound_to.clone();
        let opening = Opening::new(self.account, bound_to.as_deref());
        let judge = Judge::new(opening.runs_in(), &self.after.state.policy);
        for rule in self.taken() {
            for plan in template::decide(opening, &rule, &templates) {
                let (after, change) = match plan.work {
                    Work::Nothing(_) => continue,
                    Work::Refused(error) => {
                        if !self.plan.refused.contains(&error) {
                            self.plan.refused.push(error);
                        }
                        continue;
                    }
                    Work::Create { template, like } => {
                        let (prefix, after) = (template.prefix.clone(), settings(&template));
                        let rule = rule.clone();
                        (template, Change::CreateTemplate { prefix, like, after, rule })
                    }
                    Work::Update { before, after, .. } => {
                        let (prefix, rule) = (after.prefix.clone(), rule.clone());
                        let (before, settled) = (settings(&before), settings(&after));
                        (after, Change::UpdateTemplate { prefix, before, after: settled, rule })
                    }
                };
                if !self.opens(&after, &judge) {
                    continue;
                }
                templates.retain(|template| template.prefix != after.prefix);
                templates.push(*after);
                self.plan.changes.push(change);
            }
        }
        self.after.state.templates = Looked::Seen(templates);
    }

    /// Returns whether HealthOmics may read what a template makes: applied, a closed one would still make
    /// repositories, so that is left to a person.
    fn opens(&self, template: &Template, judge: &Judge) -> bool {
        let below = match template.prefix.as_str() {
            "ROOT" => self.account.repository_arn("*"),
            prefix => self.account.repository_arn(&format!("{}/*", prefix.trim_end_matches('/'))),
        };
        let text = template.repository_policy.as_deref();
        match judge.read(text, &below).access {
            Access::Accessible | Access::Depends { .. } => true,
            // A registry policy that is not known may still forbid it; the template does its own part.
            Access::Unknown { .. } => {
                Judge::of_repositories(self.account.id().as_str()).read(text, &below).access.is_yes()
            }
            Access::NotAccessible { .. } => false,
        }
    }

    fn repositories(&mut self) {
        let Looked::Seen(mut repositories) = self.after.repositories.clone() else { return };
        let bound_to = self.plan.bound_to.clone();
        let view = self.view();
        let judge =
            Judge::new(Opening::new(self.account, bound_to.as_deref()).runs_in(), &self.after.state.policy);
        let mut changes = Vec::new();
        let mut refused = Vec::new();
        for state in &mut repositories {
            let name = &state.repository.name;
            let is_ours = view
                .names
                .governing(name)
                .is_some_and(|rule| view.rules.iter().any(|asked| asked.names == *rule && is_taken(asked)));
            let Looked::Seen(text) = &state.policy else { continue };
            if !is_ours {
                continue;
            }
            let decided = grant::policy::with(
                &judge,
                name,
                &state.repository.arn,
                text.as_deref(),
                bound_to.as_deref(),
            );
            match decided.step {
                PolicyStep::Write { before, after: Some(after) } => {
                    let repository = name.to_string();
                    changes.push(Change::RepositoryPolicy { repository, before, after: after.clone() });
                    state.policy = Looked::Seen(Some(after));
                }
                // What a statement forbids is left, and told as a finding.
                PolicyStep::Refused { error } if !decided.forbidden => refused.push(error),
                _ => {}
            }
        }
        drop(view);
        self.plan.changes.append(&mut changes);
        self.plan.refused.append(&mut refused);
        self.after.repositories = Looked::Seen(repositories);
    }
}

/// Returns what of a template HealthOmics hangs on.
fn settings(template: &Template) -> TemplateSettings {
    TemplateSettings {
        applied_for: template.applied_for.iter().map(|applied| applied.name().to_owned()).collect(),
        repository_policy: template.repository_policy.clone(),
    }
}

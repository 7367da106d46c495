//! The route of each image: what its name allows, what the account has, and what is preferred.

use std::collections::BTreeMap;

use aws::ecr::Rule;
use image::{
    Credential, EcrRepositoryPrefix, ImageReference, PullThroughCacheRule, PullThroughCacheRules,
    RegistryHost, UpstreamRegistry,
};

use super::request::{Prefer, Wishes};
use crate::account::{Account, Looked, RegistryState};
use crate::cache::{self, Action, CacheOptions, CachePlan, CacheRequest, StepKind};
use crate::finding::{Code, Finding, Severity};
use crate::private_registry::PrivateRegistry;
use crate::route::{CredentialNeed, Route};
use crate::target::EcrTarget;

/// Caches that are planned at once.
const AT_ONCE: usize = 4;

/// How an image is to come into the registry, as far as names and the account tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    /// It is in a private registry.
    Private,
    /// Through this rule.
    Rule(PullThroughCacheRule),
    /// HealthOmics copies it, with a secret.
    HealthomicsCopies { upstream: String, credential_arn: String },
    /// We copy it, for this reason.
    Clone(String),
    /// It cannot come, for this reason.
    Cannot(String),
}

/// What chooses routes.
pub(super) struct Router<'a> {
    pub(super) account: &'a Account,
    registry: &'a PrivateRegistry,
    pub(super) wishes: &'a Wishes,
    /// The rules that are there.
    existing: &'a [Rule],
    /// The ARNs of the secrets with which HealthOmics copies, or why there is none.
    copying: BTreeMap<RegistryHost, Result<String, String>>,
}

impl<'a> Router<'a> {
    pub(super) fn new(
        account: &'a Account,
        registry: &'a PrivateRegistry,
        wishes: &'a Wishes,
        state: &'a RegistryState,
    ) -> Self {
        let existing = state.rules.seen().map(Vec::as_slice).unwrap_or_default();
        Self { account, registry, wishes, existing, copying: BTreeMap::new() }
    }

    /// Looks up the secrets with which HealthOmics is to copy.
    pub(super) async fn look_up_secrets(&mut self) {
        if self.wishes.prefer != Prefer::Healthomics {
            return;
        }
        for (host, secret) in &self.wishes.credentials {
            if image::CopiedRegistry::of(host).is_none() {
                continue;
            }
            let arn = match secret.starts_with("arn:") {
                true => Ok(secret.clone()),
                false => match self.account.secrets().describe(secret).await {
                    Ok(Some(description)) => Ok(description.arn),
                    Ok(None) => Err(format!("there is no secret `{secret}`")),
                    Err(error) => {
                        Err(format!("the secret `{secret}` could not be looked up: {}", error.answer()))
                    }
                },
            };
            self.copying.insert(host.clone(), arn);
        }
    }

    /// Returns the secrets with which HealthOmics copies, by host.
    pub(super) fn copying(&self) -> BTreeMap<RegistryHost, String> {
        let usable = |(host, arn): (&RegistryHost, &Result<String, String>)| {
            Some((host.clone(), arn.as_ref().ok()?.clone()))
        };
        self.copying.iter().filter_map(usable).collect()
    }

    /// Returns the way of an image.
    pub(super) fn way(&self, image: &ImageReference) -> Way {
        let target = EcrTarget {
            account: Some(self.account.id().clone()),
            region: Some(self.account.region().clone()),
        };
        if self.registry.answers_for(image.host()) {
            return Way::Private;
        }
        match Route::of(image, &target) {
            Route::AlreadyPrivate => Way::Private,
            Route::Cannot { reason } => Way::Cannot(reason),
            Route::Clone { reason } => Way::Clone(reason),
            Route::HealthomicsCopies { upstream } => self.copied(image, upstream),
            Route::Rule { credential, .. } => self.through(image, credential),
        }
    }

    fn copied(&self, image: &ImageReference, upstream: String) -> Way {
        match self.copying.get(image.host()) {
            Some(Ok(arn)) => Way::HealthomicsCopies { upstream, credential_arn: arn.clone() },
            Some(Err(reason)) => Way::Clone(reason.clone()),
            None if self.wishes.prefer == Prefer::Healthomics => Way::Clone(format!(
                "HealthOmics copies from {upstream} only with a credential, and none was named"
            )),
            None => Way::Clone(format!("ECR has no pull through cache rules for {upstream}")),
        }
    }

    fn through(&self, image: &ImageReference, credential: CredentialNeed) -> Way {
        if self.wishes.prefer == Prefer::Clone {
            return Way::Clone("clones are preferred".to_owned());
        }
        let Some(registry) = UpstreamRegistry::of(image.host()) else {
            return Way::Clone(format!("ECR has no pull through cache rules for {}", image.host()));
        };
        let rule = match self.wishes.rule(image) {
            Some(wished) => self.at(wished),
            None => {
                let rules = PullThroughCacheRules::new(self.existing.iter().map(|rule| rule.names.clone()));
                match rules.map(image) {
                    Some(mapped) => mapped.rule.clone(),
                    None => PullThroughCacheRule::new(registry.default_prefix(), registry.host().clone()),
                }
            }
        };
        let has_credential = self.wishes.credentials.contains_key(image.host());
        if self.existing(&rule).is_none() && credential == CredentialNeed::Required && !has_credential {
            return Way::Clone(format!(
                "ECR wants a credential for a rule for {}, and none was named",
                registry.upstream().title
            ));
        }
        if rule.ecr_repository(image.host(), image.repository()).is_none() {
            return Way::Clone(format!("the rule `{}` does not reach it", rule.ecr_repository_prefix));
        }
        Way::Rule(rule)
    }

    /// Returns the rule that is there with the prefix and the registry of the one that is wished for, else the one that is
    /// wished for.
    pub(super) fn at(&self, wished: &PullThroughCacheRule) -> PullThroughCacheRule {
        let own = |rule: &&Rule| {
            rule.names.ecr_repository_prefix == wished.ecr_repository_prefix
                && rule.names.upstream == wished.upstream
        };
        self.existing.iter().find(own).map_or(wished, |rule| &rule.names).clone()
    }

    /// Returns the rule of a prefix that is there.
    pub(super) fn of_prefix(&self, prefix: &str) -> Option<&PullThroughCacheRule> {
        let own = |rule: &&Rule| rule.names.ecr_repository_prefix.as_str() == prefix;
        self.existing.iter().find(own).map(|rule| &rule.names)
    }

    /// Returns the rule as ECR has it, where it is there.
    pub(super) fn existing(&self, names: &PullThroughCacheRule) -> Option<&'a Rule> {
        self.existing.iter().find(|rule| rule.names == *names)
    }

    /// Returns the rules by which names are mapped: those that are there and those of the plan. Where a prefix was asked
    /// for a whole registry, other rules for it do not count.
    pub(super) fn names(&self, planned: &[PullThroughCacheRule]) -> PullThroughCacheRules {
        let counts = |names: &&PullThroughCacheRule| {
            let wished = self.wishes.rules.iter().find(|wished| {
                wished.upstream == names.upstream && wished.upstream_repository_prefix.is_root()
            });
            wished.is_none_or(|wished| {
                names.ecr_repository_prefix == wished.ecr_repository_prefix || planned.contains(names)
            })
        };
        let existing = self.existing.iter().map(|rule| &rule.names).filter(counts).cloned();
        let mut all: Vec<PullThroughCacheRule> = existing.collect();
        all.extend(planned.iter().filter(|names| self.existing(names).is_none()).cloned());
        PullThroughCacheRules::new(all)
    }

    /// Plans the caches of rules, those that are there included: a rule alone is useless to HealthOmics.
    ///
    /// A rule that cannot be made is left out, with the reason.
    pub(super) async fn plan_caches(
        &self,
        rules: Vec<PullThroughCacheRule>,
        findings: &mut Vec<Finding>,
    ) -> PlannedCaches {
        use futures_util::{StreamExt as _, stream};
        let plan = async |names: PullThroughCacheRule| {
            let there = self.existing(&names);
            let outcome = match self.request(&names, there) {
                Ok(request) => cache::plan(self.account, request).await,
                Err(error) => Err(error),
            };
            (names, there.is_some(), outcome)
        };
        let planned: Vec<_> = stream::iter(rules).map(plan).buffered(AT_ONCE).collect().await;
        let mut caches = PlannedCaches::default();
        for (names, there, outcome) in planned {
            let prefix = names.ecr_repository_prefix.clone();
            let refusal = match &outcome {
                Ok(plan) => refusal(plan),
                Err(error) => Some(error.clone()),
            };
            match (outcome, refusal, there) {
                (Ok(plan), None, _) => caches.plans.push(plan),
                (_, None, _) => {}
                (_, Some(error), true) => {
                    let words = error.refused.as_deref().unwrap_or(&error.tried);
                    let message =
                        format!("the rule is used as it is, and could not be looked after: {words}");
                    let finding =
                        Finding::new(Severity::Warning, Code::ClosedPrefix, prefix.as_str(), message);
                    findings.push(match error.hint {
                        Some(hint) => finding.hint(hint),
                        None => finding,
                    });
                }
                (_, Some(error), false) => {
                    let words = error.refused.unwrap_or(error.tried);
                    let reason = format!("the rule `{prefix}` cannot be made: {words}");
                    caches.refused.insert(prefix, reason);
                    continue;
                }
            }
            caches.rules.push(names);
        }
        caches
    }

    fn request(
        &self,
        names: &PullThroughCacheRule,
        there: Option<&Rule>,
    ) -> crate::error::Result<CacheRequest> {
        let named = self.wishes.credentials.get(&names.upstream).cloned();
        let takes = UpstreamRegistry::of(&names.upstream).is_some_and(|registry| {
            matches!(registry.upstream().credential, Credential::Required | Credential::Optional)
        });
        let credential = named.or_else(|| there?.credential_arn.clone()).filter(|_| takes);
        let options = CacheOptions {
            prefix: Some(names.ecr_repository_prefix.clone()),
            upstream_prefix: Some(names.upstream_repository_prefix.clone()),
            credential,
            source_account: self.wishes.source_account.clone(),
            role_arn: there.and_then(|rule| rule.custom_role_arn.clone()),
            ..CacheOptions::default()
        };
        CacheRequest::new(names.upstream.as_str(), options)
    }
}

/// Caches that a plan makes or repairs.
#[derive(Debug, Default)]
pub(super) struct PlannedCaches {
    /// The rules that images can go through.
    pub(super) rules: Vec<PullThroughCacheRule>,
    /// Their plans.
    pub(super) plans: Vec<CachePlan>,
    /// Why rules cannot be made.
    pub(super) refused: BTreeMap<EcrRepositoryPrefix, String>,
}

fn refusal(plan: &CachePlan) -> Option<crate::error::OperationError> {
    let refused = plan.steps.iter().filter(|step| step.kind != StepKind::Repository);
    refused.into_iter().find_map(|step| match &step.action {
        Action::Refused { error } => Some(error.clone()),
        _ => None,
    })
}

/// Returns a finding where the rules could not be read.
pub(super) fn unseen_rules(state: &RegistryState) -> Option<Finding> {
    let Looked::Unseen(error) = &state.rules else { return None };
    let words = error.refused.as_deref().unwrap_or(&error.tried);
    let message = format!("images are copied, as the rules cannot be read: {words}");
    let finding = Finding::new(Severity::Warning, Code::RulesUnknown, "pull through cache rules", message);
    Some(match &error.hint {
        Some(hint) => finding.hint(hint),
        None => finding,
    })
}

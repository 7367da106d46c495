//! The rule itself: made, given another secret, or made anew where ECR cannot change it.

use aws::ecr::{NewRule, Rule, RuleUpdate, RuleVerdict};
use image::EcrRepositoryPrefix;
use serde_json::{Value, json};

use super::request::CacheRequest;
use super::step::{Action, Outcome, Step, StepKind};
use crate::account::Account;
use crate::credential::same_secret;
use crate::error::{OperationError, Result};
use crate::finding::{Code, Finding, Severity};
use crate::healthomics::strictly_below;

/// The most rules that ECR keeps in a registry.
const MOST_RULES: usize = 50;

/// Returns the rule of a prefix.
pub(super) fn find<'a>(rules: &'a [Rule], prefix: &EcrRepositoryPrefix) -> Option<&'a Rule> {
    rules.iter().find(|rule| rule.names.ecr_repository_prefix == *prefix)
}

/// Returns what has to become of the rule; `arn` is the secret's.
pub(super) fn decide(request: &CacheRequest, rules: &[Rule], arn: Option<&str>) -> Step {
    let prefix = request.prefix();
    let step = |action| Step::new(StepKind::Rule, prefix.as_str(), action);
    let after = wanted(request, arn);
    let Some(rule) = find(rules, prefix) else {
        if rules.len() >= MOST_RULES {
            let error = OperationError::new(format!("cannot create the pull through cache rule `{prefix}`"))
                .refused(format!(
                    "the registry has {} rules, and ECR keeps {MOST_RULES} at most",
                    rules.len()
                ))
                .hint(
                    "delete one that is not needed: `omics-ecr cache list`, `omics-ecr cache delete PREFIX`",
                );
            return Step::refused(StepKind::Rule, prefix.as_str(), error);
        }
        return step(Action::Create { after });
    };
    let before = shown(rule);
    let other = differences(request, rule);
    if !other.is_empty() {
        if request.options.replace {
            return step(Action::Replace { before, after });
        }
        let error = OperationError::new(format!("cannot change the pull through cache rule `{prefix}`"))
            .refused(format!("{}, and ECR changes neither the upstream registry nor its prefix", other.join(" and ")))
            .hint("take another --prefix, or delete the rule and create it anew with --replace; repositories stay");
        return Step::refused(StepKind::Rule, prefix.as_str(), error);
    }
    let update = update(request, rule, arn);
    if update == RuleUpdate::default() {
        return Step::nothing(StepKind::Rule, prefix.as_str(), "the rule is there");
    }
    let mut changed = rule.clone();
    changed.credential_arn = update.credential_arn.or(changed.credential_arn);
    changed.custom_role_arn = update.custom_role_arn.or(changed.custom_role_arn);
    step(Action::Update { before, after: shown(&changed) })
}

/// Returns in words how a rule differs in what ECR cannot change.
fn differences(request: &CacheRequest, rule: &Rule) -> Vec<String> {
    let mut other = Vec::new();
    if rule.names.upstream != request.names.upstream {
        other.push(format!("it is for `{}`", rule.upstream_registry_url));
    }
    if rule.names.upstream_repository_prefix != request.names.upstream_repository_prefix {
        other.push(format!("it reaches `{}` upstream", rule.names.upstream_repository_prefix));
    }
    other
}

/// Returns what of a rule has to change; a secret or a role that nobody asked to change stays.
fn update(request: &CacheRequest, rule: &Rule, arn: Option<&str>) -> RuleUpdate {
    let there = rule.credential_arn.as_deref();
    let credential = arn.filter(|arn| there.is_none_or(|there| !same_secret(arn, there)));
    let role =
        request.options.role_arn.as_deref().filter(|role| rule.custom_role_arn.as_deref() != Some(*role));
    RuleUpdate { credential_arn: credential.map(str::to_owned), custom_role_arn: role.map(str::to_owned) }
}

fn wanted(request: &CacheRequest, arn: Option<&str>) -> Value {
    json_of(
        request.prefix().as_str(),
        request.upstream.url(),
        request.names.upstream_repository_prefix.as_str(),
        arn,
        request.options.role_arn.as_deref(),
    )
}

/// Returns what of a rule matters for a plan.
pub(super) fn shown(rule: &Rule) -> Value {
    json_of(
        &rule.stored_prefix,
        &rule.upstream_registry_url,
        rule.names.upstream_repository_prefix.as_str(),
        rule.credential_arn.as_deref(),
        rule.custom_role_arn.as_deref(),
    )
}

fn json_of(prefix: &str, url: &str, upstream_prefix: &str, arn: Option<&str>, role: Option<&str>) -> Value {
    let mut value = json!({
        "ecrRepositoryPrefix": prefix,
        "upstreamRegistryUrl": url,
        "upstreamRepositoryPrefix": upstream_prefix,
    });
    if let Some(arn) = arn {
        value["credentialArn"] = json!(arn);
    }
    if let Some(role) = role {
        value["customRoleArn"] = json!(role);
    }
    value
}

/// Returns what to know of the other rules of the registry.
pub(super) fn neighbours(request: &CacheRequest, rules: &[Rule]) -> Vec<Finding> {
    let prefix = request.prefix();
    let mut findings = Vec::new();
    for rule in rules.iter().filter(|rule| rule.names.ecr_repository_prefix != *prefix) {
        let other = &rule.names.ecr_repository_prefix;
        let (outer, inner) = match (
            strictly_below(other.as_str(), prefix.as_str()),
            strictly_below(prefix.as_str(), other.as_str()),
        ) {
            (true, _) => (prefix, other),
            (_, true) => (other, prefix),
            _ => {
                if rule.names.upstream == request.names.upstream
                    && rule.names.upstream_repository_prefix == request.names.upstream_repository_prefix
                {
                    let message = format!("the rule `{other}` is for {} too", rule.names.upstream);
                    findings.push(Finding::new(Severity::Note, Code::SameUpstream, prefix.as_str(), message));
                }
                continue;
            }
        };
        let message = format!("the rule `{inner}` takes what is below it from the rule `{outer}`");
        let finding = Finding::new(Severity::Warning, Code::NestedRules, prefix.as_str(), message);
        findings.push(finding.hint("take prefixes of which none begins with another one"));
    }
    findings
}

/// Reads the rule anew, makes or changes it, and reads it back.
///
/// # Errors
/// What ECR refuses. When a rule was deleted and the new one is refused, the old one is put back, and the error says
/// whether that worked.
pub(super) async fn apply(account: &Account, request: &CacheRequest, arn: Option<&str>) -> Result<Outcome> {
    let ecr = account.ecr();
    let rules = ecr.rules().await?;
    let there = find(&rules, request.prefix());
    match (decide(request, &rules, arn).action, there) {
        (Action::Refused { error }, _) => return Err(error),
        (Action::Create { .. }, _) => {
            ecr.create_rule(&new(request, arn)).await?;
        }
        (Action::Update { .. }, Some(rule)) => {
            ecr.update_rule(&rule.stored_prefix, &update(request, rule, arn)).await?;
        }
        (Action::Replace { .. }, Some(rule)) => {
            ecr.delete_rule(&rule.stored_prefix).await?;
            if let Err(error) = ecr.create_rule(&new(request, arn)).await {
                return Err(put_back(account, rule, error.into()).await);
            }
        }
        _ => return Ok(Outcome::NotNeeded),
    }
    match decide(request, &ecr.rules().await?, arn).action {
        Action::Nothing { .. } => Ok(Outcome::Done),
        _ => {
            Err(OperationError::new(format!("cannot find the rule `{}` as it was written", request.prefix()))
                .refused("somebody else changed it at the same time")
                .hint("run it again"))
        }
    }
}

/// Puts a rule back that was deleted for one that ECR refuses.
async fn put_back(account: &Account, rule: &Rule, refusal: OperationError) -> OperationError {
    let old = NewRule {
        ecr_repository_prefix: rule.names.ecr_repository_prefix.clone(),
        upstream_registry_url: rule.upstream_registry_url.clone(),
        upstream_registry: rule.upstream_registry.clone(),
        upstream_repository_prefix: Some(rule.names.upstream_repository_prefix.clone()),
        credential_arn: rule.credential_arn.clone(),
        custom_role_arn: rule.custom_role_arn.clone(),
    };
    let words = refusal.refused.clone().unwrap_or_default();
    match account.ecr().create_rule(&old).await {
        Ok(_) => OperationError { refused: Some(format!("{words}; the old rule was put back")), ..refusal },
        Err(error) => OperationError {
            refused: Some(format!(
                "{words}; the old rule is deleted and could not be put back: {}",
                error.answer()
            )),
            ..refusal
        },
    }
}

fn new(request: &CacheRequest, arn: Option<&str>) -> NewRule {
    NewRule {
        ecr_repository_prefix: request.prefix().clone(),
        upstream_registry_url: request.upstream.url().to_owned(),
        upstream_registry: Some(request.upstream.upstream().api_value.to_owned()),
        upstream_repository_prefix: Some(request.names.upstream_repository_prefix.clone()),
        credential_arn: arn.map(str::to_owned),
        custom_role_arn: request.options.role_arn.clone(),
    }
}

/// Lets ECR sign in upstream with the rule's secret.
///
/// # Errors
/// ECR's words when it cannot.
pub(super) async fn validate(account: &Account, prefix: &str) -> Result<Outcome> {
    let verdict = match account.ecr().validate_rule(prefix).await {
        // A caller who may not ask learns nothing of the secret.
        Err(error) if error.kind() == aws::ErrorKind::AccessDenied => return Ok(Outcome::CouldNotLook),
        verdict => verdict?,
    };
    match verdict {
        RuleVerdict::Valid => Ok(Outcome::Done),
        RuleVerdict::Invalid(words) => {
            let words = if words.is_empty() {
                "ECR gives no reason".to_owned()
            } else {
                format!("ECR says: {words}")
            };
            Err(OperationError::new(format!(
                "ECR cannot sign in upstream with the secret of the rule `{prefix}`"
            ))
            .refused(words)
            .hint("see what is wrong with it: `omics-ecr secret check NAME --registry REGISTRY`"))
        }
    }
}
